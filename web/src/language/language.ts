import { useSyncExternalStore } from 'react';
import { en, type Catalogue } from './en.ts';

/** Languages by their own names. */
export const LANGUAGES = { en: 'English', de: 'Deutsch', fr: 'Français', es: 'Español', ja: '日本語', ar: 'العربية' };

type Language = keyof typeof LANGUAGES;

/** What the user chose: a language, or that of the browser. */
export type LanguageChoice = Language | 'browser';

const LOADERS: Record<Exclude<Language, 'en'>, () => Promise<Catalogue>> = {
  de: async () => (await import('./de.ts')).de,
  fr: async () => (await import('./fr.ts')).fr,
  es: async () => (await import('./es.ts')).es,
  ja: async () => (await import('./ja.ts')).ja,
  ar: async () => (await import('./ar.ts')).ar,
};

const STORAGE_KEY = 'frontdesk-language';

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

/** The text under a name that the server chose; undefined if the page has none. */
export function lookUp<Text>(named: Record<string, Text>, name: string): Text | undefined {
  return Object.hasOwn(named, name) ? named[name] : undefined;
}

export function storedLanguage(): LanguageChoice {
  const stored = localStorage.getItem(STORAGE_KEY);
  return stored !== null && isLanguage(stored) ? stored : 'browser';
}

/** Keeps a choice for later visits, and shows the page in it. */
export async function chooseLanguage(choice: LanguageChoice): Promise<void> {
  if (choice === 'browser') localStorage.removeItem(STORAGE_KEY);
  else localStorage.setItem(STORAGE_KEY, choice);
  await showLanguage(choice);
}

/** Shows the page in a language once its texts are loaded. Without them it stays in the one that it has. */
export async function showLanguage(choice: LanguageChoice): Promise<void> {
  const language = choice === 'browser' ? browserLanguage() : choice;
  try {
    current = language === 'en' ? en : await LOADERS[language]();
  } catch {
    return;
  }
  document.documentElement.lang = language;
  document.documentElement.dir = language === 'ar' ? 'rtl' : 'ltr';
  listeners.forEach((notify) => notify());
}

/** The first language of the browser's list that the page has. */
function browserLanguage(): Language {
  return navigator.languages.map((tag) => tag.split('-')[0] ?? '').find(isLanguage) ?? 'en';
}

function isLanguage(name: string): name is Language {
  return Object.hasOwn(LANGUAGES, name);
}

function subscribe(notify: () => void): () => void {
  listeners.add(notify);
  return () => listeners.delete(notify);
}
