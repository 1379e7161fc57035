import { Chat } from '@ai-sdk/react';
import { DefaultChatTransport, type ChatInit, type HttpChatTransportInitOptions, type UIMessageChunk } from 'ai';
import type { ChatMessage, Metadata } from './conversation.ts';
import { Tree } from './tree.ts';

/** What a message follows that follows none. */
const BEGINNING = '00000000-0000-0000-0000-000000000000';

/** What goes along with a message. */
interface Wishes {
  /** Who is to answer; undefined leaves it to the server. */
  employee: string | undefined;
}

interface Init extends Required<Pick<ChatInit<ChatMessage>, 'id'>>, Pick<ChatInit<ChatMessage>, 'onFinish'> {
  headers: NonNullable<HttpChatTransportInitOptions<ChatMessage>['headers']>;
}

/** A chat that shows one branch of its session, and keeps what is known of the others. What is sent goes on from what is shown. */
export class SessionChat extends Chat<ChatMessage> {
  #known = Tree.of([]);

  constructor({ id, onFinish, headers }: Init) {
    super({
      id,
      ...(onFinish && { onFinish }),
      generateId: () => crypto.randomUUID(),
      transport: new Transport(headers, (answer, question) => this.#place(answer, question)),
    });
  }

  /** All that is known, with what is shown as it is by now. */
  get tree(): Tree {
    return this.#known.with(this.messages);
  }

  get isRunning(): boolean {
    return this.status === 'submitted' || this.status === 'streaming';
  }

  /** Whether what is shown ends with an answer that was heard to its end, and was one to a question. */
  get isHeard(): boolean {
    const [before, last] = [this.messages.at(-2), this.lastMessage];
    return !last || (last.role === 'assistant' && last.metadata?.status !== 'disconnected' && before?.role === 'user');
  }

  /** Takes over what the server has, and shows the branch with that message; without one, the newest. */
  adopt(stored: Tree, message?: string): void {
    this.clearError();
    this.#known = stored;
    const newest = stored.newest(message);
    this.messages = newest === undefined ? [] : stored.pathTo(newest);
  }

  /** Shows the branch with that message, to its newest end. */
  show(message: string): void {
    this.adopt(this.tree, message);
  }

  /** Asks after what is shown. Returns why nothing came back, if so; then all is as it was before. */
  ask(text: string, wishes: Wishes): Promise<Error | undefined> {
    return this.#attempt(() => this.#say(text, this.lastMessage?.id ?? null, wishes));
  }

  /** Asks in other words, in the place of that question. Returns what `ask` does. */
  rephrase(question: string, text: string, wishes: Wishes): Promise<Error | undefined> {
    return this.#attempt(() => {
      const { tree } = this;
      const parent = tree.parentOf(question);
      this.messages = this.messages.slice(0, this.messages.findIndex(({ id }) => tree.idOf(id) === tree.idOf(question)));
      return this.#say(text, parent, wishes);
    });
  }

  /** Has the question of that answer answered again. Returns what `ask` does. */
  answerAgain(answer: string, wishes: Wishes): Promise<Error | undefined> {
    return this.#attempt(() => this.regenerate({ messageId: answer, body: wishes }));
  }

  #say(text: string, parent: string | null, body: Wishes): Promise<void> {
    return this.sendMessage({ text, metadata: { parent_id: parent } }, { body });
  }

  async #attempt(send: () => Promise<void>): Promise<Error | undefined> {
    const shown = this.messages;
    this.#known = this.tree;
    await send();
    if (this.status !== 'error' || this.lastMessage?.role !== 'user') return undefined;
    const refusal = this.error;
    this.messages = shown;
    this.clearError();
    return refusal;
  }

  /** Before the first of an answer is heard: shows the branch to which it belongs, if it is another. */
  #place(...[answer, question]: Parameters<OnStart>): void {
    const { tree } = this;
    const place = [answer, question].find((id) => id && tree.has(id));
    if (!place || tree.idOf(place) === this.lastMessage?.id) return;
    this.#known = tree;
    this.messages = tree.pathTo(place);
  }
}

/** Told before any of an answer is heard: which one it is, and which question it answers. */
type OnStart = (answer: string | undefined, question: string | null | undefined) => void;

/** Sends only what is new, for history is the server's, and says where an answer belongs. */
class Transport extends DefaultChatTransport<ChatMessage> {
  readonly #onStart: OnStart;

  constructor(headers: Init['headers'], onStart: OnStart) {
    super({
      headers,
      prepareSendMessagesRequest: ({ id, messages, trigger, messageId, body, headers: sent }) => {
        const last = messages.at(-1);
        // A question that is answered again is the server's too; the answer says which one it is.
        const said = trigger === 'submit-message' ? { messages: [last], parent_id: last?.metadata?.parent_id ?? BEGINNING } : { messageId };
        return { headers: sent ?? {}, body: { id, trigger, ...said, ...body } };
      },
    });
    this.#onStart = onStart;
  }

  protected override processResponseStream(stream: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStream<UIMessageChunk> {
    return super.processResponseStream(stream).pipeThrough(new TransformStream<UIMessageChunk, UIMessageChunk>({
      transform: (chunk, controller) => {
        if (chunk.type === 'start') {
          const metadata = chunk.messageMetadata as Metadata | undefined;
          this.#onStart(chunk.messageId, metadata?.parent_id);
        }
        controller.enqueue(chunk);
      },
    }));
  }
}
