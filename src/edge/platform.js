// Calls of the platform: one crossing from wasm each, and no decision in any of them.

/** "name\nvalue\nname\nvalue" as pairs: one string crosses cheaper than many. */
const pairs = (lines) => {
  const flat = lines ? lines.split("\n") : [];
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);
};

function join(pieces) {
  if (pieces.length === 1) return pieces[0];
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
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

// It takes effect at once. The promise tells when it is durable, and the output gate waits for that by itself.
export function sqlWipe(storage) {
  storage.deleteAll().catch(() => {});
}

export function sqlRows(storage, query, values) {
  return JSON.stringify(storage.sql.exec(query, ...JSON.parse(values)).toArray());
}

export function sqlBytes(storage, query, values) {
  const blobs = [...storage.sql.exec(query, ...JSON.parse(values)).raw()].map(([blob]) => new Uint8Array(blob));
  return join(blobs);
}

/** Not awaited: the output gate holds back what the object sends until the alarm is set. */
export function setAlarm(storage, at) {
  (at === undefined ? storage.deleteAlarm() : storage.setAlarm(at)).catch(() => {});
}

/** Failures of a request: the kind alone, never a message of the network's. */
const CONNECT = "connect";
const TIMEOUT = "timeout";
const CUT = "cut";
const LARGE = "large";

/** `head` has method, URL, redirect, and headers, a line each. */
function request(head, body, signal) {
  const [method, url, redirect] = head.split("\n", 3);
  const headers = pairs(head.slice(method.length + url.length + redirect.length + 3));
  return fetch(url, { method, redirect, headers, body, signal });
}

/** A request whose response is small: `[status, body]`. */
export function send(head, body, timeout, most) {
  return whole((signal) => request(head, body, signal), timeout, most);
}

/** Another Worker, to which files are posted. */
export class FileService {
  #stub;
  #most;
  constructor(stub, most) {
    this.#stub = stub;
    this.#most = most;
  }
  send(headers, file, timeout) {
    const init = { method: "POST", headers: pairs(headers), body: file };
    return whole((signal) => this.#stub.fetch("https://readers/", { ...init, signal }), timeout, this.#most);
  }
}

async function whole(open, timeout, most) {
  const abort = new AbortController();
  let kind = CONNECT;
  // Cleared at the end: an `AbortSignal.timeout` would leave its timer behind until it fires.
  const timer = setTimeout(() => {
    kind = TIMEOUT;
    abort.abort();
  }, timeout);
  try {
    const response = await open(abort.signal);
    if (kind === CONNECT) kind = CUT;
    const decoder = new TextDecoder();
    let text = "";
    let bytes = 0;
    for await (const piece of response.body ?? []) {
      bytes += piece.byteLength;
      if (bytes > most) kind = LARGE;
      if (kind === LARGE) break;
      text += decoder.decode(piece, { stream: true });
    }
    if (kind === LARGE) throw kind;
    return [response.status, text + decoder.decode()];
  } catch {
    throw kind;
  } finally {
    clearTimeout(timer);
  }
}

/** Bytes that one read takes at most. */
const READ_BYTES = 64 * 1024;

/**
 * A gzip header up to its comment (RFC 1952), which ends at the first NUL. So a decompressor swallows all text that
 * follows, without output and in a few kilobytes of memory: a sink that runs natively.
 */
const GZIP_COMMENT = Uint8Array.of(0x1f, 0x8b, 8, 0x10, 0, 0, 0, 0, 0, 0);

/** Lets a stream run to its end natively. Resolves when it has ended, in any way. */
function runDry(stream) {
  const { writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  writer.write(GZIP_COMMENT).catch(() => {});
  writer.releaseLock();
  return stream.pipeTo(writable, { preventClose: true }).catch(() => {});
}

/**
 * A request whose response is read in pieces, with limits on its time. One read of a response brings one chunk of HTTP's
 * chunked encoding and no more, however large its buffer, and each costs a wake-up of the isolate. So a body that is
 * gathered is split natively: one branch runs dry, which draws the chunks in, and one read of the other branch takes
 * everything that has come.
 */
export class Upstream {
  #abort = new AbortController();
  #timedOut = false;
  #firstByte;
  #idle;
  /** Watches over the first byte, then over silence. */
  #silence;
  #total;
  #openedAt = 0;
  #heardAt = 0;
  #body;
  #reader;
  #buffer;
  /** Resolves when nothing more will come; undefined until the body is split. */
  #end;
  /** True if the last read was full: the next one does not wait. */
  #wasFull = false;

  constructor(firstByte, idle, total) {
    this.#firstByte = firstByte;
    this.#idle = idle;
    if (total !== undefined) this.#total = setTimeout(() => this.#expire(), total);
  }

  async open(head, body) {
    this.#openedAt = Date.now();
    this.#watch(Math.min(this.#firstByte, this.#idle));
    try {
      const response = await request(head, body, this.#abort.signal);
      this.status = response.status;
      this.headers = [...response.headers].flat().join("\n");
      this.#body = response.body;
      this.#reader = response.body?.getReader({ mode: "byob" });
    } catch {
      throw this.#fail(CONNECT);
    }
  }

  /**
   * Waits `gather` milliseconds or until the body has ended, then takes all that has come, at least a byte; undefined at
   * the end. What came before a failure is given first; the next read fails.
   */
  async read(gather) {
    if (!this.#reader) return this.close();
    if (gather > 0) await this.#gather(gather);
    try {
      const { done, value } = await this.#reader.read(new Uint8Array(this.#buffer ?? READ_BYTES));
      if (done) return this.close();
      this.#heardAt = Date.now();
      this.#buffer = value.buffer;
      this.#wasFull = value.byteLength === READ_BYTES;
      return value;
    } catch {
      throw this.#fail(CUT);
    }
  }

  async #gather(span) {
    this.#end ??= this.#split();
    if (this.#wasFull) return;
    let timer;
    await Promise.race([this.#end, new Promise((resolve) => { timer = setTimeout(resolve, span); })]);
    clearTimeout(timer);
  }

  #split() {
    this.#reader.releaseLock();
    const [dry, kept] = this.#body.tee();
    this.#reader = kept.getReader({ mode: "byob" });
    return runDry(dry);
  }

  /** Ends the call, in any state. */
  close() {
    clearTimeout(this.#silence);
    clearTimeout(this.#total);
    this.#abort.abort();
  }

  /** One timer for the whole call: it looks when the last byte came, and sleeps for the rest of the time allowed. */
  #watch(wait) {
    this.#silence = setTimeout(() => {
      const due = this.#heardAt === 0 ? this.#openedAt + this.#firstByte : this.#heardAt + this.#idle;
      const left = due - Date.now();
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

/**
 * A response body that is written without ever waiting for its reader. What one turn of the event loop writes goes out as
 * one piece, because each piece wakes every stage on its way.
 */
export class Frames {
  #writer;
  #pieces = [];
  /** Resolves once the last piece was taken, to false if the reader is gone. */
  #taken = Promise.resolve(true);
  constructor() {
    const { readable, writable } = new IdentityTransformStream();
    this.readable = readable;
    this.#writer = writable.getWriter();
    // A reader that is gone makes every write fail; the turn goes on without it.
    this.#writer.closed.catch(() => {});
  }
  write(bytes) {
    if (this.#pieces.length === 0) queueMicrotask(() => this.#flush());
    // The bytes are wasm memory, which may move before they are read.
    this.#pieces.push(bytes.slice());
  }
  #flush() {
    const pieces = this.#pieces.splice(0);
    if (pieces.length > 0) this.#taken = this.#writer.write(join(pieces)).then(() => true, () => false);
  }
  drained() {
    this.#flush();
    return this.#taken;
  }
  close() {
    this.#flush();
    this.#writer.close().catch(() => {});
  }
  /** The body breaks off. */
  abort() {
    this.#pieces = [];
    this.#writer.abort().catch(() => {});
  }
}
