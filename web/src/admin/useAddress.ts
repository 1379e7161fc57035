import { useSyncExternalStore } from 'react';

/** Names in the address of a page: `#/employees/doc-clerk` has two. */
export function useAddress(): string[] {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return hash.replace(/^#\/?/, '').split('/').filter(Boolean).map(decodeURIComponent);
}

export function addressOf(...names: string[]): string {
  return `#/${names.map(encodeURIComponent).join('/')}`;
}

function subscribe(notify: () => void): () => void {
  window.addEventListener('hashchange', notify);
  return () => window.removeEventListener('hashchange', notify);
}
