import { Icon } from './Icon.tsx';

interface Action {
  label: string;
  run: () => void;
}

/** An error in one sentence, announced by screen readers at once, with buttons for the next steps. */
export function ErrorNote({ text, actions = [] }: { text: string; actions?: Action[] }) {
  return (
    <div className="note error" role="alert" data-testid="error">
      <Icon name="alert" />
      <p>{text}</p>
      {actions.map(({ label, run }) => (
        <button key={label} type="button" className="button small" onClick={run}>{label}</button>
      ))}
    </div>
  );
}
