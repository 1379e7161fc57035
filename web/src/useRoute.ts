import { useCallback, useEffect, useState } from 'react';

/** The conversation on screen. A new one gets its address once the server has it. */
export interface Route {
  session: string;
  isNew: boolean;
}

const ADDRESS = /^#\/c\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

export const NEW_CHAT = '#/';

export function addressOf(session: string): string {
  return `#/c/${session}`;
}

function read(): Route {
  const session = ADDRESS.exec(location.hash)?.[1]?.toLowerCase();
  return session ? { session, isNew: false } : { session: crypto.randomUUID(), isNew: true };
}

export function useRoute(): { route: Route; keepAddress: (session: string) => void } {
  const [route, setRoute] = useState(read);

  useEffect(() => {
    // A new chat stays the same one when it is asked for again.
    const follow = () => setRoute((current) => {
      const next = read();
      return current.isNew && next.isNew ? current : next;
    });
    window.addEventListener('hashchange', follow);
    return () => window.removeEventListener('hashchange', follow);
  }, []);

  /** Gives the new conversation its address without leaving it. */
  const keepAddress = useCallback((session: string) => {
    history.replaceState(null, '', addressOf(session));
    setRoute({ session, isNew: false });
  }, []);

  return { route, keepAddress };
}
