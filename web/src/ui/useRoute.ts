import { useCallback, useEffect, useState } from 'react';

/** The conversation on screen. A new one has no address until the server has its first message. */
export interface Route {
  session: string;
  isNew: boolean;
}

const SESSION_HASH = /^#\/c\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

export const NEW_CHAT = '#/';

export function sessionAddress(session: string): string {
  return `#/c/${session}`;
}

function readRoute(): Route {
  const session = SESSION_HASH.exec(location.hash)?.[1]?.toLowerCase();
  return session ? { session, isNew: false } : { session: crypto.randomUUID(), isNew: true };
}

export function useRoute(): { route: Route; assignAddress: (session: string) => void } {
  const [route, setRoute] = useState(readRoute);

  useEffect(() => {
    // Opening a new chat twice keeps the first one.
    const followHash = () => setRoute((current) => {
      const next = readRoute();
      return current.isNew && next.isNew ? current : next;
    });
    window.addEventListener('hashchange', followHash);
    return () => window.removeEventListener('hashchange', followHash);
  }, []);

  /** Puts the address of a new conversation into the URL without navigating. */
  const assignAddress = useCallback((session: string) => {
    history.replaceState(null, '', sessionAddress(session));
    setRoute({ session, isNew: false });
  }, []);

  return { route, assignAddress };
}
