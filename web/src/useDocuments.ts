import { useCallback, useEffect, useState } from 'react';
import type { Api, StoredDocument } from './api.ts';

/** Milliseconds between two looks at documents that are not ready yet. */
const LOOK_EVERY = 2000;

export interface Documents {
  /** Newest first; absent until loaded. */
  list: StoredDocument[] | undefined;
  /** Names of the files that are on their way. */
  arriving: string[];
  error: unknown;
  add: (files: Iterable<File>) => void;
  remove: (id: string) => void;
  refresh: () => void;
}

export function useDocuments(api: Api): Documents {
  const [list, setList] = useState<StoredDocument[]>();
  const [arriving, setArriving] = useState<string[]>([]);
  const [error, setError] = useState<unknown>();

  const load = useCallback(async () => setList(await api.documents()), [api]);
  const attempt = useCallback(async (what: () => Promise<unknown>) => {
    try {
      await what();
      await load();
      setError(undefined);
    } catch (failure) {
      setError(failure);
    }
  }, [load]);

  const add = useCallback(async (files: Iterable<File>) => {
    const all = [...files];
    setArriving((names) => [...names, ...all.map(({ name }) => name)]);
    // One by one: what is refused is told, and the rest goes on.
    let refused: unknown;
    for (const file of all) {
      await api.addDocument(file).catch((failure: unknown) => { refused = failure; });
      setArriving((names) => names.toSpliced(names.indexOf(file.name), 1));
    }
    await attempt(async () => undefined);
    if (refused !== undefined) setError(refused);
  }, [api, attempt]);

  useEffect(() => void attempt(async () => undefined), [attempt]);

  const isWaiting = list?.some(({ status }) => status === 'pending' || status === 'processing') ?? false;
  useEffect(() => {
    if (!isWaiting) return undefined;
    const timer = setInterval(() => void load().catch(() => undefined), LOOK_EVERY);
    return () => clearInterval(timer);
  }, [isWaiting, load]);

  return {
    list, arriving, error,
    add: useCallback((files) => void add(files), [add]),
    remove: useCallback((id) => void attempt(() => api.removeDocument(id)), [api, attempt]),
    refresh: useCallback(() => void attempt(async () => undefined), [attempt]),
  };
}
