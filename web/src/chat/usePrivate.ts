import { useState } from 'react';
import { forgetStored } from '../ui/forgetStored.ts';

const PREFIX = 'frontdesk-private:';

/**
 * Tells if nothing of a conversation is to be remembered in others. The server is told with each message, so the page keeps it for
 * reloads.
 */
export function usePrivate(session: string): [boolean, (isPrivate: boolean) => void] {
  const [changed, setChanged] = useState<{ session: string; isPrivate: boolean }>();
  const isPrivate = changed?.session === session ? changed.isPrivate : localStorage.getItem(PREFIX + session) !== null;

  function choose(wanted: boolean) {
    if (wanted) localStorage.setItem(PREFIX + session, '');
    else localStorage.removeItem(PREFIX + session);
    setChanged({ session, isPrivate: wanted });
  }

  return [isPrivate, choose];
}

/** Removes the choices of a user who signs out. */
export function forgetPrivate(): void {
  forgetStored(PREFIX);
}
