// Tools over the built Worker: the model stand-in calls them as it is scripted to.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { act, ask, call, database, eventually, grace, keptFiles, killWorker, newUser, readFrames, restartWorker, rows, script, stepsOf, stream } from './desk.mjs';

/** @param {{ data: any }[]} frames */
const parts = (frames, type) => frames.map(({ data }) => data).filter((data) => data.type === type);

/** The messages of a session, as its user sees them. */
async function messages(session, user) {
  const response = await call(`/api/sessions/${session}/messages`, { user });
  return (await response.json()).data;
}

async function decide(session, user, approvals, fields = {}) {
  const response = await call(`/api/chat/${session}/approvals`, { user, json: { approvals, stream: false, ...fields } });
  return { status: response.status, body: await response.json() };
}

test('the model calculates, reads what came of it, and goes on', async () => {
  const user = await newUser();
  const marker = `sum ${randomUUID()}`;
  act(marker, [['calculator', { expression: 'round(19.99 * 3 * 1.19, 2)' }], ['calculator', { expression: '1 / 0' }]], 'It is so.');
  const { frames, session, text } = await stream(marker, { user });
  assert.equal(text, 'It is so.');
  const types = frames.map(({ data }) => data.type).filter((type) => type !== 'text-delta');
  assert.deepEqual(types, [
    'start', 'start-step', 'data-receipt', 'tool-input-start', 'tool-input-start', 'tool-input-available', 'tool-input-available',
    ...types.filter((type) => type.startsWith('tool-output')), 'finish-step', 'start-step', 'text-start', 'text-end', 'finish-step', 'finish', '[DONE]',
  ]);
  assert.equal(parts(frames, 'tool-output-available')[0].output.result, '71.36');
  assert.match(parts(frames, 'tool-output-error')[0].errorText, /zero/);
  const [first, second] = stepsOf(marker);
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

test('what is personal goes to no model, in calls and in what comes of them', async () => {
  const user = await newUser();
  const marker = `mail ${randomUUID()}`;
  const email = `${randomUUID()}@example.com`;
  act(marker, { calculator: { expression: 'eve@example.org' } }, 'Done: [EMAIL_1].');
  const { frames, session, text } = await stream(`${marker} ${email}`, { user });
  assert.equal(text, `Done: ${email}.`);
  assert.equal(parts(frames, 'tool-input-available')[0].input.expression, 'eve@example.org');
  assert.ok(!JSON.stringify(stepsOf(marker)).includes('eve@example.org'));
  const [run] = await rows('select arguments from chat_tool_runs where session_id = $1', [session]);
  assert.match(run.arguments.expression, /^\[EMAIL_\d+\]$/);
});

test('a call that changes something waits for its user, through a restart, and runs once', async () => {
  const user = await newUser();
  const fact = randomUUID();
  await database.query(
    "insert into user_memory_facts (id, user_id, category, key, fact) values ($1, $2, 'place', 'home', 'Lives in Bern')", [fact, user.id]);
  const marker = `forget ${randomUUID()}`;
  act(marker, { forget: { what: 'Bern', facts: [fact] } }, 'Forgotten.');
  const { frames, session } = await stream(marker, { user });
  const [asked] = parts(frames, 'tool-approval-request');
  assert.ok(new Date(asked.approvalDescriptor.expiresAt) > new Date());
  assert.equal(frames.at(-2).data.finishReason, 'tool-calls');
  const [pending] = await rows("select status from chat_tool_runs where session_id = $1", [session]);
  assert.equal(pending.status, 'pending');

  const forged = await decide(session, grace, [{ id: asked.approvalId, approved: true }]);
  assert.deepEqual([forged.status, forged.body.code], [404, 'approval_not_found']);
  const altered = await decide(session, user, [{ id: asked.approvalId, approved: true, input: { what: 'all', facts: [] } }]);
  assert.deepEqual([altered.status, altered.body.code], [409, 'approval_mismatch']);

  await killWorker();
  await restartWorker();
  // Who tries is written down, and nothing of what they tried.
  assert.ok((await keptFiles()).some((log) => log.includes('"event":"refused"') && log.includes('approval_mismatch')));
  const input = { what: 'Bern', facts: [fact] };
  const allowed = await decide(session, user, [{ id: asked.approvalId, approved: true, input }]);
  assert.deepEqual([allowed.status, allowed.body.message], [200, 'Forgotten.']);
  assert.equal((await database.query('select 1 from user_memory_facts where id = $1', [fact])).rowCount, 0);
  const replayed = await decide(session, user, [{ id: asked.approvalId, approved: true }]);
  assert.deepEqual([replayed.status, replayed.body.code], [404, 'approval_not_found']);

  await eventually(async () => {
    const [run] = await rows('select status, approved_by from chat_tool_runs where session_id = $1', [session]);
    assert.deepEqual([run.status, run.approved_by], ['succeeded', user.id]);
  });
  const [, answer, ...more] = await messages(session, user);
  assert.deepEqual([answer.content, answer.tool_calls[0].state, more.length], ['Forgotten.', 'succeeded', 0]);
});

test('a call that its user goes on without allowing is over', async () => {
  const user = await newUser();
  const marker = `without ${randomUUID()}`;
  act(marker, { forget: { what: 'Bern', facts: [randomUUID()] } }, 'Forgotten.');
  const { frames, session } = await stream(marker, { user });
  const [asked] = parts(frames, 'tool-approval-request');
  await ask('Something else', { user, session });
  const late = await decide(session, user, [{ id: asked.approvalId, approved: true }]);
  assert.deepEqual([late.status, late.body.code], [404, 'approval_not_found']);
  await eventually(async () => {
    const [run] = await rows('select status from chat_tool_runs where session_id = $1', [session]);
    assert.equal(run.status, 'expired');
  });
  const [, answer] = await messages(session, user);
  assert.deepEqual([answer.tool_calls[0].state, answer.tool_calls[0].approval_id], ['expired', undefined]);
});

test('what its user does not allow does not run', async () => {
  const user = await newUser();
  const marker = `no ${randomUUID()}`;
  const fact = randomUUID();
  act(marker, { forget: { what: 'Bern', facts: [fact] } }, 'Then not.');
  const { frames, session } = await stream(marker, { user });
  const [asked] = parts(frames, 'tool-approval-request');
  const answer = await decide(session, user, [{ id: asked.approvalId, approved: false, reason: 'Not now' }]);
  assert.equal(answer.body.message, 'Then not.');
  const told = stepsOf(marker).at(-1).messages.at(-1).content;
  assert.match(told, /did not allow.*Not now/);
  await eventually(async () => {
    const [run] = await rows('select status from chat_tool_runs where session_id = $1', [session]);
    assert.equal(run.status, 'denied');
  });
});

test('a colleague takes over, goes on with the answer, and has the session from then on', async () => {
  const user = await newUser();
  const marker = `over ${randomUUID()}`;
  act(marker, { hand_over: { employee: 'sheet-analyst', reason: 'Sums.' } }, 'It is 3.');
  const { frames, session, text } = await stream(marker, { user });
  assert.equal(text, 'It is 3.');
  assert.equal(parts(frames, 'message-metadata')[0].messageMetadata.employee, 'sheet-analyst');
  assert.match(stepsOf(marker)[1].messages[0].content, /Spreadsheet Analyst/);
  const next = await ask('And now?', { user, session });
  assert.equal(next.body.employee, 'sheet-analyst');
  await eventually(async () => {
    const [row] = await rows('select employee_slug from chat_sessions where id = $1', [session]);
    assert.equal(row.employee_slug, 'sheet-analyst');
  });
});

test('a message that begins with a name is for that employee; nobody of that name is an error', async () => {
  const user = await newUser();
  const { body } = await ask('@doc-clerk, read this', { user });
  assert.equal(body.employee, 'doc-clerk');
  const nobody = await ask('@nobody-here hello', { user });
  assert.deepEqual([nobody.status, nobody.body.code], [404, 'unknown_employee']);
  await database.query("insert into employee_profiles (slug, title, system_prompt, is_active) values ('on-leave', 'Away', 'x', false) on conflict do nothing");
  const away = await ask('hello', { user, employee: 'on-leave' });
  assert.deepEqual([away.status, away.body.code], [404, 'unknown_employee']);
});

test('what the user says is remembered at once', async () => {
  const user = await newUser();
  const marker = `I live in Bern ${randomUUID()}`;
  act(marker, { remember: { fact: 'Lives in Bern', category: 'place', about: 'home city' } }, 'Noted.');
  await ask(marker, { user });
  const [fact] = await rows('select fact, key, source_message_id is not null as has_source from user_memory_facts where user_id = $1', [user.id]);
  assert.deepEqual([fact.fact, fact.key, fact.has_source], ['Lives in Bern', 'home_city', true]);
  const again = `where do I live ${randomUUID()}`;
  act(again, { recall: { query: 'Where does the user live?' } }, 'In Bern.');
  const { frames } = await stream(again, { user });
  assert.equal(parts(frames, 'tool-output-available')[0].output.facts[0].fact, 'Lives in Bern');
});

test('a model that misbehaves is told so, and its answer ends', async () => {
  const user = await newUser();
  const cases = [
    [[['abacus', {}]], /There is no tool "abacus"/],
    [[['calculator', '{"expression":']], /not valid JSON/],
    [[['calculator', { expression: 1 }]], /invalid type/],
    [[['calculator', { expression: '1', more: 1 }]], /unknown field/],
    [[['calculator', {}]], /missing field/],
  ];
  for (const [calls, told] of cases) {
    const marker = `wrong ${randomUUID()}`;
    act(marker, calls, 'Sorry.');
    const { frames, text } = await stream(marker, { user });
    assert.equal(text, 'Sorry.');
    assert.match(parts(frames, 'tool-output-error')[0].errorText, told);
  }
  const endless = `endless ${randomUUID()}`;
  act(endless, { calculator: { expression: '1' } });
  const { frames } = await stream(endless, { user });
  assert.equal(frames.at(-2).data.type, 'finish');
  assert.equal(stepsOf(endless).length, 8);
  assert.equal(stepsOf(endless).at(-1).tool_choice, 'none');
  const twenty = `twenty ${randomUUID()}`;
  act(twenty, Array.from({ length: 20 }, (_, at) => ['calculator', { expression: `${at} * 2` }]), 'All of them.');
  const many = await stream(twenty, { user });
  assert.equal(parts(many.frames, 'tool-output-available').length, 20);
});

test('an answer with calls is told again as it was', async () => {
  const user = await newUser();
  const marker = `again ${randomUUID()}`;
  act(marker, { calculator: { expression: '6 * 7' } }, 'It is 42.');
  const { frames, session } = await stream(marker, { user, client_message_id: marker });
  const ids = frames.filter(({ id }) => id);
  for (const after of [ids[0].id, ids[3].id, ids.at(-3).id]) {
    const response = await call(`/api/chat/${session}/stream`, { user, headers: { 'last-event-id': after } });
    const told = [];
    for await (const frame of readFrames(response)) told.push(frame);
    const rest = ids.slice(ids.findIndex(({ id }) => id === after) + 1).map(({ id, data }) => [id, data]);
    assert.deepEqual(told.filter(({ id }) => id).map(({ id, data }) => [id, data]), rest);
  }
});
