import { test } from 'node:test';
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { openPage, send, signIn } from './browser.mjs';

/** Bytes of script, gzipped, that the first load of the chat may have. */
const MAX_SCRIPT = 170_000;

test('the first load of the chat is small, and what an answer needs comes with the first word', async (t) => {
  const { page } = await openPage();
  await signIn(page);
  await page.getByTestId('composer').waitFor();
  /** @type {Map<string, number>} */
  const scripts = new Map();
  page.on('response', async (response) => {
    if (response.request().resourceType() === 'script') scripts.set(new URL(response.url()).pathname, gzipSync(await response.body()).length);
  });
  await page.reload();
  await page.locator('.employee-card').first().waitFor();
  await page.getByText('grace@example.com').waitFor();
  await page.waitForLoadState('networkidle');
  const size = [...scripts.values()].reduce((sum, one) => sum + one, 0);
  t.diagnostic(`${size} bytes of script in ${scripts.size} files: ${[...scripts].map(([path, bytes]) => `${path} ${bytes}`).join(', ')}`);
  assert.ok(scripts.size > 3);
  assert.ok(size <= MAX_SCRIPT, `${size} bytes`);
  assert.ok(![...scripts.keys()].some((path) => path.includes('AssistantMessage')));
  await page.getByTestId('composer').pressSequentially('h');
  await page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => name.includes('AssistantMessage')));
  await send(page, 'hello');
  await page.getByTestId('answer-stats').waitFor();
});
