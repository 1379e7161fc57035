import type { Employee } from './api.ts';
import { ErrorNote } from './ErrorNote.tsx';
import { Icon } from './Icon.tsx';
import { explain } from './problem.ts';
import type { Resource } from './useResource.ts';

interface Props {
  employees: Resource<Employee[]>;
  /** Undefined while the server alone knows who answers. */
  slug: string | undefined;
  onChoose: (slug: string) => void;
}

/** Who answers the next message. A native select: every keyboard, screen reader and phone knows it. */
export function EmployeePicker({ employees, slug, onChoose }: Props) {
  if (employees.state === 'loading') return null;
  if (employees.state === 'failed') {
    return <ErrorNote text={explain(employees.error)} actions={[{ label: 'Retry', run: employees.retry }]} />;
  }
  const current = employees.value.find((employee) => employee.slug === slug);
  return (
    <div className="picker">
      <span className="picker-select">
        <select aria-label="Employee who answers" aria-describedby="employee-description" value={current?.slug ?? ''}
          onChange={(event) => onChoose(event.target.value)} data-testid="employee-picker">
          {!current && <option value="" disabled>{slug ?? 'Same as before'}</option>}
          {employees.value.map(({ slug: value, title }) => <option key={value} value={value}>{title}</option>)}
        </select>
        <Icon name="chevron" />
      </span>
      <span id="employee-description" className="picker-description">{current?.description}</span>
    </div>
  );
}
