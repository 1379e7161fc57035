// Runs cases of the matrix as tests, and prints a table of the expected and the actual results at the end.
import { after, before, describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { violationsAtRest } from './invariants.mjs';
import { outcomeOf, prepareConversations, startConversation, waitUntil } from './test-conversation.mjs';

/** Cases that run at the same time. */
const CONCURRENCY = 16;

/** Milliseconds that an outbox may take, with the pauses between its attempts. */
const REST_LIMIT = 180_000;

/** @typedef {{ matrixCase: import('./matrix.mjs').MatrixCase, actual: string, violations: string[], seconds: number }} Result */

/** @param {import('./matrix.mjs').MatrixCase[]} cases */
export function runMatrix(cases) {
  /** @type {Map<import('./matrix.mjs').MatrixCase, Result>} */
  const results = new Map();
  const runAsTest = (matrixCase) => test(`${matrixCase.fault}, ${matrixCase.when}`, async () => {
    const result = await runCase(matrixCase);
    results.set(matrixCase, result);
    assert.deepEqual({ actual: result.actual, violations: result.violations }, { actual: matrixCase.expected, violations: [] });
  });

  describe('fault matrix', () => {
    before(prepareConversations);
    describe('side by side', { concurrency: CONCURRENCY }, () => cases.filter(({ isExclusive }) => !isExclusive).forEach(runAsTest));
    describe('alone', () => cases.filter(({ isExclusive }) => isExclusive).forEach(runAsTest));
    after(() => console.log(`\n${formatTable(cases.flatMap((matrixCase) => results.get(matrixCase) ?? []))}\n`));
  });
}

/** @returns {Promise<Result>} */
async function runCase(matrixCase) {
  const startedAt = performance.now();
  const conversation = await startConversation();
  const actual = await runScenario(conversation, matrixCase).catch((error) => `${error.message}`);
  return { matrixCase, actual, violations: conversation.violations, seconds: (performance.now() - startedAt) / 1000 };
}

/** Runs the scenario and one more turn, then checks all invariants. */
async function runScenario(conversation, matrixCase) {
  const outcome = await matrixCase.scenario(conversation);
  await continueSession(conversation);
  conversation.violations.push(...await violationsAtRest([conversation.client], REST_LIMIT));
  return conversation.summarize(outcome);
}

async function continueSession({ client, violations }) {
  const received = await client.runTurn('and on');
  // The turn of a client that disconnected may still run, and a machine under load may miss the Worker's deadline.
  const isRetried = () => ['turn_in_progress', 'database_unavailable'].includes(received.code);
  await waitUntil(async () => !isRetried() || (await client.resend(received)).status === 200);
  if (outcomeOf(received) !== 'finish') violations.push(`the session does not continue: ${outcomeOf(received)}`);
}

/** @param {Result[]} results */
function formatTable(results) {
  const rows = results.map(({ matrixCase, actual, violations, seconds }) => [
    matrixCase.fault, matrixCase.when, matrixCase.expected,
    [actual === matrixCase.expected ? 'as expected' : actual, ...violations].join('; '), seconds.toFixed(1),
    actual === matrixCase.expected && violations.length === 0 ? '✓' : '✗',
  ]);
  const all = [['fault', 'when', 'expected', 'actual', 'seconds', ''], ...rows];
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (fields) => `| ${fields.map((field, column) => field.padEnd(widths[column])).join(' | ')} |`;
  return [line(all[0]), line(widths.map((width) => '-'.repeat(width))), ...all.slice(1).map(line)].join('\n');
}
