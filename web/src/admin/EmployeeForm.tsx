import { useEffect, useId, useState, type FormEvent } from 'react';
import { FrontdeskError } from '../../../client/src/index.ts';
import { describeError } from '../api/errors.ts';
import { ErrorNote } from '../ui/ErrorNote.tsx';
import type { AdminEmployee, EmployeeChanges } from './adminApi.ts';
import { FIELD_GROUPS, FIELDS, parse, spell, type Field, type FieldName } from './profileFields.ts';

interface Props {
  employee: AdminEmployee;
  /** Tools that an employee can have. */
  tools: string[];
  /** Saves the fields that changed. */
  onSave: (changes: EmployeeChanges, slug: string) => Promise<void>;
  /** Takes the newest version in place of what was typed. */
  onReload?: () => void;
}

/** An error of a save, and the field that it is about. */
interface Failure {
  text: string;
  field?: string | undefined;
  isConflict?: boolean;
}

/** The profile of an employee. A save makes a new version. */
export function EmployeeForm({ employee, tools, onSave, onReload }: Props) {
  const isNew = employee.version === 0;
  const [slug, setSlug] = useState('');
  /** What was typed, by field. */
  const [typed, setTyped] = useState<Partial<Record<FieldName, string>>>({});
  const [failure, setFailure] = useState<Failure>();
  const [state, setState] = useState<'idle' | 'busy' | 'saved'>('idle');
  const changed = FIELDS.filter(({ name }) => typed[name] !== undefined && typed[name] !== spell(employee[name]));
  const isDirty = changed.length > 0 || slug !== '';

  useEffect(() => {
    if (!isDirty) return undefined;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [isDirty]);

  async function save(event: FormEvent) {
    event.preventDefault();
    setFailure(undefined);
    setState('busy');
    try {
      const changes = Object.fromEntries(changed.map((field) => [field.name, parse(field, typed[field.name] ?? '')]));
      await onSave(changes as EmployeeChanges, slug);
      setTyped({});
      setState('saved');
    } catch (error) {
      setFailure(failureOf(error));
      setState('idle');
    }
  }

  const type = (name: FieldName, text: string) => {
    setTyped({ ...typed, [name]: text });
    setState('idle');
  };
  return (
    <form className="employee-form" onSubmit={(event) => void save(event)} data-testid="employee-form">
      {isNew && (
        <label className="field">
          <span>Slug</span>
          <input value={slug} required pattern="[a-z0-9]+(-[a-z0-9]+)*" maxLength={64} onChange={(event) => setSlug(event.target.value)} />
          <span className="muted hint">Lower case, with hyphens. It never changes.</span>
        </label>
      )}
      {FIELD_GROUPS.map(({ title, fields }) => (
        <fieldset key={title}>
          <legend>{title}</legend>
          {fields.map((field) => (
            <FieldInput key={field.name} field={field} tools={tools} value={typed[field.name] ?? spell(employee[field.name])}
              error={failure?.field === field.name ? failure.text : undefined} onType={(text) => type(field.name, text)} />
          ))}
        </fieldset>
      ))}
      <div className={isDirty ? 'save-bar dirty' : 'save-bar'}>
        {failure && <ErrorNote text={failure.text} actions={failure.isConflict && onReload ? [{ label: 'Take the newest version', run: onReload }] : []} />}
        <button type="submit" className="button primary" disabled={!isDirty || state === 'busy'} data-testid="save">
          {isNew ? 'Create' : 'Save as a new version'}
        </button>
        {isDirty && <button type="button" className="button" onClick={() => { setTyped({}); setSlug(''); setFailure(undefined); }}>Discard</button>}
        <span role="status">{state === 'saved' ? 'Saved.' : changed.length > 0 ? `Changed: ${changed.map(({ label }) => label).join(', ')}` : ''}</span>
      </div>
    </form>
  );
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof FrontdeskError)) return { text: error instanceof Error ? error.message : describeError(error) };
  return { text: error.message, field: error.field, isConflict: error.code === 'edit_conflict' };
}

interface InputProps {
  field: Field;
  value: string;
  tools: string[];
  error: string | undefined;
  onType: (text: string) => void;
}

function FieldInput({ field, value, tools, error, onType }: InputProps) {
  const hintId = useId();
  const { name, kind, label, hint } = field;
  if (kind === 'switch') {
    return (
      <label className="switch">
        <input type="checkbox" checked={value === 'yes'} onChange={(event) => onType(event.target.checked ? 'yes' : 'no')} /> {label}
      </label>
    );
  }
  if (kind === 'tools') return <ToolChoice label={label} tools={tools} value={value} onType={onType} />;
  const common = {
    value, 'aria-invalid': error !== undefined, 'aria-describedby': hint ? hintId : undefined, name,
    onChange: (event: { target: { value: string } }) => onType(event.target.value),
  };
  const isLong = kind === 'text' || kind === 'json';
  return (
    <label className="field">
      <span>{label}</span>
      {isLong
        ? <textarea rows={kind === 'text' ? 16 : 5} className={kind === 'json' ? 'code' : undefined} spellCheck={kind === 'text'} dir="auto" {...common} />
        : <input inputMode={kind === 'number' ? 'decimal' : undefined} dir="auto" {...common} />}
      {hint && <span className="muted hint" id={hintId}>{hint}{kind === 'text' && ` Now ${value.length.toLocaleString('en')}.`}</span>}
    </label>
  );
}

/** Tools of the deployment. One that it does not have any more can only be taken away. */
function ToolChoice({ label, tools, value, onType }: { label: string; tools: string[]; value: string; onType: (text: string) => void }) {
  const chosen = value.split(', ').filter(Boolean);
  const all = [...new Set([...tools, ...chosen])];
  const toggle = (tool: string) => onType((chosen.includes(tool) ? chosen.filter((one) => one !== tool) : [...chosen, tool]).join(', '));
  return (
    <div className="tool-choice" role="group" aria-label={label}>
      {all.map((tool) => (
        <label key={tool} className="switch"><input type="checkbox" checked={chosen.includes(tool)} onChange={() => toggle(tool)} /> <code>{tool}</code></label>
      ))}
    </div>
  );
}
