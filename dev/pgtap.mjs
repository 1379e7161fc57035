// Runs the database tests: supabase/tests/*.sql with pgTAP, in a fresh in-memory database like a hosted project.
// `node dev/pgtap.mjs` runs them all; the same files run against containers with `supabase test db`.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { argv, exit } from 'node:process';
import { fileURLToPath } from 'node:url';
import { pgtap } from '@electric-sql/pglite/pgtap';
import { openDatabase } from './postgres/database.mjs';
import { migrate } from './postgres/migrate.mjs';

/**
 * Prints TAP, file by file.
 * @param {{ migrationsDir: string, testsDir: string }} options
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function runPgtap({ migrationsDir, testsDir }) {
  console.log('# Building a fresh database');
  const database = await openDatabase(undefined, { pgtap });
  // Only a superuser may create it here; on a hosted project the tests' own "create extension" does.
  await database.exec('reset role; create extension pgtap with schema extensions; set role postgres;');
  await migrate(database, migrationsDir);

  const total = { passed: 0, failed: 0 };
  const files = (await readdir(testsDir)).filter((file) => file.endsWith('.sql')).sort();
  for (const file of files) {
    console.log(`# ${file}`);
    const lines = await runFile(database, await readFile(join(testsDir, file), 'utf8'));
    for (const line of lines) console.log(line);
    const { passed, failed } = judge(lines);
    total.passed += passed;
    total.failed += failed;
  }
  await database.close();
  return total;
}

/**
 * @param {import('@electric-sql/pglite').PGlite} database
 * @param {string} sql
 * @returns {Promise<string[]>} the TAP lines it returned; an error ends the file as a failed test
 */
async function runFile(database, sql) {
  /** @type {string[]} */
  const lines = [];
  try {
    for (const { rows, fields } of await database.exec(sql, { rowMode: 'array' })) {
      const values = fields.length === 1 ? rows.map((row) => Object.values(row)[0]) : [];
      // What a call returned is no line of TAP.
      const texts = values.filter((value) => typeof value === 'string');
      lines.push(...texts.flatMap((text) => text.split('\n')));
    }
  } catch (error) {
    lines.push(`not ok - the file stopped at an error: ${error.message}`);
    await database.exec('rollback');
  }
  return lines;
}

/**
 * @param {string[]} lines
 * @returns {{ passed: number, failed: number }}
 */
function judge(lines) {
  const passed = lines.filter((line) => /^ok\b/.test(line)).length;
  const failed = lines.filter((line) => /^not ok\b/.test(line)).length;
  const planned = Number(/^1\.\.(\d+)$/m.exec(lines.join('\n'))?.[1] ?? 0);
  // A file that did not run what it planned, or planned nothing, has failed even if all that ran passed.
  const asPlanned = planned > 0 && planned === passed + failed;
  return { passed, failed: failed + (asPlanned || failed > 0 ? 0 : 1) };
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const supabase = fileURLToPath(new URL('../supabase/', import.meta.url));
  const { passed, failed } = await runPgtap({
    migrationsDir: join(supabase, 'migrations'), testsDir: join(supabase, 'tests'),
  });
  console.log(`${passed} passed, ${failed} failed`);
  exit(failed > 0 ? 1 : 0);
}
