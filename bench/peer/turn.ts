// One turn's answer: text is gathered into frames of the AI SDK's UI message stream, logged masked, and sent to all its readers.
import { splitComplete, type Vault } from './mask';

/** Milliseconds of text in one frame. */
const FRAME_MS = 33;

/** Milliseconds between two writes of the log: a crash loses that much text at most. */
const LOG_MS = 1000;

const encoder = new TextEncoder();

export type Part = { type: string; [field: string]: unknown };

/** Encodes a frame for the client. */
export function encodeFrame(turn: string, number: number, part: Part): Uint8Array {
  return encoder.encode(`id: ${turn}:${number}\ndata: ${JSON.stringify(part)}\n\n`);
}

export function unmaskPart(part: Part, vault: Vault): Part {
  return typeof part.delta === 'string' ? { ...part, delta: vault.unmask(part.delta) } : part;
}

export class Turn {
  /** Frames so far, masked. */
  readonly parts: Part[] = [];
  text = '';
  #pending = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #readers = new Set<WritableStreamDefaultWriter<Uint8Array>>();
  #savedParts = 0;
  #savedAt = Date.now();

  constructor(readonly id: string, private vault: Vault, private sql: SqlStorage) {}

  /** A stream of all frames, from the first one on. */
  read(): ReadableStream<Uint8Array> {
    const { readable, writable } = new IdentityTransformStream();
    const writer = writable.getWriter();
    // A reader that is gone does not end the turn.
    writer.closed.catch(() => this.#readers.delete(writer));
    this.parts.forEach((part, i) => this.#write(writer, i + 1, part));
    this.#readers.add(writer);
    return readable;
  }

  /** Adds text of the model. The first text goes out at once. */
  push(text: string) {
    this.text += text;
    this.#pending += text;
    if (this.#timer === undefined) this.#flush();
  }

  send(part: Part) {
    this.parts.push(part);
    for (const reader of this.#readers) this.#write(reader, this.parts.length, part);
    if (Date.now() - this.#savedAt >= LOG_MS) this.save();
  }

  end(...parts: Part[]) {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    if (this.#pending) this.send({ type: 'text-delta', id: 'text-1', delta: this.#pending });
    for (const part of parts) this.send(part);
    for (const reader of this.#readers) {
      reader.write(encoder.encode('data: [DONE]\n\n')).catch(() => {});
      reader.close().catch(() => {});
    }
    this.save();
  }

  /** Writes the frames since the last call into the log. */
  save() {
    const parts = this.parts.slice(this.#savedParts);
    if (parts.length > 0) this.sql.exec('INSERT INTO log VALUES (?, ?, ?)', this.id, this.#savedParts, JSON.stringify(parts));
    this.#savedParts = this.parts.length;
    this.#savedAt = Date.now();
  }

  #flush() {
    this.#timer = undefined;
    const [complete, rest] = splitComplete(this.#pending);
    this.#pending = rest;
    if (!complete) return;
    this.send({ type: 'text-delta', id: 'text-1', delta: complete });
    this.#timer = setTimeout(() => this.#flush(), FRAME_MS);
  }

  #write(writer: WritableStreamDefaultWriter<Uint8Array>, number: number, part: Part) {
    writer.write(encodeFrame(this.id, number, unmaskPart(part, this.vault))).catch(() => {});
  }
}
