import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { openPage, PHONE, send, signIn } from './browser.mjs';
import { database, eventually, grace } from './test-stack.mjs';

async function createFact(fact) {
  const id = randomUUID();
  await database.query(
    `insert into user_memory_facts (id, user_id, category, key, fact) values ($1, $2, 'note', $3, $4)`, [id, grace.id, id, fact]);
  return id;
}

test('an answer shows its receipt, while it is new and after a reload', async () => {
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await send(page, 'what do you read?');
  await page.getByText('Very well.').waitFor();
  for (const when of ['new', 'reloaded']) {
    const receipt = page.getByTestId('receipt').last();
    await receipt.locator('summary').click();
    const rows = await receipt.locator('tbody tr').allInnerTexts();
    assert.match(rows.join('\n'), /^Persona\s+1\s+\d+[^]*Your message\s+1\s+\d+/, when);
    assert.match(await receipt.locator('p').first().innerText(), /^\d[\d,]* of 6,000 tokens/);
    await page.reload();
    await page.getByText('Very well.').waitFor();
  }
  assert.deepEqual(consoleErrors, []);
});

test('a user sees, corrects and forgets facts by keyboard on a phone', async (t) => {
  t.after(() => database.query('delete from user_memory_facts where user_id = $1', [grace.id]));
  const [kept, wrong] = [await createFact('Plays the tuba'), await createFact('Lives in Basel')];
  const { page, consoleErrors } = await openPage(PHONE);
  await signIn(page);
  await page.getByRole('button', { name: 'Conversations' }).press('Enter');
  await page.getByTestId('open-memory').press('Enter');
  const item = (text) => page.getByTestId('fact').filter({ hasText: text });
  await item('Lives in Basel').getByRole('button', { name: 'Correct' }).press('Enter');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('Lives in Bern');
  await page.keyboard.press('Enter');
  await item('Lives in Bern').waitFor();
  const { rows: [row] } = await database.query('select fact from user_memory_facts where id = $1', [wrong]);
  assert.equal(row.fact, 'Lives in Bern');
  await item('Plays the tuba').getByRole('button', { name: 'Forget' }).press('Enter');
  await page.getByText('Forgotten').waitFor();
  await eventually(async () => {
    const { rows } = await database.query('select 1 from user_memory_facts where id = $1', [kept]);
    assert.deepEqual(rows, []);
  });
  const { scroll, width } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, width: innerWidth }));
  assert.ok(scroll <= width, 'nothing is wider than the screen');
  await page.keyboard.press('Escape');
  await page.getByTestId('memory-dialog').waitFor({ state: 'detached' });
  assert.deepEqual(consoleErrors, []);
});
