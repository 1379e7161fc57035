import { useCallback, useEffect, useState } from 'react';

export type Resource<Value> = { retry: () => void } & (
  | { state: 'loading' }
  | { state: 'ready'; value: Value }
  | { state: 'failed'; error: unknown }
);

/** Loads a value whenever `key` changes, and again on `retry`. What belongs to an earlier key is never shown. */
export function useResource<Value>(key: string, load: () => Promise<Value>): Resource<Value> {
  const [attempt, setAttempt] = useState(0);
  const [settled, setSettled] = useState<{ of: string; result: Settled<Value> }>();
  const of = `${key}#${attempt}`;
  const retry = useCallback(() => setAttempt((count) => count + 1), []);

  useEffect(() => {
    let isCurrent = true;
    const settle = (result: Settled<Value>) => isCurrent && setSettled({ of, result });
    load().then((value) => settle({ state: 'ready', value }), (error: unknown) => settle({ state: 'failed', error }));
    return () => { isCurrent = false; };
    // `load` is a new function on every render; `key` says when it would give something else.
  }, [of]);

  return { retry, ...(settled?.of === of ? settled.result : { state: 'loading' }) };
}

type Settled<Value> = { state: 'ready'; value: Value } | { state: 'failed'; error: unknown };
