import { useEffect, useRef } from 'react';

/** Actions with a shortcut that holds anywhere on the page. */
export type ShortcutName = 'search' | 'newChat' | 'compose' | 'settings' | 'help';

interface Shortcut {
  /** As `KeyboardEvent.key` in lower case. */
  key: string;
  hasCtrl: boolean;
  hasShift: boolean;
}

/** Chosen so that no browser has them for something of its own that users miss. */
const SHORTCUTS: Record<ShortcutName, Shortcut> = {
  search: { key: 'k', hasCtrl: true, hasShift: false },
  newChat: { key: 'o', hasCtrl: true, hasShift: true },
  compose: { key: 'escape', hasCtrl: false, hasShift: true },
  settings: { key: ',', hasCtrl: true, hasShift: false },
  help: { key: '/', hasCtrl: true, hasShift: false },
};

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.userAgent);

const NAMES: Record<string, string> = { escape: 'Esc' };

/** Keys of a shortcut, as they are written on the keyboard. */
export function keysOf(name: ShortcutName): string[] {
  const { key, hasCtrl, hasShift } = SHORTCUTS[name];
  return [...(hasCtrl ? [IS_MAC ? '⌘' : 'Ctrl'] : []), ...(hasShift ? ['Shift'] : []), NAMES[key] ?? key.toUpperCase()];
}

/** Runs the action of a shortcut. In a dialog there is none: what lies behind it is out of reach. */
export function useShortcuts(actions: Record<ShortcutName, () => void>): void {
  const latest = useRef(actions);
  latest.current = actions;

  useEffect(() => {
    const run = (event: KeyboardEvent) => {
      if (event.altKey || event.isComposing || document.querySelector('dialog:modal')) return;
      const pressed = (Object.keys(SHORTCUTS) as ShortcutName[]).find((name) => matches(event, SHORTCUTS[name]));
      if (!pressed) return;
      event.preventDefault();
      latest.current[pressed]();
    };
    window.addEventListener('keydown', run);
    return () => window.removeEventListener('keydown', run);
  }, []);
}

function matches(event: KeyboardEvent, { key, hasCtrl, hasShift }: Shortcut): boolean {
  // On many layouts the slash needs Shift.
  const isShiftRight = key === '/' || event.shiftKey === hasShift;
  return event.key.toLowerCase() === key && (event.ctrlKey || event.metaKey) === hasCtrl && isShiftRight;
}
