import { before, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ask, call, database, eventually, killWorker, newUser, restartWorker, rows, script, stream } from './test-stack.mjs';

before(async () => {
  const employee = 'insert into employee_profiles (slug, title, system_prompt, max_output_tokens, messages_per_minute, daily_tokens) values ($1, $1, $1, $2, $3, $4)';
  await database.query(employee, ['brisk', 100, 5, null]);
  await database.query(employee, ['frugal', 100, null, 1000]);
});

/** Sends messages at the same time and counts the answers by code or status. */
async function countOutcomes(count, send) {
  const answers = await Promise.all(Array.from({ length: count }, (_, n) => send(n)));
  return answers.reduce((counts, { status, body }) => {
    const key = body.code ?? status;
    return { ...counts, [key]: (counts[key] ?? 0) + 1 };
  }, {});
}

/** The limit passes at once. A slow machine may take long enough for the bucket to refill: one more passes for each interval. */
function assertPassed({ passed, perMinute, startedAt }) {
  const refilled = Math.floor((performance.now() - startedAt) / (60_000 / perMinute));
  assert.ok(passed >= perMinute && passed <= perMinute + refilled, `${passed} passed, ${refilled} refilled`);
}

test('of many simultaneous messages in any sessions exactly the user\'s limit passes', async () => {
  const user = await newUser();
  await database.query('insert into chat_user_limits (user_id, messages_per_minute) values ($1, 3)', [user.id]);
  const startedAt = performance.now();
  const counts = await countOutcomes(70, () => ask('quick', { user }));
  assertPassed({ passed: counts[200], perMinute: 3, startedAt });
  assert.deepEqual(counts, { 200: counts[200], rate_limited: 70 - counts[200] });
  const [{ count }] = await rows('select count(*)::int from chat_usage_log where purpose = \'turn\' and user_id = $1 having count(*) >= $2', [user.id, counts[200]]);
  assert.equal(count, counts[200]);
});

test('a session has its own limit, with headers before and after it is reached', async () => {
  const user = await newUser();
  const session = randomUUID();
  const send = () => call('/api/chat', { user, json: { message: 'hello', session_id: session, employee: 'brisk', stream: false } });
  const startedAt = performance.now();
  const answers = [];
  while (answers.length < 30 && answers.at(-1)?.status !== 429) answers.push(await send());
  const rejection = answers.pop();
  assert.equal(rejection.status, 429);
  assert.ok(answers.every(({ status }) => status === 200));
  assertPassed({ passed: answers.length, perMinute: 5, startedAt });
  assert.equal(answers[0].headers.get('ratelimit-policy'), '"messages";q=5;w=60');
  assert.match(answers[0].headers.get('ratelimit'), /^"messages";r=4;t=\d+$/);
  const wait = Number(rejection.headers.get('retry-after'));
  assert.ok(wait >= 1 && wait <= 12, `${wait}`);
  const problem = await rejection.json();
  assert.equal(problem.code, 'rate_limited');
  assert.match(problem.detail, /5 messages a minute from this session/);
  const counts = await countOutcomes(30, () => ask('hello', { user, employee: 'brisk', session: randomUUID() }));
  assert.deepEqual(counts, { 200: 30 }, 'other sessions are not limited by it');
});

test('simultaneous messages never overspend a budget, and the real usage is booked', async () => {
  const user = await newUser();
  await database.query('insert into chat_user_limits (user_id, daily_tokens) values ($1, 1500)', [user.id]);
  script('cheap one', { content: 'Yes.', usage: { prompt_tokens: 30, completion_tokens: 20 } });
  // Each turn reserves 100 output tokens and about 20 prompt tokens. The vectors of all 40 messages take a few each.
  const counts = await countOutcomes(40, () => ask('cheap one', { user, employee: 'brisk', session: randomUUID() }));
  assert.deepEqual(Object.keys(counts).sort(), ['200', 'budget_exceeded']);
  const passed = counts[200];
  assert.ok(passed >= 10, `${passed}`);
  await eventually(async () => {
    const { rows: [{ sum }] } = await database.query('select sum(total_tokens)::int from chat_usage_log where purpose = \'turn\' and user_id = $1', [user.id]);
    assert.equal(sum, passed * 50);
  });
  // Turns settle for less than they reserved: more of them pass until the rest is below one reservation.
  let total = passed;
  let refused;
  while (!refused) {
    const { status, body } = await ask('cheap one', { user, employee: 'brisk', session: randomUUID() });
    if (status === 200) total += 1;
    else refused = body;
  }
  assert.equal(refused.code, 'budget_exceeded');
  const { used } = (await (await call('/api/usage', { user })).json()).limits.user.daily_tokens;
  assert.ok(total * 50 <= used && used <= 1500 && used > 1500 - 200, `${total} turns of 50, ${used} tokens`);
});

test('the budget of an employee limits only that employee, and Retry-After is the time to its reset', async () => {
  const user = await newUser();
  script('expensive one', { content: 'Long.', usage: { prompt_tokens: 30, completion_tokens: 900 } });
  assert.equal((await ask('expensive one', { user, employee: 'frugal' })).status, 200);
  const { response, sentAt } = await eventually(async () => {
    const sentAt = Date.now();
    const response = await call('/api/chat', { user, json: { message: 'more', employee: 'frugal', stream: false } });
    assert.equal(response.status, 429);
    return { response, sentAt };
  });
  const midnight = new Date(sentAt).setUTCHours(24, 0, 0, 0);
  const retryAt = Number(response.headers.get('retry-after')) * 1000;
  const [longest, shortest] = [midnight - sentAt, midnight - Date.now()];
  assert.ok(retryAt <= longest + 2000 && retryAt >= shortest - 2000, `${retryAt} ms, between ${shortest} and ${longest}`);
  assert.match((await response.json()).detail, /with this employee/);
  assert.equal((await ask('more', { user })).status, 200, 'other employees still answer');
});

test('an empty object counts the usage that Postgres has', async () => {
  const user = await newUser();
  await database.query(`insert into chat_usage_log (turn_id, user_id, employee_slug, model, prompt_tokens, completion_tokens,
    total_tokens, latency_ms, success, usage_source) values ($1, $2, 'frugal', 'gpt-4o-mini', 950, 0, 950, 1, true, 'provider')`, [randomUUID(), user.id]);
  assert.equal((await ask('more', { user, employee: 'frugal' })).body.code, 'budget_exceeded');
});

test('spent tokens survive a restart of the Worker', async () => {
  const user = await newUser();
  script('expensive two', { content: 'Long.', usage: { prompt_tokens: 30, completion_tokens: 900 } });
  await ask('expensive two', { user, employee: 'frugal' });
  await rows('select from chat_usage_log where purpose = \'turn\' and user_id = $1', [user.id]);
  await killWorker();
  await restartWorker();
  assert.equal((await ask('more', { user, employee: 'frugal' })).body.code, 'budget_exceeded');
});

test('requests from one IP address are limited before authentication', async () => {
  const request = () => call('/api/employees', { user: null, headers: { 'cf-connecting-ip': '203.0.113.7' } });
  const counts = {};
  // At most one counting window ends during the test: up to twice the limit passes.
  for (let n = 0; n < 130 && !counts[429]; n += 1) {
    for (const { status } of await Promise.all(Array.from({ length: 10 }, request))) counts[status] = (counts[status] ?? 0) + 1;
  }
  assert.ok(counts[401] >= 600 && counts[401] <= 1200 && counts[429] >= 1, JSON.stringify(counts));
  const refused = await request();
  assert.deepEqual([refused.headers.get('retry-after'), (await refused.json()).code], ['60', 'rate_limited']);
  const other = await call('/api/employees', { user: null, headers: { 'cf-connecting-ip': '2001:db8::1' } });
  assert.equal(other.status, 401, 'other addresses are not limited');
});

test('a user sees what they used, and what is left of their budgets', async () => {
  const [user, other] = [await newUser(), await newUser()];
  await database.query('insert into chat_user_limits (user_id, daily_tokens) values ($1, 50000)', [user.id]);
  const { body: { usage: spent, cost_usd: cost } } = await ask('what does it cost?', { user });
  // The vectors of the question, and those of both messages in the background.
  await rows('select from chat_usage_log where user_id = $1', [user.id], 3);
  const { today, month, limits } = await (await call('/api/usage', { user })).json();
  assert.deepEqual(today.by.map(({ employee, purpose, requests }) => [employee, purpose, requests]), [
    ['prime-boss', 'embedding', 1], ['prime-boss', 'recall', 1], ['prime-boss', 'turn', 1],
  ]);
  const turn = today.by.at(-1);
  assert.equal(turn.total_tokens, spent.total_tokens);
  assert.ok(Math.abs(turn.cost_usd - cost) < 1e-9, `${turn.cost_usd} of ${cost}`);
  const total = today.by.reduce((sum, { total_tokens }) => sum + total_tokens, 0);
  assert.deepEqual([today.total_tokens, month.total_tokens], [total, total]);
  assert.deepEqual(limits.user, {
    messages_per_minute: null, daily_tokens: { limit: 50000, used: total, left: 50000 - total }, daily_usd: null,
  });
  assert.ok(Date.parse(limits.resets_at) > Date.now() && Date.parse(limits.resets_at) <= Date.now() + 86_400_000);
  const theirs = await (await call('/api/usage', { user: other })).json();
  assert.deepEqual([theirs.today.by, theirs.limits.user.daily_tokens], [[], null]);
});

test('a turn tells what is left of the budgets of the day', async () => {
  const user = await newUser();
  await database.query('insert into chat_user_limits (user_id, daily_tokens, daily_usd) values ($1, 50000, 2.5)', [user.id]);
  const { response } = await stream('what is left?', { user });
  const header = (name) => response.headers.get(`x-ratelimit-${name}`);
  assert.equal(header('limit-tokens'), '50000');
  assert.ok(Number(header('remaining-tokens')) > 40_000 && Number(header('remaining-tokens')) < 50_000);
  assert.match(header('reset-tokens'), /^\d+s$/);
  assert.equal(header('limit-usd'), '2.500000');
  assert.match(header('remaining-usd'), /^2\.4\d{5}$/);
});
