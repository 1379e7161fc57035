import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { gate, held, heldAt, isChat, at } from '../faults/faults.mjs';
import { open, PHONE, send, signIn } from './browser.mjs';
import { act, call, database, eventually, grace, proxies, stepsOf, storedMessages } from './desk.mjs';

const calls = (page) => page.getByTestId('call');
const approval = (page) => page.getByTestId('approval');
const answers = (page) => page.getByTestId('message-assistant');
const picked = (page) => page.getByTestId('employee-picker').inputValue();
const sessionOf = (page) => new URL(page.url()).hash.split('/').at(-1);
const testIdOfFocus = (page) => page.evaluate(() => globalThis.document.activeElement?.getAttribute('data-testid'));

async function fitsScreen(page) {
  const { scroll, width } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, width: innerWidth }));
  assert.ok(scroll <= width, 'nothing is wider than the screen');
}

/** A fact of the page's user. */
async function know(fact) {
  const id = randomUUID();
  await database.query(
    "insert into user_memory_facts (id, user_id, category, key, fact) values ($1, $2, 'note', $3, $4)", [id, grace.id, id, fact]);
  return id;
}

const isKnown = async (id) => (await database.query('select 1 from user_memory_facts where id = $1', [id])).rowCount === 1;

/** The page, signed in, with an answer that waits for its user to let a fact be forgotten. */
async function waiting(viewport, { before = '', end = 'Forgotten.' } = {}) {
  const marker = `forget ${randomUUID()}`;
  const fact = await know(`Keeps a parrot ${marker}`);
  act(marker, { forget: { what: 'the parrot', facts: [fact] } }, end);
  const opened = await open(viewport);
  await signIn(opened.page);
  await send(opened.page, before + marker);
  await approval(opened.page).waitFor();
  return { ...opened, marker, fact };
}

test('each call is a line in its place, opens to what it was, and is there after a reload', async () => {
  const marker = `sums ${randomUUID()}`;
  const reading = { calculator: { expression: '19.99 * 3' } };
  act(marker, reading, [['calculator', { expression: '1 / 0' }], ['abacus', { beads: 3 }]], 'It is **59.97**.');
  for (const viewport of [undefined, PHONE]) {
    const { page, complaints } = await open(viewport);
    await signIn(page);
    await send(page, marker);
    await page.getByText('It is 59.97.').waitFor();
    await storedMessages(sessionOf(page));
    for (const when of ['now', 'later']) {
      const lines = calls(page);
      assert.deepEqual(await lines.locator('summary').allInnerTexts(), [
        'Calculated 19.99 × 3 = 59.97', 'Calculate 1 / 0\nfailed', 'abacus\nfailed',
      ], when);
      await lines.first().locator('summary').press('Enter');
      await lines.first().getByText('is_exact').waitFor();
      await lines.nth(1).locator('summary').click();
      await lines.nth(1).getByText('zero').waitFor();
      await fitsScreen(page);
      await page.reload();
      await page.getByText('It is 59.97.').waitFor();
    }
    assert.equal(await answers(page).count(), 1);
    assert.deepEqual(complaints, []);
    await page.context().close();
  }
});

test('many calls take little room', async () => {
  const marker = `many ${randomUUID()}`;
  act(marker, Array.from({ length: 12 }, (_, at) => ['calculator', { expression: `${at} + 1` }]), 'All done.');
  const { page } = await open();
  await signIn(page);
  await send(page, marker);
  await page.getByText('All done.').waitFor();
  assert.equal(await calls(page).filter({ visible: true }).count(), 3);
  await page.getByTestId('more-calls').getByText('9 more').click();
  assert.equal(await calls(page).filter({ visible: true }).count(), 12);
});

test('a call that runs says so', async () => {
  const marker = `slowly ${randomUUID()}`;
  act(marker, { hand_over: { employee: 'sheet-analyst', reason: 'Sums.' } }, 'I take over.');
  const hold = gate();
  const isForColleague = ({ path, body }) => path.endsWith('/rpc/load_session') && body.includes('sheet-analyst');
  proxies.supabase.meet(isForColleague, [held(hold)]);
  const { page } = await open();
  await signIn(page);
  await send(page, marker);
  await hold.reached;
  const line = calls(page).and(page.locator('[data-standing=running]'));
  await line.getByText('Handing over to Spreadsheet Analyst').waitFor();
  assert.equal(await page.getByText('is answering').count(), 0);
  hold.open();
  await page.getByText('I take over.').waitFor();
  assert.equal(await calls(page).innerText(), 'Handed over to Spreadsheet Analyst');
});

test('what is asked of the user can be allowed by keyboard, after a reload, and the answer goes on in its place', async () => {
  for (const viewport of [undefined, PHONE]) {
    const { page, complaints, fact } = await waiting(viewport);
    const card = approval(page);
    assert.match(await card.innerText(), new RegExp(`Forget: the parrot[^]*facts\\s+${fact}[^]*until \\d`));
    await page.getByText('withdrawn when you send').waitFor();
    await storedMessages(sessionOf(page));
    await page.reload();
    await card.waitFor();
    await fitsScreen(page);
    assert.match(await card.innerText(), new RegExp(`Forget: the parrot[^]*facts\\s+${fact}[^]*until \\d`));

    await page.getByTestId('composer').focus();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    assert.ok(await card.isVisible() && await isKnown(fact), 'nothing is decided by the way');
    await page.getByTestId('allow').focus();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    assert.equal(await testIdOfFocus(page), 'deny');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Forgotten.').waitFor();
    assert.equal(await card.count(), 0);
    assert.equal((await calls(page).innerText()).trim(), 'Forgot: the parrot');
    assert.ok(!await isKnown(fact));
    assert.equal(await answers(page).count(), 1);
    await page.getByText('withdrawn when you send').waitFor({ state: 'detached' });
    await eventually(async () => {
      await page.reload();
      await page.getByText('Forgotten.').waitFor({ timeout: 5000 });
      assert.equal((await calls(page).innerText()).trim(), 'Forgot: the parrot');
    });
    assert.equal(await answers(page).count(), 1);
    assert.deepEqual(complaints, []);
    await page.context().close();
  }
});

test('what is not allowed is not done, and the answer says so', async () => {
  const { page, complaints, fact } = await waiting(undefined, { end: 'Then it stays.' });
  await page.getByTestId('deny').click();
  await page.getByText('Then it stays.').waitFor();
  assert.equal((await calls(page).locator('summary').innerText()).trim(), 'Forget: the parrot\nnot allowed');
  assert.ok(await isKnown(fact));
  assert.deepEqual(complaints, []);
});

test('a reload in the middle of an answer that goes on loses none of it', async () => {
  const marker = `go on ${randomUUID()}`;
  const fact = await know(`Keeps an owl ${marker}`);
  act(marker, { calculator: { expression: '2 + 3' } }, { forget: { what: 'the owl', facts: [fact] } }, 'The owl is forgotten, and I go on for a while.');
  const { page, complaints } = await open();
  await signIn(page);
  await send(page, marker);
  await approval(page).waitFor();
  const hold = gate();
  proxies.model.meet((exchange) => isChat(exchange) && exchange.body.includes(marker), at((_event, n) => n === 3, heldAt(hold)));
  await page.getByTestId('allow').click();
  await hold.reached;
  await page.reload();
  await eventually(async () => assert.deepEqual(await calls(page).locator('summary').allInnerTexts(), ['Calculated 2 + 3 = 5', 'Forgot: the owl']));
  hold.open();
  await page.getByText('and I go on for a while.').waitFor();
  assert.deepEqual(await calls(page).locator('summary').allInnerTexts(), ['Calculated 2 + 3 = 5', 'Forgot: the owl']);
  assert.equal(await answers(page).count(), 1);
  assert.deepEqual(complaints, []);
});

test('a later message withdraws what waits', async () => {
  const { page, complaints, fact } = await waiting();
  await send(page, 'Something else');
  await page.getByText('Very well.').waitFor();
  assert.equal(await approval(page).count(), 0);
  assert.equal((await calls(page).locator('summary').innerText()).trim(), 'Forget: the parrot\nwithdrawn');
  await storedMessages(sessionOf(page), 4);
  await page.reload();
  await page.getByText('Very well.').waitFor();
  assert.equal(await approval(page).count(), 0);
  assert.equal((await calls(page).locator('summary').innerText()).trim(), 'Forget: the parrot\nwithdrawn');
  assert.ok(await isKnown(fact));
  assert.deepEqual(complaints, []);
});

test('a decision that comes too late is refused in the words of the server, and what it has is shown', async () => {
  const { page, fact } = await waiting();
  const session = sessionOf(page);
  const { data: [, answer] } = await eventually(async () => {
    const found = await (await call(`/api/sessions/${session}/messages`, { user: grace })).json();
    assert.equal(found.data.length, 2);
    return found;
  });
  const decided = await call(`/api/chat/${session}/approvals`, {
    user: grace, json: { approvals: [{ id: answer.tool_calls[0].approval_id, approved: true }], stream: false },
  });
  assert.equal(decided.status, 200);
  await page.getByTestId('deny').click();
  await page.getByTestId('error').getByText('it was decided before').waitFor();
  await page.getByText('Forgotten.').waitFor();
  assert.equal(await approval(page).count(), 0);
  assert.equal((await calls(page).innerText()).trim(), 'Forgot: the parrot');
  assert.ok(!await isKnown(fact));
});

test('what was not allowed in time says so by itself', async () => {
  const { page } = await waiting();
  await storedMessages(sessionOf(page));
  await page.clock.install({ time: Date.now() });
  await page.reload();
  await approval(page).waitFor();
  await page.clock.fastForward('01:01:00');
  await approval(page).waitFor({ state: 'detached' });
  assert.equal((await calls(page).locator('summary').innerText()).trim(), 'Forget: the parrot\nnot allowed in time');
});

test('who takes over is shown, answers the next message, and is there after a reload', async () => {
  for (const viewport of [undefined, PHONE]) {
    const marker = `over ${randomUUID()}`;
    act(marker, { hand_over: { employee: 'sheet-analyst', reason: 'Sums.' } }, 'I take over.');
    const { page, complaints } = await open(viewport);
    await signIn(page);
    await page.getByTestId('employee-picker').selectOption('doc-clerk');
    await send(page, marker);
    await page.getByText('I take over.').waitFor();
    assert.match(stepsOf(marker)[0].messages[0].content, /Document Clerk/);
    assert.equal((await calls(page).innerText()).trim(), 'Handed over to Spreadsheet Analyst');
    assert.equal(await picked(page), 'sheet-analyst');
    assert.match(await page.getByTestId('facts').innerText(), /^Spreadsheet Analyst · /);
    const next = `next ${randomUUID()}`;
    act(next, 'At your service.');
    await send(page, next);
    await page.getByText('At your service.').waitFor();
    assert.match(stepsOf(next)[0].messages[0].content, /Spreadsheet Analyst/);
    assert.equal(await picked(page), 'sheet-analyst');
    await storedMessages(sessionOf(page), 4);
    await page.reload();
    await page.getByText('I take over.').waitFor();
    assert.equal(await picked(page), 'sheet-analyst');
    assert.match(await page.getByTestId('facts').first().innerText(), /^Spreadsheet Analyst · /);
    assert.deepEqual(complaints, []);
    await page.context().close();
  }
});

test('a message that begins with @ offers the employees, by keyboard', async () => {
  for (const viewport of [undefined, PHONE]) {
    const marker = `hello ${randomUUID()}`;
    act(marker, 'Here I am.');
    const { page } = await open(viewport);
    await signIn(page);
    const field = page.getByTestId('composer');
    await field.focus();
    await page.keyboard.type('@');
    const list = page.getByTestId('mentions');
    await list.waitFor();
    await fitsScreen(page);
    const options = list.getByRole('option');
    assert.ok(await options.count() >= 3);
    await page.keyboard.press('ArrowUp');
    assert.equal(await options.last().getAttribute('aria-selected'), 'true');
    assert.equal(await field.getAttribute('aria-activedescendant'), await options.last().getAttribute('id'));
    await page.keyboard.press('Escape');
    await list.waitFor({ state: 'detached' });
    await page.keyboard.type('doc');
    await options.first().waitFor();
    assert.equal(await options.count(), 1);
    await page.keyboard.press('Enter');
    assert.equal(await field.inputValue(), '@doc-clerk ');
    assert.equal(await field.getAttribute('placeholder'), 'Message Document Clerk');
    await page.keyboard.type(marker);
    await page.keyboard.press('Enter');
    await page.getByText('Here I am.').waitFor();
    assert.match(stepsOf(marker)[0].messages[0].content, /Document Clerk/);
    assert.equal(await picked(page), 'doc-clerk');
    await send(page, '@nobody-here hello');
    await page.getByTestId('error').getByText('There is no employee of that name').waitFor();
    assert.equal(await field.inputValue(), '@nobody-here hello');
    await page.context().close();
  }
});
