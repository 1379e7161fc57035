// The hot path's platform calls: one crossing from wasm each, and no decision in any of them.

/** "name\nvalue\nname\nvalue" as pairs: one string crosses cheaper than many. */
const pairs = (lines) => {
  const flat = lines ? lines.split("\n") : [];
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
};

/** The whole body, or undefined when it is longer than `limit` bytes. */
export async function readBody(request, limit) {
  if (!request.body) return new Uint8Array();
  const chunks = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return join(chunks, size);
}

/** A request's body, piece by piece. */
export class Incoming {
  #reader;
  constructor(request) {
    this.#reader = request.body?.getReader();
  }
  /** The next piece, or undefined at the end. Rejects when the connection breaks. */
  async read() {
    const { value } = (await this.#reader?.read()) ?? {};
    return value;
  }
}

function join(chunks, size) {
  if (chunks.length === 1) return chunks[0];
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** A request whose answer is small: `[status, body]`. Rejects after `timeout` milliseconds. */
export async function call(method, url, headers, body, timeout) {
  const signal = AbortSignal.timeout(timeout);
  const response = await fetch(url, { method, headers: pairs(headers), body, signal });
  return [response.status, await response.text()];
}

export function respond(status, headers, body) {
  return new Response(body, { status, headers: pairs(headers) });
}

/** The same response with more headers; its body is not touched. */
export function withHeaders(response, headers) {
  const copy = new Response(response.body, response);
  for (const [name, value] of pairs(headers)) copy.headers.append(name, value);
  return copy;
}

/** The request, at another object: its answer streams through without passing wasm again. */
export function forward(stub, body) {
  return stub.fetch("https://session/turn", { method: "POST", body });
}

/** A question to another object, and what it answers. */
export async function ask(stub, body) {
  const response = await stub.fetch("https://object/ask", { method: "POST", body });
  return response.text();
}

/** A response body that is written without ever waiting for its reader. */
export class Frames {
  #writer;
  constructor() {
    const { readable, writable } = new IdentityTransformStream();
    this.readable = readable;
    this.#writer = writable.getWriter();
    // A reader that is gone makes every write fail; the turn goes on without it.
    this.#writer.closed.catch(() => {});
  }
  write(bytes) {
    // The bytes are wasm memory, which may move before they are read.
    this.#writer.write(bytes.slice()).catch(() => {});
  }
  close() {
    this.#writer.close().catch(() => {});
  }
  /** The body breaks off. */
  abort() {
    this.#writer.abort().catch(() => {});
  }
}

/** What `open` and `read` of `Upstream` and `Errand` reject with: the kind alone, never a message of the network's. */
const TIMEOUT = "timeout";
const BROKEN = "broken";

/** Where one read stops even if more has come. */
const READ_BYTES = 64 * 1024;

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A streaming request with a watch over silence. */
export class Upstream {
  #abort = new AbortController();
  #timedOut = false;
  #timer;
  #heardAt = 0;
  #idle;
  #reader;
  #next;

  async open(url, headers, body, firstByte, idle) {
    this.#idle = idle;
    this.#timer = setTimeout(() => this.#expire(), firstByte);
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: pairs(headers),
        body,
        signal: this.#abort.signal,
      });
      this.status = response.status;
      this.retryAfter = response.headers.get("retry-after") ?? undefined;
      if (response.ok) this.#reader = response.body?.getReader();
      else this.close();
    } catch {
      throw this.#fail();
    }
  }

  /**
   * Waits `gather` milliseconds, then takes all that has come, at least a byte; undefined at the end. One read of the
   * stream brings one chunk of HTTP's chunked encoding and no more, however large its buffer: so it reads on until
   * the event loop comes round without anything new. What came before a failure is given first; the next read fails.
   */
  async read(gather) {
    if (gather > 0) await sleep(gather);
    const chunks = [];
    let size = 0;
    try {
      for (;;) {
        const next = await (size === 0 ? this.#peek() : Promise.race([this.#peek(), sleep(0)]));
        if (!next || (next.done && size > 0)) break;
        if (next.done) return this.close();
        this.#next = undefined;
        chunks.push(next.value);
        size += next.value.byteLength;
        if (gather === 0 || size >= READ_BYTES) break;
      }
    } catch {
      if (size === 0) throw this.#fail();
    }
    if (this.#heardAt === 0) this.#watch(this.#idle);
    this.#heardAt = Date.now();
    return join(chunks, size);
  }

  /** The next chunk, which stays the next until it is taken. */
  #peek() {
    if (!this.#next) {
      this.#next = this.#reader.read();
      // It may fail while nobody waits; who reads next is told.
      this.#next.catch(() => {});
    }
    return this.#next;
  }

  /** Ends the call, whatever its state. */
  close() {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  /** One timer for all reads: it looks when the last byte came, and sleeps for what is left of the idle time. */
  #watch(wait) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const left = this.#heardAt + this.#idle - Date.now();
      if (left > 0) this.#watch(left);
      else this.#expire();
    }, wait);
  }

  #expire() {
    this.#timedOut = true;
    this.#abort.abort();
  }

  #fail() {
    this.close();
    return this.#timedOut ? TIMEOUT : BROKEN;
  }
}

/** A request to a server of somebody else's: one time for all of it, no redirect followed, and the body as far as it is wanted. */
export class Errand {
  #abort = new AbortController();
  #timedOut = false;
  #timer;
  #reader;

  async open(url, headers, body, timeout) {
    this.#timer = setTimeout(() => {
      this.#timedOut = true;
      this.#abort.abort();
    }, timeout);
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: pairs(headers),
        body,
        redirect: "manual",
        signal: this.#abort.signal,
      });
      this.status = response.status;
      this.contentType = response.headers.get("content-type") ?? "";
      this.session = response.headers.get("mcp-session-id") ?? undefined;
      this.#reader = response.body?.getReader();
    } catch {
      throw this.#fail();
    }
  }

  /** The next piece, or undefined at the end. */
  async read() {
    try {
      const { value } = (await this.#reader?.read()) ?? {};
      if (!value) this.close();
      return value;
    } catch {
      throw this.#fail();
    }
  }

  /** Ends the call, whatever its state. */
  close() {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  #fail() {
    this.close();
    return this.#timedOut ? TIMEOUT : BROKEN;
  }
}
