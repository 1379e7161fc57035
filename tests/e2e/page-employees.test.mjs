import { test } from 'node:test';
import assert from 'node:assert/strict';
import { openPage, PHONE, send, signIn } from './browser.mjs';
import { eventually, script, stepRequests } from './test-stack.mjs';

test('a card tells what an employee can do, and an example is a prompt that can be changed', async () => {
  const { page, consoleErrors } = await openPage(PHONE);
  await signIn(page);
  await page.locator('.employee-card').filter({ hasText: 'Document Clerk' }).getByText('Summarises', { exact: true }).waitFor();
  const first = await page.getByTestId('example').first().innerText();
  await page.locator('.employee-card').filter({ hasText: 'Document Clerk' }).click();
  await eventually(async () => assert.notEqual(await page.getByTestId('example').first().innerText(), first));
  const example = page.getByTestId('example').filter({ hasText: 'unpaid invoice' });
  const prompt = await example.innerText();
  await example.press('Enter');
  assert.equal(await page.getByTestId('composer').inputValue(), prompt);
  assert.ok(await page.getByTestId('composer').evaluate((field) => field === document.activeElement));
  assert.equal(await page.getByTestId('message-user').count(), 0, 'it is not sent yet');
  await page.keyboard.type(' Be brief.');
  await page.getByTestId('send').click();
  await page.getByTestId('message-user').getByText('Be brief.').waitFor();
  await page.getByText('Very well.').waitFor();
  assert.deepEqual(consoleErrors, []);
});

test('another employee answers the same question again, beside the first answer', async () => {
  script('who writes the letter', { content: 'The first answer.' });
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await send(page, 'who writes the letter?');
  await page.getByText('The first answer.').waitFor();
  script('who writes the letter', { content: 'Another answer.' });
  await page.getByRole('button', { name: 'Answer again by another employee' }).press('Enter');
  await page.getByRole('group', { name: 'Answer again by another employee' }).getByRole('button', { name: 'Document Clerk' }).press('Enter');
  await page.getByText('Another answer.').waitFor();
  await page.getByTestId('answer-stats').getByText('Document Clerk').waitFor();
  assert.match(JSON.stringify(stepRequests('who writes the letter').at(-1)), /You are the Document Clerk/);
  await page.getByRole('group', { name: 'Versions of this answer' }).getByText('2 / 2').waitFor();
  await page.getByRole('button', { name: 'Earlier version' }).click();
  await page.getByText('The first answer.').waitFor();
  assert.deepEqual(consoleErrors, []);
});
