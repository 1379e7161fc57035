import type { Employee } from '../api/api.ts';

interface Props {
  employees: Employee[];
  slug: string | undefined;
  onChoose: (slug: string) => void;
}

/** An empty conversation: a card for each employee to choose from. */
export function WelcomeScreen({ employees, slug, onChoose }: Props) {
  return (
    <div className="welcome">
      <h1>Who would you like to talk to?</h1>
      <div className="employee-cards" role="radiogroup" aria-label="Employee">
        {employees.map((employee) => (
          <label key={employee.slug} className="employee-card">
            <input type="radio" name="employee" checked={employee.slug === slug} onChange={() => onChoose(employee.slug)} />
            <span className="employee-card-title">{employee.title}</span>
            <span className="employee-card-description">{employee.description}</span>
          </label>
        ))}
      </div>
    </div>
  );
}
