import { useEffect, useState } from 'react';

/** Current time in milliseconds since 1970. Renders again when the given moment has come. */
export function useNow(moment: number | undefined): number {
  const [now, setNow] = useState(Date.now);

  useEffect(() => {
    const remaining = moment === undefined ? 0 : moment - Date.now();
    if (remaining <= 0) return undefined;
    const timer = setTimeout(() => setNow(Date.now()), remaining);
    return () => clearTimeout(timer);
  }, [moment]);

  return now;
}
