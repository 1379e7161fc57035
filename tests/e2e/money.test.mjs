import { test } from 'node:test';
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ask, call, database, eventually, newUser, proxies, rows, script, scriptBackground, scriptSteps, scriptTitle, stream } from './test-stack.mjs';
import { USAGE_EVENT, atEvent, cutStream, isChat, newestMessage, respondWith } from '../faults/faults.mjs';

/** A small picture, in base64. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAIAAAADCAYAAAC56t6BAAAAAElFTkSuQmCC';

const usage = (/** @type {number} */ prompt, /** @type {number} */ completion) =>
  ({ prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion });

/**
 * Tokens of answers that passed the proxy, as the model reports them, and the number of requests for them. The background work of other
 * users may still pass it: requests count that have one of the `marks`. Vectors come in a rest.
 * @param {string[]} marks
 */
function witness(marks) {
  const served = { tokens: 0, requests: 0 };
  const add = (/** @type {string} */ json) => { served.tokens += JSON.parse(json).usage?.total_tokens ?? 0; };
  const watch = (/** @type {(exchange: any) => Promise<unknown>} */ fault) => (/** @type {any} */ exchange) => {
    if (!isChat(exchange) || !marks.some((mark) => exchange.body.includes(mark))) return fault(exchange);
    served.requests += 1;
    const pass = exchange.pass.bind(exchange);
    exchange.pass = (/** @type {any} */ edit) => pass(async function* edited(/** @type {AsyncIterable<string>} */ events) {
      for await (const event of edit ? edit(events) : events) {
        const data = /^data: (\{.*\})\s*$/s.exec(event)?.[1];
        if (data) add(data);
        yield event;
      }
    });
    return fault(exchange);
  };
  return { served, watch };
}

test('the sum of what is booked is what the model served, with every feature and with faults', async () => {
  const user = await newUser();
  const slug = `money-${randomUUID().slice(0, 8)}`;
  await database.query("insert into employee_profiles (slug, title, system_prompt, tools, learns) values ($1, 'Clerk', 'You work.', '{calculator,ocr}', true)", [slug]);
  const [tea, sum, lost, photo] = ['tea', 'sum', 'lost', 'photo'].map((name) => `${name} ${randomUUID()}`);
  const { served, watch } = witness([tea, sum, lost, photo, PNG]);
  script(tea, { content: 'Green tea.', usage: usage(101, 11) });
  scriptSteps(sum, { calculator: { expression: '2 * 21' } }, 'It is 42.');
  script(lost, { content: 'At last.', usage: usage(211, 13) });
  scriptTitle(tea, 'About tea');
  scriptBackground(tea, { content: JSON.stringify({ facts: [], ended: [], forget: [] }), usage: usage(401, 17) });

  // Titles and facts cannot be saved at first: they are not made again.
  for (const name of ['save_title', 'save_facts']) {
    proxies.supabase.addRule(({ path }) => path.endsWith(`/rpc/${name}`), [respondWith(503), respondWith(503)]);
  }
  // An attempt that is billed before its first word, and breaks off.
  const cut = atEvent(() => true, async function* usageAlone(event) {
    if (!USAGE_EVENT(event)) return;
    yield event;
    yield* cutStream();
  });
  /** @type {[string, (exchange: any) => unknown][]} */
  const faults = [[lost, cut], [lost, cut], [sum, respondWith(500)]];
  proxies.model.addRule(() => true, watch((exchange) => {
    const isTurn = isChat(exchange) && !exchange.body.includes('response_format');
    const at = isTurn ? faults.findIndex(([marker]) => JSON.stringify(newestMessage(exchange)).includes(marker)) : -1;
    const [fault] = at < 0 ? [] : faults.splice(at, 1);
    return fault ? fault[1](exchange) : exchange.pass();
  }));

  await ask(tea, { user, employee: slug });
  await stream(sum, { user, employee: slug });
  await ask(lost, { user, employee: slug });
  const file = await (await call('/api/files', { user, method: 'POST', body: Buffer.from(PNG, 'base64'), headers: { 'x-file-name': 'a.png' } })).json();
  scriptSteps(photo, { ocr: { file: file.id } }, 'It is small.');
  await stream(photo, { user, employee: slug });

  const isBooked = () => eventually(async () => {
    const [booked] = await rows(`select array_agg(distinct purpose order by purpose) as purposes,
      sum(total_tokens) filter (where purpose not in ('recall', 'embedding'))::integer as tokens
      from chat_usage_log where user_id = $1`, [user.id]);
    assert.deepEqual(booked.purposes, ['embedding', 'facts', 'ocr', 'recall', 'step', 'title', 'turn']);
    // The stand-in reports no tokens of vectors, so those are counted here.
    assert.equal(booked.tokens, served.tokens);
  });
  await isBooked();
  // The last messages are read for facts after a rest. What is asked for again and again never ends this loop.
  for (let before = 0; before !== served.requests;) {
    before = served.requests;
    await new Promise((resolve) => { setTimeout(resolve, 3000); });
  }
  await isBooked();
  // As a colleague of the seeded employees it takes room of their tools, in the tests that follow.
  await database.query('update employee_profiles set is_active = false where slug = $1', [slug]);
});
