// The stack of all end-to-end tests, closed after the last of them.
import { after } from 'node:test';
import { closeStack } from '../test-stack.mjs';

export * from '../test-stack.mjs';

after(closeStack);
