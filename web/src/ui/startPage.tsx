import { StrictMode, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { showLanguage, storedLanguage } from '../language/language.ts';
import { applyTheme, storedTheme } from './theme.ts';

/** Renders a page in the theme and the language of its reader. */
export async function startPage(page: ReactNode): Promise<void> {
  const root = document.getElementById('root');
  if (!root) throw new Error('The page has no element with the id "root": add it back.');
  applyTheme(storedTheme());
  // Not after the first render: a page that changes its language under the reader's eyes is worse than one that begins a moment later.
  await showLanguage(storedLanguage());
  createRoot(root).render(<StrictMode>{page}</StrictMode>);
}
