// The built Worker with Postgres and PostgREST behind it, for `npm run bench:context`: turns, each with the prompt that the model got.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { freePorts } from '../dev/ports.mjs';
import { startStack } from '../dev/stack.mjs';
import { mintAccessToken } from '../dev/supabase.mjs';
import { tokensOf } from './context-score.mjs';

/** When memory does not answer in time, which on a busy machine happens, a question that leaves no trace is asked again so often. */
const TRIES = 5;

/** @param {Awaited<ReturnType<typeof import('./context-model.mjs').startContextModel>>} model @param {(line: string) => void} say */
export async function startDesk(model, say) {
  const stateDir = mkdtempSync(join(tmpdir(), 'frontdesk-bench-'));
  const stack = await startStack({ ports: await freePorts(), stateDir, vars: { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: 'bench' }, say });
  const database = new pg.Pool({ connectionString: stack.databaseUrl, max: 1 });
  // Nobody here has so many memories that it is used, and PGlite takes minutes to fill it.
  await database.query('drop index user_memory_embeddings_nearest');
  /** Of all turns: those whose prompt has more tokens than it may, or others than its receipt says, and those that memory did not answer. */
  const counts = { turns: 0, over: 0, miscounted: 0, unavailable: 0 };

  /** Somebody new, as the headers of their requests. */
  async function newUser() {
    const id = crypto.randomUUID();
    const email = `${id}@example.com`;
    await database.query('insert into auth.users (id, email) values ($1, $2)', [id, email]);
    return { authorization: `Bearer ${await mintAccessToken(stack.keys, { sub: id, email, issuer: `${stack.supabaseUrl}/auth/v1` })}` };
  }

  /** An employee like the usual one, but for the budget; gives the name. */
  async function employee(budget) {
    await database.query(`
      insert into employee_profiles (slug, title, description, system_prompt, token_budget)
      select $1, title, description, system_prompt, $2 from employee_profiles where slug = 'prime-boss'`, [`of-${budget}`, budget]);
    return `of-${budget}`;
  }

  async function turnOnce(headers, body) {
    const began = performance.now();
    const response = await fetch(`${stack.api}/api/chat`, { method: 'POST', headers, body: JSON.stringify(body) });
    let text = '';
    let first = 0;
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      if (!first && text.includes('"text-delta"')) first = performance.now() - began;
    }
    if (!first) throw new Error(`A turn failed: ${response.status} ${text.slice(0, 500)}`);
    const parts = [...text.matchAll(/^data: (\{[^\n]*)/gm)].map(([, data]) => JSON.parse(data));
    const receipt = parts.find(({ type }) => type === 'data-receipt').data;
    const answer = parts.filter(({ type }) => type === 'text-delta').map(({ delta }) => delta).join('');
    const messages = model.asked.at(-1);
    if (messages.at(-1).content !== body.message) throw new Error('The model was asked something else.');
    const tokens = tokensOf(messages);
    const dropped = receipt.sections.flatMap((section) => section.dropped ?? []);
    const isUnavailable = dropped.some(({ reason }) => reason === 'unavailable');
    counts.turns += 1;
    counts.over += Number(tokens > receipt.budget);
    counts.miscounted += Number(tokens !== receipt.counted);
    counts.unavailable += Number(isUnavailable);
    return { messages, tokens, receipt, answer, first, isUnavailable };
  }

  /** One turn: the prompt, its tokens and its receipt, the answer, and the milliseconds to its first token. */
  async function turn(headers, body) {
    for (let tries = 1; ; tries += 1) {
      const done = await turnOnce(headers, body);
      if (!done.isUnavailable || body.remember !== false || tries === TRIES) return done;
    }
  }

  /** Imports what somebody new has said, and waits until all of it has its vectors. */
  async function newUserWith(said) {
    const headers = await newUser();
    const body = said.map((one) => `${JSON.stringify(one)}\n`).join('');
    const answer = await (await fetch(`${stack.api}/api/import`, { method: 'POST', headers, body })).text();
    if (JSON.parse(answer.trim().split('\n').at(-1)).imported !== said.length) throw new Error(`The import failed: ${answer.slice(-500)}`);
    for (;;) {
      const { pending } = await (await fetch(`${stack.api}/api/import`, { headers })).json();
      if (pending === 0) return headers;
      await delay(250);
    }
  }

  async function stop() {
    await database.end();
    await stack.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }

  return { counts, newUser, newUserWith, employee, turn, stop };
}

/** @typedef {Awaited<ReturnType<typeof startDesk>>} Desk */
