import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { protocol } from '@electric-sql/pglite';
import pg from 'pg';
import { ROOT } from '../../dev/bootstrap.mjs';
import { freePorts } from '../../dev/ports.mjs';
import { startPostgres } from '../../dev/postgres.mjs';
import { openDatabase } from '../../dev/postgres/database.mjs';

const folder = mkdtempSync(join(tmpdir(), 'frontdesk-postgres-'));
const dataDir = join(folder, 'data');
const { database: port } = await freePorts();
const postgres = await startPostgres({
  port, dataDir, migrationsDir: join(ROOT, 'supabase/migrations'), log: join(folder, 'postgres.log'),
});
/** @type {pg.Client[]} */
const clients = [];

after(async () => {
  await Promise.all(clients.map((client) => client.end().catch(() => {})));
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Waits until a condition holds. @param {() => boolean} holds */
async function eventually(holds) {
  for (const until = Date.now() + 30_000; !holds();) {
    if (Date.now() > until) throw new Error('the condition does not hold after 30 s');
    await delay(10);
  }
}

async function newClient() {
  const client = new pg.Client({ connectionString: postgres.url });
  client.on('error', () => {});
  await client.connect();
  clients.push(client);
  return client;
}

test('the local database has the major version that supabase/config.toml names for the hosted one', async () => {
  const [, configured] = /^major_version = (\d+)$/m.exec(readFileSync(join(ROOT, 'supabase/config.toml'), 'utf8')) ?? [];
  const client = await newClient();
  const { rows: [{ version, name, role }] } = await client.query(`
    select current_setting('server_version_num')::int / 10000 as version, current_database() as name, current_user as role`);
  assert.deepEqual([version, name, role], [Number(configured), 'postgres', 'postgres']);
});

test('a client waits while another one has a transaction open', async () => {
  const [first, second] = [await newClient(), await newClient()];
  await first.query('begin');
  await first.query(`select set_config('test.value', 'first', true)`);
  let isAnswered = false;
  const answer = second.query(`select current_setting('test.value', true) as value`).then((result) => {
    isAnswered = true;
    return result;
  });
  const { rows: [{ value }] } = await first.query(`select current_setting('test.value') as value`);
  assert.deepEqual([value, isAnswered], ['first', false]);
  await first.query('commit');
  assert.ok(['', null].includes((await answer).rows[0].value));
});

test('each client gets its own rows, however their messages interleave', async () => {
  const pool = await Promise.all(Array.from({ length: 8 }, newClient));
  await Promise.all(pool.map(async (client, number) => {
    for (let n = 0; n < 25; n += 1) {
      const { rows: [{ value }] } = await client.query('select $1::int as value', [100 * number + n]);
      assert.equal(value, 100 * number + n);
    }
  }));
});

test('a statement that fails leaves its client usable', async () => {
  const client = await newClient();
  await assert.rejects(client.query('select $1::int', ['no number']), { code: '22P02' });
  await assert.rejects(client.query('select 1 / 0'), { code: '22012' });
  assert.equal((await client.query('select 1 as one')).rows[0].one, 1);
});

test('messages may end at any byte of what the engine reads at once', async () => {
  const { serialize } = protocol;
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let received = Buffer.alloc(0);
  socket.on('data', (chunk) => { received = Buffer.concat([received, chunk]); });
  const isReady = () => received.subarray(-6).equals(Buffer.from([0x5a, 0, 0, 0, 5, 0x49]));
  socket.write(serialize.startup({ user: 'postgres', database: 'postgres' }));
  await eventually(isReady);
  for (const end of [8191, 8192, 8193, 16384]) {
    received = Buffer.alloc(0);
    const parse = (length) => serialize.parse({ text: `select 1${' '.repeat(length)}` });
    const first = parse(end - parse(0).length);
    assert.equal(first.length, end);
    socket.write(Buffer.concat([first, serialize.bind(), serialize.execute(), serialize.sync()]));
    await eventually(isReady);
  }
  socket.destroy();
});

test('a client that disconnects in a transaction is rolled back and blocks no other', async () => {
  const [leaving, staying] = [await newClient(), await newClient()];
  await leaving.query('begin');
  await leaving.query('create table public.left_behind (id integer)');
  // @ts-expect-error the socket is not part of the client's interface
  leaving.connection.stream.destroy();
  const { rows: [{ name }] } = await staying.query(`select to_regclass('public.left_behind') as name`);
  assert.equal(name, null);
});

test('a client that asks for encryption is refused and may continue without', async () => {
  const socket = connect(port, '127.0.0.1');
  for (const code of [80_877_104, 80_877_103]) {
    const request = Buffer.alloc(8);
    request.writeInt32BE(8, 0);
    request.writeInt32BE(code, 4);
    // In two pieces, as a network may deliver it.
    socket.write(request.subarray(0, 3));
    socket.write(request.subarray(3));
    const [answer] = await once(socket, 'data');
    assert.equal(String(answer), 'N');
  }
  socket.destroy();
});

test('data of another major version is refused with a way out', async () => {
  const old = join(folder, 'old');
  await (await openDatabase(old)).close();
  writeFileSync(join(old, 'PG_VERSION'), '18\n');
  await assert.rejects(openDatabase(old), /is of Postgres 18, and Postgres 17 cannot open it: delete the folder/);
});
