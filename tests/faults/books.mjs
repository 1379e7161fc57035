// The books of users, read where they are kept: in the storage of their objects, which no API shows.
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** @typedef {Map<string, { tokens: number, isSettled: boolean }>} Books by turn */

/**
 * Throws when an object is written while it is read: then all is to be read again.
 * @param {string} stateDir
 * @returns {Map<string, Books>} by user
 */
export function readBooks(stateDir) {
  const folder = join(stateDir, 'worker/v3/do/frontdesk-User');
  const objects = readdirSync(folder).filter((name) => name.endsWith('.sqlite') && name !== 'metadata.sqlite');
  const copies = mkdtempSync(join(tmpdir(), 'frontdesk-books-'));
  try {
    return new Map(objects.map((name) => booksOf(copyOf(join(folder, name), join(copies, name)))).filter((entry) => entry !== undefined));
  } finally {
    rmSync(copies, { recursive: true, force: true });
  }
}

/** The object has its own open, and would be disturbed. */
function copyOf(from, to) {
  for (const suffix of ['', '-wal']) if (existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  return to;
}

function booksOf(file) {
  const database = new DatabaseSync(file);
  try {
    const [owner] = database.prepare('select user_id from vault_key').all();
    const rows = database.prepare('select turn_id, tokens, reserved_until from books').all();
    return owner && [owner.user_id, new Map(rows.map((row) => [row.turn_id, { tokens: row.tokens, isSettled: row.reserved_until === null }]))];
  } finally {
    database.close();
  }
}
