// A proxy that applies a test's faults to requests. Without a matching rule it passes a request on unchanged.
import { once } from 'node:events';
import { createServer, request as sendRequest } from 'node:http';
import { text } from 'node:stream/consumers';

/** @typedef {(exchange: Exchange) => Promise<unknown> | unknown} Fault handles one request */

/** One request and its response. */
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
    /** Resolves at the end: true if the client received the whole response. @type {Promise<boolean>} */
    this.ended = once(outgoing, 'close').then(() => outgoing.writableFinished);
  }

  /** Forwards the request without responding to the client. @returns {Promise<import('node:http').IncomingMessage>} the upstream response */
  async forward() {
    const headers = { ...this.headers, host: this.#target.host };
    const request = sendRequest(new URL(this.path, this.#target), { method: this.#incoming.method, headers });
    // A client that disconnects from the proxy disconnects from the upstream too.
    this.#outgoing.once('close', () => request.destroy());
    request.end(this.body);
    const [response] = await once(request, 'response');
    return response;
  }

  /**
   * Forwards the request and passes the response back.
   * @param {(events: AsyncIterable<string>) => AsyncIterable<string | Buffer>} [edit] edits the events of a stream; an error that it
   *   throws cuts the connection
   */
  async pass(edit) {
    const response = await this.forward();
    this.#outgoing.writeHead(response.statusCode, response.headers);
    this.#outgoing.flushHeaders();
    for await (const piece of edit ? edit(eventsOf(response)) : response) this.#outgoing.write(piece);
    this.#outgoing.end();
  }

  /** Responds in place of the upstream. */
  respond(status, body = '', headers = {}) {
    this.#outgoing.writeHead(status, headers).end(body);
  }

  /** Breaks the connection, even in the middle of a response. */
  hangUp() {
    this.#outgoing.destroy();
  }
}

const pass = (exchange) => exchange.pass();

/** Splits a stream into its events, each with its empty line, byte for byte. */
async function* eventsOf(response) {
  let rest = '';
  for await (const piece of response.setEncoding('utf8')) {
    const events = (rest + piece).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) yield `${event}\n\n`;
  }
  if (rest) yield rest;
}

/** Faults for the requests that match: one each, in this order, or one for all of them. */
class Rule {
  #matches;
  #faults;
  /** All exchanges that matched, with a fault or without. @type {Exchange[]} */
  exchanges = [];

  constructor(matches, faults) {
    this.#matches = matches;
    this.#faults = faults;
  }

  /** @returns {Fault | undefined} the handler of a request, if this rule matches it */
  take(exchange) {
    if (!this.#matches(exchange)) return undefined;
    this.exchanges.push(exchange);
    const fault = typeof this.#faults === 'function' ? this.#faults : this.#faults.shift();
    return fault ?? pass;
  }

  /** Stops injecting faults. Exchanges are still recorded. */
  clearFaults() {
    this.#faults = [];
  }
}

/**
 * @param {object} options
 * @param {number} options.port on 127.0.0.1
 * @param {number} options.target port of the upstream
 */
export async function startProxy({ port, target }) {
  /** @type {Rule[]} newest first */
  const rules = [];
  const upstream = new URL(`http://127.0.0.1:${target}`);
  // Idle connections stay open: closing one while the Worker reuses it would be a fault that no test injected.
  const server = createServer({ keepAliveTimeout: 0 }, async (incoming, outgoing) => {
    // A client that disconnects before its request is complete needs no response.
    const body = await text(incoming).catch(() => undefined);
    if (body === undefined) return;
    const exchange = new Exchange(incoming, body, outgoing, upstream);
    try {
      await handlerOf(exchange)(exchange);
    } catch {
      // Cut by a fault, by the client or by the upstream.
      exchange.hangUp();
    }
  });
  const handlerOf = (exchange) => {
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
     * Adds a rule, which takes precedence over older ones.
     * @param {(exchange: Exchange) => boolean} matches
     * @param {Fault | Fault[]} [faults] a list is for one request each; a single one for all
     */
    addRule(matches, faults = []) {
      const rule = new Rule(matches, faults);
      rules.unshift(rule);
      return rule;
    },
    /** Refuses connections until `listen`. */
    stop,
    listen,
  };
}
