import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { PHONE, open, send, signIn } from './browser.mjs';
import { database, eventually, grace } from './desk.mjs';

async function know(fact) {
  const id = randomUUID();
  await database.query(
    `insert into user_memory_facts (id, user_id, category, key, fact) values ($1, $2, 'note', $3, $4)`, [id, grace.id, id, fact]);
  return id;
}

test('an answer says what was read for it, now and when it is read again', async () => {
  const { page, complaints } = await open();
  await signIn(page);
  await send(page, 'what do you read?');
  await page.getByText('Very well.').waitFor();
  for (const when of ['now', 'later']) {
    const receipt = page.getByTestId('receipt').last();
    await receipt.locator('summary').click();
    const rows = await receipt.locator('tbody tr').allInnerTexts();
    assert.match(rows.join('\n'), /^Persona\s+1\s+\d+[^]*Your message\s+1\s+\d+/, when);
    assert.match(await receipt.locator('p').innerText(), /^\d[\d,]* of 6,000 tokens/);
    await page.reload();
    await page.getByText('Very well.').waitFor();
  }
  assert.deepEqual(complaints, []);
});

test('what is known of a user is seen, corrected and forgotten, by keyboard and on a phone', async (t) => {
  t.after(() => database.query('delete from user_memory_facts where user_id = $1', [grace.id]));
  const [kept, wrong] = [await know('Plays the tuba'), await know('Lives in Basel')];
  const { page, complaints } = await open(PHONE);
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
  assert.deepEqual(complaints, []);
});
