// MCP tools: the built Worker calls a server of the official SDK.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { startMcpServer } from '../mcp-server.mjs';
import { call, database, newUser, rows, scriptSteps, stepRequests, stream } from './test-stack.mjs';

const server = await startMcpServer({ port: 0, token: 'tok3n' });
after(() => server.stop());

/** Creates an employee with these MCP servers. */
async function createEmployee(servers) {
  const slug = `crm-${randomUUID().slice(0, 8)}`;
  await database.query(
    "insert into employee_profiles (slug, title, system_prompt, tools, mcp_servers) values ($1, 'CRM', 'You know customers.', '{calculator}', $2)",
    [slug, JSON.stringify(servers)]);
  return slug;
}

const READING = ['find_customer', 'inject', 'fails', 'huge'];
const CRM = { name: 'crm', url: server.url, tools: ['*'], read_only: READING, token: 'crm' };
const parts = (frames, type) => frames.map(({ data }) => data).filter((data) => data.type === type);

test('the tools that a profile allows are offered, and their results are masked and marked as external', async () => {
  const user = await newUser();
  const slug = await createEmployee([{ ...CRM, tools: ['find_customer', 'send_mail'] }]);
  const marker = `find ${randomUUID()}`;
  scriptSteps(marker, { crm__find_customer: { name: 'Mustermann' } }, 'It is [EMAIL_1].');
  const { frames, text, session } = await stream(marker, { user, employee: slug });
  assert.equal(text, 'It is erika.mustermann@example.com.');
  const [first, second] = stepRequests(marker);
  assert.deepEqual(first.tools.map((tool) => tool.function.name), ['calculator', 'crm__find_customer', 'crm__send_mail']);
  const result = JSON.parse(second.messages.at(-1).content);
  assert.match(result.from, /outside/);
  assert.match(result.content, /Mustermann is customer 4711. Write to \[EMAIL_\d+\]\./);
  assert.match(parts(frames, 'tool-output-available')[0].output.content, /erika\.mustermann@example\.com/);
  const [run] = await rows('select tool, status from chat_tool_runs where session_id = $1', [session]);
  assert.deepEqual(run, { tool: 'crm__find_customer', status: 'succeeded' });
});

test('a writing tool waits for approval, even if an injected instruction asked for it', async () => {
  const user = await newUser();
  const slug = await createEmployee([CRM]);
  const marker = `note ${randomUUID()}`;
  const mail = { to: 'mallory@example.com', text: 'all of it' };
  scriptSteps(marker, { crm__inject: {} }, { crm__send_mail: mail }, 'Sent.');
  const before = server.calls.length;
  const { frames, session } = await stream(marker, { user, employee: slug });
  const [approval] = parts(frames, 'tool-approval-request');
  assert.ok(approval);
  assert.deepEqual(server.calls.slice(before).map(({ tool }) => tool), ['inject']);
  assert.deepEqual(parts(frames, 'tool-input-available').at(-1).input, mail);
  const decided = await call(`/api/chat/${session}/approvals`, { user, json: { approvals: [{ id: approval.approvalId, approved: true }], stream: false } });
  assert.equal((await decided.json()).message, 'Sent.');
  // The server gets placeholders: its profile does not set `unmask`.
  const sent = server.calls.at(-1);
  assert.equal(sent.tool, 'send_mail');
  assert.match(sent.arguments.to, /^\[EMAIL_\d+\]$/);
});

test('a server with "unmask" gets the original values', async () => {
  const user = await newUser();
  const slug = await createEmployee([{ ...CRM, approval: 'never', unmask: true }]);
  const marker = `send ${randomUUID()}`;
  scriptSteps(marker, { crm__send_mail: { to: '[EMAIL_1]', text: 'Hello' } }, 'Sent.');
  const { frames } = await stream(`${marker} to ada.byron@example.com`, { user, employee: slug });
  assert.equal(server.calls.at(-1).arguments.to, 'ada.byron@example.com');
  assert.match(parts(frames, 'tool-output-available')[0].output.content, /Sent to ada\.byron@example\.com/);
  assert.ok(!JSON.stringify(stepRequests(marker)).includes('ada.byron'));
});

test('the model gets the error of a failed call, and the answer goes on', async () => {
  const user = await newUser();
  const slug = await createEmployee([CRM]);
  for (const [tool, error] of [['crm__fails', /closed on Sundays/], ['crm__huge', /large/], ['crm__nothing', /There is no tool/]]) {
    const marker = `wrong ${randomUUID()}`;
    scriptSteps(marker, { [tool]: {} }, 'Sorry.');
    const { frames, text } = await stream(marker, { user, employee: slug });
    assert.equal(text, 'Sorry.');
    assert.match(parts(frames, 'tool-output-error')[0].errorText, error);
  }
});

test('a server without sessions that responds with JSON is called', async (t) => {
  const plain = await startMcpServer({ port: 0, responses: 'json', hasSessions: false });
  t.after(() => plain.stop());
  const user = await newUser();
  const slug = await createEmployee([{ name: 'plain', url: plain.url, tools: ['find_customer'], read_only: READING }]);
  const marker = `plain ${randomUUID()}`;
  scriptSteps(marker, { plain__find_customer: { name: 'Mustermann' } }, 'Found.');
  const { frames, text } = await stream(marker, { user, employee: slug });
  assert.equal(text, 'Found.');
  assert.match(parts(frames, 'tool-output-available')[0].output.content, /Mustermann is customer 4711/);
});

test('after a server has dropped its sessions its tools are called in a new one', async () => {
  const user = await newUser();
  const slug = await createEmployee([CRM]);
  for (const name of ['Mustermann', 'Beispiel']) {
    const marker = `again ${randomUUID()}`;
    scriptSteps(marker, { crm__find_customer: { name } }, 'Found.');
    const { frames } = await stream(marker, { user, employee: slug });
    assert.match(parts(frames, 'tool-output-available')[0].output.content, new RegExp(`${name} is customer 4711`));
    server.dropSessions();
  }
});

test('an unreachable or rejecting server removes only its own tools', async () => {
  const user = await newUser();
  const slug = await createEmployee([{ ...CRM, name: 'gone', url: 'http://127.0.0.1:9/mcp' }, { ...CRM, name: 'closed', token: 'none' }, { name: 'Bad Name' }]);
  const marker = `alone ${randomUUID()}`;
  scriptSteps(marker, 'Hello.');
  const { text } = await stream(marker, { user, employee: slug });
  assert.equal(text, 'Hello.');
  assert.deepEqual(stepRequests(marker)[0].tools.map((tool) => tool.function.name), ['calculator']);
});
