import { useEffect, useState } from 'react';

/** The time, in milliseconds since 1970; looked at again at that moment, if there is one to come. */
export function useNow(at: number | undefined): number {
  const [now, setNow] = useState(Date.now);

  useEffect(() => {
    const left = at === undefined ? 0 : at - Date.now();
    if (left <= 0) return undefined;
    const timer = setTimeout(() => setNow(Date.now()), left);
    return () => clearTimeout(timer);
  }, [at]);

  return now;
}
