import { AnswerState, AnswerStream, createFrontdesk, FrontdeskError, type Frontdesk } from '@frontdesk/client';
import { describeError } from './errors.ts';
import { newestBranch } from './newestBranch.ts';
import { userOf, type TokenCallback } from './signIn.ts';

/** Messages of a history that are shown. */
const SHOWN_MESSAGES = 100;

export type Entry = { role: 'user'; id: string | undefined; text: string } | { role: 'assistant'; answer: AnswerState };

export interface Settings {
  /** Address of the Worker. */
  url: string;
  employee: string | undefined;
  token: TokenCallback | undefined;
}

/** One conversation of the widget: its messages, the answer that runs, and where it is remembered. */
export class Conversation {
  entries: Entry[] = [];
  state: 'loading' | 'signed-out' | 'ready' | 'running' = 'loading';
  /** Error of the last request, as a sentence. */
  error: string | undefined;
  readonly #settings: Settings;
  readonly #client: Frontdesk;
  readonly #onChange: () => void;
  #session: string | undefined;
  #key: string | undefined;
  #leaving = new AbortController();

  constructor(settings: Settings, onChange: () => void) {
    this.#settings = settings;
    this.#onChange = onChange;
    this.#client = createFrontdesk({ url: settings.url, ...(settings.token && { token: settings.token }) });
  }

  /** Loads the conversation that was open last, and follows an answer that still runs. */
  open(): Promise<void> {
    return this.#guard(async () => {
      const token = await this.#settings.token?.();
      const user = token ? userOf(token) : undefined;
      this.state = user ? 'loading' : 'signed-out';
      this.#onChange();
      if (!user) return;
      // By user: the next one on this device must not get a session of the one before.
      this.#key = `frontdesk:${this.#settings.url}:${this.#settings.employee ?? ''}:${user}`;
      this.#session = localStorage.getItem(this.#key) ?? undefined;
      await this.#load();
      this.state = 'ready';
      this.#onChange();
      const running = this.#session && await this.#client.chat.resume(this.#session, { signal: this.#leaving.signal });
      if (running) await this.#follow(running);
    });
  }

  /** Ends the connection; the server goes on. */
  leave(): void {
    this.#leaving.abort();
  }

  /** Sends a message. Resolves with false if the server refused it: it is then not part of the conversation. */
  async send(text: string): Promise<boolean> {
    const entry: Entry = { role: 'user', id: undefined, text };
    this.entries.push(entry);
    this.#session ??= crypto.randomUUID();
    let isAccepted = false;
    await this.#guard(async () => {
      this.state = 'running';
      this.#onChange();
      const message = { message: text, session_id: this.#session!, ...(this.#settings.employee && { employee: this.#settings.employee }) };
      const stream = await this.#client.chat.send(message, { signal: this.#leaving.signal });
      isAccepted = true;
      this.#remember();
      await this.#follow(stream);
    });
    if (!isAccepted) this.entries = this.entries.filter((one) => one !== entry);
    this.#onChange();
    return isAccepted;
  }

  /** Allows or denies a call. */
  decide(approval: string, approved: boolean): Promise<void> {
    return this.#guard(async () => {
      const rest = await this.#client.chat.decide(this.#session!, [{ id: approval, approved }], { signal: this.#leaving.signal });
      if (rest instanceof AnswerStream) await this.#follow(rest);
      else await this.#load();
      this.#onChange();
    }, () => this.#load());
  }

  stop(): Promise<void> {
    return this.#guard(async () => { await this.#client.chat.stop(this.#session!); });
  }

  /** Leaves the conversation, and begins an empty one. */
  startNew(): void {
    this.#leaving.abort();
    this.#leaving = new AbortController();
    this.#session = undefined;
    this.entries = [];
    this.error = undefined;
    if (this.#key) localStorage.removeItem(this.#key);
    this.state = 'ready';
    this.#onChange();
  }

  #remember(): void {
    if (this.#key && this.#session) localStorage.setItem(this.#key, this.#session);
  }

  async #load(): Promise<void> {
    if (!this.#session) return;
    try {
      const { data } = await this.#client.sessions.messages(this.#session, { limit: SHOWN_MESSAGES });
      this.entries = newestBranch(data).map((message) => (message.role === 'user'
        ? { role: 'user', id: message.id, text: message.content }
        : { role: 'assistant', answer: AnswerState.of(message) }));
    } catch (error) {
      // It was deleted elsewhere.
      if (!(error instanceof FrontdeskError) || error.code !== 'session_not_found') throw error;
      this.startNew();
    }
  }

  /** Shows an answer as its events come. One that resumes goes on in its place. */
  async #follow(stream: AnswerStream): Promise<void> {
    const { signal } = this.#leaving;
    this.state = 'running';
    let answer: AnswerState | undefined;
    for await (const event of stream) {
      if (signal.aborted) return;
      if (event.type === 'start') answer = this.#answer(event.messageId);
      answer?.apply(event);
      this.#onChange();
    }
    this.state = 'ready';
    this.#onChange();
  }

  #answer(id: string): AnswerState {
    const known = this.entries.find((entry) => entry.role === 'assistant' && entry.answer.id === id);
    if (known?.role === 'assistant') return known.answer;
    const answer = new AnswerState();
    this.entries.push({ role: 'assistant', answer });
    return answer;
  }

  /** Runs a step, and shows its error. `recover` is tried after one. */
  async #guard(step: () => Promise<void>, recover?: () => Promise<void>): Promise<void> {
    const { signal } = this.#leaving;
    this.error = undefined;
    try {
      await step();
    } catch (error) {
      if (signal.aborted) return;
      this.error = describeError(error);
      this.state = error instanceof FrontdeskError && error.status === 401 ? 'signed-out' : 'ready';
      await recover?.().catch(() => undefined);
      this.#onChange();
    }
  }
}
