// The widget on a page of another origin, with that page's own Supabase client.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { ROOT } from '../../dev/bootstrap.mjs';
import { openPage, PHONE, SLOW_ANSWER } from './browser.mjs';
import { call, database, EMBEDDING_PORT, eventually, grace, holdAnswerEnd, newUser, requestsWith, script, scriptSteps, stack } from './test-stack.mjs';

/** Bytes that a page may load for it. */
const MAX_BYTES = 12 * 1024;

const SUPABASE = readFileSync(join(ROOT, 'node_modules/@supabase/supabase-js/dist/umd/supabase.js'));

/** A strict policy, as a page may have it: the widget needs its script and its connection alone. */
const POLICY = `default-src 'none'; script-src 'self' 'unsafe-inline' ${stack.api}; connect-src ${stack.api} ${stack.supabaseUrl}; img-src data:`;

const PAGES = {
  '/': `<script>const desk = supabase.createClient('${stack.supabaseUrl}', '${stack.anonKey}');</script>
    <script>window.desk = desk;</script>
    <script src="${stack.api}/widget.js" data-employee="doc-clerk" data-heading="Ask the clerk" data-supabase="desk" async></script>`,
  '/inline': `<script>const desk = supabase.createClient('${stack.supabaseUrl}', '${stack.anonKey}');</script>
    <script src="${stack.api}/widget.js"></script>
    <frontdesk-chat employee="prime-boss" heading="The boss"></frontdesk-chat>
    <script>document.querySelector('frontdesk-chat').token = async () => (await desk.auth.getSession()).data.session?.access_token;</script>`,
};

async function serve(port) {
  const server = createServer((request, response) => {
    if (request.url === '/supabase.js') return response.setHeader('content-type', 'text/javascript').end(SUPABASE);
    response.setHeader('content-security-policy', POLICY).setHeader('content-type', 'text/html; charset=utf-8');
    response.end(`<!doctype html><html lang="en"><title>A shop</title><link rel="icon" href="data:,"><h1>A shop</h1><script src="/supabase.js"></script>${PAGES[request.url] ?? ''}</html>`);
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

const shop = await serve(EMBEDDING_PORT);
const stranger = await serve(0);

const signIn = (page) => page.evaluate(async ({ email }) => {
  const { error } = await desk.auth.signInWithPassword({ email, password: 'frontdesk' });
  if (error) throw error;
}, { email: grace.email });

async function send(page, text) {
  await page.getByLabel('Message', { exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

const screenshot = async (page, name) => {
  const folder = process.env.FRONTDESK_SCREENSHOTS;
  if (folder) await page.screenshot({ path: join(folder, `widget-${name}.png`) });
};

test('the script is small', async () => {
  const response = await fetch(`${stack.api}/widget.js`);
  assert.match(response.headers.get('content-type'), /javascript/);
  assert.equal(response.headers.get('cross-origin-resource-policy'), 'cross-origin');
  assert.ok(gzipSync(await response.text(), { level: 9 }).length < MAX_BYTES);
});

test('a user of another page signs in there, chats, approves, and finds the conversation after a reload', async () => {
  const marker = `parrot ${randomUUID()}`;
  const fact = randomUUID();
  await database.query("insert into user_memory_facts (id, user_id, category, key, fact) values ($1, $2, 'note', $3, $4)", [fact, grace.id, fact, marker]);
  await call(`/api/facts/${fact}`, { user: grace, method: 'PATCH', json: { fact: marker } });
  scriptSteps(marker, { forget: { what: 'the parrot', facts: [fact] } }, 'It is **forgotten**:\n\n- `one` fact\n- [a page](https://example.com/)');
  const { page, consoleErrors } = await openPage(undefined, shop);
  await page.getByRole('button', { name: 'Ask the clerk' }).click();
  await page.getByText('Sign in to this page to chat.').waitFor();
  await signIn(page);
  await send(page, marker);
  await page.getByRole('group', { name: 'Permission for forget' }).waitFor();
  assert.match(requestsWith(marker)[0].messages[0].content, /Document Clerk/i);
  await screenshot(page, 'approval');

  await page.reload();
  await page.getByRole('button', { name: 'Ask the clerk' }).click();
  await page.getByRole('button', { name: 'Allow' }).click();
  await page.getByRole('strong').filter({ hasText: 'forgotten' }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'a page' }).getAttribute('rel'), 'noopener noreferrer');
  assert.equal(await page.getByRole('button', { name: 'Allow' }).count(), 0);
  await screenshot(page, 'answer');

  await page.reload();
  await page.getByRole('button', { name: 'Ask the clerk' }).click();
  await page.getByText('forget: done').waitFor();
  await page.getByRole('button', { name: 'New chat' }).click();
  await page.getByText(marker).waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  await page.getByLabel('Message', { exact: true }).waitFor({ state: 'hidden' });

  // The next user of the device gets an empty chat.
  await page.evaluate(() => desk.auth.signOut({ scope: 'local' }));
  await page.getByText('Sign in to this page to chat.').waitFor({ state: 'attached' });
  assert.deepEqual(consoleErrors, []);
});

test('an answer goes on through a reload, is stopped, and HTML in it stays text', async () => {
  const text = `<img src=x onerror="document.title=1"> This goes on. ${'And on. '.repeat(200)}`.trim();
  script('go on in the widget', { content: text }, SLOW_ANSWER);
  holdAnswerEnd('go on in the widget');
  const { page, consoleErrors } = await openPage(PHONE, `${shop}/inline`);
  await signIn(page);
  // A page with a callback says that its user has signed in.
  await page.evaluate(() => document.querySelector('frontdesk-chat').refresh());
  await send(page, 'go on in the widget');
  await page.getByText('This goes on.').waitFor();
  await page.reload();
  await page.getByText('This goes on.').waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByText('This answer was stopped.').waitFor();
  await page.getByRole('button', { name: 'Send' }).waitFor();
  assert.equal(await page.title(), 'A shop');
  assert.equal(await page.locator('frontdesk-chat img').count(), 0);
  assert.deepEqual(consoleErrors, []);
});

test('a message that is refused returns to the field', async () => {
  const { page } = await openPage(undefined, `${shop}/inline`);
  await signIn(page);
  await page.evaluate(() => document.querySelector('frontdesk-chat').refresh());
  await page.route('**/api/chat', (route) => route.abort());
  await send(page, 'into the void');
  await page.getByText('The server is out of reach.').waitFor();
  assert.equal(await page.getByLabel('Message', { exact: true }).inputValue(), 'into the void');
  await page.unroute('**/api/chat');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('Very well.').waitFor();
});

test('the theme follows the system, the attribute and the variables of the page', async () => {
  const background = (page) => page.locator('frontdesk-chat .chat').evaluate((chat) => getComputedStyle(chat).backgroundColor);
  const { page } = await openPage(undefined, `${shop}/inline`, { colorScheme: 'dark' });
  const element = page.locator('frontdesk-chat');
  assert.equal(await background(page), 'rgb(25, 26, 24)');
  await screenshot(page, 'dark');
  await element.evaluate((chat) => chat.setAttribute('theme', 'light'));
  assert.equal(await background(page), 'rgb(250, 249, 246)');
  await element.evaluate((chat) => chat.style.setProperty('--frontdesk-background', 'rgb(1, 2, 3)'));
  assert.equal(await background(page), 'rgb(1, 2, 3)');
  await page.addStyleTag({ content: '* { background: red !important; }' }).catch(() => undefined);
  assert.equal(await background(page), 'rgb(1, 2, 3)', 'styles of the page stay outside');
});

test('on a page whose origin is not allowed, the console says what to change', async () => {
  const { page, consoleErrors } = await openPage(undefined, `${stranger}/inline`);
  await signIn(page);
  await page.evaluate(() => document.querySelector('frontdesk-chat').refresh());
  await page.getByText('Sign in').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Send' }).waitFor();
  await send(page, 'let me in');
  await page.getByText('The chat is not set up for this page.').waitFor();
  const said = await eventually(async () => {
    const found = consoleErrors.find((text) => text.startsWith('Frontdesk:'));
    assert.ok(found, consoleErrors.join('\n'));
    return found;
  });
  assert.ok(said.includes(stranger) && said.includes('ALLOWED_ORIGINS'), said);
  assert.equal(requestsWith('let me in').length, 0);
});

test('patterns of origins admit previews alone', async () => {
  const { access_token } = await newUser();
  const status = async (origin) => (await fetch(`${stack.api}/api/employees`, { headers: { origin, authorization: `Bearer ${access_token}` } })).status;
  assert.equal(await status('https://pr-17.preview.example.com'), 200);
  for (const origin of ['https://preview.example.com', 'https://a.b.preview.example.com', 'https://preview.example.com.evil.org', 'null']) {
    assert.equal(await status(origin), 403, origin);
  }
});
