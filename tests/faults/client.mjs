// A client of one conversation that behaves like a browser: it sends, reads, disconnects, resumes and stops. It records everything
// that it received, so that a test can compare it with what is stored.
import { randomUUID } from 'node:crypto';
import { call, readFrames } from '../test-stack.mjs';

/** Frame numbers above this one report an interruption; numbers between may be missing. */
const INTERRUPTED = 1_000_000;

/** Types of the frames that can end a turn. */
const END_TYPES = new Set(['finish', 'abort', 'error']);

/** Everything that one reader received of one turn, over any number of connections. */
export class ReceivedTurn {
  /** In order, without duplicates. @type {{ number: number, data: any }[]} */
  frames = [];
  /** Newest HTTP status; undefined without any response. @type {number | undefined} */
  status;
  /** Code of a problem+json response. @type {string | undefined} */
  code;
  /** Frames that broke the protocol. @type {string[]} */
  violations = [];
  /** @type {string | undefined} */
  turnId;
  /** Time of the newest frame, in milliseconds of `performance.now()`. */
  lastFrameAt = 0;
  #connection = new AbortController();

  /** @param {{ message?: string, clientMessageId?: string }} sent empty for a turn that another client started */
  constructor({ message, clientMessageId = randomUUID() } = {}) {
    this.message = message;
    this.clientMessageId = clientMessageId;
  }

  /** All text so far. */
  get text() {
    return this.frames.filter(({ data }) => data.type === 'text-delta').map(({ data }) => data.delta).join('');
  }

  /** Data of the frame that ended the turn. */
  get end() {
    return this.frames.findLast(({ data }) => END_TYPES.has(data.type))?.data;
  }

  /** The `Last-Event-ID` to resume from. */
  get lastEventId() {
    return this.turnId && `${this.turnId}:${this.frames.at(-1)?.number ?? 0}`;
  }

  get answerId() {
    return this.frames.find(({ data }) => data.type === 'start')?.data.messageId;
  }

  /**
   * Reads until the answer ends, the connection breaks or `disconnect` is called.
   * @param {(signal: AbortSignal) => Promise<Response>} connect
   */
  async read(connect) {
    this.#connection = new AbortController();
    try {
      const response = await connect(this.#connection.signal);
      this.status = response.status;
      this.code = undefined;
      if (response.status === 200) for await (const { id, data } of readFrames(response)) this.#add(id, data);
      else if (response.status !== 204) this.code = (await response.json()).code;
    } catch {
      // The frames before the break count.
    }
    return this;
  }

  disconnect() {
    this.#connection.abort();
  }

  #add(id, data) {
    if (!id) return;
    const [turnId, digits] = id.split(':');
    const number = Number(digits);
    const last = this.frames.at(-1)?.number ?? 0;
    if (this.turnId && this.turnId !== turnId) this.violations.push(`a frame of turn ${turnId} in ${this.turnId}`);
    if (number !== last + 1 && number !== INTERRUPTED + 1) this.violations.push(`frame ${number} after ${last}`);
    if (this.end) this.violations.push(`${data.type} after the end`);
    this.turnId = turnId;
    this.lastFrameAt = performance.now();
    this.frames.push({ number, data });
  }
}

/** One user in one session. */
export class ChatClient {
  /** Sent messages with what was received, in order. @type {ReceivedTurn[]} */
  turns = [];

  /** @param {{ user: { id: string, access_token: string }, employee?: string, session?: string }} options */
  constructor({ user, employee, session = randomUUID() }) {
    this.user = user;
    this.employee = employee;
    this.session = session;
  }

  /** Starts a turn. `received` fills up while it runs; `disconnected` resolves at the end of the connection. */
  send(message) {
    const received = new ReceivedTurn({ message });
    this.turns.push(received);
    return { received, disconnected: this.#post(received) };
  }

  /** Runs a turn to the end of its connection. */
  async runTurn(message) {
    return this.send(message).disconnected;
  }

  /** Sends a message again with its first client message id. */
  resend(received) {
    return this.#post(received);
  }

  /** Resumes a turn after its last received frame; without one, the running turn. */
  resume(received) {
    const after = received.lastEventId;
    return received.read((signal) => call(`/api/chat/${this.session}/stream`, {
      user: this.user, signal, headers: after ? { 'last-event-id': after } : {},
    }));
  }

  /** @returns {Promise<boolean>} true if a running turn was stopped */
  async stop() {
    const response = await call(`/api/chat/${this.session}/stop`, { user: this.user, method: 'POST' });
    return (await response.json()).stopped;
  }

  /** Messages that the API returns, oldest first. */
  async history() {
    const response = await call(`/api/sessions/${this.session}/messages?limit=500`, { user: this.user });
    return response.ok ? (await response.json()).data : [];
  }

  #post(received) {
    const json = { message: received.message, session_id: this.session, employee: this.employee, client_message_id: received.clientMessageId };
    return received.read((signal) => call('/api/chat', { user: this.user, json, signal }));
  }
}
