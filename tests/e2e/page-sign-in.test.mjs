import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openPage, PHONE } from './browser.mjs';
import { eventually, stack } from './test-stack.mjs';

const newEmail = () => `${randomUUID()}@example.com`;

/** The link that was mailed to an address, or the nth of several. */
function mailedLink(email, nth = 1) {
  return eventually(() => {
    const links = [...readFileSync(stack.logOf('supabase'), 'utf8').matchAll(new RegExp(`^Mail to ${email}: (\\S+)$`, 'gm'))];
    const link = links[nth - 1]?.[1];
    assert.ok(link, 'no link was mailed');
    return link;
  });
}

async function signUp(page, email, password) {
  await page.getByTestId('to-signUp').click();
  assert.ok(await page.getByTestId('email').evaluate((field) => field === document.activeElement), 'the focus is in the form');
  await page.getByTestId('email').fill(email);
  await page.getByTestId('password').fill(password);
  await page.getByTestId('sign-in').click();
}

test('a new user signs up, signs out and in again; an address that is taken says so', async () => {
  const email = newEmail();
  const { page, consoleErrors } = await openPage();
  await signUp(page, email, 'a password of mine');
  await page.getByTestId('composer').waitFor();
  await page.getByTestId('sign-out').click();
  await page.getByTestId('email').fill(email);
  await page.getByTestId('password').fill('a password of mine');
  await page.getByTestId('sign-in').click();
  await page.getByTestId('composer').waitFor();
  await page.getByTestId('sign-out').click();
  assert.deepEqual(consoleErrors, []);
  await signUp(page, email, 'another password');
  await page.getByTestId('error').getByText('has an account already').waitFor();
});

test('the link of a reset leads to another password, once', async () => {
  const email = newEmail();
  const { page } = await openPage(PHONE);
  await signUp(page, email, 'soon forgotten');
  await page.getByTestId('composer').waitFor();
  await page.getByRole('button', { name: 'Conversations' }).click();
  await page.getByTestId('sign-out').click();
  await page.getByTestId('to-reset').click();
  assert.equal(await page.getByTestId('password').count(), 0);
  await page.getByTestId('email').fill(email);
  await page.getByTestId('sign-in').click();
  await page.getByTestId('told').waitFor();
  const link = await mailedLink(email);
  await page.goto(link);
  await page.getByTestId('new-password').fill('kept in mind');
  await page.getByTestId('save-password').click();
  await page.getByTestId('composer').waitFor();
  assert.equal(new URL(page.url()).search, '', 'the code is not left in the address');
  await page.getByRole('button', { name: 'Conversations' }).click();
  await page.getByTestId('sign-out').click();
  await page.goto(link);
  await page.getByTestId('error').getByText('This link has been used or has expired').waitFor();
  await page.getByTestId('email').fill(email);
  await page.getByTestId('password').fill('kept in mind');
  await page.getByTestId('sign-in').click();
  await page.getByTestId('composer').waitFor();
});

test('a link signs in the browser that asked for it, and no other', async () => {
  const email = newEmail();
  const { page } = await openPage();
  await signUp(page, email, 'hardly needed');
  await page.getByTestId('composer').waitFor();
  await page.getByTestId('sign-out').click();
  const ask = async () => {
    await page.getByTestId('to-link').click();
    await page.getByTestId('email').fill(email);
    await page.getByTestId('sign-in').click();
    await page.getByTestId('told').waitFor();
  };
  await ask();
  const { page: other } = await openPage();
  await other.goto(await mailedLink(email));
  await other.getByTestId('error').getByText('belongs to another browser').waitFor();
  await page.getByTestId('to-signIn').click();
  await ask();
  await page.goto(await mailedLink(email, 2));
  await page.getByTestId('composer').waitFor();
});

test('providers of the project are offered, and no sign-up where it is closed', async () => {
  const { page } = await openPage();
  const settings = { external: { email: true, phone: true, google: true, github: true, apple: false }, disable_signup: true };
  await page.route('**/auth/v1/settings', (route) => route.fulfill({ json: settings }));
  await page.reload();
  await page.getByTestId('with-google').waitFor();
  assert.deepEqual(await page.locator('.providers button').allInnerTexts(), ['Continue with Google', 'Continue with GitHub']);
  assert.equal(await page.getByTestId('to-signUp').count(), 0);
  const asked = page.waitForRequest('**/auth/v1/authorize?*');
  await page.route('**/auth/v1/authorize?*', (route) => route.fulfill({ body: 'the page of the provider' }));
  await page.getByTestId('with-github').click();
  const { searchParams } = new URL((await asked).url());
  assert.equal(searchParams.get('provider'), 'github');
  assert.equal(searchParams.get('redirect_to'), `${stack.api}/`);
  assert.ok(searchParams.get('code_challenge'), 'a code alone is of no use to others');
});
