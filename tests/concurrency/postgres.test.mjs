// The database functions on a native Postgres with many connections: PGlite runs one transaction at a time, so no test on it can see two
// that meet.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { startNativePostgres } from '../../dev/native-postgres.mjs';
import { call, extraction, fact, turn, WRITERS } from './writers.mjs';

/** Milliseconds after which a query that has not answered is taken to wait for a lock. */
const WAITS = 300;

/** Functions for operators and admins, and for erasing itself. */
const NO_WRITERS = [
  'create_employee', 'erase_user', 'note_erasure', 'purge_expired', 'replay_erasures', 'roll_back_employee', 'save_price', 'update_employee',
  'update_user_limits',
];

let postgres;
let admin;
/** Open connections, which the tests share. @type {import('pg').Client[]} */
const open = [];

before(async () => {
  postgres = await startNativePostgres(console.log, { deadlock_timeout: '100ms' });
  await postgres.createDatabase('frontdesk');
  admin = await postgres.connect('frontdesk');
});

after(async () => {
  await Promise.all(open.map((client) => client.end()));
  await admin?.end();
  await postgres?.stop();
});

/** Connections as PostgREST has them for the service key. */
async function connections(count) {
  while (open.length < count) {
    const client = await postgres.connect('frontdesk');
    await client.query('set role service_role');
    open.push(client);
  }
  return open.slice(0, count);
}

async function newUser() {
  const id = randomUUID();
  await admin.query('insert into auth.users (id, email) values ($1, $2)', [id, `${id}@example.com`]);
  return id;
}

const now = () => new Date().toISOString();

/** A user with a row of everything that writers change. */
async function furnish(client) {
  const at = { user: await newUser(), session: randomUUID(), startedAt: now() };
  const first = turn(at, { facts: [fact('home')] });
  await call(client, 'commit_turn', [first]);
  const { document } = await call(client, 'save_document', WRITERS.save_document(at));
  await call(client, 'commit_vault', WRITERS.commit_vault(at));
  return { ...at, message: first.messages[1].id, fact: first.facts[0].id, document: document.id, file: first.files[0].id };
}

/** Rows of a user, in every table that has users. */
async function rowsOf(user) {
  const { rows: tables } = await admin.query(`
    select c.oid::regclass::text as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'user_id'
    where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind = 'r' and c.relname <> 'erased_users'`);
  const counts = {};
  for (const { name } of tables) {
    const { rows: [{ count }] } = await admin.query(`select count(*)::integer from ${name} where user_id = $1`, [user]);
    if (count > 0) counts[name] = count;
  }
  return counts;
}

const isWaiting = async (promise) => (await Promise.race([promise.then(() => 'done', () => 'failed'), delay(WAITS, 'waits')])) === 'waits';

test('every function that writes is in this test', async () => {
  const { rows } = await admin.query(`
    select proname from pg_proc where pronamespace = 'public'::regnamespace and provolatile = 'v'
      and prorettype <> 'trigger'::regtype and has_function_privilege('service_role', oid, 'execute')`);
  const writers = rows.map(({ proname }) => proname).filter((name) => !NO_WRITERS.includes(name));
  assert.deepEqual(writers.sort(), Object.keys(WRITERS).sort());
});

for (const [name, values] of Object.entries(WRITERS)) {
  test(`${name} waits for an erasure that runs, and writes nothing after it`, async () => {
    const [eraser, writer] = await connections(2);
    const at = await furnish(eraser);
    const late = { ...at, startedAt: now() };
    await eraser.query('begin');
    await call(eraser, 'erase_user', [at.user, now()]);
    const writing = call(writer, name, values(late));
    assert.ok(await isWaiting(writing), 'it must not write beside the erasure');
    await eraser.query('commit');
    await writing;
    assert.deepEqual(await rowsOf(at.user), {});
  });

  test(`an erasure waits for ${name}, and deletes what it wrote`, async () => {
    const [eraser, writer] = await connections(2);
    const at = await furnish(eraser);
    await writer.query('begin');
    await call(writer, name, values({ ...at, startedAt: now() }));
    const erasing = call(eraser, 'erase_user', [at.user, now()]);
    assert.ok(await isWaiting(erasing), 'it must not delete before the write is there');
    await writer.query('commit');
    await erasing;
    assert.deepEqual(await rowsOf(at.user), {});
  });
}

test('writers of one user do not wait for each other', async () => {
  const [first, second] = await connections(2);
  const at = await furnish(first);
  await first.query('begin');
  await call(first, 'commit_turn', [turn({ ...at, session: randomUUID(), startedAt: now() })]);
  assert.equal(await isWaiting(call(second, 'commit_turn', [turn({ ...at, session: randomUUID(), startedAt: now() })])), false);
  await first.query('commit');
});

test('nothing of an erased user is left while many connections write, in steps of any size', async () => {
  const [eraser, other, ...writers] = await connections(14);
  const at = await furnish(eraser);
  const kinds = Object.entries(WRITERS);
  let isOver = false;
  const failures = {};
  const write = async (writer, seed) => {
    for (let n = seed; !isOver; n += 5) {
      const [name, values] = kinds[n % kinds.length];
      await call(writer, name, values({ ...at, startedAt: now() })).catch(({ code }) => { failures[code] = (failures[code] ?? 0) + 1; });
    }
  };
  const writing = writers.map(write);
  for (let round = 0; round < 12; round += 1) {
    const requestedAt = now();
    const erase = async (client) => {
      for (;;) if (!(await call(client, 'erase_user', [at.user, requestedAt, 1 + round * 7])).unfinished) return;
    };
    await Promise.all([erase(eraser), erase(other)]);
    await delay(20);
  }
  isOver = true;
  await Promise.all(writing);
  await call(eraser, 'erase_user', [at.user, now()]);
  assert.deepEqual(await rowsOf(at.user), {});
  assert.deepEqual(failures, {}, 'no deadlock, and no violation');
});

test('two first turns of one session id are both saved for one user', async () => {
  const clients = await connections(12);
  for (let round = 0; round < 10; round += 1) {
    const at = { user: await newUser(), session: randomUUID(), startedAt: now() };
    const results = await Promise.all(clients.map((client) => call(client, 'commit_turn', [turn(at)])));
    assert.ok(results.every(({ committed }) => committed));
    const { rows } = await admin.query('select user_id, message_count from chat_sessions where id = $1', [at.session]);
    assert.deepEqual(rows, [{ user_id: at.user, message_count: 2 * clients.length }]);
  }
});

test('of two users, one gets the session id, and the other a refusal for good', async () => {
  const clients = await connections(12);
  for (let round = 0; round < 10; round += 1) {
    const session = randomUUID();
    const users = [];
    while (users.length < clients.length) users.push(await newUser());
    const turns = users.map((user) => turn({ user, session, startedAt: now() }));
    const save = (client, n) => call(client, 'commit_turn', [turns[n]]).then(() => 'saved', ({ code }) => code);
    const results = await Promise.all(clients.map(save));
    assert.deepEqual(results.toSorted(), [...Array(clients.length - 1).fill('42501'), 'saved']);
    const winner = users[results.indexOf('saved')];
    const { rows } = await admin.query('select distinct user_id from chat_messages where session_id = $1', [session]);
    assert.deepEqual(rows, [{ user_id: winner }]);
    assert.deepEqual(await Promise.all(clients.map(save)), results, 'and again');
  }
});

test('savers of the same facts in any order leave one current fact for each key, without a deadlock', async () => {
  const clients = await connections(12);
  const keys = Array.from({ length: 8 }, (_, n) => `key ${n}`);
  const at = await furnish(clients[0]);
  for (let round = 0; round < 15; round += 1) {
    await Promise.all(clients.map((client, n) => {
      const facts = (n % 2 ? keys : keys.toReversed()).map((key) => fact(key));
      const startedAt = now();
      if (n % 4 === 0) return call(client, 'commit_turn', [turn({ ...at, session: randomUUID(), startedAt }, { facts })]);
      if (n % 4 === 1) return call(client, 'forget_facts', [at.user, `{${at.fact}}`, '{}']);
      return call(client, 'save_facts', [at.user, extraction({ startedAt }, facts)]);
    }));
  }
  const { rows } = await admin.query('select key from user_memory_facts where user_id = $1 and valid_to is null order by key', [at.user]);
  assert.deepEqual(rows.map(({ key }) => key), keys);
});

test('sessions are deleted beside turns, imports and facts without a deadlock', async () => {
  const clients = await connections(12);
  const at = await furnish(clients[0]);
  const sessions = Array.from({ length: 3 }, () => randomUUID());
  for (let round = 0; round < 15; round += 1) {
    await Promise.all(clients.map((client, n) => {
      const where = { ...at, session: sessions[(n + round) % sessions.length], startedAt: now() };
      if (n % 4 === 0) return call(client, 'delete_session', [at.user, where.session, now(), true]);
      if (n % 4 === 1) return call(client, 'save_facts', [at.user, extraction(where, [fact('city'), fact('name')])]);
      if (n % 4 === 2) return call(client, 'import_messages', WRITERS.import_messages(where));
      return call(client, 'commit_turn', [turn(where, { facts: [fact('name'), fact('city')] })]);
    }));
  }
});
