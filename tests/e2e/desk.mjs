// The desk of all end-to-end tests: closed when the last of them is over.
import { after } from 'node:test';
import { close } from '../desk.mjs';

export * from '../desk.mjs';

after(close);
