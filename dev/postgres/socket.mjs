// Serves one PGlite to several clients over TCP, in version 3 of the protocol of Postgres.
//
// PGlite is one session without a postmaster. A client has the engine for a whole exchange: from its first message until
// Postgres reports ReadyForQuery outside of a transaction. Other clients wait in the order in which they asked.
import { createServer } from 'node:net';
import { protocol } from '@electric-sql/pglite';
import { NEW_SESSION } from './database.mjs';

const { serialize } = protocol;

/** Codes in the place of a protocol version: https://www.postgresql.org/docs/17/protocol-message-formats.html */
const CANCEL_REQUEST = 80_877_102;
const SSL_REQUEST = 80_877_103;
const GSS_ENCRYPTION_REQUEST = 80_877_104;
const REFUSED = 'N';
const PROTOCOL_MAJOR = 3;

/** Messages that expect no response of their own: the engine gets them with the message that ends the exchange. */
const UNFINISHED = new Set(['P', 'B', 'D', 'E', 'C']);
const TERMINATE = 'X';
const FLUSH = 'H';
/** The engine reads messages in pieces of so many bytes. Where a message ends with a piece, it takes the rest for never sent. */
const PIECE_BYTES = 8192;
/** A message without an effect, which moves those after it. */
const FLUSH_MESSAGE = Buffer.from([0x48, 0, 0, 0, 4]);
/** ReadyForQuery outside of a transaction. */
const IDLE = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

/** @typedef {import('node:net').Socket} Socket */

/**
 * Resolves when clients can connect.
 * @param {import('@electric-sql/pglite').PGlite} database
 * @param {object} options
 * @param {string} options.host
 * @param {number} options.port
 * @param {number} options.maxConnections
 * @param {(error: Error) => void} options.onCrash the engine itself failed, as opposed to a statement
 * @returns {Promise<{ stop: () => Promise<void> }>} stop disconnects all clients and rolls their transactions back
 */
export async function serve(database, { host, port, maxConnections, onCrash }) {
  const engine = new Engine(database, onCrash);
  await engine.connect();
  /** @type {Map<Socket, Promise<void>>} */
  const clients = new Map();
  const server = createServer((socket) => {
    const done = attach(socket, engine);
    clients.set(socket, done);
    done.then(() => clients.delete(socket));
  });
  server.maxConnections = maxConnections;
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(undefined));
  });
  return {
    async stop() {
      const closed = new Promise((resolve) => { server.close(resolve); });
      for (const socket of clients.keys()) socket.destroy();
      await Promise.all(clients.values());
      await closed;
    },
  };
}

/** The one session of PGlite, and the clients that wait for it. */
class Engine {
  #database;
  #onCrash;
  /** The response to the start-up message of each client. @type {Uint8Array} */
  #greeting = new Uint8Array();
  /** @type {Socket | undefined} */
  #owner;
  /** @type {{ client: Socket, resolve: (value?: unknown) => void }[]} */
  #waiting = [];

  /**
   * @param {import('@electric-sql/pglite').PGlite} database
   * @param {(error: Error) => void} onCrash
   */
  constructor(database, onCrash) {
    this.#database = database;
    this.#onCrash = onCrash;
  }

  /** Opens the session. The engine asks for a password and accepts any. */
  async connect() {
    await this.#exchange(serialize.startup({ user: 'postgres', database: 'postgres' }));
    this.#greeting = await this.#exchange(serialize.password('any'));
  }

  /**
   * Gives a client that connects the settings of a new session, as far as one session can: SET without LOCAL of any client
   * holds for all of them until the next one connects.
   * @param {Socket} client
   */
  async greet(client) {
    await this.#acquire(client);
    try {
      await this.#exchange(serialize.query(NEW_SESSION));
    } finally {
      this.#release();
    }
    client.write(this.#greeting);
  }

  /**
   * Passes messages of a client on as soon as the client has the engine.
   * @param {Socket} client
   * @param {Buffer} messages
   * @param {string} last the type of the last message
   * @returns {Promise<Uint8Array>} the response
   */
  async send(client, messages, last) {
    if (this.#owner !== client) await this.#acquire(client);
    if (client.destroyed) {
      this.#release();
      throw new Error('The client disconnected while it waited.');
    }
    const response = await this.#exchange(shifted(messages));
    if (last !== FLUSH && IDLE.equals(response.subarray(-IDLE.length))) this.#release();
    return response;
  }

  /**
   * Ends what a client left unfinished when it disconnected.
   * @param {Socket} client
   */
  async leave(client) {
    if (this.#owner !== client) return;
    await this.#exchange(serialize.sync());
    await this.#exchange(serialize.query('rollback'));
    this.#release();
  }

  /** @param {Socket} client */
  async #acquire(client) {
    if (this.#owner) await new Promise((resolve) => { this.#waiting.push({ client, resolve }); });
    this.#owner = client;
  }

  #release() {
    const next = this.#waiting.shift();
    // Set here as well: a client that asks before the next one continues must wait.
    this.#owner = next?.client;
    next?.resolve();
  }

  /**
   * @param {Uint8Array} messages
   * @returns {Promise<Uint8Array>}
   */
  async #exchange(messages) {
    try {
      // A copy: the engine reads from the beginning of the underlying memory.
      return await this.#database.execProtocolRaw(new Uint8Array(messages));
    } catch (error) {
      this.#onCrash(error);
      throw error;
    }
  }
}

/**
 * Serves one client until it disconnects.
 * @param {Socket} socket
 * @param {Engine} engine
 * @returns {Promise<void>} resolves when nothing of the client is left in the engine
 */
async function attach(socket, engine) {
  socket.setNoDelay(true);
  // An error ends the loop below as well; without a listener it would end the process.
  socket.on('error', () => {});
  /** @type {Buffer} */
  let received = Buffer.alloc(0);
  let isStarted = false;
  try {
    for await (const chunk of socket) {
      received = Buffer.concat([received, chunk]);
      while (!isStarted) {
        const message = take(received, 0);
        if (!message) break;
        received = message.rest;
        const code = message.bytes.readInt32BE(4);
        if (code === CANCEL_REQUEST) return;
        if (code === SSL_REQUEST || code === GSS_ENCRYPTION_REQUEST) socket.write(REFUSED);
        else if (code >> 16 === PROTOCOL_MAJOR) isStarted = true;
        else return;
        if (isStarted) await engine.greet(socket);
      }
      for (let exchange = isStarted && takeExchange(received); exchange; exchange = takeExchange(received)) {
        received = exchange.rest;
        if (exchange.last === TERMINATE) return;
        const response = await engine.send(socket, exchange.bytes, exchange.last);
        if (socket.writable) socket.write(response);
      }
    }
  } catch {
    // The client is gone, or the engine, which onCrash has reported.
  } finally {
    socket.destroy();
    await engine.leave(socket).catch(() => {});
  }
}

/**
 * @param {Buffer} received
 * @returns {{ bytes: Buffer, last: string, rest: Buffer } | undefined} messages up to one that expects a response
 */
function takeExchange(received) {
  let end = 0;
  for (let message = take(received, 1); message; message = take(received.subarray(end), 1)) {
    end += message.bytes.length;
    const last = String.fromCharCode(message.bytes[0]);
    if (!UNFINISHED.has(last)) return { bytes: received.subarray(0, end), last, rest: received.subarray(end) };
  }
  return undefined;
}

/**
 * Moves messages so that none but the last ends with a piece that the engine reads.
 * @param {Buffer} messages
 * @returns {Buffer}
 */
function shifted(messages) {
  const ends = [];
  for (let end = 0, message = take(messages, 1); message; message = take(messages.subarray(end), 1)) {
    end += message.bytes.length;
    if (end < messages.length) ends.push(end);
  }
  let shift = 0;
  while (ends.some((end) => (end + shift) % PIECE_BYTES === 0)) shift += FLUSH_MESSAGE.length;
  return shift === 0 ? messages : Buffer.concat([Buffer.alloc(shift, FLUSH_MESSAGE), messages]);
}

/**
 * @param {Buffer} received
 * @param {0 | 1} offset of the length: a start-up message has no type before it
 * @returns {{ bytes: Buffer, rest: Buffer } | undefined} the first message, once all of it has been received
 */
function take(received, offset) {
  if (received.length < offset + 4) return undefined;
  const length = offset + received.readInt32BE(offset);
  if (length < offset + (offset ? 4 : 8)) throw new Error('A message of the client has no valid length.');
  return received.length < length ? undefined : { bytes: received.subarray(0, length), rest: received.subarray(length) };
}
