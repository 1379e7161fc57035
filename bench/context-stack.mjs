// The built Worker with Postgres and PostgREST for `npm run bench:context`. Each turn returns the prompt that the model got.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { freePorts } from '../dev/ports.mjs';
import { startStack } from '../dev/stack.mjs';
import { mintAccessToken } from '../dev/supabase.mjs';
import { tokensOf } from './context-score.mjs';

/** Attempts for a question that is not remembered: on a busy machine recall may miss its deadline. */
const MAX_ATTEMPTS = 5;

/** @param {Awaited<ReturnType<typeof import('./context-model.mjs').startContextModel>>} model @param {(line: string) => void} say */
export async function startContextStack(model, say) {
  const stateDir = mkdtempSync(join(tmpdir(), 'frontdesk-bench-'));
  const stack = await startStack({ ports: await freePorts(), stateDir, vars: { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: 'bench' }, say });
  const database = new pg.Pool({ connectionString: stack.databaseUrl, max: 1 });
  /** All turns; prompts over their budget; receipts with a wrong token count; turns without recall. */
  const counts = { turns: 0, overBudget: 0, miscounted: 0, unavailable: 0 };

  /** Creates a user and returns the headers of the user's requests. */
  async function newUser() {
    const id = crypto.randomUUID();
    const email = `${id}@example.com`;
    await database.query('insert into auth.users (id, email) values ($1, $2)', [id, email]);
    return { authorization: `Bearer ${await mintAccessToken(stack.keys, { sub: id, email, issuer: `${stack.supabaseUrl}/auth/v1` })}` };
  }

  /** Creates an employee like the default one, but with another budget. Returns the slug. */
  async function createEmployee(budget) {
    await database.query(`
      insert into employee_profiles (slug, title, description, system_prompt, token_budget)
      select $1, title, description, system_prompt, $2 from employee_profiles where slug = 'prime-boss'`, [`budget-${budget}`, budget]);
    return `budget-${budget}`;
  }

  async function runTurnOnce(headers, body) {
    const startedAt = performance.now();
    const response = await fetch(`${stack.api}/api/chat`, { method: 'POST', headers, body: JSON.stringify(body) });
    let text = '';
    let firstTokenMs = 0;
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      if (!firstTokenMs && text.includes('"text-delta"')) firstTokenMs = performance.now() - startedAt;
    }
    if (!firstTokenMs) throw new Error(`A turn failed: ${response.status} ${text.slice(0, 500)}`);
    const parts = [...text.matchAll(/^data: (\{[^\n]*)/gm)].map(([, data]) => JSON.parse(data));
    const receipt = parts.find(({ type }) => type === 'data-receipt').data;
    const answer = parts.filter(({ type }) => type === 'text-delta').map(({ delta }) => delta).join('');
    const messages = model.prompts.at(-1);
    if (messages.at(-1).content !== body.message) throw new Error('The newest prompt belongs to another message.');
    const tokens = tokensOf(messages);
    const isUnavailable = receipt.vector !== 'used';
    counts.turns += 1;
    counts.overBudget += Number(tokens > receipt.budget);
    counts.miscounted += Number(tokens !== receipt.counted);
    counts.unavailable += Number(isUnavailable);
    return { messages, tokens, receipt, answer, firstTokenMs, isUnavailable };
  }

  /** Runs a turn. Repeats one with `remember: false` whose recall missed its deadline. */
  async function runTurn(headers, body) {
    for (let attempt = 1; ; attempt += 1) {
      const turn = await runTurnOnce(headers, body);
      if (!turn.isUnavailable || body.remember !== false || attempt === MAX_ATTEMPTS) return turn;
    }
  }

  /** Creates a user with imported messages, and waits until all are embedded. */
  async function newUserWith(messages) {
    const headers = await newUser();
    const body = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
    const answer = await (await fetch(`${stack.api}/api/import`, { method: 'POST', headers, body })).text();
    if (JSON.parse(answer.trim().split('\n').at(-1)).imported !== messages.length) throw new Error(`The import failed: ${answer.slice(-500)}`);
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

  return { counts, newUser, newUserWith, createEmployee, runTurn, stop };
}

