import './noEval.ts';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import './ui/styles.css';
import { applyTheme, storedTheme } from './ui/theme.ts';

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no element with the id "root": add it back.');

applyTheme(storedTheme());
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
