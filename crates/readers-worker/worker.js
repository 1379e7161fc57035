// The module that workerd loads: reads the file of each request in an instance of WebAssembly of its own. A file that takes more memory
// than an instance may have, or that traps, ends its own reading; and nothing of a file is left for the next.
import { WorkerEntrypoint } from 'cloudflare:workers';
import { __wbg_reset_state as startInstance, read } from './index.js';

/** What is wanted of the file, as JSON: `src/ports/readers.rs`. */
const READ_HEADER = 'x-frontdesk-read';

export default class extends WorkerEntrypoint {
  /** @param {Request} request */
  async fetch(request) {
    const file = new Uint8Array(await request.arrayBuffer());
    // No `await` from here on: an instance has one file at a time.
    try {
      return new Response(read(request.headers.get(READ_HEADER) ?? '', file), { headers: { 'content-type': 'application/json' } });
    } catch (error) {
      // A trap: its message has names of functions, and nothing of the file.
      console.error('A file ended its reading', error);
      return new Response(null, { status: 500 });
    } finally {
      startInstance();
    }
  }
}
