import { AnswerState } from './answerState.ts';
import { FrontdeskError } from './error.ts';
import { splitBody } from './lines.ts';
import type { ChatEvent } from './schemas.ts';

/** Attempts to resume without any event in between, before an answer counts as broken off. */
const MAX_ATTEMPTS = 6;

const LAST_EVENTS: ReadonlySet<ChatEvent['type']> = new Set(['finish', 'abort', 'error']);

export interface Source {
  /** Response with the beginning of the stream. */
  response: Response;
  /** The rest of the answer after the event of that id; null if nothing is left of it. */
  resume: (lastEventId: string | undefined) => Promise<Response | null>;
  /** Milliseconds before the first attempt to resume. */
  retryDelay: number;
  signal: AbortSignal | undefined;
}

export interface ReadOptions {
  answer?: AnswerState;
  onChange?: (answer: AnswerState) => void;
}

/**
 * The events of an answer, in order and each once. It can be read once. Where the connection breaks off, it is resumed after the last
 * event. An iteration that ends early closes the connection alone: `chat.stop` ends the answer.
 */
export class AnswerStream implements AsyncIterable<ChatEvent> {
  /** Id of the newest event, for `chat.resume`. */
  lastEventId: string | undefined;
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  /**
   * Reads to the end, and returns the answer. `onChange` is called after each event. An answer that resumes after a decision is given its
   * state so far.
   */
  async read({ answer = new AnswerState(), onChange }: ReadOptions = {}): Promise<AnswerState> {
    for await (const event of this) {
      answer.apply(event);
      onChange?.(answer);
    }
    return answer;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ChatEvent, void, undefined> {
    let response: Response | null = this.#source.response;
    let attempts = 0;
    while (response) {
      const seen = this.lastEventId;
      if (yield* this.#events(response)) return;
      if (this.lastEventId !== seen) attempts = 0;
      response = await this.#resume(attempts);
      attempts += 1;
    }
    throw brokenOff();
  }

  /** Yields the events of one response. Returns true after the last event of the answer. */
  async *#events(response: Response): AsyncGenerator<ChatEvent, boolean, undefined> {
    const frames = splitBody(response, '\n\n');
    try {
      for (;;) {
        // The catch is for reading alone: an error of the loop that takes the events passes through.
        const next = await frames.next().catch((error: unknown) => {
          if (this.#source.signal?.aborted) throw error;
          return { done: true as const, value: undefined };
        });
        if (next.done) return false;
        const data = this.#readFrame(next.value);
        if (data === undefined) continue;
        if (data === '[DONE]') return true;
        const event = JSON.parse(data) as ChatEvent;
        yield event;
        // What follows may be cut off without a loss.
        if (LAST_EVENTS.has(event.type)) return true;
      }
    } finally {
      await frames.return();
    }
  }

  #readFrame(frame: string): string | undefined {
    let data: string | undefined;
    for (const line of frame.split('\n')) {
      if (line.startsWith('id: ')) this.lastEventId = line.slice(4);
      if (line.startsWith('data: ')) data = line.slice(6);
    }
    return data;
  }

  async #resume(attempts: number): Promise<Response | null> {
    const { resume, retryDelay, signal } = this.#source;
    for (let attempt = attempts; attempt < MAX_ATTEMPTS; attempt += 1) {
      signal?.throwIfAborted();
      try {
        if (attempt > 0) await pause(retryDelay * 2 ** (attempt - 1), signal);
        return await resume(this.lastEventId);
      } catch (error) {
        if (signal?.aborted || !isPassing(error)) throw error;
      }
    }
    throw brokenOff();
  }
}

function brokenOff(): FrontdeskError {
  return new FrontdeskError('The answer broke off, and could not be resumed. Load the conversation again.');
}

/** True for errors that may be gone at the next attempt; without a response, `fetch` rejects with a TypeError. */
function isPassing(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof FrontdeskError && (error.status >= 500 || error.status === 429));
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => { clearTimeout(timer); reject(signal?.reason); };
    const timer = setTimeout(() => { signal?.removeEventListener('abort', stop); resolve(); }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
