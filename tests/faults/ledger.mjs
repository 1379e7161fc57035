// Reads the ledgers of all users from the storage of their objects, since no API shows them.
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** @typedef {Map<string, { tokens: number, isSettled: boolean }>} Ledger by turn id */

/** Owners of the objects read so far, by file name. An object never changes its user. @type {Map<string, string>} */
const owners = new Map();

/**
 * Reads the ledgers of some users, and skips the files of others. Throws if an object writes while it is read: the caller must then
 * read again.
 * @param {string} stateDir
 * @param {Set<string>} users
 * @returns {Map<string, Ledger>} by user id
 */
export function readLedgers(stateDir, users) {
  const folder = join(stateDir, 'worker/v3/do/frontdesk-User');
  const objects = readdirSync(folder).filter((name) => name.endsWith('.sqlite') && name !== 'metadata.sqlite')
    .filter((name) => users.has(owners.get(name) ?? '') || !owners.has(name));
  const copies = mkdtempSync(join(tmpdir(), 'frontdesk-ledgers-'));
  try {
    const entries = objects.map((name) => ({ name, ...ledgerIn(copyOf(join(folder, name), join(copies, name))) }));
    for (const { name, user } of entries) if (user) owners.set(name, user);
    return new Map(entries.flatMap(({ user, ledger }) => (user && users.has(user) ? [[user, ledger]] : [])));
  } finally {
    rmSync(copies, { recursive: true, force: true });
  }
}

/** Copies a database: opening the original would disturb the object that has it open. */
function copyOf(from, to) {
  for (const suffix of ['', '-wal']) if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  return to;
}

/** @returns {{ user: string | undefined, ledger: Ledger }} */
function ledgerIn(file) {
  const database = new DatabaseSync(file);
  try {
    const [owner] = database.prepare('select user_id from owner').all();
    const rows = database.prepare('select id, tokens, is_reserved from ledger').all();
    return {
      user: owner?.user_id, ledger: new Map(rows.map((row) => [row.id, { tokens: row.tokens, isSettled: row.is_reserved === 0 }])),
    };
  } finally {
    database.close();
  }
}
