import { test } from 'node:test';
import assert from 'node:assert/strict';
import { openPage, send, signIn } from './browser.mjs';
import { eventually, script } from './test-stack.mjs';

const hasFocus = (locator) => eventually(async () => assert.ok(await locator.evaluate((element) => element.contains(document.activeElement))));

/** Fails if no element has the focus: Tab would begin at the top of the page. */
const focusIsKept = (page) => eventually(async () => assert.notEqual(await page.evaluate(() => document.activeElement?.tagName), 'BODY'));

test('shortcuts lead everywhere, and a dialog lists them', async () => {
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await send(page, 'of shortcuts');
  await page.getByText('Very well.').waitFor();
  await page.keyboard.press('Control+/');
  const help = page.getByTestId('shortcuts-dialog');
  await help.getByText('Begin a conversation').waitFor();
  await page.keyboard.press('Control+k');
  await hasFocus(help);
  await page.keyboard.press('Escape');
  await help.waitFor({ state: 'detached' });
  await focusIsKept(page);
  await page.keyboard.press('Control+k');
  await hasFocus(page.getByTestId('search'));
  await page.keyboard.press('Shift+Escape');
  await hasFocus(page.getByTestId('composer'));
  await page.keyboard.press('Control+Shift+O');
  await page.locator('.employee-card').first().waitFor();
  await hasFocus(page.getByTestId('composer'));
  await page.keyboard.press('Control+,');
  await page.getByTestId('open-shortcuts').press('Enter');
  await help.waitFor();
  await page.keyboard.press('Escape');
  await help.waitFor({ state: 'detached' });
  await focusIsKept(page);
  assert.deepEqual(consoleErrors, []);
});

test('Escape closes the innermost thing alone', async () => {
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await page.getByTestId('open-settings').click();
  await page.getByTestId('erase').click();
  await hasFocus(page.getByTestId('erase-word'));
  await page.keyboard.press('Escape');
  await page.getByTestId('erase-word').waitFor({ state: 'detached' });
  await page.getByTestId('settings-dialog').waitFor();
  await focusIsKept(page);
  await page.keyboard.press('Escape');
  await page.getByTestId('settings-dialog').waitFor({ state: 'detached' });

  await page.getByTestId('document-picker').setInputFiles({ name: 'escape.txt', mimeType: 'text/plain', buffer: Buffer.from('The door is on the left.') });
  await page.getByRole('button', { name: 'Delete escape.txt' }).press('Enter');
  await hasFocus(page.getByTestId('confirm-delete'));
  await page.keyboard.press('Escape');
  await hasFocus(page.getByRole('button', { name: 'Delete escape.txt' }));

  script('of escapes', { content: 'An answer to rate.' });
  await send(page, 'of escapes');
  await page.getByText('An answer to rate.').waitFor();
  await page.getByTestId('rate-down').press('Enter');
  await hasFocus(page.getByTestId('rating-comment'));
  await page.keyboard.press('Escape');
  await page.getByTestId('rating-comment').waitFor({ state: 'detached' });
  await focusIsKept(page);
  await page.getByRole('button', { name: 'Delete escape.txt' }).press('Enter');
  await page.getByTestId('confirm-delete').press('Enter');
  await page.getByTestId('document').filter({ hasText: 'escape.txt' }).waitFor({ state: 'detached' });
  await focusIsKept(page);
  assert.deepEqual(consoleErrors, []);
});

test('formulas of an answer are MathML, and prices and code stay text', async () => {
  const text = 'It is $e^{i\\pi} = -1$, or \\(a+b\\).\n\n\\[ \\int_0^1 x^2 \\, dx = \\frac{1}{3} \\]\n\nIt costs $5 and $6, `\\(code\\)`, and this is wrong: $\\frac{$.';
  script('of formulas', { content: text });
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await send(page, 'of formulas');
  await page.locator('.formula.block mfrac').waitFor();
  assert.equal(await page.locator('.formula math').count(), 3);
  await page.getByText('It costs $5 and $6').waitFor();
  await page.locator('code').getByText('\\(code\\)').waitFor();
  assert.deepEqual(consoleErrors, []);
});
