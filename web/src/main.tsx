import './noEval.ts';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { showLanguage, storedLanguage } from './language/language.ts';
import './ui/styles.css';
import { applyTheme, storedTheme } from './ui/theme.ts';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element with the id "root": add it back.');

applyTheme(storedTheme());
// Not after the first render: a page that changes its language under the reader's eyes is worse than one that begins a moment later.
await showLanguage(storedLanguage());
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
