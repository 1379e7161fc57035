// `useChat` of the AI SDK, and assistant-ui over it, in a browser, unchanged but for the address and the token.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { SLOW_ANSWER } from './browser.mjs';
import { call, database, holdAnswerEnd, newUser, requestsWith, script, scriptSteps, stack, storedMessages } from './test-stack.mjs';
import { definePage, openClient } from './stock/pages.mjs';

/** Packages of each version, and whether it knows approvals. */
const VERSIONS = [
  { version: 5, alias: { 'ai': 'ai5', '@ai-sdk/react': 'ai-react5' }, hasApprovals: false },
  { version: 6, alias: { 'ai': 'ai6', '@ai-sdk/react': 'ai-react6' }, hasApprovals: true },
  { version: 7, alias: {}, hasApprovals: true },
];

async function send(page, text) {
  await page.getByLabel('Message').fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

const status = (page, text) => page.getByTestId('status').filter({ hasText: text }).waitFor();

/** A fact that a call may forget after its user has allowed it. */
async function newFact(user) {
  const id = randomUUID();
  await database.query("insert into user_memory_facts (id, user_id, category, key, fact) values ($1, $2, 'place', 'home', 'Lives in Bern')", [id, user.id]);
  const isThere = async () => (await database.query('select 1 from user_memory_facts where id = $1', [id])).rowCount === 1;
  return { id, isThere };
}

for (const { version, alias, hasApprovals } of VERSIONS) {
  const name = `ai${version}`;
  const title = (text) => `useChat of ai ${version}: ${text}`;
  await definePage(name, 'useChat.jsx', alias);

  test(title('an answer streams with its values and metadata, and another is asked for'), async () => {
    const user = await newUser();
    const [marker, chat] = [`${name} ${randomUUID()}`, randomUUID()];
    script(marker, { content: 'Write to [EMAIL_1]. 👋', reasoning: 'A thought.' }, { chunkSize: 3 });
    const { page, consoleErrors } = await openClient(name, user, chat);
    await send(page, `${marker} ann@example.org`);
    await page.getByText('Write to ann@example.org. 👋').waitFor();
    await status(page, 'ready');
    assert.equal(await page.getByTestId('assistant').getAttribute('data-employee'), 'prime-boss');
    script(marker, { content: 'Or call her.' });
    await page.getByRole('button', { name: 'Again' }).click();
    await page.getByText('Or call her.').waitFor();
    await status(page, 'ready');
    await send(page, 'and then?');
    await page.getByText('Very well.').waitFor();
    assert.equal((await storedMessages(chat, 5)).length, 5);
    assert.equal(await page.getByTestId('error').textContent(), '');
    assert.deepEqual(consoleErrors, []);
  });

  test(title('an answer is resumed by a page that is loaded again, and stopped'), async () => {
    const user = await newUser();
    const [marker, chat] = [`${name} ${randomUUID()}`, randomUUID()];
    script(marker, { content: `This goes on. ${'And on. '.repeat(200)}` }, SLOW_ANSWER);
    holdAnswerEnd(marker);
    const { page, consoleErrors } = await openClient(name, user, chat);
    await send(page, marker);
    await page.getByText('This goes on.').waitFor();
    await page.reload();
    await page.getByText('This goes on.').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await status(page, 'ready');
    const [, answer] = await storedMessages(chat);
    assert.match(answer.content, /^This goes on\./);
    assert.equal(requestsWith(marker).length, 1);
    assert.deepEqual(consoleErrors, []);
  });

  test(title('a tool that runs by itself shows its result'), async () => {
    const [marker, user] = [`${name} ${randomUUID()}`, await newUser()];
    scriptSteps(marker, { calculator: { expression: '6*7' } }, 'It is 42.');
    const { page } = await openClient(name, user, randomUUID());
    await send(page, `@sheet-analyst ${marker}`);
    await page.getByText('It is 42.').waitFor();
    assert.equal(await page.getByTestId('call').getAttribute('data-state'), 'output-available');
  });

  for (const isAllowed of hasApprovals ? [true, false] : []) {
    test(title(`a call that is ${isAllowed ? 'allowed' : 'denied'} ${isAllowed ? 'runs' : 'does not run'}, and the answer goes on`), async () => {
      const [marker, user] = [`${name} ${randomUUID()}`, await newUser()];
      const fact = await newFact(user);
      scriptSteps(marker, { forget: { what: 'Bern', facts: [fact.id] } }, 'As you wish.');
      const { page, consoleErrors } = await openClient(name, user, randomUUID());
      await send(page, marker);
      await page.getByRole('button', { name: isAllowed ? 'Allow' : 'Deny' }).click();
      await page.getByText('As you wish.').waitFor();
      await status(page, 'ready');
      assert.equal(await fact.isThere(), !isAllowed);
      assert.equal(await page.getByTestId('call').getAttribute('data-state'), isAllowed ? 'output-available' : 'output-denied');
      assert.deepEqual(consoleErrors, []);
    });
  }

  test(title('what the server refuses, and a model that breaks off, are errors'), async () => {
    const [marker, user] = [`${name} ${randomUUID()}`, await newUser()];
    script(marker, { content: 'This never comes to its end.' }, { chunkSize: 4, truncateAfterChunks: 3 });
    const { page } = await openClient(name, user, randomUUID());
    await send(page, marker);
    await status(page, 'error');
    const refused = await openClient(name, { access_token: 'x' }, randomUUID());
    await send(refused.page, 'hello');
    await refused.page.getByTestId('error').filter({ hasText: 'invalid_token' }).waitFor();
  });
}

await definePage('assistant-ui', 'assistantUi.jsx');

test('assistant-ui: answers stream, the conversation is one session, and an error is shown', async () => {
  const [marker, user] = [`ui ${randomUUID()}`, await newUser()];
  script(marker, { content: 'Write to [EMAIL_1]. 👋' }, { chunkSize: 3 });
  const { page, consoleErrors } = await openClient('assistant-ui', user);
  await send(page, `${marker} ann@example.org`);
  await page.getByText('Write to ann@example.org. 👋').waitFor();
  const next = `ui ${randomUUID()}`;
  scriptSteps(next, { calculator: { expression: '6*7' } }, 'It is 42.');
  await send(page, `@sheet-analyst ${next}`);
  await page.getByText('It is 42.').waitFor();
  const { rows: [{ count }] } = await database.query('select count(*)::int from chat_sessions where user_id = $1', [user.id]);
  assert.equal(count, 1);
  const said = requestsWith(next)[0].messages.map(({ content }) => content);
  assert.ok(said.some((content) => content?.includes?.(marker)), 'the history is the server\'s');
  assert.deepEqual(consoleErrors, []);
  const broken = `ui ${randomUUID()}`;
  script(broken, { content: 'This never comes to its end.' }, { chunkSize: 4, truncateAfterChunks: 3 });
  await send(page, broken);
  await page.getByTestId('error').waitFor();
});

/** Early versions, which refuse a chunk with a field that they do not know. */
const EARLY = [['ai5-early', false], ['ai6-first', true], ['ai7-first', true]];

/** The chunks that a version's transport reads of an answer. */
async function chunksOf(DefaultChatTransport, user, text, chat = randomUUID()) {
  const transport = new DefaultChatTransport({ api: `${stack.api}/api/chat`, headers: { authorization: `Bearer ${user.access_token}` } });
  const message = { id: randomUUID(), role: 'user', parts: [{ type: 'text', text }] };
  return Array.fromAsync(await transport.sendMessages({ trigger: 'submit-message', chatId: chat, messages: [message] }));
}

for (const [name, hasApprovals] of EARLY) {
  test(`${name} reads each event of a stream`, async () => {
    const { DefaultChatTransport } = await import(name);
    const user = await newUser();
    const marker = `${name} ${randomUUID()}`;
    const upload = await call('/api/documents', {
      user, method: 'POST', headers: { 'content-type': 'text/plain', 'x-file-name': 'plan.txt' }, body: 'The plan of the garden is to plant apple trees.',
    });
    assert.equal(upload.status, 201);
    scriptSteps(marker, { calculator: { expression: '2+3' } }, 'Five, says plan.txt. Write to [EMAIL_1].');
    const chunks = await chunksOf(DefaultChatTransport, user, `${marker} the plan of the garden ann@example.org`);
    const types = new Set(chunks.map(({ type }) => type));
    for (const type of ['start', 'source-document', 'data-receipt', 'tool-output-available', 'text-delta', 'finish']) assert.ok(types.has(type), type);
    if (!hasApprovals) return;
    const fact = await newFact(user);
    scriptSteps(`${marker} forget`, { forget: { what: 'Bern', facts: [fact.id] } }, 'Forgotten.');
    const waiting = await chunksOf(DefaultChatTransport, user, `${marker} forget`);
    assert.ok(waiting.some(({ type }) => type === 'tool-approval-request'));
    assert.equal(waiting.at(-1).type, 'finish');
  });
}
