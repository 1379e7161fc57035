// Invariants that hold after any fault: stored rows equal what clients received, and the ledger equals the stored usage.
import { database, eventually, stateDir } from '../test-stack.mjs';
import { UPSTREAM_SECRET } from './faults.mjs';
import { readLedgers } from './ledger.mjs';

/** Statuses that a stored answer may have, by the type of its last frame. */
const STATUSES = { finish: ['complete'], abort: ['stopped'], error: ['failed', 'interrupted'] };

/**
 * Waits until all invariants hold.
 * @param {import('./client.mjs').ChatClient[]} clients
 * @param {number} limit milliseconds that the outboxes may take
 * @returns {Promise<string[]>} the violations that are left at the end of that time
 */
export async function violationsAtRest(clients, limit) {
  let violations = ['nothing could be read'];
  const check = async () => {
    violations = await allViolations(clients);
    if (violations.length > 0) throw new Error(violations.join('\n'));
  };
  await eventually(check, limit).catch((error) => { if (violations.length === 0) violations = [error.message]; });
  return violations;
}

/** @returns {Promise<string[]>} */
async function allViolations(clients) {
  const ledgers = readLedgers(stateDir, new Set(clients.map(({ user }) => user.id)));
  const violations = await Promise.all(clients.map(async (client) => {
    const messages = await query('select * from chat_messages where session_id = $1 order by created_at, id', client.session);
    const usage = await query('select * from chat_usage_log where purpose = \'turn\' and session_id = $1 order by created_at, turn_id', client.session);
    return [
      ...messageViolations(client, messages), ...usageViolations(client, messages, usage),
      ...historyViolations(messages, await client.history()), ...ledgerViolations(usage, ledgers.get(client.user.id) ?? new Map()),
    ];
  }));
  return [...violations.flat(), ...await unknownEntries(clients, ledgers)];
}

async function query(sql, ...values) {
  return (await database.query(sql, values)).rows;
}

/** Messages are neither lost nor duplicated, follow each other, and equal what their client received. */
function messageViolations({ turns }, messages) {
  const found = turns.flatMap(({ violations }) => violations);
  if (JSON.stringify(turns).includes(UPSTREAM_SECRET)) found.push('a client received the text of an upstream error');
  const questions = messages.filter(({ role }) => role === 'user');
  const stored = questions.map(({ content }) => content);
  for (const content of new Set(stored)) {
    if (stored.filter((one) => one === content).length > 1) found.push(`twice: ${content}`);
  }
  for (const { message, status } of turns) {
    if (status === 200 && !stored.includes(message)) found.push(`lost: ${message}`);
    if (status !== undefined && status >= 400 && stored.includes(message)) found.push(`stored although rejected: ${message}`);
  }
  const sent = turns.map(({ message }) => message).filter((message) => stored.includes(message));
  if (sent.join('\n') !== stored.join('\n')) found.push(`stored ${stored.join(', ')} instead of ${sent.join(', ')}`);
  messages.forEach((message, n) => {
    if (message.parent_id !== (messages[n - 1]?.id ?? null)) found.push(`message ${n} does not follow the one before it`);
  });
  questions.forEach((question) => {
    const answers = messages.filter(({ role, parent_id }) => role === 'assistant' && parent_id === question.id);
    if (answers.length !== 1) found.push(`${answers.length} answers to ${question.content}`);
    const received = turns.find(({ message }) => message === question.content);
    if (received && answers[0]) found.push(...answerViolations(received, answers[0]));
  });
  return found;
}

/** @param {import('./client.mjs').ReceivedTurn} received */
export function answerViolations(received, answer) {
  const found = [];
  const { text, end, message = 'a second reader', answerId } = received;
  if (answerId && answerId !== answer.id) found.push(`${message}: the answer has another id`);
  if (end && !STATUSES[end.type].includes(answer.status)) found.push(`${message}: received ${end.type}, stored ${answer.status}`);
  // An interrupted answer may lose its last second, and a reader without an end may have received only a part.
  const mayBePrefix = answer.status === 'interrupted' || !end;
  const [short, long] = text.length < answer.content.length ? [text, answer.content] : [answer.content, text];
  if (mayBePrefix ? !long.startsWith(short) : short !== long) found.push(`${message}: the text differs from the stored one`);
  return found;
}

/** Each turn has one usage row, with the token count that its client received. */
function usageViolations({ turns }, messages, usage) {
  const found = [];
  const turnCount = messages.filter(({ role }) => role === 'user').length;
  if (usage.length !== turnCount) found.push(`${usage.length} rows of usage for ${turnCount} turns`);
  for (const { turnId, end, message } of turns) {
    const row = usage.find(({ turn_id }) => turn_id.replaceAll('-', '') === turnId);
    const total = end?.messageMetadata?.usage.total_tokens;
    if (total !== undefined && row?.total_tokens !== total) found.push(`${message}: received ${total} tokens, stored ${row?.total_tokens}`);
  }
  return found;
}

/** The API returns the stored messages. */
function historyViolations(messages, history) {
  const format = ({ role, status, content }) => `${role} ${status}: ${content}`;
  return messages.map(format).join('\n') === history.map(format).join('\n') ? [] : ['the history differs from the stored messages'];
}

/** The ledger has a settled entry for each turn, with the stored token count. */
function ledgerViolations(usage, ledger) {
  return usage.flatMap(({ turn_id, total_tokens }) => {
    const entry = ledger.get(turn_id);
    return entry?.isSettled && entry.tokens === total_tokens ? [] : [`turn ${turn_id}: ${total_tokens} tokens, booked ${JSON.stringify(entry)}`];
  });
}

/** Ledger entries of turns that Postgres does not have: neither a reservation nor a settled entry may be left. */
async function unknownEntries(clients, ledgers) {
  const users = [...new Set(clients.map(({ user }) => user.id))];
  const { rows } = await database.query('select turn_id from chat_usage_log where user_id = any($1)', [users]);
  const known = new Set(rows.map(({ turn_id }) => turn_id));
  return users.flatMap((user) => [...ledgers.get(user) ?? []].filter(([turn]) => !known.has(turn))
    .map(([turn, { isSettled }]) => `turn ${turn} is ${isSettled ? 'booked' : 'reserved'} and not stored`));
}
