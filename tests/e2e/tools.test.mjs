// Tools of the built Worker, with scripted calls of the mock model.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  ask, call, database, eventually, grace, killWorker, newUser, readFrames, restartWorker, rows, scriptSteps, stepRequests, storedFiles,
  stream,
} from './test-stack.mjs';

// Every employee that other tests add is a colleague of the seeded ones, and their list of colleagues takes the room of tools.
await database.query(`insert into employee_profiles (slug, title, system_prompt, tools) values ('counter', 'Counter', 'You count.', '{calculator}')`);
const counter = { employee: 'counter' };

/** @param {{ data: any }[]} frames */
const parts = (frames, type) => frames.map(({ data }) => data).filter((data) => data.type === type);

/** Messages of a session that the API returns to the user. */
async function messages(session, user) {
  const response = await call(`/api/sessions/${session}/messages`, { user });
  return (await response.json()).data;
}

async function decide(session, user, approvals, fields = {}) {
  const response = await call(`/api/chat/${session}/approvals`, { user, json: { approvals, stream: false, ...fields } });
  return { status: response.status, body: await response.json() };
}

test('the model calls the calculator, gets the results, and goes on', async () => {
  const user = await newUser();
  const marker = `sum ${randomUUID()}`;
  scriptSteps(marker, [['calculator', { expression: 'round(19.99 * 3 * 1.19, 2)' }], ['calculator', { expression: '1 / 0' }]], 'It is so.');
  const { frames, session, text } = await stream(marker, { user, ...counter });
  assert.equal(text, 'It is so.');
  const types = frames.map(({ data }) => data.type).filter((type) => type !== 'text-delta');
  assert.deepEqual(types, [
    'start', 'start-step', 'data-receipt', 'tool-input-start', 'tool-input-start', 'tool-input-available', 'tool-input-available',
    ...types.filter((type) => type.startsWith('tool-output')), 'finish-step', 'start-step', 'text-start', 'text-end', 'finish-step', 'finish', '[DONE]',
  ]);
  assert.equal(parts(frames, 'tool-output-available')[0].output.result, '71.36');
  assert.match(parts(frames, 'tool-output-error')[0].errorText, /zero/);
  const [first, second] = stepRequests(marker);
  assert.ok(first.tools.some((tool) => tool.function.name === 'calculator' && tool.function.strict));
  assert.deepEqual(second.messages.slice(-3).map(({ role }) => role), ['assistant', 'tool', 'tool']);
  const runs = await rows('select tool, status, error_code, arguments from chat_tool_runs where session_id = $1 order by status desc', [session], 2);
  assert.deepEqual(runs.map(({ status, error_code: code }) => [status, code]), [['succeeded', null], ['failed', 'failed']]);
  const [, answer] = await eventually(async () => {
    const found = await messages(session, user);
    assert.equal(found.length, 2);
    return found;
  });
  assert.deepEqual(answer.tool_calls.map(({ state }) => state), ['succeeded', 'failed']);
});

test('arguments and results of tool calls are masked for the model', async () => {
  const user = await newUser();
  const marker = `mail ${randomUUID()}`;
  const email = `${randomUUID()}@example.com`;
  scriptSteps(marker, { calculator: { expression: 'eve@example.org' } }, 'Done: [EMAIL_1].');
  const { frames, session, text } = await stream(`${marker} ${email}`, { user });
  assert.equal(text, `Done: ${email}.`);
  assert.equal(parts(frames, 'tool-input-available')[0].input.expression, 'eve@example.org');
  assert.ok(!JSON.stringify(stepRequests(marker)).includes('eve@example.org'));
  const [run] = await rows('select arguments from chat_tool_runs where session_id = $1', [session]);
  assert.match(run.arguments.expression, /^\[EMAIL_\d+\]$/);
});

test('a writing call waits for approval, survives a restart, and runs once', async () => {
  const user = await newUser();
  const fact = randomUUID();
  await database.query(
    "insert into user_memory_facts (id, user_id, category, key, fact) values ($1, $2, 'place', 'home', 'Lives in Bern')", [fact, user.id]);
  const marker = `forget ${randomUUID()}`;
  scriptSteps(marker, { forget: { what: 'Bern', facts: [fact] } }, 'Forgotten.');
  const { frames, session } = await stream(marker, { user });
  const [approval] = parts(frames, 'tool-approval-request');
  const { approvals } = frames.find(({ data }) => data.messageMetadata?.approvals).data.messageMetadata;
  assert.ok(new Date(approvals[approval.approvalId].expires_at) > new Date());
  assert.equal(frames.at(-2).data.finishReason, 'tool-calls');
  const [pending] = await rows("select status from chat_tool_runs where session_id = $1", [session]);
  assert.equal(pending.status, 'pending');

  const forged = await decide(session, grace, [{ id: approval.approvalId, approved: true }]);
  assert.deepEqual([forged.status, forged.body.code], [404, 'approval_not_found']);
  const altered = await decide(session, user, [{ id: approval.approvalId, approved: true, input: { what: 'all', facts: [] } }]);
  assert.deepEqual([altered.status, altered.body.code], [409, 'approval_mismatch']);

  await killWorker();
  await restartWorker();
  // The rejected attempt is logged by its code.
  assert.ok((await storedFiles()).some((log) => log.includes('"event":"refused"') && log.includes('approval_mismatch')));
  const input = { what: 'Bern', facts: [fact] };
  const allowed = await decide(session, user, [{ id: approval.approvalId, approved: true, input }]);
  assert.deepEqual([allowed.status, allowed.body.message], [200, 'Forgotten.']);
  assert.equal((await database.query('select 1 from user_memory_facts where id = $1', [fact])).rowCount, 0);
  const replayed = await decide(session, user, [{ id: approval.approvalId, approved: true }]);
  assert.deepEqual([replayed.status, replayed.body.code], [404, 'approval_not_found']);

  await eventually(async () => {
    const [run] = await rows('select status, approved_by from chat_tool_runs where session_id = $1', [session]);
    assert.deepEqual([run.status, run.approved_by], ['succeeded', user.id]);
  });
  const [, answer, ...more] = await messages(session, user);
  assert.deepEqual([answer.content, answer.tool_calls[0].state, more.length], ['Forgotten.', 'succeeded', 0]);
});

test('what was never a fact is forgotten by its words, and so is the request', async () => {
  const user = await newUser();
  await ask('My locker is the one with the walrus.', { user });
  await rows('select 1 from user_memory_embeddings where user_id = $1', [user.id], 2);
  const marker = `forget the walrus ${randomUUID()}`;
  scriptSteps(marker, { forget: { what: 'the locker', facts: [], messages: ['the one with the walrus'] } }, 'Forgotten.');
  const { frames, session } = await stream(marker, { user });
  const [approval] = parts(frames, 'tool-approval-request');
  await rows('select 1 from user_memory_embeddings where user_id = $1 and session_id = $2', [user.id, session]);
  const allowed = await decide(session, user, [{ id: approval.approvalId, approved: true }]);
  assert.equal(allowed.body.message, 'Forgotten.');
  await eventually(async () => {
    const { rows: left } = await database.query('select content from user_memory_embeddings where user_id = $1', [user.id]);
    assert.deepEqual(left, []);
  });
  const { rows: said } = await database.query("select 1 from chat_messages where user_id = $1 and content like '%walrus%'", [user.id]);
  assert.ok(said.length >= 2, 'the conversations stay');
});

test('a later message expires a pending call', async () => {
  const user = await newUser();
  const marker = `without ${randomUUID()}`;
  scriptSteps(marker, { forget: { what: 'Bern', facts: [randomUUID()] } }, 'Forgotten.');
  const { frames, session } = await stream(marker, { user });
  const [approval] = parts(frames, 'tool-approval-request');
  await ask('Something else', { user, session });
  const late = await decide(session, user, [{ id: approval.approvalId, approved: true }]);
  assert.deepEqual([late.status, late.body.code], [404, 'approval_not_found']);
  await eventually(async () => {
    const [run] = await rows('select status from chat_tool_runs where session_id = $1', [session]);
    assert.equal(run.status, 'expired');
  });
  const [, answer] = await messages(session, user);
  assert.deepEqual([answer.tool_calls[0].state, answer.tool_calls[0].approval_id], ['expired', undefined]);
});

test('a denied call does not run', async () => {
  const user = await newUser();
  const marker = `no ${randomUUID()}`;
  const fact = randomUUID();
  scriptSteps(marker, { forget: { what: 'Bern', facts: [fact] } }, 'Then not.');
  const { frames, session } = await stream(marker, { user });
  const [approval] = parts(frames, 'tool-approval-request');
  const answer = await decide(session, user, [{ id: approval.approvalId, approved: false, reason: 'Not now' }]);
  assert.equal(answer.body.message, 'Then not.');
  const result = stepRequests(marker).at(-1).messages.at(-1).content;
  assert.match(result, /did not allow.*Not now/);
  await eventually(async () => {
    const [run] = await rows('select status from chat_tool_runs where session_id = $1', [session]);
    assert.equal(run.status, 'denied');
  });
});

test('after a hand-over the new employee finishes the answer and keeps the session', async () => {
  const user = await newUser();
  const marker = `over ${randomUUID()}`;
  scriptSteps(marker, { hand_over: { employee: 'sheet-analyst', reason: 'Sums.' } }, 'It is 3.');
  const { frames, session, text } = await stream(marker, { user });
  assert.equal(text, 'It is 3.');
  assert.equal(parts(frames, 'message-metadata')[0].messageMetadata.employee, 'sheet-analyst');
  assert.match(stepRequests(marker)[1].messages[0].content, /Spreadsheet Analyst/);
  const next = await ask('And now?', { user, session });
  assert.equal(next.body.employee, 'sheet-analyst');
  await eventually(async () => {
    const [row] = await rows('select employee_slug from chat_sessions where id = $1', [session]);
    assert.equal(row.employee_slug, 'sheet-analyst');
  });
});

test('a message that begins with @slug is for that employee, and an unknown slug is an error', async () => {
  const user = await newUser();
  const { body } = await ask('@doc-clerk, read this', { user });
  assert.equal(body.employee, 'doc-clerk');
  const unknown = await ask('@nobody-here hello', { user });
  assert.deepEqual([unknown.status, unknown.body.code], [404, 'unknown_employee']);
  await database.query("insert into employee_profiles (slug, title, system_prompt, is_active) values ('on-leave', 'Away', 'x', false) on conflict do nothing");
  const away = await ask('hello', { user, employee: 'on-leave' });
  assert.deepEqual([away.status, away.body.code], [404, 'unknown_employee']);
});

test('the remember tool stores a fact at once', async () => {
  const user = await newUser();
  const marker = `I live in Bern ${randomUUID()}`;
  scriptSteps(marker, { remember: { fact: 'Lives in Bern', quote: 'I live in Bern', category: 'place', about: 'home city' } }, 'Noted.');
  await ask(marker, { user });
  const [fact] = await rows('select fact, key, source_message_id is not null as has_source from user_memory_facts where user_id = $1', [user.id]);
  assert.deepEqual([fact.fact, fact.key, fact.has_source], ['Lives in Bern', 'home_city', true]);
  const again = `where do I live ${randomUUID()}`;
  scriptSteps(again, { recall: { query: 'Where does the user live?' } }, 'In Bern.');
  const { frames } = await stream(again, { user });
  assert.equal(parts(frames, 'tool-output-available')[0].output.facts[0].fact, 'Lives in Bern');
});

test('the model gets an error for each invalid call, and its steps are limited', async () => {
  const user = await newUser();
  const cases = [
    [[['abacus', {}]], /There is no tool "abacus"/],
    [[['calculator', '{"expression":']], /not valid JSON/],
    [[['calculator', { expression: 1 }]], /invalid type/],
    [[['calculator', { expression: '1', more: 1 }]], /unknown field/],
    [[['calculator', {}]], /missing field/],
  ];
  for (const [calls, error] of cases) {
    const marker = `wrong ${randomUUID()}`;
    scriptSteps(marker, calls, 'Sorry.');
    const { frames, text } = await stream(marker, { user, ...counter });
    assert.equal(text, 'Sorry.');
    assert.match(parts(frames, 'tool-output-error')[0].errorText, error);
  }
  const endless = `endless ${randomUUID()}`;
  scriptSteps(endless, { calculator: { expression: '1' } });
  const { frames } = await stream(endless, { user, ...counter });
  assert.equal(frames.at(-2).data.type, 'finish');
  assert.equal(stepRequests(endless).length, 8);
  assert.equal(stepRequests(endless).at(-1).tool_choice, 'none');
  const twenty = `twenty ${randomUUID()}`;
  scriptSteps(twenty, Array.from({ length: 20 }, (_, n) => ['calculator', { expression: `${n} * 2` }]), 'All of them.');
  const many = await stream(twenty, { user, ...counter });
  assert.equal(parts(many.frames, 'tool-output-available').length, 20);
});

test('an answer with tool calls is replayed unchanged', async () => {
  const user = await newUser();
  const marker = `again ${randomUUID()}`;
  scriptSteps(marker, { calculator: { expression: '6 * 7' } }, 'It is 42.');
  const { frames, session } = await stream(marker, { user, client_message_id: marker });
  const ids = frames.filter(({ id }) => id);
  for (const after of [ids[0].id, ids[3].id, ids.at(-3).id]) {
    const response = await call(`/api/chat/${session}/stream`, { user, headers: { 'last-event-id': after } });
    const replayed = [];
    for await (const frame of readFrames(response)) replayed.push(frame);
    const rest = ids.slice(ids.findIndex(({ id }) => id === after) + 1).map(({ id, data }) => [id, data]);
    assert.deepEqual(replayed.filter(({ id }) => id).map(({ id, data }) => [id, data]), rest);
  }
});
