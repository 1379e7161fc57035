import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import exceljs from 'exceljs';
import { gate, held, heldAt, isChat, at } from '../faults/faults.mjs';
import { act as standIn } from '../../dev/actor.mjs';
import { open, PHONE, send, signIn } from './browser.mjs';
import { act, call, database, eventually, grace, proxies, script, stack, stepsOf, storedMessages } from './desk.mjs';

const calls = (page) => page.getByTestId('tool-call');
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
  await page.getByTestId('more-tool-calls').getByText('9 more').click();
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
  const line = calls(page).and(page.locator('[data-status=running]'));
  await line.getByText('Handing over to Spreadsheet Analyst').waitFor();
  assert.equal(await page.getByText('is answering').count(), 0);
  hold.open();
  await page.getByText('I take over.').waitFor();
  assert.equal(await calls(page).innerText(), 'Handed over to Spreadsheet Analyst');
});

test('what is asked of the user can be allowed by keyboard, after a reload, and the answer goes on in its place', async () => {
  for (const viewport of [undefined, PHONE]) {
    const { page, complaints, marker, fact } = await waiting(viewport);
    const card = approval(page);
    // What is forgotten stands there in the words of what is kept, not only in those of the model.
    await page.getByTestId('facts-to-forget').getByText(marker).waitFor();
    await page.getByText('request above is withdrawn').waitFor();
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
    await page.getByText('request above is withdrawn').waitFor({ state: 'detached' });
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

test('of several that wait each is decided by itself, and when the server is out of reach nothing is', async () => {
  const marker = `several ${randomUUID()}`;
  const [parrot, cat] = [await know(`Keeps a parrot ${marker}`), await know(`Keeps a cat ${marker}`)];
  act(marker, [['forget', { what: 'the parrot', facts: [parrot] }], ['forget', { what: 'the cat', facts: [cat] }]], 'As you wish.');
  const { page } = await open();
  await signIn(page);
  await send(page, marker);
  await approval(page).nth(1).waitFor();
  await approval(page).nth(1).getByTestId('allow').press('Enter');
  await calls(page).getByText('waiting for your other decisions').waitFor();
  assert.equal(await testIdOfFocus(page), 'approval', 'what is next has the focus, and none of its buttons');
  await page.keyboard.press('Enter');
  assert.ok(await isKnown(parrot) && await isKnown(cat));
  await page.route('**/api/chat', (route) => route.abort());
  await approval(page).getByTestId('deny').press('Enter');
  await page.getByTestId('error').getByText('out of reach').waitFor();
  await page.unroute('**/api/chat');
  // What was said of the first went with that of the second.
  await approval(page).nth(1).waitFor();
  await approval(page).nth(1).getByTestId('allow').click();
  await approval(page).getByTestId('deny').click();
  await page.getByText('As you wish.').waitFor();
  assert.deepEqual(await calls(page).locator('summary').allInnerTexts(), ['Forget: the parrot\nnot allowed', 'Forgot: the cat']);
  assert.deepEqual([await isKnown(parrot), await isKnown(cat)], [true, false]);
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
    assert.match(await page.getByTestId('answer-stats').innerText(), /^Spreadsheet Analyst/);
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
    assert.match(await page.getByTestId('answer-stats').first().innerText(), /^Spreadsheet Analyst/);
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

test('a table that was made is a card, from which it is downloaded; a refusal is a sentence', async () => {
  const marker = `table ${randomUUID()}`;
  act(marker, { hand_over: { employee: 'sheet-analyst', reason: 'Tables.' } }, 'Here it is.');
  const file = { id: randomUUID(), name: 'Prices.csv', rows: 1200, format: 'csv' };
  const { page } = await open();
  await page.route('**/api/sessions/*/messages?*', async (route) => {
    const json = await (await route.fetch()).json();
    const [made] = json.data.flatMap((row) => row.tool_calls ?? []);
    Object.assign(made, { name: 'sheet_export', arguments: { name: file.name }, output: JSON.stringify({ file }) });
    await route.fulfill({ json });
  });
  await signIn(page);
  await send(page, marker);
  await page.getByText('Here it is.').waitFor();
  await storedMessages(sessionOf(page));
  await page.reload();
  const card = page.getByTestId('file');
  await card.getByText('1,200 rows · CSV').waitFor();

  const address = `**/api/files/${file.id}`;
  const detail = 'There is no such file of yours.';
  await page.route(address, (route) => route.fulfill({ status: 404, contentType: 'application/problem+json', json: { code: 'file_not_found', detail } }));
  await card.getByTestId('download').click();
  await card.getByText(detail).waitFor();
  await page.unroute(address);
  await page.route(address, (route) => {
    assert.match(route.request().headers().authorization, /^Bearer /);
    return route.fulfill({ json: { url: `/api/files/${file.id}/signed`, expires_at: new Date().toISOString() } });
  });
  await page.context().route(`**/api/files/${file.id}/signed`, (route) => (
    route.fulfill({ body: 'Item,Price', contentType: 'text/csv', headers: { 'content-disposition': 'attachment; filename="Prices.csv"' } })));
  const download = page.waitForEvent('download');
  await card.getByTestId('download').press('Enter');
  assert.equal((await download).suggestedFilename(), 'Prices.csv');
  assert.equal(await card.getByTestId('error').count(), 0);
});

test('a picture is sent when its user has read what becomes of it, to those who read pictures', async () => {
  const marker = `receipt ${randomUUID()}`;
  script(marker, { content: 'It says 12.50.' });
  const { page } = await open(PHONE);
  await page.route('**/api/employees', async (route) => {
    const json = await (await route.fetch()).json();
    json.data.find(({ slug }) => slug === 'doc-clerk').reads_pictures = true;
    await route.fulfill({ json });
  });
  await signIn(page);
  // Until it is known who reads pictures, anybody may.
  await page.getByTestId('employee-picker').locator('option[value=doc-clerk]').waitFor({ state: 'attached' });
  await page.getByTestId('attach').click();
  assert.match(await page.getByTestId('no-pictures').innerText(), /^Prime Boss does not read pictures\. Ask .*Document Clerk/);
  await page.getByTestId('employee-picker').selectOption('doc-clerk');
  await page.getByTestId('no-pictures').waitFor({ state: 'detached' });

  const id = randomUUID();
  const uploads = [{ status: 413, json: { code: 'body_too_large', detail: 'A picture may have 8 MB.' } }, { status: 201, json: { id } }];
  await page.route('**/api/files?*', (route) => {
    assert.equal(new URL(route.request().url()).searchParams.get('name'), 'receipt.png');
    return route.fulfill(uploads.shift());
  });
  await page.getByTestId('picture-picker').setInputFiles({ name: 'receipt.png', mimeType: 'image/png', buffer: Buffer.from('png') });
  const picture = page.getByTestId('picture');
  await picture.getByText('cannot be masked').waitFor();
  await fitsScreen(page);
  await page.getByTestId('composer').fill(`${marker}: what does it say?`);
  assert.ok(await page.getByTestId('send').isDisabled(), 'not before that is read');
  assert.equal(uploads.length, 2);
  await picture.getByTestId('attach-picture').press('Enter');
  await picture.getByText('A picture may have 8 MB.').waitFor();
  await picture.getByTestId('attach-picture').click();
  await picture.and(page.locator('[data-state=ready]')).waitFor();

  const sent = [];
  await page.route('**/api/chat', (route) => {
    const { attachments, ...body } = route.request().postDataJSON();
    sent.push(attachments);
    if (sent.length === 1) return route.fulfill({ status: 503, json: { code: 'files_unavailable', detail: 'Files are out of reach.' } });
    return route.continue({ postData: JSON.stringify(body) });
  });
  await page.getByTestId('send').click();
  await page.getByTestId('error').getByText('Files are out of reach.').waitFor();
  await picture.waitFor();
  await page.getByTestId('send').click();
  await page.getByText('It says 12.50.').waitFor();
  const attached = [{ file: id, name: 'receipt.png' }];
  assert.deepEqual(sent, [attached, attached]);
  assert.equal(await picture.count(), 0);
  assert.equal(await page.getByRole('list', { name: 'Pictures' }).innerText(), 'receipt.png');
});

test('without a model, the stand-in shows tools at work', async () => {
  const marker = randomUUID();
  const fact = await know(`Keeps an iguana ${marker}`);
  const isAsked = ({ messages }) => JSON.stringify(messages.findLast(({ role }) => role === 'user')).includes(marker);
  stack.model.mock.prependFixture({ match: { endpoint: 'chat', predicate: isAsked }, response: (request) => standIn(request) ?? { content: 'No.' } });
  const { page } = await open();
  await signIn(page);
  await send(page, `Please calculate 6 * 7\n${marker}`);
  await page.getByText('That makes 42.').waitFor();
  await send(page, `forget the iguana ${marker}`);
  await page.getByTestId('facts-to-forget').getByText('Keeps an iguana').waitFor();
  await page.getByTestId('allow').click();
  await page.getByText('I forgot 1 of what I knew.').waitFor();
  assert.ok(!await isKnown(fact));
  await send(page, `hand over to sheet-analyst ${marker}`);
  await page.getByText('I am sheet-analyst, and I take over from here.').waitFor();
  assert.equal(await picked(page), 'sheet-analyst');
});

test('for real: a photo is read, its question is what was written, and a sheet is downloaded and opened', async () => {
  const marker = `photo ${randomUUID()}`;
  await database.query(`insert into employee_profiles (slug, title, system_prompt, tools)
    values ('photo-clerk', 'Photo Clerk', 'You read.', '{ocr,sheet_export}') on conflict do nothing`);
  const columns = [{ name: 'Item', kind: 'text' }, { name: 'Price', kind: 'number' }];
  stack.model.mock.prependFixture({
    match: { endpoint: 'chat', predicate: ({ messages }) => messages[0]?.content?.startsWith?.('You transcribe.') },
    response: { content: '| Item | Price |\n|---|---|\n| Tea | 3.50 |' },
  });
  const predicate = ({ messages }) => JSON.stringify(messages.findLast(({ role }) => role === 'user')).includes(marker);
  const response = ({ messages }) => {
    const since = messages.slice(messages.findLastIndex(({ role }) => role === 'user'));
    const [, file] = /file="([0-9a-f-]{36})"/u.exec(since[0].content) ?? [];
    const calls = [['ocr', { file }], ['sheet_export', { name: 'Receipt', format: 'xlsx', columns, rows: [['Tea', 3.5]], from: null }]];
    const call = calls[since.filter((message) => message.tool_calls).length];
    return call ? { toolCalls: [{ name: call[0], arguments: JSON.stringify(call[1]) }], finishReason: 'tool_calls' } : { content: 'Here it is.' };
  };
  stack.model.mock.prependFixture({ match: { endpoint: 'chat', predicate }, response });

  const { page, complaints } = await open();
  await signIn(page);
  await page.getByTestId('employee-picker').selectOption('photo-clerk');
  await page.getByTestId('picture-picker').setInputFiles({ name: 'receipt.png', mimeType: 'image/png', buffer: await page.screenshot() });
  await page.getByTestId('picture').getByTestId('attach-picture').click();
  await page.getByTestId('picture').and(page.locator('[data-state=ready]')).waitFor();
  await send(page, `${marker}: as a sheet, please`);
  await page.getByText('Here it is.').waitFor();
  for (const isAgain of [false, true]) {
    if (isAgain) await page.reload();
    await page.getByTestId('message-user').getByText(`${marker}: as a sheet, please`, { exact: true }).waitFor();
    assert.equal(await page.getByRole('list', { name: 'Pictures' }).innerText(), 'receipt.png');
    const download = page.waitForEvent('download');
    await page.getByTestId('file').getByTestId('download').click();
    const file = await download;
    assert.equal(file.suggestedFilename(), 'Receipt.xlsx');
    const book = new exceljs.Workbook();
    await book.xlsx.readFile(await file.path());
    assert.deepEqual(book.worksheets[0].getRow(2).values.slice(1), ['Tea', 3.5]);
  }
  assert.deepEqual(complaints, []);
});
