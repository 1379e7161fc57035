import { useCallback, useEffect, useState } from 'react';

export type Resource<Value> = { retry: () => void } & (
  | { state: 'loading' }
  | { state: 'ready'; value: Value }
  | { state: 'failed'; error: unknown }
);

/** Loads a value whenever `key` changes, and again on `retry`. Never returns the value of an earlier key. */
export function useResource<Value>(key: string, load: () => Promise<Value>): Resource<Value> {
  const [attempt, setAttempt] = useState(0);
  const [settled, setSettled] = useState<{ attemptKey: string; result: Settled<Value> }>();
  const attemptKey = `${key}#${attempt}`;
  const retry = useCallback(() => setAttempt((count) => count + 1), []);

  useEffect(() => {
    let isCurrent = true;
    const settle = (result: Settled<Value>) => isCurrent && setSettled({ attemptKey, result });
    load().then((value) => settle({ state: 'ready', value }), (error: unknown) => settle({ state: 'failed', error }));
    return () => { isCurrent = false; };
    // `load` is a new function on every render: `key` says when its result would differ.
  }, [attemptKey]);

  return { retry, ...(settled?.attemptKey === attemptKey ? settled.result : { state: 'loading' }) };
}

type Settled<Value> = { state: 'ready'; value: Value } | { state: 'failed'; error: unknown };
