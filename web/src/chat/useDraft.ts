import { useCallback, useState } from 'react';
import { forgetStored } from '../ui/forgetStored.ts';

const PREFIX = 'frontdesk-draft:';

/** Text of a new conversation is kept under this name: its id is another one after a reload. */
const NEW = 'new';

/**
 * Text of a conversation that is not sent yet. It outlives reloads, and a sign-in that has ended. `session` must not change.
 */
export function useDraft(session: string, isNew: boolean): [string, (change: string | ((text: string) => string)) => void] {
  const name = PREFIX + (isNew ? NEW : session);
  const [draft, setDraft] = useState(() => localStorage.getItem(name) ?? '');

  const keep = useCallback((change: string | ((text: string) => string)) => {
    setDraft((current) => {
      const next = typeof change === 'string' ? change : change(current);
      if (next) localStorage.setItem(name, next);
      else localStorage.removeItem(name);
      return next;
    });
  }, [name]);

  return [draft, keep];
}

/** Removes all drafts: the next user of this browser must not see them. */
export function forgetDrafts(): void {
  forgetStored(PREFIX);
}
