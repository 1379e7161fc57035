// The Durable Object of a user: sessions, memories, placeholders, the log of each turn, and an outbox of turns for Postgres.
import { DurableObject } from 'cloudflare:workers';
import { Vault } from './mask';
import { complete, type Message, type ModelEnv, type Usage } from './model';
import { Turn, encodeFrame, unmaskPart, type Part } from './turn';

export type Env = ModelEnv & {
  USER: DurableObjectNamespace<import('./user').User>;
  SUPABASE_URL: string;
  SUPABASE_SERVICE_ROLE_KEY: string;
  /** If set, the model is asked for a stream even where the client wants none, as Frontdesk does. */
  ALWAYS_STREAM?: string;
};

type Question = { id: string; session: string; user: string; message: string; parent: string | null; startedAt: number };

const PERSONA = 'You are a helpful assistant. Names in brackets such as [EMAIL_1] stand for values: repeat them as they are.';

/** Messages of a session, and memories, that a prompt contains at most. */
const HISTORY = 20;
const MEMORIES = 5;

/** Words of a message that recall searches for at most. */
const QUERY_WORDS = 16;

/** Milliseconds until an alarm looks at the outbox and at interrupted turns. */
const RETRY_MS = 10_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS messages (
    id TEXT PRIMARY KEY, session TEXT NOT NULL, role TEXT NOT NULL, content TEXT NOT NULL, created_at INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS messages_session ON messages (session, created_at);
  CREATE VIRTUAL TABLE IF NOT EXISTS memories USING fts5(content, tokenize = 'unicode61 remove_diacritics 2');
  CREATE TABLE IF NOT EXISTS turns (session TEXT PRIMARY KEY, question TEXT NOT NULL, is_running INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS log (turn TEXT, number INTEGER, parts TEXT NOT NULL, PRIMARY KEY (turn, number)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS outbox (number INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL)`;

export class User extends DurableObject<Env> {
  #sql = this.ctx.storage.sql;
  #vault: Vault;
  /** Running turns by session. */
  #running = new Map<string, Turn>();
  #delivery: Promise<void> | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#sql.exec(SCHEMA);
    this.#vault = new Vault(this.#sql);
    this.#closeInterrupted();
  }

  override async fetch(request: Request): Promise<Response> {
    const session = /^\/api\/chat\/([^/]+)\/stream$/.exec(new URL(request.url).pathname)?.[1];
    if (session) return this.#resume(session);
    const body = await request.json<{ message: string; session_id?: string; stream?: boolean }>();
    return this.#chat(body.message, body.session_id ?? crypto.randomUUID(), body.stream !== false);
  }

  override async alarm() {
    await this.#deliver();
  }

  async #chat(message: string, session: string, isStreamed: boolean): Promise<Response> {
    if (this.#running.has(session)) return Response.json({ code: 'turn_in_progress' }, { status: 409 });
    const user = this.ctx.id.name;
    if (!user) throw new Error('the object has no name');
    const masked = this.#vault.mask(message);
    const prompt = this.#prompt(session, masked);
    const parent = this.#sql.exec<{ id: string }>(
      'SELECT id FROM messages WHERE session = ? ORDER BY created_at DESC, rowid DESC LIMIT 1', session,
    ).toArray()[0]?.id ?? null;
    const question: Question = { id: crypto.randomUUID(), session, user, message: masked, parent, startedAt: Date.now() };
    const turn = new Turn(crypto.randomUUID(), this.#vault, this.#sql);
    // The output gate holds the answer back until these are durable.
    this.#addMessage(question.id, question, 'user', masked);
    this.#sql.exec('INSERT OR REPLACE INTO turns VALUES (?, ?, 1)', session, JSON.stringify({ ...question, turn: turn.id }));
    this.ctx.storage.setAlarm(Date.now() + RETRY_MS);

    this.#running.set(session, turn);
    const messageId = crypto.randomUUID();
    turn.send({ type: 'start', messageId, messageMetadata: { session_id: session, parent_id: question.id } });
    turn.send({ type: 'start-step' });
    turn.send({ type: 'text-start', id: 'text-1' });
    const stream = isStreamed ? turn.read() : undefined;
    const outcome = this.#run(turn, question, { prompt, messageId, stream: isStreamed || this.env.ALWAYS_STREAM !== undefined });
    if (stream) {
      this.ctx.waitUntil(outcome);
      return eventStream(stream);
    }
    const usage = await outcome;
    if (!usage) return Response.json({ code: 'model_unavailable' }, { status: 502 });
    return Response.json({ id: messageId, session_id: session, message: this.#vault.unmask(turn.text), finish_reason: 'stop', usage });
  }

  /** Returns `undefined` if the model failed. */
  async #run(
    turn: Turn, question: Question, { prompt, messageId, stream }: { prompt: Message[]; messageId: string; stream: boolean },
  ): Promise<Usage | undefined> {
    let usage: Usage | undefined;
    let end: Part[] = [{ type: 'error', errorText: 'The model did not answer.' }];
    try {
      usage = await complete(this.env, prompt, { stream, onText: (text) => turn.push(text) });
      end = [{ type: 'text-end', id: 'text-1' }, { type: 'finish-step' }, { type: 'finish', finishReason: 'stop', messageMetadata: { usage } }];
    } catch (error) {
      console.error(error);
    }
    this.#finish(turn.id, question, { messageId, text: turn.text, usage, status: usage ? 'complete' : 'failed' });
    turn.end(...end);
    this.#running.delete(question.session);
    this.ctx.waitUntil(this.#deliver());
    return usage;
  }

  /** Stores the answer and its record for Postgres. */
  #finish(
    turn: string, question: Question,
    answer: { messageId: string; text: string; usage: Usage | undefined; status: 'complete' | 'failed' | 'interrupted' },
  ) {
    this.#addMessage(answer.messageId, question, 'assistant', answer.text);
    this.#sql.exec('UPDATE turns SET is_running = 0 WHERE session = ?', question.session);
    const createdAt = new Date(question.startedAt).toISOString();
    const now = new Date().toISOString();
    const tokens = (text: string) => Math.ceil(text.length / 4);
    this.#sql.exec('INSERT INTO outbox (record) VALUES (?)', JSON.stringify({
      turn_id: turn, user_id: question.user, session_id: question.session, employee_slug: 'prime-boss',
      title: question.message.slice(0, 80),
      messages: [
        { id: question.id, parent_id: question.parent, role: 'user', content: question.message, content_tokens: tokens(question.message), status: 'complete', created_at: createdAt },
        { id: answer.messageId, parent_id: question.id, role: 'assistant', content: answer.text, content_tokens: tokens(answer.text), status: answer.status, created_at: now },
      ],
      usage: {
        model: 'gpt-4o-mini', prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, ...answer.usage, latency_ms: Date.now() - question.startedAt,
        success: answer.status === 'complete', usage_source: answer.usage ? 'provider' : 'estimated', created_at: createdAt,
      },
    }));
  }

  #addMessage(id: string, { session }: Question, role: 'user' | 'assistant', content: string) {
    const { rowsWritten } = this.#sql.exec('INSERT INTO messages VALUES (?, ?, ?, ?, ?)', id, session, role, content, Date.now());
    if (rowsWritten > 0 && content) this.#sql.exec('INSERT INTO memories VALUES (?)', content);
  }

  #prompt(session: string, message: string): Message[] {
    const history = this.#sql.exec<Message>(
      'SELECT role, content FROM messages WHERE session = ? ORDER BY created_at DESC, rowid DESC LIMIT ?', session, HISTORY,
    ).toArray().reverse();
    const memories = this.#recall(message).map((memory) => `- ${memory}`).join('\n');
    const system = memories ? `${PERSONA}\n\nFrom earlier conversations:\n${memories}` : PERSONA;
    return [{ role: 'system', content: system }, ...history, { role: 'user', content: message }];
  }

  #recall(message: string): string[] {
    const words = message.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu)?.slice(0, QUERY_WORDS) ?? [];
    if (words.length === 0) return [];
    const query = words.map((word) => `"${word}"`).join(' OR ');
    const rows = this.#sql.exec<{ content: string }>('SELECT content FROM memories WHERE memories MATCH ? ORDER BY rank LIMIT ?', query, MEMORIES);
    return rows.toArray().map(({ content }) => content);
  }

  /** Replays the newest turn of a session, and continues it while it runs. */
  #resume(session: string): Response {
    const turn = this.#running.get(session);
    if (turn) return eventStream(turn.read());
    const rows = this.#sql.exec<{ parts: string; turn: string }>(
      "SELECT log.turn, log.parts FROM turns JOIN log ON log.turn = question ->> 'turn' WHERE session = ? ORDER BY number", session,
    ).toArray();
    if (!rows[0]) return new Response(null, { status: 204 });
    const { turn: id } = rows[0];
    const parts = rows.flatMap((row) => JSON.parse(row.parts) as Part[]);
    const frames = parts.map((part, i) => encodeFrame(id, i + 1, unmaskPart(part, this.#vault)));
    return eventStream(new Blob(frames).stream());
  }

  /** Closes the turns that an eviction or a crash ended. */
  #closeInterrupted() {
    for (const { question: json } of this.#sql.exec<{ question: string }>('SELECT question FROM turns WHERE is_running = 1').toArray()) {
      const { turn, ...question } = JSON.parse(json) as Question & { turn: string };
      const saved = this.#sql.exec<{ parts: string }>('SELECT parts FROM log WHERE turn = ? ORDER BY number', turn).toArray();
      const text = saved.flatMap(({ parts }) => JSON.parse(parts) as Part[]).map(({ delta }) => delta ?? '').join('');
      this.#finish(turn, question, { messageId: crypto.randomUUID(), text, usage: undefined, status: 'interrupted' });
    }
  }

  /** Sends the outbox to Postgres, in order. What fails is sent again by the alarm. */
  #deliver(): Promise<void> {
    this.#delivery ??= this.#sendOutbox().finally(() => { this.#delivery = undefined; });
    return this.#delivery;
  }

  async #sendOutbox() {
    for (;;) {
      const [row] = this.#sql.exec<{ number: number; record: string }>('SELECT number, record FROM outbox ORDER BY number LIMIT 1').toArray();
      if (!row) return;
      const key = this.env.SUPABASE_SERVICE_ROLE_KEY;
      const response = await fetch(`${this.env.SUPABASE_URL}/rest/v1/rpc/commit_turn`, {
        method: 'POST',
        headers: { apikey: key, authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: `{"p_turn":${row.record}}`,
      }).catch(() => undefined);
      const saved = response?.ok ? await response.json<{ committed?: boolean }>() : undefined;
      if (saved?.committed === undefined) {
        console.error(`commit_turn: ${response?.status} ${await response?.text().catch(() => '')}`);
        await this.ctx.storage.setAlarm(Date.now() + RETRY_MS);
        return;
      }
      this.#sql.exec('DELETE FROM outbox WHERE number = ?', row.number);
    }
  }
}

function eventStream(body: ReadableStream): Response {
  const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-vercel-ai-ui-message-stream': 'v1' };
  return new Response(body, { headers });
}
