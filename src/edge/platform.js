// Calls of the platform: one crossing from wasm each, and no decision in any of them.

/** "name\nvalue\nname\nvalue" as pairs: one string crosses cheaper than many. */
const pairs = (lines) => {
  const flat = lines ? lines.split("\n") : [];
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
};

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

/** A request's body, piece by piece. */
export class BodyReader {
  #reader;
  constructor(request) {
    this.#reader = request.body?.getReader();
  }
  /** The next piece, or undefined at the end. Rejects when the connection breaks. */
  async read() {
    const { value } = (await this.#reader?.read()) ?? {};
    return value;
  }
  cancel() {
    this.#reader?.cancel().catch(() => {});
  }
}

export function respond(status, headers, body) {
  return new Response(body, { status, headers: pairs(headers) });
}

/** The same response with more headers; its body is not touched. */
export function addHeaders(response, headers) {
  const copy = new Response(response.body, response);
  for (const [name, value] of pairs(headers)) copy.headers.append(name, value);
  return copy;
}

/** A request to a Durable Object. Neither body passes through wasm. */
export function forward(stub, headers, body) {
  return stub.fetch("https://object/", { method: "POST", headers: pairs(headers), body });
}

export function sqlExec(storage, statement, values) {
  storage.sql.exec(statement, ...JSON.parse(values));
}

export function sqlRows(storage, query, values) {
  return JSON.stringify(storage.sql.exec(query, ...JSON.parse(values)).toArray());
}

export function sqlBytes(storage, query, values) {
  const blobs = [...storage.sql.exec(query, ...JSON.parse(values)).raw()].map(([blob]) => new Uint8Array(blob));
  return join(blobs, blobs.reduce((size, blob) => size + blob.byteLength, 0));
}

/** Not awaited: the output gate holds back what the object sends until the alarm is set. */
export function setAlarm(storage, at) {
  (at === undefined ? storage.deleteAlarm() : storage.setAlarm(at)).catch(() => {});
}

/** Failures of a request: the kind alone, never a message of the network's. */
const CONNECT = "connect";
const TIMEOUT = "timeout";
const CUT = "cut";

/** `head` has method, URL, redirect, and headers, a line each. */
function request(head, body, signal) {
  const [method, url, redirect] = head.split("\n", 3);
  const headers = pairs(head.slice(method.length + url.length + redirect.length + 3));
  return fetch(url, { method, redirect, headers, body, signal });
}

/** A request whose response is small: `[status, body]`. */
export async function send(head, body, timeout) {
  let kind = CONNECT;
  try {
    const response = await request(head, body, AbortSignal.timeout(timeout));
    kind = CUT;
    return [response.status, await response.text()];
  } catch (error) {
    throw error?.name === "TimeoutError" ? TIMEOUT : kind;
  }
}

/** Bytes at which one read stops even if more have arrived. */
const READ_BYTES = 64 * 1024;

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A request whose response is read in pieces, with limits on its time. */
export class Upstream {
  #abort = new AbortController();
  #timedOut = false;
  #firstByte;
  #idle;
  /** Watches over the first byte, then over silence. */
  #silence;
  #total;
  #heardAt = 0;
  #reader;
  #next;

  constructor(firstByte, idle, total) {
    this.#firstByte = firstByte;
    this.#idle = idle;
    if (total !== undefined) this.#total = setTimeout(() => this.#expire(), total);
  }

  async open(head, body) {
    this.#silence = setTimeout(() => this.#expire(), this.#firstByte);
    try {
      const response = await request(head, body, this.#abort.signal);
      this.status = response.status;
      this.headers = [...response.headers].flat().join("\n");
      this.#reader = response.body?.getReader();
    } catch {
      throw this.#fail(CONNECT);
    }
  }

  /**
   * Waits `gather` milliseconds, then takes all that has come, at least a byte; undefined at the end. One read of the
   * stream brings one chunk of HTTP's chunked encoding and no more, however large its buffer: so it reads on until
   * the event loop comes round without anything new. What came before a failure is given first; the next read fails.
   */
  async read(gather) {
    if (!this.#reader) return this.close();
    if (gather > 0) await sleep(gather);
    const chunks = [];
    let size = 0;
    try {
      for (;;) {
        const next = await (size === 0 ? this.#peek() : this.#peekNow());
        if (!next || (next.done && size > 0)) break;
        if (next.done) return this.close();
        this.#next = undefined;
        chunks.push(next.value);
        size += next.value.byteLength;
        if (gather === 0 || size >= READ_BYTES) break;
      }
    } catch {
      if (size === 0) throw this.#fail(CUT);
    }
    if (this.#heardAt === 0) this.#watch(this.#idle);
    this.#heardAt = Date.now();
    return join(chunks, size);
  }

  /** The next chunk, which stays the next until it is taken. */
  #peek() {
    if (!this.#next) {
      this.#next = this.#reader.read();
      // It may fail between two reads; the next read rejects then.
      this.#next.catch(() => {});
    }
    return this.#next;
  }

  /**
   * The next chunk, or undefined when the event loop comes round without one. The timer is cleared: an isolate may have 10,000, and a
   * hundred streams with chunks in wait would leave more.
   */
  async #peekNow() {
    let timer;
    const round = new Promise((resolve) => { timer = setTimeout(resolve, 0); });
    try {
      return await Promise.race([this.#peek(), round]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the call, in any state. */
  close() {
    clearTimeout(this.#silence);
    clearTimeout(this.#total);
    this.#abort.abort();
  }

  /** One timer for all reads: it looks when the last byte came, and sleeps for the rest of the idle time. */
  #watch(wait) {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      const left = this.#heardAt + this.#idle - Date.now();
      if (left > 0) this.#watch(left);
      else this.#expire();
    }, wait);
  }

  #expire() {
    this.#timedOut = true;
    this.#abort.abort();
  }

  #fail(kind) {
    this.close();
    return this.#timedOut ? TIMEOUT : kind;
  }
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
