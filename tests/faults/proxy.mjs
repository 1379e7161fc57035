// A proxy that does to requests what a test tells it to. What no rule concerns is passed on as it is.
import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import { text } from 'node:stream/consumers';

/** @typedef {(exchange: Exchange) => Promise<unknown> | unknown} Fault what happens to one request */

/** One request, and what becomes of it. */
class Exchange {
  #incoming;
  #outgoing;
  #target;

  constructor(incoming, body, outgoing, target) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.#target = target;
    this.path = incoming.url;
    this.headers = incoming.headers;
    this.body = body;
    /** Resolves when it is over: true if who asked heard it to its end. @type {Promise<boolean>} */
    this.over = once(outgoing, 'close').then(() => outgoing.writableFinished);
  }

  /** Sends it on; who asked has heard nothing yet. @returns {Promise<import('node:http').IncomingMessage>} the answer */
  async forward() {
    const headers = { ...this.headers, host: this.#target.host };
    const request = send(new URL(this.path, this.#target), { method: this.#incoming.method, headers });
    // Who hangs up on us, hangs up on what is behind us.
    this.#outgoing.once('close', () => request.destroy());
    request.end(this.body);
    const [answer] = await once(request, 'response');
    return answer;
  }

  /**
   * Sends it on and passes the answer back.
   * @param {(events: AsyncIterable<string>) => AsyncIterable<string | Buffer>} [edit] makes of a stream's events another
   *   stream; what it throws cuts the connection
   */
  async pass(edit) {
    const answer = await this.forward();
    this.#outgoing.writeHead(answer.statusCode, answer.headers);
    this.#outgoing.flushHeaders();
    for await (const piece of edit ? edit(eventsOf(answer)) : answer) this.#outgoing.write(piece);
    this.#outgoing.end();
  }

  /** Answers in the place of what is behind the proxy. */
  answer(status, body = '', headers = {}) {
    this.#outgoing.writeHead(status, headers).end(body);
  }

  /** Breaks the connection, whatever was said on it. */
  hangUp() {
    this.#outgoing.destroy();
  }
}

const pass = (exchange) => exchange.pass();

/** The events of a stream as they were spelled, each with its empty line. */
async function* eventsOf(answer) {
  let rest = '';
  for await (const piece of answer.setEncoding('utf8')) {
    const events = (rest + piece).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) yield `${event}\n\n`;
  }
  if (rest) yield rest;
}

/** Faults for the requests of somebody: one each, in this order, or one for all of them. */
class Rule {
  #concerns;
  #faults;
  /** The requests that it concerned, whether or not there was a fault left for them. @type {Exchange[]} */
  met = [];

  constructor(concerns, faults) {
    this.#concerns = concerns;
    this.#faults = faults;
  }

  /** @returns {Fault | undefined} what is to happen to that request, if this rule concerns it */
  take(exchange) {
    if (!this.#concerns(exchange)) return undefined;
    this.met.push(exchange);
    const fault = typeof this.#faults === 'function' ? this.#faults : this.#faults.shift();
    return fault ?? pass;
  }

  /** From now on nothing goes wrong; what was asked counts on. */
  relent() {
    this.#faults = [];
  }
}

/**
 * @param {object} options
 * @param {number} options.port on 127.0.0.1
 * @param {number} options.target the port of what is behind it
 */
export async function startProxy({ port, target }) {
  /** @type {Rule[]} the newest first */
  const rules = [];
  const behind = new URL(`http://127.0.0.1:${target}`);
  const server = createServer(async (incoming, outgoing) => {
    // Who is gone before the request is whole asked for nothing.
    const body = await text(incoming).catch(() => undefined);
    if (body === undefined) return;
    const exchange = new Exchange(incoming, body, outgoing, behind);
    try {
      await faultFor(exchange)(exchange);
    } catch {
      // Cut on purpose, or by who asked or who answers.
      exchange.hangUp();
    }
  });
  const faultFor = (exchange) => {
    for (const rule of rules) {
      const fault = rule.take(exchange);
      if (fault) return fault;
    }
    return pass;
  };
  const listen = async () => { await once(server.listen(port, '127.0.0.1'), 'listening'); };
  const stop = async () => {
    const closed = new Promise((resolve) => { server.close(resolve); });
    server.closeAllConnections();
    await closed;
  };
  await listen();
  return {
    url: `http://127.0.0.1:${port}`,
    /**
     * @param {(exchange: Exchange) => boolean} concerns
     * @param {Fault | Fault[]} [faults] a list is for one request each; a single one for all
     */
    meet(concerns, faults = []) {
      const rule = new Rule(concerns, faults);
      rules.unshift(rule);
      return rule;
    },
    /** Nobody listens on its port until `listen`. */
    stop,
    listen,
  };
}
