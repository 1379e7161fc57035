// A conversation for one scenario: its own user and session, so that many scenarios run at once.
import { randomUUID } from 'node:crypto';
import { call, database, eventually, newUser, proxies, script } from '../test-stack.mjs';
import { ChatClient, ReceivedTurn } from './client.mjs';
import { chatAbout } from './faults.mjs';
import { answerViolations } from './invariants.mjs';

/** Employee with a budget that no scenario reaches: it makes the ledger book every turn. */
const EMPLOYEE = 'patient';
const DAILY_TOKENS = 1_000_000_000;

/** The model's answer: about two seconds of text, at 40 chunks a second. */
const ANSWER = Array.from({ length: 60 }, (_, n) => `word${n}`).join(' ');
const PACE = { chunkSize: 5, streamingProfile: { ttft: 30, tps: 40 } };
const USAGE = { prompt_tokens: 40, completion_tokens: 120 };

/** Attempts to send a message again to a stack that is too slow. */
const MAX_RESENDS = 3;

/** Start of each conversation's message. */
export const MESSAGE_PREFIX = 'test conversation';

/** Scripts the model, creates the employee, and waits until the Worker has the signing keys. Must run before the first conversation. */
export async function prepareConversations() {
  script(MESSAGE_PREFIX, { content: ANSWER, usage: USAGE }, PACE);
  await database.query(
    'insert into employee_profiles (slug, title, system_prompt, max_output_tokens, daily_tokens) values ($1, $1, $1, 500, $2)',
    [EMPLOYEE, DAILY_TOKENS],
  );
  await waitUntil(async () => (await call('/api/employees')).ok);
}

/** @returns {Promise<TestConversation>} */
export async function startConversation() {
  return new TestConversation(await newUser());
}

export class TestConversation {
  /** @type {string[]} */
  violations = [];
  message = `${MESSAGE_PREFIX} ${randomUUID()}`;
  #user;
  #hasSupabaseFaults = false;
  #modelRule = this.#addModelRule([]);

  constructor(user) {
    this.#user = user;
    this.client = new ChatClient({ user, employee: EMPLOYEE });
  }

  /** Injects faults into the model requests of this conversation's message. */
  failModel(faults) {
    this.#modelRule = this.#addModelRule(faults);
    return this.#modelRule;
  }

  /** Injects faults into the user's requests to Supabase whose REST path starts with `path`. */
  failSupabase(path, faults) {
    // A turn commits after its answer: a failing commit cannot reject it.
    this.#hasSupabaseFaults ||= path !== 'rpc/commit_turn';
    const { id, access_token } = this.#user;
    const isOfUser = ({ headers, body }) => headers.authorization === `Bearer ${access_token}` || body.includes(id);
    return proxies.supabase.addRule((exchange) => exchange.path.startsWith(`/rest/v1/${path}`) && isOfUser(exchange), faults);
  }

  /**
   * Sends a message, like `ChatClient.send`. Without an injected fault of Supabase, a 503 means that a machine under load missed the
   * Worker's deadline: a client then sends the message again.
   */
  async send(message = this.message) {
    const { received, disconnected } = this.client.send(message);
    let connection = disconnected;
    for (let resends = 0; !this.#hasSupabaseFaults && resends < MAX_RESENDS; resends += 1) {
      await waitUntil(() => received.status !== undefined);
      if (received.status !== 503) break;
      await connection;
      received.status = undefined;
      connection = this.client.resend(received);
    }
    return { received, disconnected: connection };
  }

  /** Runs a turn to the end of its connection. */
  async runTurn(message = this.message) {
    return (await this.send(message)).disconnected;
  }

  /** Sends a rejected message again until it is accepted, and reads the answer. */
  async resendUntilAccepted(received) {
    await waitUntil(async () => (await this.client.resend(received)).status === 200);
    return received;
  }

  /** Sends the message, and waits until the gate is reached and `hasReceived` is true for the client. */
  async sendUntil(gate, hasReceived = () => true) {
    const { received, disconnected } = await this.send();
    const ended = disconnected.then(() => { throw new Error(`the connection ended before the gate: ${outcomeOf(received)}`); });
    await Promise.race([gate.reached, ended]);
    await waitUntil(() => hasReceived(received));
    return { received, disconnected };
  }

  /** Connects a second reader to the running turn. */
  async joinSecondReader() {
    const received = new ReceivedTurn();
    const disconnected = this.client.resume(received);
    await waitUntil(() => received.status === 200);
    return { received, disconnected };
  }

  /** One line: the client's outcome, the stored answer, the number of model requests, the usage source or the error code. */
  async summarize(clientOutcome) {
    const [answer] = await selectRows(`select a.* from chat_messages a join chat_messages q on a.parent_id = q.id
      where a.session_id = $1 and q.content = $2`, this.client.session, this.message);
    const modelRequests = `asked ${this.#modelRule.exchanges.length}×`;
    if (!answer) return [clientOutcome, 'nothing stored', modelRequests].join(', ');
    const [usage] = await selectRows(`select * from chat_usage_log where purpose = 'turn' and session_id = $1 and created_at = $2`, this.client.session, answer.created_at);
    const text = answer.content === ANSWER ? 'whole' : answer.content === '' ? 'no text' : 'in part';
    return [clientOutcome, `${answer.status} ${text}`, modelRequests, usage?.error_code ?? usage?.usage_source].join(', ');
  }

  /** Records a violation if the second reader did not receive the same as the first. */
  async compareReaders(first, second) {
    await eventually(async () => {
      const [answer] = await selectRows(`select * from chat_messages where session_id = $1 and id = $2`, this.client.session, first.answerId);
      this.violations.push(...answerViolations(second, answer));
    });
    if (JSON.stringify(first.frames) !== JSON.stringify(second.frames)) this.violations.push('two readers received different frames');
  }

  #addModelRule(faults) {
    return proxies.model.addRule(chatAbout(this.message), faults);
  }
}

/** Outcome of a turn for its client. @param {ReceivedTurn} received */
export function outcomeOf({ status, code, end }) {
  if (end) return end.type;
  if (status === undefined) return 'no response';
  return code ? `${status} ${code}` : 'cut off';
}

async function selectRows(sql, ...values) {
  return (await database.query(sql, values)).rows;
}

/** Waits until a condition is true. */
export function waitUntil(condition) {
  return eventually(async () => {
    if (!await condition()) throw new Error(`not yet: ${condition}`);
  });
}
