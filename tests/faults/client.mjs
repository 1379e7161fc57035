// A client of one conversation, as a browser is one: it sends, hears, hangs up, comes back and stops; and it remembers
// all that it was told, so that it can be compared with what is stored.
import { randomUUID } from 'node:crypto';
import { call, readFrames } from '../desk.mjs';

/** From this number on frames tell of an interruption, and those between may be missing. */
const INTERRUPTED = 1_000_000;

/** The frames with which a turn can end. */
const ENDINGS = new Set(['finish', 'abort', 'error']);

/** What one reader was told of one turn, over however many connections. */
export class Told {
  /** In their order, each once. @type {{ number: number, data: any }[]} */
  frames = [];
  /** The newest HTTP status; undefined as long as nothing was answered. @type {number | undefined} */
  status;
  /** Of a problem+json, its code. @type {string | undefined} */
  code;
  /** What was told that must not be told. @type {string[]} */
  lies = [];
  /** @type {string | undefined} */
  turn;
  /** When the newest frame came. */
  heardAt = 0;
  #connection = new AbortController();

  /** @param {{ message?: string, name?: string }} of nothing of a turn that somebody else began */
  constructor({ message, name = randomUUID() } = {}) {
    this.message = message;
    this.name = name;
  }

  /** All text so far. */
  get text() {
    return this.frames.filter(({ data }) => data.type === 'text-delta').map(({ data }) => data.delta).join('');
  }

  /** The frame that said that the turn is over, if one did. */
  get ending() {
    return this.frames.findLast(({ data }) => ENDINGS.has(data.type))?.data;
  }

  /** Where a reader who comes back goes on. */
  get lastId() {
    return this.turn && `${this.turn}:${this.frames.at(-1)?.number ?? 0}`;
  }

  get answerId() {
    return this.frames.find(({ data }) => data.type === 'start')?.data.messageId;
  }

  /**
   * Listens until the answer ends, the connection breaks or `hangUp` is called.
   * @param {(signal: AbortSignal) => Promise<Response>} connect
   */
  async hear(connect) {
    this.#connection = new AbortController();
    try {
      const response = await connect(this.#connection.signal);
      this.status = response.status;
      if (response.status === 200) for await (const { id, data } of readFrames(response)) this.#take(id, data);
      else if (response.status !== 204) this.code = (await response.json()).code;
    } catch {
      // What was heard until then counts.
    }
    return this;
  }

  hangUp() {
    this.#connection.abort();
  }

  #take(id, data) {
    if (!id) return;
    const [turn, digits] = id.split(':');
    const number = Number(digits);
    const last = this.frames.at(-1)?.number ?? 0;
    if (this.turn && this.turn !== turn) this.lies.push(`a frame of turn ${turn} in ${this.turn}`);
    if (number !== last + 1 && number !== INTERRUPTED + 1) this.lies.push(`frame ${number} after ${last}`);
    if (this.ending) this.lies.push(`${data.type} after the end`);
    this.turn = turn;
    this.heardAt = performance.now();
    this.frames.push({ number, data });
  }
}

/** One user in one session. */
export class Client {
  /** What was sent, in this order. @type {Told[]} */
  told = [];

  /** @param {{ user: { id: string, access_token: string }, employee?: string, session?: string }} options */
  constructor({ user, employee, session = randomUUID() }) {
    this.user = user;
    this.employee = employee;
    this.session = session;
  }

  /** Begins a turn: what is told of it arrives in what this returns; `heard` resolves when the connection is over. */
  send(message) {
    const told = new Told({ message });
    this.told.push(told);
    return { told, heard: this.#post(told) };
  }

  /** A whole turn. */
  async turn(message) {
    return this.send(message).heard;
  }

  /** Sends a message again, under the name that it had. */
  again(told) {
    return this.#post(told);
  }

  /** Comes back to a turn after what was heard of it; to the running one if nothing was. */
  resume(told) {
    const after = told.lastId;
    return told.hear((signal) => call(`/api/chat/${this.session}/stream`, {
      user: this.user, signal, headers: after ? { 'last-event-id': after } : {},
    }));
  }

  /** @returns {Promise<boolean>} whether there was something to stop */
  async stop() {
    const response = await call(`/api/chat/${this.session}/stop`, { user: this.user, method: 'POST' });
    return (await response.json()).stopped;
  }

  /** The messages as the API has them, oldest first. */
  async history() {
    const response = await call(`/api/sessions/${this.session}/messages?limit=500`, { user: this.user });
    return response.ok ? (await response.json()).data : [];
  }

  #post(told) {
    const json = { message: told.message, session_id: this.session, employee: this.employee, client_message_id: told.name };
    return told.hear((signal) => call('/api/chat', { user: this.user, json, signal }));
  }
}
