// Administration through the API, with the access token of an admin.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { startMcpServer } from '../mcp-server.mjs';
import { ask, call, newUser, requestsWith, rows, script, storedMessages } from './test-stack.mjs';

const server = await startMcpServer({ port: 0, token: 'tok3n' });
const admin = await newUser({ app_metadata: { role: 'admin' } });

after(() => server.stop());

/** Sends a request of the admin, and returns status and body. */
async function admins(method, path, json, user = admin) {
  const response = await call(`/api/admin/${path}`, { user, json, method });
  return { status: response.status, body: await response.json() };
}
const patch = (slug, changes) => admins('PATCH', `employees/${slug}`, changes);

/** Adds an employee for the time of a test: afterwards it would take room from the prompts of other tests. */
async function addEmployee(t, fields = {}) {
  const slug = `adm-${randomUUID().slice(0, 8)}`;
  const { status, body } = await admins('POST', 'employees', { slug, title: 'Added', system_prompt: 'First persona.', learns: false, ...fields });
  assert.equal(status, 201, JSON.stringify(body));
  t.after(() => patch(slug, { is_active: false }));
  return body;
}

test('only admins get in, whatever the route', async () => {
  const user = await newUser({ user_metadata: { role: 'admin' } });
  for (const [method, path] of [
    ['GET', 'employees'], ['POST', 'employees'], ['PATCH', 'employees/prime-boss'], ['GET', 'employees/prime-boss/versions'],
    ['POST', 'employees/prime-boss/rollback'], ['POST', 'mcp-check'], ['GET', 'overview'], ['GET', 'health'],
    ['GET', 'users'], ['GET', `users/${user.id}/limits`], ['PATCH', `users/${user.id}/limits`], ['GET', 'prices'], ['PUT', 'prices'],
    ['GET', 'audit'],
  ]) {
    const { status, body } = await admins(method, path, method === 'GET' ? undefined : {}, user);
    assert.deepEqual([status, body.code], [403, 'admin_only'], `${method} ${path}`);
  }
  assert.equal((await call('/api/admin/employees', { user: null })).status, 401);
});

test('an employee is created, changed, rolled back and switched off, and each version is told', async (t) => {
  const { slug, version, is_active: isActive } = await addEmployee(t, { description: 'By an admin.' });
  assert.deepEqual([version, isActive], [1, true]);
  assert.deepEqual((await admins('POST', 'employees', { slug, title: 'x', system_prompt: 'x' })).body.code, 'employee_exists');
  const changed = await patch(slug, { version: 1, system_prompt: 'Second persona.', tools: ['calculator'], daily_usd: 0.5 });
  assert.deepEqual([changed.status, changed.body.version, changed.body.daily_usd], [200, 2, 0.5]);
  const late = await patch(slug, { version: 1, title: 'Late' });
  assert.deepEqual([late.status, late.body.code], [409, 'edit_conflict']);
  const rolledBack = await admins('POST', `employees/${slug}/rollback`, { version: 1 });
  assert.deepEqual([rolledBack.body.version, rolledBack.body.system_prompt, rolledBack.body.tools], [3, 'First persona.', []]);
  const { data: versions } = (await admins('GET', `employees/${slug}/versions?limit=2`)).body;
  assert.deepEqual(versions.map(({ version: number }) => number), [3, 2]);
  assert.deepEqual([versions[1].author_id, versions[1].author_email, versions[1].profile.system_prompt], [admin.id, admin.email, 'Second persona.']);
  assert.equal((await patch(slug, { is_active: false })).body.version, 3);
  const { data, tools, defaults } = (await admins('GET', 'employees')).body;
  assert.equal(data.find((employee) => employee.slug === slug).is_active, false);
  assert.ok(tools.includes('calculator') && tools.includes('ocr'));
  assert.equal(defaults.employee, 'prime-boss');
  const changes = await rows('select admin_id, action, was, became from private.admin_changes where target = $1 order by id', [slug], 4);
  assert.deepEqual(changes.map(({ action }) => action), ['employee_created', 'employee_updated', 'employee_rolled_back', 'employee_updated']);
  assert.ok(changes.every(({ admin_id: by }) => by === admin.id));
  assert.deepEqual(changes[3], { admin_id: admin.id, action: 'employee_updated', was: { is_active: true }, became: { is_active: false } });
});

test('what a profile may not have is refused by name', async (t) => {
  const { slug } = await addEmployee(t);
  for (const [field, value] of [['tools', ['shell']], ['temperature', 3], ['mcp_servers', [{ name: 'x', url: 'http://example.com' }]], ['slug', 'other']]) {
    const { status, body } = await patch(slug, { [field]: value });
    assert.deepEqual([status, body.code, body.field], [422, 'invalid_field', field]);
  }
  assert.deepEqual((await patch('prime-boss', { is_active: false })).body.field, 'is_active');
  assert.deepEqual((await patch('nobody-here', { title: 'x' })).body.code, 'unknown_employee');
  assert.deepEqual((await admins('POST', `employees/${slug}/rollback`, { version: 9 })).body.code, 'version_not_found');
  assert.deepEqual((await admins('POST', `employees/${slug}/rollback`, {})).body.field, 'version');
});

test('a new session has the new version at once, and its usage and rating say so', async (t) => {
  const { slug } = await addEmployee(t);
  await patch(slug, { system_prompt: 'Persona of the second version.' });
  const user = await newUser();
  const marker = `version ${randomUUID()}`;
  script(marker, { content: 'Yes.' });
  const { session } = await ask(marker, { user, employee: slug });
  assert.match(requestsWith(marker)[0].messages[0].content, /^Persona of the second version\./);
  const [, answer] = await storedMessages(session);
  assert.equal(answer.metadata.employee_version, 2);
  await call(`/api/messages/${answer.id}/feedback`, { user, json: { rating: 'up' }, method: 'PUT' });
  const [used] = await rows('select employee_version from chat_usage_log where session_id = $1', [session]);
  const [rated] = await rows('select employee_slug, employee_version from chat_message_feedback where user_id = $1', [user.id]);
  assert.deepEqual([used, rated], [{ employee_version: 2 }, { employee_slug: slug, employee_version: 2 }]);
});

test('the overview counts a turn at once, and says nothing that was said', async (t) => {
  const { slug } = await addEmployee(t);
  const user = await newUser();
  const marker = `overview ${randomUUID()}`;
  script(marker, { content: 'Counted.' });
  const { session } = await ask(marker, { user, employee: slug });
  const [, answer] = await storedMessages(session);
  await call(`/api/messages/${answer.id}/feedback`, { user, json: { rating: 'down', comment: marker }, method: 'PUT' });
  const { status, body } = await admins('GET', `overview?hours=2&employee=${slug}`);
  assert.equal(status, 200, JSON.stringify(body));
  const { turns, errors, conversations, total_tokens: tokens, up, down } = body.total;
  assert.deepEqual([turns, errors, conversations, up, down], [1, 0, 1, 0, 1]);
  assert.ok(tokens > 0 && body.total.latency_p95_ms > 0);
  assert.deepEqual(body.by_version.map(({ employee, version, down: bad }) => [employee, version, bad]), [[slug, 1, 1]]);
  assert.equal(body.by_time.at(-1).turns, 1);
  const all = (await admins('GET', 'overview')).body;
  assert.ok(all.users >= 1 && all.total.turns >= 1 && all.targets.some(({ metric }) => metric === 'latency_p95_ms'));
  const health = (await admins('GET', 'health')).body;
  assert.ok(health.database.models.some(({ requests }) => requests > 0) && health.database.spent_today.tokens > 0);
  assert.doesNotMatch(JSON.stringify([body, all, health]), new RegExp(marker));
  assert.equal((await admins('GET', 'overview?hours=0')).body.field, 'hours');
});

test('users are found with usage and limits, and their limits are changed', async () => {
  const user = await newUser();
  const marker = `limited ${randomUUID()}`;
  const { session } = await ask(marker, { user });
  await storedMessages(session);
  const found = (await admins('GET', `users?q=${user.id}`)).body.data;
  assert.deepEqual([found.length, found[0].id, found[0].email, found[0].today.requests >= 1, found[0].limits], [1, user.id, user.email, true, null]);
  assert.ok(Date.now() - Date.parse(found[0].last_active_at) < 120_000);
  const { data, next } = (await admins('GET', 'users?limit=1')).body;
  const second = (await admins('GET', `users?limit=1&before=${encodeURIComponent(next)}`)).body;
  assert.notEqual(second.data[0].id, data[0].id);
  const before = (await admins('GET', `users/${user.id}/limits`)).body;
  assert.deepEqual([before.plan, before.own.daily_tokens], [null, null]);
  const changed = await admins('PATCH', `users/${user.id}/limits`, { daily_tokens: 1 });
  assert.deepEqual([changed.status, changed.body.own.daily_tokens, changed.body.effective.daily_tokens], [200, 1, 1]);
  const refused = await ask(marker, { user });
  assert.deepEqual([refused.status, refused.body.code], [429, 'budget_exceeded'], 'a new session is limited at once');
  const nobody = await admins('PATCH', `users/${randomUUID()}/limits`, { daily_tokens: 1 });
  assert.deepEqual([nobody.status, nobody.body.code], [404, 'user_not_found']);
  assert.equal((await admins('PATCH', `users/${user.id}/limits`, { daily_usd: 0 })).body.field, 'daily_usd');
  assert.equal((await admins('DELETE', `users/${user.id}`)).status, 200);
  const { data: changes } = (await admins('GET', `audit?target=${user.id}`)).body;
  assert.deepEqual(changes.map(({ action, became }) => [action, became]), [['user_erased', {}], ['limits_updated', { daily_tokens: 1 }]]);
  assert.deepEqual([changes[0].admin_id, changes[0].admin_email], [admin.id, admin.email]);
});

test('a price holds for the next turn, and stays on record', async (t) => {
  const model = `gpt-4o-mini-${randomUUID().slice(0, 8)}`;
  const saved = await admins('PUT', 'prices', { model, input_usd: 1000, output_usd: 2000 });
  assert.deepEqual([saved.status, saved.body.cached_input_usd], [200, 1000], JSON.stringify(saved.body));
  const { data } = (await admins('GET', 'prices')).body;
  assert.deepEqual(data.filter((price) => price.model === model).map((price) => price.is_current), [true]);
  const { slug } = await addEmployee(t, { model });
  const user = await newUser();
  const { body } = await ask(`priced ${randomUUID()}`, { user, employee: slug });
  assert.ok(body.cost_usd > 0.01, `${body.cost_usd}`);
  assert.equal((await admins('PUT', 'prices', { model, input_usd: -1, output_usd: 1 })).body.field, 'input_usd');
  const [change] = (await admins('GET', `audit?target=${model}`)).body.data;
  assert.deepEqual([change.action, change.became.input_usd], ['price_saved', 1000]);
});

test('an MCP server is checked as a turn would ask it', async () => {
  const crm = { name: 'crm', url: server.url, tools: ['find_customer', 'no_such_tool'], read_only: ['find_customer'], token: 'crm' };
  const { status, body } = await admins('POST', 'mcp-check', crm);
  assert.deepEqual([status, body.ok, body.missing, body.is_pinned], [200, true, ['no_such_tool'], true]);
  assert.deepEqual(body.tools.map(({ name, needs_approval: asks }) => [name, asks]), [['find_customer', false]]);
  assert.equal((await admins('POST', 'mcp-check', { ...crm, pin: 'x' })).body.is_pinned, false);
  assert.match((await admins('POST', 'mcp-check', { ...crm, token: 'none' })).body.error, /MCP_TOKENS/);
  assert.match((await admins('POST', 'mcp-check', { ...crm, token: null })).body.error, /token/);
  const closed = await admins('POST', 'mcp-check', { ...crm, url: 'http://127.0.0.1:9/mcp' });
  assert.deepEqual([closed.status, closed.body.ok], [200, false]);
  for (const url of ['http://169.254.169.254/latest', 'http://10.0.0.1/mcp', 'https://user@crm.example.com']) {
    assert.deepEqual((await admins('POST', 'mcp-check', { ...crm, url })).body.field, 'server', url);
  }
});
