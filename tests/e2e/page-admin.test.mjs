import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { lineDiff } from '../../web/src/admin/lineDiff.ts';
import { check } from './axe.mjs';
import { openPage, PHONE, signIn } from './browser.mjs';
import { ada, call, database, newUser, stack } from './test-stack.mjs';

const ADMIN = `${stack.api}/admin`;

before(() => database.query(`update auth.users set raw_app_meta_data = raw_app_meta_data || '{"role": "admin"}' where id = $1`, [ada.id]));

/** Opens a page of admins as one of them. */
async function openAdmin(address = '', viewport = undefined, options = {}) {
  const opened = await openPage(viewport, `${ADMIN}${address}`, options);
  await opened.page.getByTestId('email').fill(ada.email);
  await opened.page.getByTestId('password').fill('frontdesk');
  await opened.page.getByTestId('sign-in').click();
  return opened;
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

test('who is no admin is told so, and sees nothing', async () => {
  const { page } = await openPage(undefined, ADMIN);
  await signIn(page);
  await page.getByRole('heading', { name: 'For admins' }).waitFor();
  await check(page, 'not an admin');
  assert.equal(await page.getByTestId('employee-form').count(), 0);
  await page.getByRole('link', { name: 'To the chat' }).click();
  await page.getByTestId('composer').waitFor();
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
        await page.getByText('Loading…').waitFor({ state: 'detached' });
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
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'H1', 'the first stop skips to the page');
  await page.getByRole('link', { name: 'Employees' }).press('Enter');
  await page.getByRole('heading', { name: 'Employees' }).and(page.locator(':focus')).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByLabel('Slug').waitFor();
});
