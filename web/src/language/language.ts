import { useSyncExternalStore } from 'react';
import { en } from './en.ts';

/** Texts of the page in one language. A language without one of them does not compile. */
export type Catalogue = typeof en;

let current: Catalogue = en;

const listeners = new Set<() => void>();

/** The texts in the language of the page, for code that does not render. */
export function texts(): Catalogue {
  return current;
}

/** The texts in the language of the page. Renders again when it changes. */
export function useTexts(): Catalogue {
  return useSyncExternalStore(subscribe, texts);
}

function subscribe(notify: () => void): () => void {
  listeners.add(notify);
  return () => listeners.delete(notify);
}
