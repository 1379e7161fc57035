// Tokens are what npm's gpt-tokenizer counts, of texts and of chat requests of all kinds.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { countChatCompletionTokens, countTokens } from 'gpt-tokenizer/model/gpt-4o';
import { ROOT } from '../../dev/bootstrap.mjs';
import { requests } from './requests.mjs';
import { texts } from './texts.mjs';

const TEXTS = 10_000;
const SHOWN = 5;

// For the peer, a special token in a text is an error unless nothing is disallowed.
const peer = (/** @type {any} */ asked) => (typeof asked === 'string'
  ? countTokens(asked, { disallowedSpecial: new Set() })
  : /** @type {NonNullable<typeof countChatCompletionTokens>} */ (countChatCompletionTokens)(asked));

const asked = [...texts(TEXTS), ...requests()];
const { stdout, stderr, status } = spawnSync('cargo', ['run', '--quiet', '--package', 'tokens', '--example', 'count'], {
  cwd: ROOT, input: asked.map((one) => JSON.stringify(one)).join('\n'), encoding: 'utf8', maxBuffer: 1 << 30,
});
assert.equal(status, 0, stderr);
const counts = stdout.trim().split('\n').map(Number);
assert.equal(counts.length, asked.length);
const wrong = asked.map((one, at) => ({ one, count: counts[at], peer: peer(one) })).filter(({ count, peer }) => count !== peer);
for (const { one, count, peer } of wrong.slice(0, SHOWN)) console.error(`${count}, not ${peer}: ${JSON.stringify(one).slice(0, 500)}`);
assert.equal(wrong.length, 0, `${wrong.length} of ${asked.length} are not what gpt-tokenizer counts`);
console.log(`${asked.length} counts are what gpt-tokenizer counts`);
