import { useTexts } from '../language/language.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { keysOf, type ShortcutName } from '../ui/shortcuts.ts';

/** All keyboard shortcuts of the page. */
export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  const { shortcuts: texts } = useTexts();
  const rows: [string[], string][] = [
    ...(['search', 'newChat', 'compose', 'settings', 'help'] satisfies ShortcutName[]).map((name): [string[], string] => [keysOf(name), texts[name]]),
    [['Enter'], texts.send], [['Shift', 'Enter'], texts.newLine], [['@'], texts.mention], [['Esc'], texts.close],
  ];
  return (
    <Dialog title={texts.title} testId="shortcuts-dialog" onClose={onClose}>
      <dl className="shortcuts">
        {rows.map(([keys, action]) => (
          <div key={action}><dt>{keys.map((key) => <kbd key={key}>{key}</kbd>)}</dt><dd>{action}</dd></div>
        ))}
      </dl>
    </Dialog>
  );
}
