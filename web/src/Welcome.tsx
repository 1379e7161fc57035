import type { Employee } from './api.ts';

interface Props {
  employees: Employee[];
  slug: string | undefined;
  onChoose: (slug: string) => void;
}

/** An empty conversation: who is there, and what they are for. */
export function Welcome({ employees, slug, onChoose }: Props) {
  return (
    <div className="welcome">
      <h1>Who would you like to talk to?</h1>
      <div className="cards" role="radiogroup" aria-label="Employee">
        {employees.map((employee) => (
          <label key={employee.slug} className="card">
            <input type="radio" name="employee" checked={employee.slug === slug} onChange={() => onChoose(employee.slug)} />
            <span className="card-title">{employee.title}</span>
            <span className="card-description">{employee.description}</span>
          </label>
        ))}
      </div>
    </div>
  );
}
