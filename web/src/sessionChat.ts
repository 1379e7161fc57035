import { Chat } from '@ai-sdk/react';
import {
  DefaultChatTransport, lastAssistantMessageIsCompleteWithApprovalResponses, type ChatInit, type HttpChatTransportInitOptions,
  type UIMessageChunk,
} from 'ai';
import { asAttachments, type AttachedPicture } from './attachments.ts';
import type { ChatMessage, Metadata } from './conversation.ts';
import { toldBefore } from './retell.ts';
import { Tree } from './tree.ts';

/** What a message follows that follows none. */
const BEGINNING = '00000000-0000-0000-0000-000000000000';

/** What goes along with a message. */
interface Wishes {
  /** Who is to answer; undefined leaves it to the server. */
  employee: string | undefined;
  /** Pictures that go with it. */
  pictures?: AttachedPicture[];
}

interface Init extends Required<Pick<ChatInit<ChatMessage>, 'id'>>, Pick<ChatInit<ChatMessage>, 'onFinish'> {
  headers: NonNullable<HttpChatTransportInitOptions<ChatMessage>['headers']>;
  /** The server took a message, and knows from now on who answers. */
  onTaken: () => void;
}

/** A chat that shows one branch of its session, and keeps what is known of the others. What is sent goes on from what is shown. */
export class SessionChat extends Chat<ChatMessage> {
  #known = Tree.of([]);
  /** Whether anything was heard of the answer that was asked for last. */
  #hasBegun = false;

  constructor({ id, onFinish, headers, onTaken }: Init) {
    super({
      id,
      ...(onFinish && { onFinish }),
      generateId: () => crypto.randomUUID(),
      transport: new Transport({
        headers,
        onTaken,
        onStart: (answer, question) => this.#place(answer, question),
        before: (answer) => {
          const known = this.messages.find((message) => message.id === answer);
          return known ? toldBefore(known) : [];
        },
      }),
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
      const pictures = this.messages.find(({ id }) => tree.idOf(id) === tree.idOf(question))?.metadata?.pictures;
      this.messages = this.messages.slice(0, this.messages.findIndex(({ id }) => tree.idOf(id) === tree.idOf(question)));
      return this.#say(text, parent, { ...wishes, ...(pictures && { pictures }) });
    });
  }

  /** Has the question of that answer answered again. Returns what `ask` does. */
  answerAgain(answer: string, wishes: Wishes): Promise<Error | undefined> {
    return this.#attempt(() => this.regenerate({ messageId: answer, body: wishes }));
  }

  /**
   * Says whether a call that waits may run. When that is said of all that wait, the answer goes on. Returns why it did not, if it
   * should have; then all is as it was before.
   */
  async decide(approval: string, isAllowed: boolean): Promise<Error | undefined> {
    const shown = this.messages;
    await this.addToolApprovalResponse({ id: approval, approved: isAllowed });
    if (!lastAssistantMessageIsCompleteWithApprovalResponses({ messages: this.messages })) return undefined;
    this.#hasBegun = false;
    await this.sendMessage();
    if (this.status !== 'error' || this.#hasBegun) return undefined;
    const refusal = this.error;
    this.messages = shown;
    this.clearError();
    return refusal;
  }

  #say(text: string, parent: string | null, { employee, pictures = [] }: Wishes): Promise<void> {
    const metadata: Metadata = { parent_id: parent };
    if (pictures.length === 0) return this.sendMessage({ text, metadata }, { body: { employee } });
    const attached = pictures.map(({ id, name }) => ({ id, name }));
    return this.sendMessage({ text, metadata: { ...metadata, pictures: attached } }, { body: { employee, attachments: asAttachments(attached) } });
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
  #place(...[answer, question]: Parameters<Hooks['onStart']>): void {
    this.#hasBegun = true;
    const { tree } = this;
    const place = [answer, question].find((id) => id && tree.has(id));
    if (!place || tree.idOf(place) === this.lastMessage?.id) return;
    this.#known = tree;
    this.messages = tree.pathTo(place);
  }
}

interface Hooks extends Pick<Init, 'headers' | 'onTaken'> {
  /** Told before any of an answer is heard: which one it is, and which question it answers. */
  onStart: (answer: string | undefined, question: string | null | undefined) => void;
  /** What was told of an answer before it waited for its user. */
  before: (answer: string | undefined) => UIMessageChunk[];
}

/** Sends only what is new, for history is the server's, and says where an answer belongs. */
class Transport extends DefaultChatTransport<ChatMessage> {
  readonly #hooks: Hooks;

  constructor(hooks: Hooks) {
    super({
      headers: hooks.headers,
      prepareSendMessagesRequest: ({ id, messages, trigger, messageId, body, headers: sent }) => {
        const last = messages.at(-1);
        const headers = sent ?? {};
        // A question that is answered again is the server's too; the answer says which one it is.
        if (trigger === 'regenerate-message') return { headers, body: { id, trigger, messageId, ...body } };
        // An answer comes back for what its user says of its calls.
        const place = last?.role === 'user' && { parent_id: last.metadata?.parent_id ?? BEGINNING };
        return { headers, body: { id, trigger, messages: [last], ...place, ...body } };
      },
    });
    this.#hooks = hooks;
  }

  override async sendMessages(options: Parameters<DefaultChatTransport<ChatMessage>['sendMessages']>[0]) {
    const stream = await super.sendMessages(options);
    if (options.messages.at(-1)?.role === 'user') this.#hooks.onTaken();
    return stream;
  }

  /** An answer that waited is told from where it went on: what came before is told by what is known of it. */
  override async reconnectToStream(options: Parameters<DefaultChatTransport<ChatMessage>['reconnectToStream']>[0]) {
    const stream = await super.reconnectToStream(options);
    return stream && stream.pipeThrough(new TransformStream<UIMessageChunk, UIMessageChunk>({
      transform: (chunk, controller) => {
        controller.enqueue(chunk);
        if (chunk.type === 'start') this.#hooks.before(chunk.messageId).forEach((told) => controller.enqueue(told));
      },
    }));
  }

  protected override processResponseStream(stream: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStream<UIMessageChunk> {
    return super.processResponseStream(stream).pipeThrough(new TransformStream<UIMessageChunk, UIMessageChunk>({
      transform: (chunk, controller) => {
        if (chunk.type === 'start') {
          const metadata = chunk.messageMetadata as Metadata | undefined;
          this.#hooks.onStart(chunk.messageId, metadata?.parent_id);
        }
        controller.enqueue(chunk);
      },
    }));
  }
}
