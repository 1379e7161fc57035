import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { lineDiff } from '../../web/src/admin/lineDiff.ts';
import { seriesOf } from '../../web/src/admin/usageSeries.ts';
import { check } from './axe.mjs';
import { openPage, PHONE, signIn } from './browser.mjs';
import { ada, ask, call, database, newUser, stack, storedMessages } from './test-stack.mjs';

const ADMIN = `${stack.api}/admin`;

before(() => database.query(`update auth.users set raw_app_meta_data = raw_app_meta_data || '{"role": "admin"}' where id = $1`, [ada.id]));

/** Opens a page of admins as one of them. */
async function openAdmin(address = '', viewport = undefined, options = {}) {
  const opened = await openPage(viewport, `${ADMIN}${address}`, options);
  await signInAs(opened.page, ada);
  return opened;
}

async function signInAs(page, { email }) {
  await page.getByTestId('email').fill(email);
  await page.getByTestId('password').fill('frontdesk');
  await page.getByTestId('sign-in').click();
}

/** Creates an employee of its own for a test, and ends it afterwards. */
async function newEmployee(t, fields = {}) {
  const admin = await newUser({ app_metadata: { role: 'admin' } });
  const slug = `clerk-${randomUUID().slice(0, 8)}`;
  const json = { slug, title: `Clerk ${slug}`, system_prompt: 'You are a clerk.\nBe brief.', ...fields };
  assert.equal((await call('/api/admin/employees', { user: admin, json })).status, 201);
  t.after(() => database.query('update employee_profiles set is_active = false where slug = $1', [slug]));
  const change = (changes) => call(`/api/admin/employees/${slug}`, { user: admin, method: 'PATCH', json: changes });
  return { slug, title: json.title, change };
}

test('texts are compared line by line, with as few changes as there can be', () => {
  const spelled = (before, after) => lineDiff(before, after).map(({ kind, text }) => ({ same: ' ', removed: '-', added: '+' }[kind] + text));
  assert.deepEqual(spelled('a\nb\nc\nd', 'a\nc\nx\nd'), [' a', '-b', ' c', '+x', ' d']);
  assert.deepEqual(spelled('same', 'same'), [' same']);
  assert.deepEqual(spelled('a', 'b'), ['-a', '+b']);
});

test('figures over time have a point for each hour or day', () => {
  const at = (text, figures) => ({ at: text, cost_usd: 0, turns: 0, latency_p95_ms: null, ...figures });
  const byTime = [at('2026-11-22T03:00:00Z', { turns: 4 }), at('2026-11-22T05:00:00Z', { turns: 5, latency_p95_ms: 700 })];
  const hourly = { since: '2026-11-22T02:00:00Z', hours: 5, step: 'hour' };
  const { times, series } = seriesOf(hourly, [{ label: 'All', byTime }], 'turns');
  assert.deepEqual([times.length, times[1] - times[0], times[0]], [5, 3600, Date.parse(hourly.since) / 1000]);
  assert.deepEqual(series, [{ label: 'All', values: [0, 4, 0, 5, 0] }]);
  assert.deepEqual(seriesOf(hourly, [{ label: 'All', byTime }], 'latency_p95_ms').series[0].values, [null, null, null, 700, null], 'what was not measured has no value');
  const daily = seriesOf({ since: '2026-11-20T10:00:00Z', hours: 72, step: 'day' }, [{ label: 'All', byTime: [at('2026-11-21T00:00:00Z', { turns: 9 })] }], 'turns');
  assert.deepEqual(daily.series[0].values, [0, 9, 0, 0]);
});

test('who is no admin is told so, and sees nothing', async () => {
  const { page } = await openPage(undefined, ADMIN);
  await signIn(page);
  await page.getByRole('heading', { name: 'For admins' }).waitFor();
  await check(page, 'not an admin');
  assert.equal(await page.getByTestId('employee-form').count(), 0);
  await page.getByRole('link', { name: 'To the chat' }).click();
  await page.getByTestId('composer').waitFor();
  assert.equal(await page.getByRole('link', { name: 'Administration' }).count(), 0);
});

test('the chat leads admins to their pages', async () => {
  const { page } = await openPage();
  await signInAs(page, ada);
  await page.getByRole('link', { name: 'Administration' }).click();
  await page.getByRole('heading', { level: 1 }).and(page.locator(':focus')).waitFor();
  assert.equal(new URL(page.url()).pathname, '/admin');
});

test('an admin changes a prompt, compares versions and rolls back', async (t) => {
  const { slug, title } = await newEmployee(t);
  const { page, consoleErrors } = await openAdmin();
  await page.getByRole('link', { name: 'Employees' }).click();
  await page.getByRole('link', { name: title }).click();
  const prompt = page.getByLabel('Prompt', { exact: false }).first();
  await prompt.fill('You are a clerk.\nBe thorough.');
  await page.getByText('Changed: Prompt').waitFor();
  await page.getByTestId('save').click();
  const versions = page.getByTestId('versions');
  await versions.getByText('Version 2').waitFor();
  const { rows: [stored] } = await database.query('select system_prompt, version from employee_profiles where slug = $1', [slug]);
  assert.deepEqual(stored, { system_prompt: 'You are a clerk.\nBe thorough.', version: 2 });

  await versions.getByRole('button', { name: /Version 2/ }).click();
  await versions.locator('del').getByText('Be brief.').waitFor();
  await versions.locator('ins').getByText('Be thorough.').waitFor();
  await versions.getByRole('button', { name: /Version 1/ }).click();
  await versions.getByLabel('The current version').check();
  await versions.locator('ins').getByText('Be brief.').waitFor();
  await versions.getByRole('button', { name: 'Roll back to version 1' }).click();
  await versions.getByRole('button', { name: 'Roll back', exact: true }).press('Enter');
  await versions.getByText('Version 3').waitFor();
  await page.waitForFunction(() => document.querySelector('textarea[name=system_prompt]')?.value === 'You are a clerk.\nBe brief.');
  assert.deepEqual(consoleErrors, []);
});

test('two admins do not overwrite each other, and a wrong value is told at its field', async (t) => {
  const { slug, change } = await newEmployee(t);
  const { page } = await openAdmin(`#/employees/${slug}`);
  await page.getByLabel('Temperature').fill('hot');
  await page.getByTestId('save').click();
  await page.getByTestId('error').getByText('Temperature must be a number.').waitFor();
  await page.getByLabel('Temperature').fill('9');
  await page.getByTestId('save').click();
  await page.getByTestId('error').getByText('temperature').waitFor();
  assert.equal(await page.getByLabel('Temperature').getAttribute('aria-invalid'), 'true');
  await page.getByLabel('Temperature').fill('1');
  assert.equal((await change({ title: 'Changed elsewhere' })).status, 200);
  await page.getByTestId('save').click();
  await page.getByRole('button', { name: 'Take the newest version' }).click();
  await page.getByRole('heading', { name: 'Changed elsewhere' }).waitFor();
});

test('an admin sees targets, figures over time by employee and model, and work that waits', async () => {
  const { session } = await ask('how are the figures?', { employee: 'doc-clerk' });
  await storedMessages(session);
  const { page, consoleErrors } = await openAdmin();
  await page.getByTestId('targets').getByRole('row', { name: /^Time of an answer, P95 below 2,000 ms/ }).waitFor();
  await page.getByTestId('today').getByText('Turns', { exact: true }).waitFor();
  await page.getByTestId('health').getByText('Parked turns').waitFor();
  await page.getByLabel('Figure').selectOption('Turns');
  // The busiest have lines: in a run of all tests others than the one above.
  await page.getByRole('img', { name: /Turns: .*(doc-clerk|prime-boss) \d/ }).waitFor();
  await page.getByLabel('Lines').selectOption('By model');
  await page.getByRole('img', { name: /Turns: .*gpt-4o-mini \d/ }).waitFor();
  for (const span of ['24 hours', '30 days']) {
    await page.getByLabel('Span').selectOption(span);
    await page.locator('.u-wrap canvas').waitFor();
  }
  await page.getByText('As a table').press('Enter');
  await page.getByRole('region', { name: 'Turns' }).getByRole('columnheader', { name: 'gpt-4o-mini', exact: true }).waitFor();
  assert.deepEqual(consoleErrors, []);
});

test('an admin finds a user, sets a limit and erases the user, and the audit log tells it', async () => {
  const user = await newUser();
  const { session } = await ask('a question before my erasure', { user });
  await storedMessages(session);
  const { page, consoleErrors } = await openAdmin('#/users');
  await page.getByRole('searchbox').fill(user.email);
  await page.getByRole('link', { name: user.email }).click();
  await page.getByRole('heading', { name: user.email }).waitFor();
  await page.getByLabel('Messages a minute').fill('7');
  await page.getByRole('button', { name: 'Save the limits' }).click();
  await page.getByText('Saved.').waitFor();
  await page.getByText('Applies now: 7').waitFor();
  const { rows: [limits] } = await database.query('select messages_per_minute, daily_usd from chat_user_limits where user_id = $1', [user.id]);
  assert.deepEqual(limits, { messages_per_minute: 7, daily_usd: null });

  await page.getByRole('button', { name: 'Erase everything of this user…' }).click();
  await page.keyboard.type('somebody else');
  await page.keyboard.press('Enter');
  assert.equal((await database.query('select from chat_messages where user_id = $1', [user.id])).rowCount, 2, 'the name must be right');
  await page.getByLabel(/^Conversations, facts/).fill(user.email);
  await page.keyboard.press('Enter');
  await page.getByText('Everything of this user is erased.').waitFor();
  assert.equal((await database.query('select from chat_messages where user_id = $1', [user.id])).rowCount, 0);

  await page.getByRole('link', { name: 'Audit log' }).click();
  const changes = page.getByTestId('audit').getByRole('row').filter({ hasText: user.id });
  await changes.filter({ hasText: 'Erased a user' }).waitFor();
  const change = changes.filter({ hasText: 'Changed limits' });
  await change.getByText('messages_per_minute').first().click();
  await change.locator('ins').getByText('7').waitFor();
  assert.equal(await change.getByText(ada.email).count(), 1);
  assert.deepEqual(consoleErrors, []);
});

test('an admin saves a price', async () => {
  const model = `priced-${randomUUID().slice(0, 8)}`;
  const { page } = await openAdmin('#/prices');
  await page.getByRole('button', { name: 'New price' }).press('Enter');
  await page.keyboard.type(model);
  await page.getByLabel('Read', { exact: true }).fill('1.5');
  await page.getByLabel('Read from the cache').fill('0.15');
  await page.getByLabel('Written').fill('6');
  await page.keyboard.press('Enter');
  const row = page.getByTestId('prices').getByRole('row').filter({ hasText: model });
  await row.getByText('$1.5').waitFor();
  const { rows: [price] } = await database.query('select input_usd::float, cached_input_usd::float, output_usd::float from chat_model_prices where model = $1', [model]);
  assert.deepEqual(price, { input_usd: 1.5, cached_input_usd: 0.15, output_usd: 6 });
  await page.waitForFunction(() => document.activeElement !== document.body);
});

for (const [screen, viewport] of [['a desktop', undefined], ['a phone', PHONE]]) {
  for (const colorScheme of ['light', 'dark']) {
    test(`pages of admins fit ${screen}, in ${colorScheme} colours, and axe finds nothing serious`, async (t) => {
      const { slug, title, change } = await newEmployee(t);
      await change({ system_prompt: 'Another prompt.' });
      const { page, consoleErrors } = await openAdmin('', viewport, { colorScheme, reducedMotion: 'reduce' });
      const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
      await page.getByRole('navigation').waitFor();
      for (const name of await page.getByRole('navigation').getByRole('link').allInnerTexts()) {
        await page.getByRole('navigation').getByRole('link', { name }).click();
        await page.getByRole('heading', { name, level: 1 }).waitFor();
        await page.waitForFunction(() => !document.body.innerText.includes('Loading…'));
        await check(page, name);
        assert.ok(await fits(), `${name} fits`);
      }
      await page.goto(`${ADMIN}#/employees/${slug}`);
      await page.getByRole('heading', { name: title }).waitFor();
      await page.getByTestId('versions').getByRole('button', { name: /Version 2/ }).click();
      await check(page, 'an employee');
      assert.ok(await fits(), 'an employee fits');
      assert.deepEqual(consoleErrors, []);
    });
  }
}

test('a keyboard alone leads everywhere', async () => {
  const { page } = await openAdmin();
  await page.getByRole('navigation').waitFor();
  const focused = () => page.evaluate(() => [document.activeElement?.tagName, document.activeElement?.textContent]);
  await page.locator('h1:focus').waitFor();
  await page.keyboard.press('Shift+Tab');
  assert.deepEqual(await focused(), ['BUTTON', 'Sign out'], 'the navigation is before the page');
  await page.getByRole('link', { name: 'Skip to the page' }).focus();
  await page.keyboard.press('Enter');
  assert.deepEqual(await focused(), ['H1', 'Overview']);
  await page.getByRole('link', { name: 'Employees' }).press('Enter');
  await page.getByRole('heading', { name: 'Employees' }).and(page.locator(':focus')).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByLabel('Slug').waitFor();
});
