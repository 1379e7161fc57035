// @frontdesk/react as it is published, on a page of another origin.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ROOT } from '../../dev/bootstrap.mjs';
import { CLIENT, REACT, buildPackages } from '../../dev/build/client.mjs';
import { PHONE, SLOW_ANSWER } from './browser.mjs';
import { definePage, openClient } from './stock/pages.mjs';
import { database, eventually, holdAnswerEnd, newUser, requestsWith, script, scriptSteps, storedMessages } from './test-stack.mjs';

await buildPackages();
const STYLES = readFileSync(join(ROOT, 'react/dist/styles.css'), 'utf8');
await definePage('react', 'frontdeskReact.jsx', { '@frontdesk/react': REACT, '@frontdesk/client': CLIENT }, STYLES);

const open = (user, session) => openClient('react', user, session);

async function send(page, text) {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

async function newFact(user) {
  const id = randomUUID();
  await database.query("insert into user_memory_facts (id, user_id, category, key, fact) values ($1, $2, 'place', 'home', 'Lives in Bern')", [id, user.id]);
  return { id, isThere: async () => (await database.query('select 1 from user_memory_facts where id = $1', [id])).rowCount === 1 };
}

test('a conversation begins, is listed, found again after a reload, and deleted', async () => {
  const [user, marker] = [await newUser(), `react ${randomUUID()}`];
  script(marker, { content: 'Write to [EMAIL_1]:\n\n- **soon**\n- <b>now</b>\n- [a page](https://example.com/)' }, { chunkSize: 3 });
  const { page, consoleErrors } = await open(user);
  await send(page, `${marker} ann@example.org`);
  await page.getByText('Write to ann@example.org').waitFor();
  await page.getByRole('strong').filter({ hasText: 'soon' }).waitFor();
  await page.getByText('<b>now</b>').waitFor();
  assert.equal(await page.getByRole('link', { name: 'a page' }).getAttribute('rel'), 'noopener noreferrer');
  const item = page.getByRole('navigation').getByRole('button', { name: marker.slice(0, 20) }).first();
  await item.waitFor();
  await send(page, 'and then?');
  await page.getByText('Very well.').waitFor();
  const { rows: [{ id, count }] } = await eventually(async () => {
    const found = await database.query('select id::text, (select count(*)::int from chat_messages m where m.session_id = s.id) from chat_sessions s where user_id = $1', [user.id]);
    assert.equal(found.rows[0]?.count, 4);
    return found;
  });
  assert.equal(count, 4);
  await page.reload();
  await page.getByText('Write to ann@example.org').waitFor();
  await page.getByText('Very well.').waitFor();
  assert.equal(await page.locator('.user').count(), 2);
  await page.getByRole('button', { name: 'New chat' }).click();
  await page.getByText('Very well.').waitFor({ state: 'detached' });
  await item.click();
  await page.getByText('Very well.').waitFor();
  await page.getByRole('button', { name: /^Delete/ }).click();
  await page.getByText('Very well.').waitFor({ state: 'detached' });
  await eventually(async () => assert.equal((await database.query('select 1 from chat_sessions where id = $1', [id])).rowCount, 0));
  assert.deepEqual(consoleErrors, []);
});

test('an answer goes on through a reload, and is stopped', async () => {
  const [user, marker] = [await newUser(), `react ${randomUUID()}`];
  script(marker, { content: `This goes on. ${'And on. '.repeat(200)}` }, SLOW_ANSWER);
  holdAnswerEnd(marker);
  const { page, consoleErrors } = await open(user);
  await send(page, marker);
  await page.getByText('This goes on.').waitFor();
  // The page knows its session from the first accepted message on.
  await page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).get('chat'));
  await page.reload();
  await page.getByText('This goes on.').waitFor();
  assert.equal(await page.locator('.assistant').count(), 1);
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('button', { name: 'Send' }).waitFor();
  const session = new URLSearchParams(new URL(page.url()).hash.slice(1)).get('chat');
  assert.match((await storedMessages(session))[1].content, /^This goes on\./);
  await page.reload();
  await page.getByText('This answer was stopped.').waitFor();
  assert.equal(requestsWith(marker).length, 1);
  assert.deepEqual(consoleErrors, []);
});

for (const isAllowed of [true, false]) {
  test(`a call is ${isAllowed ? 'allowed' : 'denied'} after a reload, and the answer goes on in its place`, async () => {
    const [user, marker] = [await newUser(), `react ${randomUUID()}`];
    const fact = await newFact(user);
    scriptSteps(marker, { forget: { what: 'Bern', facts: [fact.id] } }, 'As you wish.');
    const { page, consoleErrors } = await open(user);
    await send(page, marker);
    await page.getByRole('group', { name: 'Permission for forget' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Send' }).isDisabled(), true);
    await page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).get('chat'));
    const session = new URLSearchParams(new URL(page.url()).hash.slice(1)).get('chat');
    await storedMessages(session);
    await page.reload();
    await page.getByRole('button', { name: isAllowed ? 'Allow' : 'Deny' }).click();
    await page.getByText('As you wish.').waitFor();
    await page.getByText(isAllowed ? 'forget: done' : 'forget: not allowed').waitFor();
    assert.equal(await page.locator('.assistant').count(), 1);
    assert.equal(await fact.isThere(), !isAllowed);
    assert.deepEqual(consoleErrors, []);
  });
}

test('a message that is refused returns to the field, with a sentence', async () => {
  const { page } = await open(await newUser());
  await page.route('**/api/chat', (route) => route.abort());
  await send(page, 'into the void');
  await page.getByText('The server is out of reach.').waitFor();
  assert.equal(await page.getByLabel('Message', { exact: true }).inputValue(), 'into the void');
  assert.equal(await page.locator('.user').count(), 0);
  await page.unroute('**/api/chat');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('Very well.').waitFor();
  await page.getByRole('alert').waitFor({ state: 'detached' });
});

test('variables of the page theme it, in light and dark, and nothing of it is against WCAG', async () => {
  const { page } = await open(await newUser());
  await page.setViewportSize(PHONE);
  await send(page, 'hello');
  await page.getByText('Very well.').waitFor();
  const background = () => page.locator('.chat').evaluate((chat) => getComputedStyle(chat).backgroundColor);
  assert.equal(await background(), 'rgb(250, 249, 246)');
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') });
  for (const scheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: scheme });
    const { violations } = await page.evaluate(() => axe.run('.frontdesk'));
    assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), [], scheme);
  }
  assert.equal(await background(), 'rgb(25, 26, 24)');
  await page.locator('section.frontdesk').evaluate((chat) => chat.style.setProperty('--frontdesk-background', 'rgb(1, 2, 3)'));
  assert.equal(await background(), 'rgb(1, 2, 3)');
});
