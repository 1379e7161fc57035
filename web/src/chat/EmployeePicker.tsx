import type { Employee } from '../api/api.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import { describeError } from '../api/errors.ts';
import { Icon } from '../ui/Icon.tsx';
import type { Resource } from '../api/useResource.ts';
import { useTexts } from '../language/language.ts';

interface Props {
  employees: Resource<Employee[]>;
  /** Undefined while only the server knows the employee. */
  slug: string | undefined;
  onChoose: (slug: string) => void;
}

/** Chooses the employee for the next message. A native select works with every keyboard, screen reader and phone. */
export function EmployeePicker({ employees, slug, onChoose }: Props) {
  const { shell, common } = useTexts();
  if (employees.state === 'loading') return null;
  if (employees.state === 'failed') {
    return <ErrorNote text={describeError(employees.error)} actions={[{ label: common.retry, run: employees.retry }]} />;
  }
  const current = employees.value.find((employee) => employee.slug === slug);
  return (
    <div className="employee-picker">
      <span className="employee-select">
        <select aria-label={shell.employee} aria-describedby="employee-description" value={current?.slug ?? ''}
          onChange={(event) => onChoose(event.target.value)} data-testid="employee-picker">
          {!current && <option value="" disabled>{slug ?? shell.sameAsBefore}</option>}
          {employees.value.map(({ slug: value, title }) => <option key={value} value={value}>{title}</option>)}
        </select>
        <Icon name="chevron" />
      </span>
      <span id="employee-description" className="employee-description" dir="auto">{current?.description}</span>
    </div>
  );
}
