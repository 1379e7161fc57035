import { Chat } from '@ai-sdk/react';
import {
  DefaultChatTransport, lastAssistantMessageIsCompleteWithApprovalResponses, type ChatInit, type HttpChatTransportInitOptions,
  type UIMessageChunk,
} from 'ai';
import type { StoredMessage } from '../api/rows.ts';
import { toRequestAttachments, type AttachedPicture } from './attachments.ts';
import type { ChatMessage, MessageMetadata } from './messages.ts';
import { MessageTree } from './messageTree.ts';
import { replayBeforeApproval } from './replay.ts';

/** The `parent_id` of a first message. */
const ROOT_ID = '00000000-0000-0000-0000-000000000000';

/** Options that are sent with a message. */
interface SendOptions {
  /** Employee who is to answer; undefined leaves the choice to the server. */
  employee: string | undefined;
  /** False for a turn of which nothing is to be remembered. */
  remember: boolean;
  pictures?: AttachedPicture[];
}

interface Init extends Required<Pick<ChatInit<ChatMessage>, 'id'>>, Pick<ChatInit<ChatMessage>, 'onFinish'> {
  headers: NonNullable<HttpChatTransportInitOptions<ChatMessage>['headers']>;
  /** Called when the server accepted a message: from then on it knows who answers. */
  onAccepted: () => void;
}

/** A chat that shows one branch of its session and keeps the others. A message that is sent continues the shown branch. */
export class SessionChat extends Chat<ChatMessage> {
  #tree = MessageTree.fromRows([]);
  /** Cursor of the messages before the known ones; undefined if there are none. */
  olderCursor: string | undefined;
  /** Set once the stream of the current request has started. */
  #hasStarted = false;

  constructor({ id, onFinish, headers, onAccepted }: Init) {
    super({
      id,
      ...(onFinish && { onFinish }),
      generateId: () => crypto.randomUUID(),
      transport: new Transport({
        headers,
        onAccepted,
        onStart: (answer, question) => this.#showBranchOf(answer, question),
        replay: (answer) => {
          const known = this.messages.find((message) => message.id === answer);
          return known ? replayBeforeApproval(known) : [];
        },
      }),
    });
  }

  /** All known messages, with the shown branch in its current state. */
  get tree(): MessageTree {
    return this.#tree.withPath(this.messages);
  }

  get isRunning(): boolean {
    return this.status === 'submitted' || this.status === 'streaming';
  }

  /** True if the branch is empty, or ends with an answer to a question that was received to its end. */
  get isComplete(): boolean {
    const [question, last] = [this.messages.at(-2), this.lastMessage];
    return !last || (last.role === 'assistant' && last.metadata?.status !== 'disconnected' && question?.role === 'user');
  }

  /** Replaces the known messages and shows the branch through `message`; without it, the newest branch. */
  load(tree: MessageTree, message?: string): void {
    this.clearError();
    this.#tree = tree;
    const newest = tree.newest(message);
    this.messages = newest === undefined ? [] : tree.pathTo(newest);
  }

  /** Adds messages before the known ones to the shown branch. */
  addOlder(rows: StoredMessage[]): void {
    const last = this.lastMessage;
    this.#tree = this.tree.withOlder(rows);
    if (last) this.messages = this.#tree.pathTo(last.id);
  }

  /** Shows the branch through a message, down to its newest descendant. */
  showBranch(message: string): void {
    this.load(this.tree, message);
  }

  /** Sends a message at the end of the shown branch. Returns the error if it was rejected; the branch is then restored. */
  ask(text: string, options: SendOptions): Promise<Error | undefined> {
    return this.#sendOrRestore(() => this.#sendText(text, this.lastMessage?.id ?? null, options));
  }

  /** Sends a changed message as a sibling of the original. Returns the same as `ask`. */
  editMessage(original: string, text: string, options: SendOptions): Promise<Error | undefined> {
    return this.#sendOrRestore(() => {
      const { tree } = this;
      const parent = tree.parentOf(original);
      const pictures = this.messages.find(({ id }) => tree.idOf(id) === tree.idOf(original))?.metadata?.pictures;
      this.messages = this.messages.slice(0, this.messages.findIndex(({ id }) => tree.idOf(id) === tree.idOf(original)));
      return this.#sendText(text, parent, { ...options, ...(pictures && { pictures }) });
    });
  }

  /** Requests another answer to the same question. Returns the same as `ask`. */
  regenerateAnswer(answer: string, options: SendOptions): Promise<Error | undefined> {
    return this.#sendOrRestore(() => this.regenerate({ messageId: answer, body: options }));
  }

  /**
   * Allows or denies a pending call. The answer resumes after the decision on its last pending call. Returns the error if resuming
   * failed; the branch is then restored.
   */
  async decide(approval: string, isAllowed: boolean): Promise<Error | undefined> {
    const shown = this.messages;
    await this.addToolApprovalResponse({ id: approval, approved: isAllowed });
    if (!lastAssistantMessageIsCompleteWithApprovalResponses({ messages: this.messages })) return undefined;
    this.#hasStarted = false;
    await this.sendMessage();
    if (this.status !== 'error' || this.#hasStarted) return undefined;
    return this.#restore(shown);
  }

  #sendText(text: string, parent: string | null, { pictures = [], ...body }: SendOptions): Promise<void> {
    const metadata: MessageMetadata = { parent_id: parent };
    if (pictures.length === 0) return this.sendMessage({ text, metadata }, { body });
    const attached = pictures.map(({ id, name }) => ({ id, name }));
    return this.sendMessage({ text, metadata: { ...metadata, pictures: attached } }, { body: { ...body, attachments: toRequestAttachments(attached) } });
  }

  async #sendOrRestore(send: () => Promise<void>): Promise<Error | undefined> {
    const shown = this.messages;
    this.#tree = this.tree;
    await send();
    if (this.status !== 'error' || this.lastMessage?.role !== 'user') return undefined;
    return this.#restore(shown);
  }

  #restore(shown: ChatMessage[]): Error | undefined {
    const { error } = this;
    this.messages = shown;
    this.clearError();
    return error;
  }

  /** Shows the branch that an answer belongs to. Must run before the SDK processes the answer's first chunk. */
  #showBranchOf(...[answer, question]: Parameters<Hooks['onStart']>): void {
    this.#hasStarted = true;
    const { tree } = this;
    const end = [answer, question].find((id) => id && tree.has(id));
    if (!end || tree.idOf(end) === this.lastMessage?.id) return;
    this.#tree = tree;
    this.messages = tree.pathTo(end);
  }
}

interface Hooks extends Pick<Init, 'headers' | 'onAccepted'> {
  /** Called before the first chunk of an answer, with its id and that of its question. */
  onStart: (answer: string | undefined, question: string | null | undefined) => void;
  /** Chunks of an answer up to its last approval, from the messages that the page has. */
  replay: (answer: string | undefined) => UIMessageChunk[];
}

/** Sends only the newest message, since the server has the history, and the message that it follows. */
class Transport extends DefaultChatTransport<ChatMessage> {
  readonly #hooks: Hooks;

  constructor(hooks: Hooks) {
    super({
      headers: hooks.headers,
      prepareSendMessagesRequest: ({ id, messages, trigger, messageId, body, headers: sent }) => {
        const last = messages.at(-1);
        const headers = sent ?? {};
        // The server finds the question by the id of the answer.
        if (trigger === 'regenerate-message') return { headers, body: { id, trigger, messageId, ...body } };
        // An answer is sent back for the decisions on its calls: it has no parent to name.
        const parent = last?.role === 'user' && { parent_id: last.metadata?.parent_id ?? ROOT_ID };
        return { headers, body: { id, trigger, messages: [last], ...parent, ...body } };
      },
    });
    this.#hooks = hooks;
  }

  override async sendMessages(options: Parameters<DefaultChatTransport<ChatMessage>['sendMessages']>[0]) {
    const stream = await super.sendMessages(options);
    if (options.messages.at(-1)?.role === 'user') this.#hooks.onAccepted();
    return stream;
  }

  /** The server streams a resumed answer from its last approval on: the part before it is replayed from the page's messages. */
  override async reconnectToStream(options: Parameters<DefaultChatTransport<ChatMessage>['reconnectToStream']>[0]) {
    const stream = await super.reconnectToStream(options);
    return stream && stream.pipeThrough(new TransformStream<UIMessageChunk, UIMessageChunk>({
      transform: (chunk, controller) => {
        controller.enqueue(chunk);
        if (chunk.type === 'start') this.#hooks.replay(chunk.messageId).forEach((replayed) => controller.enqueue(replayed));
      },
    }));
  }

  protected override processResponseStream(stream: ReadableStream<Uint8Array<ArrayBuffer>>): ReadableStream<UIMessageChunk> {
    return super.processResponseStream(stream).pipeThrough(new TransformStream<UIMessageChunk, UIMessageChunk>({
      transform: (chunk, controller) => {
        if (chunk.type === 'start') {
          const metadata = chunk.messageMetadata as MessageMetadata | undefined;
          this.#hooks.onStart(chunk.messageId, metadata?.parent_id);
        }
        controller.enqueue(chunk);
      },
    }));
  }
}
