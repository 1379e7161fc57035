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
}

/** What `Upstream.open` and `read` reject with: the kind alone, never a message of the network's. */
const TIMEOUT = "timeout";
const BROKEN = "broken";

/** Most bytes that one read takes. */
const READ_BYTES = 64 * 1024;

/** A streaming request with a watch over silence. */
export class Upstream {
  #abort = new AbortController();
  #timedOut = false;
  #timer;
  #heardAt = 0;
  #idle;
  #reader;

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
      if (response.ok) this.#reader = response.body?.getReader({ mode: "byob" });
      else this.close();
    } catch {
      throw this.#fail();
    }
  }

  /** Waits `gather` milliseconds, then takes all that has come, at least a byte; undefined at the end. */
  async read(gather) {
    if (gather > 0) await new Promise((resolve) => setTimeout(resolve, gather));
    try {
      const { done, value } = await this.#reader.read(new Uint8Array(READ_BYTES));
      if (done) return this.close();
      if (this.#heardAt === 0) this.#watch(this.#idle);
      this.#heardAt = Date.now();
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
