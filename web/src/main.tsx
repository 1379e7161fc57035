import './noEval.ts';
import { App } from './App.tsx';
import './ui/styles.css';
import { startPage } from './ui/startPage.tsx';

await startPage(<App />);
