import { useEffect, useState } from 'react';
import type { Api, Session } from '../api/api.ts';

/** Milliseconds of rest in typing before a search. */
const SEARCH_AFTER = 250;

export interface Search {
  query: string;
  setQuery: (query: string) => void;
  /** Undefined until the first search has ended. */
  found: Session[] | undefined;
  error: unknown;
}

/** Searches titles and messages, a moment after the user stops typing. */
export function useSearch(api: Api, isArchive: boolean): Search {
  const [query, setQuery] = useState('');
  const [found, setFound] = useState<Session[]>();
  const [error, setError] = useState<unknown>();
  const q = query.trim();

  useEffect(() => {
    setError(undefined);
    if (!q) return setFound(undefined);
    let isCurrent = true;
    const timer = setTimeout(() => {
      api.sessions({ q, archived: isArchive }).then(
        ({ data }) => isCurrent && setFound(data),
        (failure: unknown) => isCurrent && setError(failure),
      );
    }, SEARCH_AFTER);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [api, isArchive, q]);

  return { query, setQuery, found, error };
}
