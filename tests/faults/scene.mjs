// Where a cell of the matrix is played: a user of their own with a session of their own, so that many are played at once.
import { randomUUID } from 'node:crypto';
import { database, eventually, newUser, proxies, script } from '../desk.mjs';
import { inAnswer } from './checks.mjs';
import { Client, Told } from './client.mjs';
import { withMessage } from './faults.mjs';

/** Has a budget that nobody reaches, so that all is booked. */
const EMPLOYEE = 'patient';
const DAILY_TOKENS = 1_000_000_000;

/** What the model answers to the message of a scene: about two seconds of text, at 40 pieces a second. */
const ANSWER = Array.from({ length: 60 }, (_, n) => `word${n}`).join(' ');
const PACE = { chunkSize: 5, streamingProfile: { ttft: 30, tps: 40 } };
const USAGE = { prompt_tokens: 40, completion_tokens: 120 };

/** What begins such a message. */
const MARK = 'a scene';

export async function openTheatre() {
  script(MARK, { content: ANSWER, usage: USAGE }, PACE);
  await database.query(
    'insert into employee_profiles (slug, title, system_prompt, max_output_tokens, daily_tokens) values ($1, $1, $1, 500, $2)',
    [EMPLOYEE, DAILY_TOKENS],
  );
}

/** @returns {Promise<Scene>} */
export async function openScene() {
  return new Scene(await newUser());
}

export class Scene {
  /** What was not as it must be. @type {string[]} */
  found = [];
  message = `${MARK} ${randomUUID()}`;
  #user;
  #atModel = this.#concernModel([]);

  constructor(user) {
    this.#user = user;
    this.client = new Client({ user, employee: EMPLOYEE });
  }

  /** What goes wrong when the model is asked to answer the message. */
  model(faults) {
    this.#atModel = this.#concernModel(faults);
    return this.#atModel;
  }

  /** What goes wrong with the user's requests to Supabase whose path begins so. */
  supabase(path, faults) {
    const { id, access_token } = this.#user;
    const isTheirs = ({ headers, body }) => headers.authorization === `Bearer ${access_token}` || body.includes(id);
    return proxies.supabase.meet((exchange) => exchange.path.startsWith(`/rest/v1/${path}`) && isTheirs(exchange), faults);
  }

  /** Sends the message and waits until the model's side is at the gate, and the client has heard what came before it. */
  async sendUpTo(gate, hasHeard = () => true) {
    const { told, heard } = this.client.send(this.message);
    await gate.reached;
    await until(() => hasHeard(told));
    return { told, heard };
  }

  /** A second reader of the running turn. */
  async join() {
    const told = new Told();
    const heard = this.client.resume(told);
    await until(() => told.status === 200);
    return { told, heard };
  }

  /** In one line: what the client was told, what is stored, how often the model was asked, who counted or what went wrong. */
  async seen(told) {
    const [answer] = await rowsOf(`select a.* from chat_messages a join chat_messages q on a.parent_id = q.id
      where a.session_id = $1 and q.content = $2`, this.client.session, this.message);
    if (!answer) return [told, 'nothing stored', asked(this.#atModel.met.length)].join(', ');
    const [usage] = await rowsOf(`select * from chat_usage_log where session_id = $1 and created_at = $2`, this.client.session, answer.created_at);
    const text = answer.content === ANSWER ? 'whole' : answer.content === '' ? 'no text' : 'in part';
    return [told, `${answer.status} ${text}`, asked(this.#atModel.met.length), usage?.error_code ?? usage?.usage_source].join(', ');
  }

  /** A second reader was told the same. */
  async compare(told, other) {
    await eventually(async () => {
      const [answer] = await rowsOf(`select * from chat_messages where session_id = $1 and id = $2`, this.client.session, told.answerId);
      this.found.push(...inAnswer(other, answer));
    });
    if (JSON.stringify(told.frames) !== JSON.stringify(other.frames)) this.found.push('two readers were told different things');
  }

  #concernModel(faults) {
    return proxies.model.meet(withMessage(this.message), faults);
  }
}

/** @param {Told} told how a turn ended for a client */
export function outcome({ status, code, ending }) {
  if (ending) return ending.type;
  if (status === undefined) return 'told nothing';
  return code ? `${status} ${code}` : 'cut off';
}

const asked = (times) => `asked ${times}×`;

async function rowsOf(sql, ...values) {
  return (await database.query(sql, values)).rows;
}

/** Waits until something is so. */
export function until(isSo) {
  return eventually(async () => {
    if (!await isSo()) throw new Error(`not yet: ${isSo}`);
  });
}
