// The whole matrix: `npm run test:faults`. Its quick cells are a part of `npm test`, in tests/e2e/faults.test.mjs.
import { CELLS } from './cells.mjs';
import { playAll } from './matrix.mjs';
import '../e2e/desk.mjs';

playAll(CELLS);
