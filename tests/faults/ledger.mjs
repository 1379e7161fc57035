// Reads the ledgers of all users from the storage of their objects, since no API shows them.
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** @typedef {Map<string, { tokens: number, isSettled: boolean }>} Ledger by turn id */

/**
 * Throws if an object writes while it is read: the caller must then read all again.
 * @param {string} stateDir
 * @returns {Map<string, Ledger>} by user id
 */
export function readLedgers(stateDir) {
  const folder = join(stateDir, 'worker/v3/do/frontdesk-User');
  const objects = readdirSync(folder).filter((name) => name.endsWith('.sqlite') && name !== 'metadata.sqlite');
  const copies = mkdtempSync(join(tmpdir(), 'frontdesk-ledgers-'));
  try {
    return new Map(objects.map((name) => ledgerIn(copyOf(join(folder, name), join(copies, name)))).filter((entry) => entry !== undefined));
  } finally {
    rmSync(copies, { recursive: true, force: true });
  }
}

/** Copies a database: opening the original would disturb the object that has it open. */
function copyOf(from, to) {
  for (const suffix of ['', '-wal']) if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  return to;
}

function ledgerIn(file) {
  const database = new DatabaseSync(file);
  try {
    const [owner] = database.prepare('select user_id from owner').all();
    const rows = database.prepare('select id, tokens, is_reserved from ledger').all();
    return owner && [owner.user_id, new Map(rows.map((row) => [row.id, { tokens: row.tokens, isSettled: row.is_reserved === 0 }]))];
  } finally {
    database.close();
  }
}
