// The child process of dev/postgres.mjs: PGlite behind a socket. Tells its parent {ready} or {failed} and ends with it.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { openDatabase } from './database.mjs';
import { lockDataDir } from './lock.mjs';
import { migrate } from './migrate.mjs';
import { serve } from './socket.mjs';

/** Sockets, not parallelism: PGlite runs one statement, or one open transaction, at a time. */
const MAX_CONNECTIONS = 32;

const { port, dataDir, migrationsDir } = JSON.parse(process.argv[2]);

async function run() {
  mkdirSync(dirname(dataDir), { recursive: true });
  const unlock = lockDataDir(dataDir);
  const database = await openDatabase(dataDir);
  const applied = await migrate(database, migrationsDir);
  if (applied.length > 0) console.log(`Applied ${applied.join(', ')}.`);
  const server = await serve(database, {
    host: '127.0.0.1',
    port,
    maxConnections: MAX_CONNECTIONS,
    onCrash: (error) => fail(`The database engine crashed: ${error.message}.`),
  });

  let closing = false;
  const close = async () => {
    if (closing) return;
    closing = true;
    await server.stop();
    await database.close();
    unlock();
    process.exit(0);
  };
  process.on('SIGTERM', close);
  // Ctrl-C reaches the whole process group; the parent decides the order in which the parts stop.
  process.on('SIGINT', () => {});
  process.on('disconnect', close);
  process.send?.({ ready: true });
}

/** @param {string} reason one sentence */
function fail(reason) {
  console.error(reason);
  if (!process.connected) process.exit(1);
  process.send?.({ failed: reason }, undefined, undefined, () => process.exit(1));
}

run().catch((error) => fail(
  error.code === 'EADDRINUSE'
    ? `Port ${port} for Postgres is in use: stop the program that has it, or set FRONTDESK_DB_PORT to a free one.`
    : error.message,
));
