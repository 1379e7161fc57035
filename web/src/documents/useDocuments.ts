import { useCallback, useEffect, useState } from 'react';
import type { Api, StoredDocument } from '../api/api.ts';
import { describeError } from '../api/errors.ts';

/** Milliseconds between two polls while a document is not ready. */
const POLL_EVERY = 2000;

export interface Documents {
  /** Newest first; undefined until loaded. */
  list: StoredDocument[] | undefined;
  /** Names of the files that are being uploaded. */
  uploading: string[];
  error: unknown;
  add: (files: Iterable<File>) => void;
  remove: (id: string) => void;
  refresh: () => void;
}

export function useDocuments(api: Api): Documents {
  const [list, setList] = useState<StoredDocument[]>();
  const [uploading, setUploading] = useState<string[]>([]);
  const [error, setError] = useState<unknown>();

  const load = useCallback(async () => setList(await api.documents()), [api]);
  const runAndReload = useCallback(async (action: () => Promise<unknown>) => {
    try {
      await action();
      await load();
      setError(undefined);
    } catch (failure) {
      setError(failure);
    }
  }, [load]);

  const add = useCallback(async (files: Iterable<File>) => {
    const all = [...files];
    setUploading((names) => [...names, ...all.map(({ name }) => name)]);
    // One after another: a rejected file does not keep the others from being uploaded.
    const rejections: string[] = [];
    for (const file of all) {
      await api.uploadDocument(file).catch((failure: unknown) => { rejections.push(`${file.name}: ${describeError(failure)}`); });
      setUploading((names) => names.toSpliced(names.indexOf(file.name), 1));
    }
    await runAndReload(async () => undefined);
    if (rejections.length > 0) setError(new Error(rejections.join(' ')));
  }, [api, runAndReload]);

  useEffect(() => void runAndReload(async () => undefined), [runAndReload]);

  const isWaiting = list?.some(({ status }) => status === 'pending' || status === 'processing') ?? false;
  useEffect(() => {
    if (!isWaiting) return undefined;
    const timer = setInterval(() => void load().catch(() => undefined), POLL_EVERY);
    return () => clearInterval(timer);
  }, [isWaiting, load]);

  return {
    list, uploading, error,
    add: useCallback((files) => void add(files), [add]),
    remove: useCallback((id) => void runAndReload(() => api.deleteDocument(id)), [api, runAndReload]),
    refresh: useCallback(() => void runAndReload(async () => undefined), [runAndReload]),
  };
}
