// Tools of remote servers: a server of the official SDK, on which the built Worker calls.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { startMcpServer } from '../mcp-server.mjs';
import { act, call, database, newUser, rows, stepsOf, stream } from './desk.mjs';

const server = await startMcpServer({ port: 0, token: 'tok3n' });
after(() => server.stop());

/** An employee with these servers. */
async function hire(servers) {
  const slug = `crm-${randomUUID().slice(0, 8)}`;
  await database.query(
    "insert into employee_profiles (slug, title, system_prompt, tools, mcp_servers) values ($1, 'CRM', 'You know customers.', '{calculator}', $2)",
    [slug, JSON.stringify(servers)]);
  return slug;
}

const CRM = { name: 'crm', url: server.url, tools: ['*'], token: 'crm' };
const parts = (frames, type) => frames.map(({ data }) => data).filter((data) => data.type === type);

test('a server lends the tools that the profile allows, and what they say is masked and marked', async () => {
  const user = await newUser();
  const slug = await hire([{ ...CRM, tools: ['find_customer', 'send_mail'] }]);
  const marker = `find ${randomUUID()}`;
  act(marker, { crm__find_customer: { name: 'Erika' } }, 'It is [EMAIL_1].');
  const { frames, text, session } = await stream(marker, { user, employee: slug });
  assert.equal(text, 'It is erika.mustermann@example.com.');
  const [first, second] = stepsOf(marker);
  assert.deepEqual(first.tools.map((tool) => tool.function.name), ['calculator', 'crm__find_customer', 'crm__send_mail']);
  const told = JSON.parse(second.messages.at(-1).content);
  assert.match(told.from, /outside/);
  assert.match(told.content, /Erika is customer 4711. Write to \[EMAIL_\d+\]\./);
  assert.match(parts(frames, 'tool-output-available')[0].output.content, /erika\.mustermann@example\.com/);
  const [run] = await rows('select tool, status from chat_tool_runs where session_id = $1', [session]);
  assert.deepEqual(run, { tool: 'crm__find_customer', status: 'succeeded' });
});

test('what changes something there waits for its user, whoever asked for it', async () => {
  const user = await newUser();
  const slug = await hire([CRM]);
  const marker = `note ${randomUUID()}`;
  const mail = { to: 'mallory@example.com', text: 'all of it' };
  act(marker, { crm__inject: {} }, { crm__send_mail: mail }, 'Sent.');
  const before = server.calls.length;
  const { frames, session } = await stream(marker, { user, employee: slug });
  const [asked] = parts(frames, 'tool-approval-request');
  assert.ok(asked);
  assert.deepEqual(server.calls.slice(before).map(({ tool }) => tool), ['inject']);
  assert.deepEqual(parts(frames, 'tool-input-available').at(-1).input, mail);
  const decided = await call(`/api/chat/${session}/approvals`, { user, json: { approvals: [{ id: asked.approvalId, approved: true }], stream: false } });
  assert.equal((await decided.json()).message, 'Sent.');
  // The server is told no value: its profile does not say that it may be.
  const sent = server.calls.at(-1);
  assert.equal(sent.tool, 'send_mail');
  assert.match(sent.arguments.to, /^\[EMAIL_\d+\]$/);
});

test('a server that may have values gets them', async () => {
  const user = await newUser();
  const slug = await hire([{ ...CRM, approval: 'never', unmask: true }]);
  const marker = `send ${randomUUID()}`;
  act(marker, { crm__send_mail: { to: '[EMAIL_1]', text: 'Hello' } }, 'Sent.');
  const { frames } = await stream(`${marker} to ada.byron@example.com`, { user, employee: slug });
  assert.equal(server.calls.at(-1).arguments.to, 'ada.byron@example.com');
  assert.match(parts(frames, 'tool-output-available')[0].output.content, /Sent to ada\.byron@example\.com/);
  assert.ok(!JSON.stringify(stepsOf(marker)).includes('ada.byron'));
});

test('what goes wrong there is told to the model, and the answer goes on', async () => {
  const user = await newUser();
  const slug = await hire([CRM]);
  for (const [tool, told] of [['crm__fails', /closed on Sundays/], ['crm__huge', /large/], ['crm__nothing', /There is no tool/]]) {
    const marker = `wrong ${randomUUID()}`;
    act(marker, { [tool]: {} }, 'Sorry.');
    const { frames, text } = await stream(marker, { user, employee: slug });
    assert.equal(text, 'Sorry.');
    assert.match(parts(frames, 'tool-output-error')[0].errorText, told);
  }
});

test('a server that is not there, or lets nobody in, takes nothing but its tools away', async () => {
  const user = await newUser();
  const slug = await hire([{ ...CRM, name: 'gone', url: 'http://127.0.0.1:9/mcp' }, { ...CRM, name: 'closed', token: 'none' }, { name: 'Bad Name' }]);
  const marker = `alone ${randomUUID()}`;
  act(marker, 'Hello.');
  const { text } = await stream(marker, { user, employee: slug });
  assert.equal(text, 'Hello.');
  assert.deepEqual(stepsOf(marker)[0].tools.map((tool) => tool.function.name), ['calculator']);
});
