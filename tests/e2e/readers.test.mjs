// The Worker that reads files, apart from the one that chats.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readersFolder } from '../../dev/build/worker.mjs';
import { ada, call, eventually, newUser, readFrames, script, stack } from './test-stack.mjs';

/** Most pages of 64 KiB that `crates/readers-worker/build.rs` allows. */
const MAX_MEMORY_PAGES = 1536;

const upload = (/** @type {{ access_token: string }} */ user, text = '# Tides\n\nThe sea rises twice a day.') => call('/api/documents', {
  user, method: 'POST', body: text, headers: { 'content-type': 'text/markdown', 'x-file-name': 'tides.md' },
});

/** Most pages of the memory that a module of WebAssembly defines. @param {Buffer} wasm */
function mostMemoryPages(wasm) {
  let at = 8;
  const number = () => {
    let [value, shift, byte] = [0, 0, 0];
    do {
      byte = wasm[at];
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      shift += 7;
    } while (byte & 0x80);
    return value;
  };
  while (at < wasm.length) {
    const [section, length] = [wasm[at], (at += 1, number())];
    // The section of memories: their count, and of each whether it has a maximum, the minimum, the maximum.
    if (section === 5) return [number(), number(), number(), number()].at(-1);
    at += length;
  }
  return undefined;
}

test('an instance that reads a file has a bound on its memory', () => {
  const profile = process.env.FRONTDESK_PROFILE === 'release' ? 'release' : 'dev';
  assert.equal(mostMemoryPages(readFileSync(join(readersFolder(profile), 'index_bg.wasm'))), MAX_MEMORY_PAGES);
});

test('without its readers the chat goes on, and uploads are refused until they are back', async () => {
  script('a tale without readers', { content: 'word '.repeat(1200) }, { chunkSize: 5, streamingProfile: { ttft: 10, tps: 400, jitter: 0 } });
  const user = await newUser();
  assert.equal((await upload(user)).status, 201);
  const response = await call('/api/chat', { user: ada, json: { message: 'a tale without readers' } });
  const frames = readFrames(response);
  await frames.next();

  // As a file that ends their process would: what was being read is lost, and told.
  await stack.parts.get('readers').kill();
  const cut = await upload(user);
  assert.equal(cut.status, 422, await cut.clone().text());
  assert.match((await cut.json()).detail, /more memory or time/);
  const picture = await call('/api/files', { user, method: 'POST', body: 'GIF89a', headers: { 'x-file-name': 'a.gif' } });
  assert.equal((await picture.json()).code, 'document_unreadable');
  const types = [];
  for await (const { data } of frames) types.push(data.type);
  assert.ok(types.includes('finish'), types.join());

  stack.parts.set('readers', await stack.runReaders());
  await eventually(async () => assert.equal((await upload(user, 'Back again.')).status, 201));
  await stack.parts.get('readers').stop();
  const absent = await eventually(async () => {
    const answer = await upload(user);
    assert.equal(answer.status, 503);
    return answer.json();
  });
  assert.equal(absent.code, 'files_unavailable');
  stack.parts.set('readers', await stack.runReaders());
  await eventually(async () => assert.equal((await upload(user, 'And again.')).status, 201));
});
