import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import exceljs from 'exceljs';
import { respondWithTools } from '../../dev/mock-model/tools.mjs';
import { atEvent, createGate, holdEvent, holdRequest, isChat } from '../faults/faults.mjs';
import { openPage, PHONE, send, signIn } from './browser.mjs';
import { call, database, eventually, grace, proxies, script, scriptSteps, stack, stepRequests, storedMessages } from './test-stack.mjs';

const toolCalls = (page) => page.getByTestId('tool-call');
const approvals = (page) => page.getByTestId('approval');
const answers = (page) => page.getByTestId('message-assistant');
const pickedEmployee = (page) => page.getByTestId('employee-picker').inputValue();
const sessionOf = (page) => new URL(page.url()).hash.split('/').at(-1);
const focusedTestId = (page) => page.evaluate(() => globalThis.document.activeElement?.getAttribute('data-testid'));

async function assertFitsScreen(page) {
  const { scroll, width } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, width: innerWidth }));
  assert.ok(scroll <= width, 'nothing is wider than the screen');
}

/** Creates a fact about the page's user. The correction lets the user's object know of it. */
async function createFact(fact) {
  const id = randomUUID();
  await database.query(
    "insert into user_memory_facts (id, user_id, category, key, fact) values ($1, $2, 'note', $3, $4)", [id, grace.id, id, fact]);
  await call(`/api/facts/${id}`, { user: grace, method: 'PATCH', json: { fact } });
  return id;
}

const factExists = async (id) => (await database.query('select 1 from user_memory_facts where id = $1', [id])).rowCount === 1;

/** Opens the page with an answer that waits for the user to allow forgetting a fact. */
async function openWithApproval(viewport, { end = 'Forgotten.' } = {}) {
  const marker = `forget ${randomUUID()}`;
  const fact = await createFact(`Keeps a parrot ${marker}`);
  scriptSteps(marker, { forget: { what: 'the parrot', facts: [fact] } }, end);
  const opened = await openPage(viewport);
  await signIn(opened.page);
  await send(opened.page, marker);
  await approvals(opened.page).waitFor();
  return { ...opened, marker, fact };
}

test('each tool call is a line in its place, opens to its details, and is there after a reload', async () => {
  const marker = `sums ${randomUUID()}`;
  const calculation = { calculator: { expression: '19.99 * 3' } };
  scriptSteps(marker, calculation, [['calculator', { expression: '1 / 0' }], ['abacus', { beads: 3 }]], 'It is **59.97**.');
  for (const viewport of [undefined, PHONE]) {
    const { page, consoleErrors } = await openPage(viewport);
    await signIn(page);
    await send(page, marker);
    await page.getByText('It is 59.97.').waitFor();
    await storedMessages(sessionOf(page));
    for (const when of ['new', 'reloaded']) {
      const lines = toolCalls(page);
      assert.deepEqual(await lines.locator('summary').allInnerTexts(), [
        'Calculated 19.99 × 3 = 59.97', 'Calculate 1 / 0\nfailed', 'abacus\nfailed',
      ], when);
      await lines.first().locator('summary').press('Enter');
      await lines.first().getByText('is_exact').waitFor();
      await lines.nth(1).locator('summary').click();
      await lines.nth(1).getByText('zero').waitFor();
      await assertFitsScreen(page);
      await page.reload();
      await page.getByText('It is 59.97.').waitFor();
    }
    assert.equal(await answers(page).count(), 1);
    assert.deepEqual(consoleErrors, []);
    await page.context().close();
  }
});

test('of many tool calls only the first lines are shown', async () => {
  const marker = `many ${randomUUID()}`;
  scriptSteps(marker, Array.from({ length: 12 }, (_, n) => ['calculator', { expression: `${n} + 1` }]), 'All done.');
  const { page } = await openPage();
  await signIn(page);
  await send(page, marker);
  await page.getByText('All done.').waitFor();
  assert.equal(await toolCalls(page).filter({ visible: true }).count(), 3);
  await page.getByTestId('more-tool-calls').getByText('9 more').click();
  assert.equal(await toolCalls(page).filter({ visible: true }).count(), 12);
});

test('a running tool call is shown as running', async () => {
  const marker = `slowly ${randomUUID()}`;
  scriptSteps(marker, { hand_over: { employee: 'sheet-analyst', reason: 'Sums.' } }, 'I take over.');
  const gate = createGate();
  const loadsColleague = ({ path, body }) => path.endsWith('/rpc/load_terms') && body.includes('sheet-analyst');
  proxies.supabase.addRule(loadsColleague, [holdRequest(gate)]);
  const { page } = await openPage();
  await signIn(page);
  await send(page, marker);
  await gate.reached;
  const line = toolCalls(page).and(page.locator('[data-status=running]'));
  await line.getByText('Handing over to Spreadsheet Analyst').waitFor();
  assert.equal(await page.getByText('is answering').count(), 0);
  gate.open();
  await page.getByText('I take over.').waitFor();
  assert.equal(await toolCalls(page).innerText(), 'Handed over to Spreadsheet Analyst');
});

test('an approval can be given by keyboard after a reload, and the answer goes on in its place', async () => {
  for (const viewport of [undefined, PHONE]) {
    const { page, consoleErrors, marker, fact } = await openWithApproval(viewport);
    const card = approvals(page);
    // The stored text of the fact is shown, not only the model's description.
    await page.getByTestId('facts-to-forget').getByText(marker).waitFor();
    await page.getByText('request above is withdrawn').waitFor();
    await storedMessages(sessionOf(page));
    await page.reload();
    await card.waitFor();
    await assertFitsScreen(page);
    assert.match(await card.innerText(), new RegExp(`Forget: the parrot[^]*facts\\s+${fact}[^]*until \\d`));

    await page.getByTestId('composer').focus();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Enter');
    assert.ok(await card.isVisible() && await factExists(fact), 'no other key decides');
    await page.getByTestId('allow').focus();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    assert.equal(await focusedTestId(page), 'deny');
    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Forgotten.').waitFor();
    assert.equal(await card.count(), 0);
    assert.equal((await toolCalls(page).innerText()).trim(), 'Forgot: the parrot');
    assert.ok(!await factExists(fact));
    assert.equal(await answers(page).count(), 1);
    await page.getByText('request above is withdrawn').waitFor({ state: 'detached' });
    await eventually(async () => {
      await page.reload();
      await page.getByText('Forgotten.').waitFor({ timeout: 30_000 });
      assert.equal((await toolCalls(page).innerText()).trim(), 'Forgot: the parrot');
    });
    assert.equal(await answers(page).count(), 1);
    assert.deepEqual(consoleErrors, []);
    await page.context().close();
  }
});

test('a denied call does not run, and the page says so', async () => {
  const { page, consoleErrors, fact } = await openWithApproval(undefined, { end: 'Then it stays.' });
  await page.getByTestId('deny').click();
  await page.getByText('Then it stays.').waitFor();
  assert.equal((await toolCalls(page).locator('summary').innerText()).trim(), 'Forget: the parrot\nnot allowed');
  assert.ok(await factExists(fact));
  assert.deepEqual(consoleErrors, []);
});

test('several pending calls are decided one by one, and an unreachable server decides none', async () => {
  const marker = `several ${randomUUID()}`;
  const [parrot, cat] = [await createFact(`Keeps a parrot ${marker}`), await createFact(`Keeps a cat ${marker}`)];
  scriptSteps(marker, [['forget', { what: 'the parrot', facts: [parrot] }], ['forget', { what: 'the cat', facts: [cat] }]], 'As you wish.');
  const { page } = await openPage();
  await signIn(page);
  await send(page, marker);
  await approvals(page).nth(1).waitFor();
  await approvals(page).nth(1).getByTestId('allow').press('Enter');
  await toolCalls(page).getByText('waiting for your other decisions').waitFor();
  assert.equal(await focusedTestId(page), 'approval', 'the next request has the focus, but none of its buttons');
  await page.keyboard.press('Enter');
  assert.ok(await factExists(parrot) && await factExists(cat));
  await page.route('**/api/chat', (route) => route.abort());
  await approvals(page).getByTestId('deny').press('Enter');
  await page.getByTestId('error').getByText('out of reach').waitFor();
  await page.unroute('**/api/chat');
  // The failed request contained the first decision too.
  await approvals(page).nth(1).waitFor();
  await approvals(page).nth(1).getByTestId('allow').click();
  await approvals(page).getByTestId('deny').click();
  await page.getByText('As you wish.').waitFor();
  assert.deepEqual(await toolCalls(page).locator('summary').allInnerTexts(), ['Forget: the parrot\nnot allowed', 'Forgot: the cat']);
  assert.deepEqual([await factExists(parrot), await factExists(cat)], [true, false]);
});

test('a reload during a resumed answer loses nothing of it', async () => {
  const marker = `go on ${randomUUID()}`;
  const fact = await createFact(`Keeps an owl ${marker}`);
  scriptSteps(marker, { calculator: { expression: '2 + 3' } }, { forget: { what: 'the owl', facts: [fact] } }, 'The owl is forgotten, and I go on for a while.');
  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await send(page, marker);
  await approvals(page).waitFor();
  const gate = createGate();
  proxies.model.addRule((exchange) => isChat(exchange) && exchange.body.includes(marker), atEvent((_event, n) => n === 3, holdEvent(gate)));
  await page.getByTestId('allow').click();
  await gate.reached;
  await page.reload();
  await eventually(async () => assert.deepEqual(await toolCalls(page).locator('summary').allInnerTexts(), ['Calculated 2 + 3 = 5', 'Forgot: the owl']));
  gate.open();
  await page.getByText('and I go on for a while.').waitFor();
  assert.deepEqual(await toolCalls(page).locator('summary').allInnerTexts(), ['Calculated 2 + 3 = 5', 'Forgot: the owl']);
  assert.equal(await answers(page).count(), 1);
  assert.deepEqual(consoleErrors, []);
});

test('a later message withdraws a pending call', async () => {
  const { page, consoleErrors, fact } = await openWithApproval();
  await send(page, 'Something else');
  await page.getByText('Very well.').waitFor();
  assert.equal(await approvals(page).count(), 0);
  assert.equal((await toolCalls(page).locator('summary').innerText()).trim(), 'Forget: the parrot\nwithdrawn');
  await storedMessages(sessionOf(page), 4);
  await page.reload();
  await page.getByText('Very well.').waitFor();
  assert.equal(await approvals(page).count(), 0);
  assert.equal((await toolCalls(page).locator('summary').innerText()).trim(), 'Forget: the parrot\nwithdrawn');
  assert.ok(await factExists(fact));
  assert.deepEqual(consoleErrors, []);
});

test('a late decision shows the server\'s error and the stored answer', async () => {
  const { page, fact } = await openWithApproval();
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
  assert.equal(await approvals(page).count(), 0);
  assert.equal((await toolCalls(page).innerText()).trim(), 'Forgot: the parrot');
  assert.ok(!await factExists(fact));
});

test('a pending call shows its expiry without a reload', async () => {
  const { page } = await openWithApproval();
  await storedMessages(sessionOf(page));
  await page.clock.install({ time: Date.now() });
  await page.reload();
  await approvals(page).waitFor();
  await page.clock.fastForward('01:01:00');
  await approvals(page).waitFor({ state: 'detached' });
  assert.equal((await toolCalls(page).locator('summary').innerText()).trim(), 'Forget: the parrot\nnot allowed in time');
});

test('after a hand-over the new employee is shown, answers the next message, and is there after a reload', async () => {
  for (const viewport of [undefined, PHONE]) {
    const marker = `over ${randomUUID()}`;
    scriptSteps(marker, { hand_over: { employee: 'sheet-analyst', reason: 'Sums.' } }, 'I take over.');
    const { page, consoleErrors } = await openPage(viewport);
    await signIn(page);
    await page.getByTestId('employee-picker').selectOption('doc-clerk');
    await send(page, marker);
    await page.getByText('I take over.').waitFor();
    assert.match(stepRequests(marker)[0].messages[0].content, /Document Clerk/);
    assert.equal((await toolCalls(page).innerText()).trim(), 'Handed over to Spreadsheet Analyst');
    assert.equal(await pickedEmployee(page), 'sheet-analyst');
    assert.match(await page.getByTestId('answer-stats').innerText(), /^Spreadsheet Analyst/);
    const next = `next ${randomUUID()}`;
    scriptSteps(next, 'At your service.');
    await send(page, next);
    await page.getByText('At your service.').waitFor();
    assert.match(stepRequests(next)[0].messages[0].content, /Spreadsheet Analyst/);
    assert.equal(await pickedEmployee(page), 'sheet-analyst');
    await storedMessages(sessionOf(page), 4);
    await page.reload();
    await page.getByText('I take over.').waitFor();
    assert.equal(await pickedEmployee(page), 'sheet-analyst');
    assert.match(await page.getByTestId('answer-stats').first().innerText(), /^Spreadsheet Analyst/);
    assert.deepEqual(consoleErrors, []);
    await page.context().close();
  }
});

test('a message that begins with @ offers the employees by keyboard', async () => {
  for (const viewport of [undefined, PHONE]) {
    const marker = `hello ${randomUUID()}`;
    scriptSteps(marker, 'Here I am.');
    const { page } = await openPage(viewport);
    await signIn(page);
    const field = page.getByTestId('composer');
    await field.focus();
    await page.keyboard.type('@');
    const list = page.getByTestId('mentions');
    await list.waitFor();
    await assertFitsScreen(page);
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
    assert.match(stepRequests(marker)[0].messages[0].content, /Document Clerk/);
    assert.equal(await pickedEmployee(page), 'doc-clerk');
    await send(page, '@nobody-here hello');
    await page.getByTestId('error').getByText('There is no employee of that name').waitFor();
    assert.equal(await field.inputValue(), '@nobody-here hello');
    await page.context().close();
  }
});

test('an exported table is a card with a download button, and a failed download shows the error', async () => {
  const marker = `table ${randomUUID()}`;
  scriptSteps(marker, { hand_over: { employee: 'sheet-analyst', reason: 'Tables.' } }, 'Here it is.');
  const file = { id: randomUUID(), name: 'Prices.csv', rows: 1200, format: 'csv' };
  const { page } = await openPage();
  await page.route('**/api/sessions/*/messages?*', async (route) => {
    const json = await (await route.fetch()).json();
    const [exportCall] = json.data.flatMap((row) => row.tool_calls ?? []);
    Object.assign(exportCall, { name: 'sheet_export', arguments: { name: file.name }, output: JSON.stringify({ file }) });
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

test('a picture is uploaded after its privacy notice, for employees who read pictures', async () => {
  const marker = `receipt ${randomUUID()}`;
  script(marker, { content: 'It says 12.50.' });
  const { page } = await openPage(PHONE);
  await page.route('**/api/employees', async (route) => {
    const json = await (await route.fetch()).json();
    json.data.find(({ slug }) => slug === 'doc-clerk').reads_pictures = true;
    await route.fulfill({ json });
  });
  await signIn(page);
  await page.getByTestId('employee-picker').locator('option[value=doc-clerk]').waitFor({ state: 'attached' });
  const chooser = page.waitForEvent('filechooser');
  await page.getByTestId('attach').click();
  await (await chooser).setFiles({ name: 'other.png', mimeType: 'image/png', buffer: Buffer.from('png') });
  assert.match(await page.getByTestId('no-pictures').innerText(), /^Prime Boss does not read pictures\. Ask .*Document Clerk/);
  await page.getByTestId('employee-picker').selectOption('doc-clerk');
  await page.getByTestId('no-pictures').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Remove other.png' }).click();

  const id = randomUUID();
  const uploads = [{ status: 413, json: { code: 'body_too_large', detail: 'A picture may have 8 MB.' } }, { status: 201, json: { id } }];
  await page.route('**/api/files', (route) => {
    assert.equal(route.request().headers()['x-file-name'], 'receipt.png');
    return route.fulfill(uploads.shift());
  });
  await page.getByTestId('picture-picker').setInputFiles({ name: 'receipt.png', mimeType: 'image/png', buffer: Buffer.from('png') });
  const picture = page.getByTestId('picture');
  await picture.getByText('cannot be masked').waitFor();
  await assertFitsScreen(page);
  await page.getByTestId('composer').fill(`${marker}: what does it say?`);
  assert.ok(await page.getByTestId('send').isDisabled(), 'the notice is not confirmed');
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

test('the mock model calculates, forgets and hands over', async () => {
  const marker = randomUUID();
  const fact = await createFact(`Keeps an iguana ${marker}`);
  const isOfTest = ({ messages }) => JSON.stringify(messages.findLast(({ role }) => role === 'user')).includes(marker);
  stack.model.mock.prependFixture({ match: { endpoint: 'chat', predicate: isOfTest }, response: (request) => respondWithTools(request) ?? { content: 'No.' } });
  const { page } = await openPage();
  await signIn(page);
  await send(page, `Please calculate 6 * 7\n${marker}`);
  await page.getByText('That makes 42.').waitFor();
  await send(page, `forget the iguana ${marker}`);
  await page.getByTestId('facts-to-forget').getByText('Keeps an iguana').waitFor();
  await page.getByTestId('allow').click();
  await page.getByText('I forgot 1 of what I knew.').waitFor();
  assert.ok(!await factExists(fact));
  await send(page, `hand over to sheet-analyst ${marker}`);
  await page.getByText('I am sheet-analyst, and I take over from here.').waitFor();
  assert.equal(await pickedEmployee(page), 'sheet-analyst');
});

test('a photo is read, its message shows only the typed text, and the exported workbook opens', async () => {
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
    const ofTurn = messages.slice(messages.findLastIndex(({ role }) => role === 'user'));
    const [, file] = /file="([0-9a-f-]{36})"/u.exec(ofTurn[0].content) ?? [];
    const calls = [['ocr', { file }], ['sheet_export', { name: 'Receipt', format: 'xlsx', columns, rows: [['Tea', 3.5]], from: null }]];
    const call = calls[ofTurn.filter((message) => message.tool_calls).length];
    return call ? { toolCalls: [{ name: call[0], arguments: JSON.stringify(call[1]) }], finishReason: 'tool_calls' } : { content: 'Here it is.' };
  };
  stack.model.mock.prependFixture({ match: { endpoint: 'chat', predicate }, response });

  const { page, consoleErrors } = await openPage();
  await signIn(page);
  await page.getByTestId('employee-picker').selectOption('photo-clerk');
  await page.getByTestId('picture-picker').setInputFiles({ name: 'receipt.png', mimeType: 'image/png', buffer: await page.screenshot() });
  await page.getByTestId('picture').getByTestId('attach-picture').click();
  await page.getByTestId('picture').and(page.locator('[data-state=ready]')).waitFor();
  await send(page, `${marker}: as a sheet, please`);
  await page.getByText('Here it is.').waitFor();
  for (const isReloaded of [false, true]) {
    if (isReloaded) await page.reload();
    await page.getByTestId('message-user').getByText(`${marker}: as a sheet, please`, { exact: true }).waitFor();
    assert.equal(await page.getByRole('list', { name: 'Pictures' }).innerText(), 'receipt.png');
    const download = page.waitForEvent('download');
    await page.getByTestId('file').getByTestId('download').click();
    const file = await download;
    assert.equal(file.suggestedFilename(), 'Receipt.xlsx');
    const workbook = new exceljs.Workbook();
    await workbook.xlsx.readFile(await file.path());
    assert.deepEqual(workbook.worksheets[0].getRow(2).values.slice(1), ['Tea', 3.5]);
  }
  assert.deepEqual(consoleErrors, []);
});
