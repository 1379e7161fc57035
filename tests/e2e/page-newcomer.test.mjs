import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import ExcelJS from 'exceljs';
import { openPage, PHONE } from './browser.mjs';
import { scriptSteps, stepRequests } from './test-stack.mjs';

const PRICES = {
  name: 'Prices', format: 'xlsx', columns: [{ name: 'Product', kind: 'text' }, { name: 'Price', kind: 'number' }],
  rows: [['Tea', 3.5], ['Coffee', 4], ['Cake', 5.25]], from: null,
};

for (const [screen, viewport] of [['a desktop', undefined], ['a phone', PHONE]]) {
  test(`a newcomer gets from sign-up to an exported sheet and a corrected memory, with the page alone, on ${screen}`, async () => {
    scriptSteps('Export a price list', { sheet_export: PRICES }, 'Here is the price list.');
    scriptSteps('Remember that I write', {
      remember: { fact: 'Writes to customers in Spanish', quote: 'I write to customers in Spanish', category: 'preference', about: 'language with customers' },
    }, 'I will keep that in mind.');
    const { page, consoleErrors } = await openPage(viewport);
    /** Presses what a newcomer reads, in the drawer on a phone. */
    const inPanel = async (name) => {
      if (viewport) await page.getByRole('button', { name: 'Conversations', exact: true }).click();
      await page.getByRole('button', { name, exact: true }).or(page.getByRole('link', { name, exact: true })).click();
    };
    /** Presses a card: with many employees it has to be scrolled to. */
    const choose = async (title) => {
      await page.locator('label.employee-card').filter({ has: page.getByText(title, { exact: true }) }).click();
      assert.ok(await page.getByRole('radio', { name: title }).isChecked());
    };

    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByLabel('E-mail').fill(`${randomUUID()}@example.com`);
    await page.getByLabel('Password, at least six characters').fill('of my own');
    await page.getByRole('button', { name: 'Create the account' }).click();

    await choose('Spreadsheet Analyst');
    await page.getByRole('button', { name: 'Export a price list' }).click();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('Here is the price list.').waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download', exact: true }).click()]);
    assert.equal(download.suggestedFilename(), 'Prices.xlsx');
    const workbook = new ExcelJS.Workbook();
    await workbook.xlsx.readFile(await download.path());
    assert.deepEqual([1, 2].map((column) => workbook.worksheets[0]?.getRow(4).getCell(column).value), ['Cake', 5.25]);

    await inPanel('New chat');
    await choose('Prime Boss');
    await page.getByRole('button', { name: 'Remember that I write to customers in Spanish.' }).click();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('I will keep that in mind.').waitFor();
    await page.getByText('Remembered: Writes to customers in Spanish').waitFor();

    await inPanel('Memory');
    const dialog = page.getByRole('dialog', { name: 'What is known about you' });
    await dialog.getByText('Writes to customers in Spanish').waitFor();
    await dialog.getByRole('button', { name: 'Correct' }).click();
    await page.keyboard.press('Control+A');
    await page.keyboard.type('Writes to customers in Portuguese');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByText('Writes to customers in Portuguese').waitFor();
    await dialog.getByRole('button', { name: 'Close' }).click();

    const question = `which language do I write to customers in? ${viewport ? 'phone' : 'desktop'}`;
    await inPanel('New chat');
    await page.getByRole('textbox', { name: /^Message / }).fill(question);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('Very well.').waitFor();
    const prompt = JSON.stringify(stepRequests(question).at(-1));
    assert.match(prompt, /Writes to customers in Portuguese/, 'the corrected memory is in the next prompt');
    assert.doesNotMatch(prompt, /Writes to customers in Spanish/);
    assert.deepEqual(consoleErrors, []);
  });
}
