// Every function of the database that writes something of a user, as the Worker calls it.
import { randomUUID } from 'node:crypto';

/** Bytes of a vector with one dimension set. */
const VECTOR = `[1${',0'.repeat(1535)}]`;

const usage = (startedAt) => ({
  model: 'gpt-4o-mini', prompt_tokens: 1, cached_tokens: 0, completion_tokens: 1, total_tokens: 2, latency_ms: 1, success: true, usage_source: 'provider',
  created_at: startedAt,
});

/** A fact about a key, with its value. */
export const fact = (key, text = randomUUID()) => ({
  id: randomUUID(), category: 'profile', key, fact: text, confidence: 1, valid_from: new Date().toISOString(),
});

/** A turn of a session: a question and its answer. */
export function turn({ user, session, startedAt }, { facts = [] } = {}) {
  const question = randomUUID();
  const message = (id, parent, role, at) => ({ id, parent_id: parent, role, content: role, content_tokens: 1, status: 'complete', created_at: at });
  return {
    turn_id: randomUUID(), user_id: user, session_id: session, employee_slug: 'prime-boss', title: 'A turn', started_at: startedAt,
    messages: [message(question, null, 'user', startedAt), message(randomUUID(), question, 'assistant', startedAt)],
    usage: usage(startedAt), facts,
    files: [{ id: randomUUID(), name: 'a.csv', media_type: 'text/csv', table_rows: 1, created_at: startedAt }],
  };
}

/** What learning saves. */
export const extraction = ({ startedAt }, facts) => ({
  read: [], ended: [], forgotten: [], commands: [], facts, usage: { id: randomUUID(), purpose: 'facts', employee_slug: 'prime-boss', ...usage(startedAt) },
});

/**
 * Function and arguments of each writer. `at` has the user, an own session, a message, a fact, a document and a file of theirs, and the
 * moment at which the work began.
 * @type {Record<string, (at: Record<string, string>) => unknown[]>}
 */
export const WRITERS = {
  commit_turn: (at) => [turn({ ...at, session: randomUUID() }, { facts: [fact('city')] })],
  park_turn: ({ user, session, startedAt }) => [randomUUID(), user, session, startedAt, 'status 400'],
  note_stalled_work: ({ user, startedAt }) => [user, startedAt, 'facts', 'model_rejected'],
  save_feedback: ({ user, message }) => [user, message, 1, null],
  update_session: ({ user, startedAt }) => [
    user, randomUUID(), { title: 'Mine' }, { employee_slug: 'prime-boss', title: 'New', created_at: startedAt },
  ],
  delete_session: ({ user, session, startedAt }) => [user, session, startedAt, true],
  import_messages: ({ user, startedAt }) => [
    user, 'prime-boss',
    [{ id: randomUUID(), session_id: randomUUID(), role: 'user', content: 'Hi', content_tokens: 1, created_at: startedAt }], startedAt,
  ],
  save_embeddings: ({ user, message }) => [user, [{ id: message, embedding: VECTOR }]],
  save_facts: (at) => [at.user, extraction(at, [fact('city'), fact('name')])],
  forget_facts: ({ user, fact: id }) => [user, [id], []],
  correct_fact: ({ user, fact: id }) => [user, id, 'Lives in Basel'],
  save_summary: ({ user, session, message, startedAt }) => [user, {
    session_id: session, covers: message, replaces: null, continues: false, message_ids: [], summary: 'They met.', tokens: 3,
    usage: { id: randomUUID(), purpose: 'summary', session_id: session, employee_slug: 'prime-boss', ...usage(startedAt) },
  }],
  save_title: ({ user, session, startedAt }) => [
    user, session, 'A title', { id: randomUUID(), purpose: 'title', session_id: session, employee_slug: 'prime-boss', ...usage(startedAt) },
  ],
  save_document: ({ user, startedAt }) => [user, {
    id: randomUUID(), name: 'a.txt', media_type: 'text/plain', size_bytes: 1, received_at: startedAt, max_documents: 100,
    chunks: [{ id: randomUUID(), content: 'One', content_tokens: 1 }],
  }],
  delete_document: ({ user, document }) => [user, document],
  save_file: ({ user, startedAt }) => [user, {
    id: randomUUID(), purpose: 'scan', name: 'a.png', media_type: 'image/png', size_bytes: 1, received_at: startedAt, expires_at: '2100-01-01T00:00:00Z',
  }, 100],
  delete_files: ({ user, file }) => [user, `{${file}}`],
  commit_vault: ({ user, startedAt }) => [user, {
    key: { key_id: randomUUID(), founded_at: startedAt, master_version: 1, wrapped: `\\x${'00'.repeat(60)}` },
    entries: [{ token: '[EMAIL_1]', entity: 'EMAIL', fingerprint: `\\x${'00'.repeat(32)}`, ciphertext: `\\x${'00'.repeat(40)}`, key_version: 1 }],
  }],
};

/** Calls a function with the service key. Objects and lists become JSON; a list of UUIDs is written as Postgres spells it. */
export async function call(client, name, values) {
  const places = values.map((_, n) => `$${n + 1}`).join(', ');
  const written = values.map((value) => (value !== null && typeof value === 'object' && !uuids(value) ? JSON.stringify(value) : value));
  const { rows: [row] } = await client.query(`select public.${name}(${places}) as result`, written);
  return row.result;
}

const uuids = (value) => Array.isArray(value) && value.every((one) => typeof one === 'string');
