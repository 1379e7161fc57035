// What must hold whatever went wrong: what clients were told is what is stored, and what is stored is what was booked.
import { database, eventually, stateDir } from '../desk.mjs';
import { readBooks } from './books.mjs';
import { SECRET } from './faults.mjs';

/** What a row says of an answer that ended so. */
const STATUS = { finish: ['complete'], abort: ['stopped'], error: ['failed', 'interrupted'] };

/**
 * @param {import('./client.mjs').Client[]} clients
 * @param {number} within milliseconds that outboxes may take
 * @returns {Promise<string[]>} what is still not as it must be when all has had its time
 */
export async function atRest(clients, within) {
  let found = ['nothing could be looked at'];
  const look = async () => {
    found = await differences(clients);
    if (found.length > 0) throw new Error(found.join('\n'));
  };
  await eventually(look, within).catch((error) => { if (found.length === 0) found = [error.message]; });
  return found;
}

/** @returns {Promise<string[]>} what is not as it must be */
async function differences(clients) {
  const books = readBooks(stateDir);
  const found = await Promise.all(clients.map(async (client) => {
    const messages = await query('select * from chat_messages where session_id = $1 order by created_at, id', client.session);
    const usage = await query('select * from chat_usage_log where session_id = $1 order by created_at, turn_id', client.session);
    return [
      ...inMessages(client, messages), ...inUsage(client, messages, usage), ...inHistory(messages, await client.history()),
      ...inBooks(usage, books.get(client.user.id) ?? new Map()),
    ];
  }));
  return [...found.flat(), ...await unsettled(clients, books)];
}

async function query(sql, ...values) {
  return (await database.query(sql, values)).rows;
}

/** No message lost, none twice, each in its place, and each as its client was told. */
function inMessages({ told }, messages) {
  const found = told.flatMap(({ lies }) => lies);
  if (JSON.stringify(told).includes(SECRET)) found.push('a client heard the words of what is behind the Worker');
  const questions = messages.filter(({ role }) => role === 'user');
  const said = questions.map(({ content }) => content);
  for (const content of new Set(said)) {
    if (said.filter((one) => one === content).length > 1) found.push(`twice: ${content}`);
  }
  for (const { message, status } of told) {
    if (status === 200 && !said.includes(message)) found.push(`lost: ${message}`);
    if (status !== undefined && status >= 400 && said.includes(message)) found.push(`kept though it was refused: ${message}`);
  }
  const order = told.map(({ message }) => message).filter((message) => said.includes(message));
  if (order.join('\n') !== said.join('\n')) found.push(`stored ${said.join(', ')} instead of ${order.join(', ')}`);
  messages.forEach((message, n) => {
    if (message.parent_id !== (messages[n - 1]?.id ?? null)) found.push(`message ${n} does not follow the one before it`);
  });
  questions.forEach((question) => {
    const answers = messages.filter(({ role, parent_id }) => role === 'assistant' && parent_id === question.id);
    if (answers.length !== 1) found.push(`${answers.length} answers to ${question.content}`);
    const one = told.find(({ message }) => message === question.content);
    if (one && answers[0]) found.push(...inAnswer(one, answers[0]));
  });
  return found;
}

/** @param {import('./client.mjs').Told} told */
export function inAnswer(told, answer) {
  const found = [];
  const { text, ending, message = 'a second reader', answerId } = told;
  if (answerId && answerId !== answer.id) found.push(`${message}: the answer has another id`);
  if (ending && !STATUS[ending.type].includes(answer.status)) found.push(`${message}: told ${ending.type}, stored ${answer.status}`);
  // Of an interrupted answer a second may be lost; and who heard no end may have heard no more than a part.
  const isLoose = answer.status === 'interrupted' || !ending;
  const [short, long] = text.length < answer.content.length ? [text, answer.content] : [answer.content, text];
  if (isLoose ? !long.startsWith(short) : short !== long) found.push(`${message}: the text is not the stored one`);
  return found;
}

/** One row for each turn, with the numbers that its client was told. */
function inUsage({ told }, messages, usage) {
  const found = [];
  const turns = messages.filter(({ role }) => role === 'user').length;
  if (usage.length !== turns) found.push(`${usage.length} rows of usage for ${turns} turns`);
  for (const { turn, ending, message } of told) {
    const row = usage.find(({ turn_id }) => turn_id.replaceAll('-', '') === turn);
    const total = ending?.messageMetadata?.usage.total_tokens;
    if (total !== undefined && row?.total_tokens !== total) found.push(`${message}: told ${total} tokens, stored ${row?.total_tokens}`);
  }
  return found;
}

/** The API shows what is stored. */
function inHistory(messages, history) {
  const spell = ({ role, status, content }) => `${role} ${status}: ${content}`;
  return messages.map(spell).join('\n') === history.map(spell).join('\n') ? [] : ['the history is not what is stored'];
}

/** Each turn is booked as what it was. */
function inBooks(usage, books) {
  return usage.flatMap(({ turn_id, total_tokens }) => {
    const entry = books.get(turn_id);
    return entry?.isSettled && entry.tokens === total_tokens ? [] : [`turn ${turn_id}: ${total_tokens} tokens, booked ${JSON.stringify(entry)}`];
  });
}

/** Nothing else is booked: no reservation is left, and no turn that Postgres does not know. */
async function unsettled(clients, books) {
  const users = [...new Set(clients.map(({ user }) => user.id))];
  const { rows } = await database.query('select turn_id from chat_usage_log where user_id = any($1)', [users]);
  const known = new Set(rows.map(({ turn_id }) => turn_id));
  return users.flatMap((user) => [...books.get(user) ?? []].filter(([turn]) => !known.has(turn))
    .map(([turn, { isSettled }]) => `turn ${turn} is ${isSettled ? 'booked' : 'reserved'} and not stored`));
}
