// Plays cells as tests, and prints at the end what was expected and what was seen.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { atRest } from './checks.mjs';
import { openScene, openTheatre, outcome, until } from './scene.mjs';

/** Cells that are played at the same time. */
const AT_ONCE = 16;

/** How long an outbox may take that waits between its attempts, in milliseconds. */
const AT_REST_WITHIN = 60_000;

/** @typedef {{ cell: import('./cells.mjs').Cell, seen: string, found: string[], seconds: number }} Result */

/** @param {import('./cells.mjs').Cell[]} cells */
export function playAll(cells) {
  /** @type {Map<import('./cells.mjs').Cell, Result>} */
  const results = new Map();
  const play = (cell) => test(`${cell.fault}, ${cell.when}`, async () => {
    const result = await perform(cell);
    results.set(cell, result);
    assert.deepEqual({ seen: result.seen, found: result.found }, { seen: cell.expected, found: [] });
  });

  describe('fault matrix', () => {
    before(openTheatre);
    describe('side by side', { concurrency: AT_ONCE }, () => cells.filter(({ alone }) => !alone).forEach(play));
    describe('alone', () => cells.filter(({ alone }) => alone).forEach(play));
    after(() => console.log(`\n${table(cells.flatMap((cell) => results.get(cell) ?? []))}\n`));
  });
}

/** @returns {Promise<Result>} */
async function perform(cell) {
  const began = performance.now();
  const scene = await openScene();
  const seen = await see(scene, cell).catch((error) => `${error.message}`);
  return { cell, seen, found: scene.found, seconds: (performance.now() - began) / 1000 };
}

/** Plays a cell, lets the session go on, and looks at all when it is at rest. */
async function see(scene, cell) {
  const told = await cell.play(scene);
  await goOn(scene);
  scene.found.push(...await atRest([scene.client], AT_REST_WITHIN));
  return scene.seen(told);
}

async function goOn({ client, found }) {
  const told = await client.turn('and on');
  // A turn that nobody listens to any more may still run.
  await until(async () => told.code !== 'turn_in_progress' || (await client.again(told)).status === 200);
  if (outcome(told) !== 'finish') found.push(`the session does not go on: ${outcome(told)}`);
}

/** @param {Result[]} results */
function table(results) {
  const rows = results.map(({ cell, seen, found, seconds }) => [
    cell.fault, cell.when, cell.expected, [seen === cell.expected ? 'as expected' : seen, ...found].join('; '), seconds.toFixed(1),
    seen === cell.expected && found.length === 0 ? '✓' : '✗',
  ]);
  const all = [['fault', 'when', 'expected', 'seen', 'seconds', ''], ...rows];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (cells) => `| ${cells.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`;
  return [line(all[0]), line(widths.map((width) => '-'.repeat(width))), ...all.slice(1).map(line)].join('\n');
}
