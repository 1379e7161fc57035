import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { openPage, PHONE, send, signIn } from './browser.mjs';
import { call, database, eventually, grace, script } from './test-stack.mjs';

const item = (page, text) => page.getByTestId('session-item').filter({ hasText: text });

/** Begins a conversation whose title is its first message. */
async function begin(page, text) {
  await page.getByTestId('new-chat').click();
  await send(page, text);
  await item(page, text).waitFor();
}

async function choose(page, title, action) {
  await page.getByRole('button', { name: `Options for “${title}”` }).press('Enter');
  await page.getByRole('group', { name: `Options for “${title}”` }).getByRole('button', { name: action, exact: true }).click();
}

test('a conversation is found by its words, renamed, pinned, archived and taken back', async () => {
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await begin(page, 'where do walruses sleep?');
  await begin(page, 'how tall is a giraffe?');

  await page.keyboard.press('Control+k');
  assert.ok(await page.getByTestId('search').evaluate((field) => field === document.activeElement));
  await page.keyboard.type('walrus');
  await item(page, 'giraffe').waitFor({ state: 'detached' });
  await item(page, 'where do walruses sleep?').waitFor();
  await page.keyboard.press('Escape');
  await item(page, 'giraffe').waitFor();

  await choose(page, 'where do walruses sleep?', 'Rename');
  await page.keyboard.type('Sleeping walruses');
  await page.keyboard.press('Enter');
  await item(page, 'Sleeping walruses').waitFor();
  assert.ok(await item(page, 'Sleeping walruses').evaluate((link) => link === document.activeElement), 'the focus stays');
  await choose(page, 'Sleeping walruses', 'Rename');
  await page.keyboard.type('Never mind');
  await page.keyboard.press('Escape');
  await item(page, 'Sleeping walruses').waitFor();

  await choose(page, 'Sleeping walruses', 'Pin');
  await page.getByTestId('session-item').first().filter({ hasText: 'Sleeping walruses' }).waitFor();
  await page.reload();
  await page.getByTestId('session-item').first().filter({ hasText: 'Sleeping walruses' }).waitFor();

  await choose(page, 'how tall is a giraffe?', 'Archive');
  await item(page, 'giraffe').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Archived conversations' }).click();
  await item(page, 'giraffe').waitFor();
  await page.getByRole('button', { name: 'Back to the conversations' }).click();
  await item(page, 'Sleeping walruses').waitFor();
  await choose(page, 'Sleeping walruses', 'Archive');
  await page.getByTestId('undo-note').getByRole('button', { name: 'Undo' }).click();
  await item(page, 'Sleeping walruses').waitFor();
  assert.deepEqual(consoleErrors, []);
});

test('a deletion can be undone, and is carried out when the page is left', async () => {
  const { page, consoleErrors } = await openPage(PHONE);
  const openDrawer = () => page.getByRole('button', { name: 'Conversations' }).click();
  const isStored = async (title) => {
    const { rows } = await database.query('select 1 from chat_sessions where user_id = $1 and title = $2', [grace.id, title]);
    return rows.length > 0;
  };
  await signIn(page);
  await send(page, 'a secret about otters');
  await page.getByText('Very well.').waitFor();
  await openDrawer();
  await item(page, 'a secret about otters').waitFor();
  await choose(page, 'a secret about otters', 'Delete');
  await item(page, 'a secret about otters').waitFor({ state: 'detached' });
  await page.getByTestId('undo-note').getByRole('button', { name: 'Undo' }).press('Enter');
  await item(page, 'a secret about otters').waitFor();
  assert.ok(await isStored('a secret about otters'));

  await choose(page, 'a secret about otters', 'Delete');
  await page.getByTestId('undo-note').waitFor();
  await page.reload();
  await eventually(async () => assert.ok(!await isStored('a secret about otters')));
  await page.getByTestId('composer').waitFor();
  assert.equal(new URL(page.url()).hash, '#/', 'its conversation was left');
  assert.deepEqual(consoleErrors, []);
});

test('an answer is rated, with a comment, and the rating is there after a reload', async () => {
  script('what is the capital of nowhere', { content: 'Atlantis.' });
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await send(page, 'what is the capital of nowhere?');
  await page.getByText('Atlantis.').waitFor();
  await page.getByTestId('rate-down').click();
  await page.getByTestId('rating-comment').fill('There is no such place');
  await page.keyboard.press('Enter');
  await page.getByTestId('rating-comment').waitFor({ state: 'detached' });
  await page.reload();
  await page.getByText('Atlantis.').waitFor();
  assert.equal(await page.getByTestId('rate-down').getAttribute('aria-pressed'), 'true');
  const stats = await page.getByTestId('answer-stats').innerText();
  assert.match(stats, /tokens/, 'what an answer took is there after a reload');
  const { rows } = await database.query('select rating, comment from chat_message_feedback where user_id = $1 order by created_at desc limit 1', [grace.id]);
  assert.deepEqual(rows, [{ rating: -1, comment: 'There is no such place' }]);
  await page.getByTestId('rate-down').click();
  await eventually(async () => {
    assert.equal(await page.getByTestId('rate-down').getAttribute('aria-pressed'), 'false');
    const left = await database.query('select 1 from chat_message_feedback where comment = $1', ['There is no such place']);
    assert.deepEqual(left.rows, []);
  });
  assert.deepEqual(consoleErrors, []);
});

test('what is typed and not sent is kept by conversation, until the user signs out', async () => {
  const { page } = await openPage();
  await signIn(page);
  await begin(page, 'tell me of kiwis');
  await page.getByText('Very well.').waitFor();
  await page.getByTestId('composer').fill('and of emus');
  await page.getByTestId('new-chat').click();
  await page.getByTestId('message-user').waitFor({ state: 'detached' });
  assert.equal(await page.getByTestId('composer').inputValue(), '');
  await page.getByTestId('composer').fill('something new');
  await page.reload();
  await page.getByTestId('composer').waitFor();
  assert.equal(await page.getByTestId('composer').inputValue(), 'something new');
  await item(page, 'tell me of kiwis').click();
  await page.getByText('Very well.').waitFor();
  assert.equal(await page.getByTestId('composer').inputValue(), 'and of emus');
  await page.getByTestId('sign-out').click();
  await page.getByTestId('sign-in-form').waitFor();
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((name) => name.includes('draft'))), []);
});

test('a sign-in that ends by itself says so, and what was typed is there after the next one', async () => {
  const { page } = await openPage();
  await signIn(page);
  await page.getByTestId('composer').fill('half a thought');
  await page.route('**/api/sessions?*', (route) => route.fulfill({ status: 401, json: { code: 'invalid_token', detail: 'Sign in again.' } }));
  await page.getByTestId('search').fill('anything');
  await page.getByTestId('expired').waitFor();
  await page.unroute('**/api/sessions?*');
  await signIn(page);
  await page.getByTestId('composer').waitFor();
  assert.equal(await page.getByTestId('composer').inputValue(), 'half a thought');
});

test('of a private conversation nothing is remembered, also after a reload', async () => {
  const { page } = await openPage();
  await signIn(page);
  /** @type {boolean[]} */
  const told = [];
  page.on('request', (request) => { if (request.url().endsWith('/api/chat')) told.push(request.postDataJSON().remember); });
  await page.getByTestId('private').click();
  await send(page, 'between us: the vault is green');
  await page.getByText('Very well.').waitFor();
  await item(page, 'between us').waitFor();
  await page.reload();
  await page.getByText('Very well.').waitFor();
  assert.equal(await page.getByTestId('private').getAttribute('aria-pressed'), 'true');
  await send(page, 'and the key is blue');
  await page.getByText('Very well.').nth(1).waitFor();
  await page.getByTestId('new-chat').click();
  await page.getByTestId('message-user').first().waitFor({ state: 'detached' });
  assert.equal(await page.getByTestId('private').getAttribute('aria-pressed'), 'false');
  await send(page, 'not between us');
  await page.getByText('Very well.').waitFor();
  assert.deepEqual(told, [false, false, true]);
});

test('a long conversation is read page by page, and keeps its place', async () => {
  const { page, consoleErrors } = await openPage();
  const session = '5e55a9e5-0000-4000-8000-000000000001';
  const lines = Array.from({ length: 620 }, (_, n) => JSON.stringify({
    session_id: session, role: n % 2 ? 'assistant' : 'user', content: `line ${n} of the long talk`,
    created_at: new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString(),
  }));
  assert.match(await (await call('/api/import', { user: grace, method: 'POST', body: lines.join('\n') })).text(), /"done":true/);
  await signIn(page);
  await page.getByTestId('composer').waitFor();
  await page.goto(new URL(`/#/c/${session}`, page.url()).href);
  await page.getByText('line 619 of the long talk').waitFor();
  assert.equal(await page.getByText('line 100 of the long talk').count(), 0);
  const oldest = page.getByText('line 120 of the long talk');
  await oldest.scrollIntoViewIfNeeded();
  const before = await oldest.boundingBox();
  await page.getByRole('button', { name: 'Show older messages' }).click();
  await page.getByRole('log').getByText('line 0 of the long talk').waitFor({ state: 'attached' });
  const after = await oldest.boundingBox();
  assert.ok(before && after && Math.abs(before.y - after.y) < 120, `it moved from ${before?.y} to ${after?.y}`);
  assert.equal(await page.getByRole('button', { name: 'Show older messages' }).count(), 0);
  assert.deepEqual(consoleErrors, []);
});

test('settings show the usage and choose the theme; all data is exported and erased', async () => {
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await send(page, 'remember the settings');
  await page.getByText('Very well.').waitFor();
  await item(page, 'remember the settings').waitFor();
  await page.getByTestId('open-settings').click();
  const dialog = page.getByTestId('settings-dialog');
  await dialog.getByRole('row', { name: /Midnight UTC/ }).waitFor();
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await dialog.getByRole('radio', { name: 'Dark' }).check();
  const dark = await background();
  await dialog.getByRole('radio', { name: 'Light' }).check();
  assert.notEqual(await background(), dark);

  const download = page.waitForEvent('download');
  await dialog.getByTestId('export').click();
  const text = await readFile(await (await download).path(), 'utf8');
  assert.ok(text.includes('remember the settings'));
  assert.equal(JSON.parse(text.trimEnd().split('\n').at(-1)).kind, 'end');

  await dialog.getByTestId('erase').click();
  assert.ok(await dialog.getByTestId('erase-now').isDisabled());
  await dialog.getByTestId('erase-word').fill('erase');
  await dialog.getByTestId('erase-now').click();
  await page.getByTestId('sign-in-form').waitFor();
  const { rows } = await database.query('select 1 from chat_sessions where user_id = $1', [grace.id]);
  assert.deepEqual(rows, []);
  // The list may be read again during the erasure.
  assert.deepEqual(consoleErrors.filter((error) => !error.includes('status of 409')), []);
});
