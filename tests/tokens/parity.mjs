// Compares token counts with npm's gpt-tokenizer, for texts and chat requests of many kinds.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { countChatCompletionTokens, countTokens } from 'gpt-tokenizer/model/gpt-4o';
import { ROOT } from '../../dev/bootstrap.mjs';
import { requests } from './requests.mjs';
import { texts } from './texts.mjs';

const TEXT_COUNT = 10_000;
/** Differences that are printed. */
const SHOWN_COUNT = 5;

// gpt-tokenizer throws on special tokens in a text unless `disallowedSpecial` is empty.
const expectedCount = (/** @type {any} */ input) => (typeof input === 'string'
  ? countTokens(input, { disallowedSpecial: new Set() })
  : /** @type {NonNullable<typeof countChatCompletionTokens>} */ (countChatCompletionTokens)(input));

const inputs = [...texts(TEXT_COUNT), ...requests()];
const { stdout, stderr, status } = spawnSync('cargo', ['run', '--quiet', '--package', 'tokens', '--example', 'count'], {
  cwd: ROOT, input: inputs.map((input) => JSON.stringify(input)).join('\n'), encoding: 'utf8', maxBuffer: 1 << 30,
});
assert.equal(status, 0, stderr);
const counts = stdout.trim().split('\n').map(Number);
assert.equal(counts.length, inputs.length);
const differences = inputs.map((input, n) => ({ input, count: counts[n], expected: expectedCount(input) })).filter(({ count, expected }) => count !== expected);
for (const { input, count, expected } of differences.slice(0, SHOWN_COUNT)) {
  console.error(`${count} instead of ${expected}: ${JSON.stringify(input).slice(0, 500)}`);
}
assert.equal(differences.length, 0, `${differences.length} of ${inputs.length} counts differ from gpt-tokenizer`);
console.log(`${inputs.length} counts equal those of gpt-tokenizer`);
