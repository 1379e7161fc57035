import type { Api } from '../api/api.ts';
import { texts } from '../language/language.ts';
import { FrontdeskError } from '../../../client/src/index.ts';
import type { MessageMetadata } from './messages.ts';
import { MessageTree } from './messageTree.ts';
import { SessionChat } from './sessionChat.ts';
import { sleep } from '../ui/sleep.ts';

/** Channel on which the tabs of a browser tell each other of sessions with a new message. */
const CHANNEL = 'frontdesk-sessions';

/** Milliseconds before a broken connection is resumed. */
const RECONNECT_AFTER = 1000;

/** Newest messages of a session, and the cursor of those before them. */
interface Stored {
  tree: MessageTree;
  older: string | undefined;
}

/** The open conversation, and those that were left while their answer was still streaming. */
export class ChatStore {
  readonly #open = new Map<string, SessionChat>();
  readonly #api: Api;
  readonly #onAnswerEnd: (session: string) => void;
  readonly #onAccepted: (session: string) => void;
  #channel: BroadcastChannel | undefined;

  /** Calls `onAnswerEnd` when an answer has ended, with or without success, and `onAccepted` when the server accepted a message. */
  constructor(api: Api, onAnswerEnd: (session: string) => void, onAccepted: (session: string) => void) {
    this.#api = api;
    this.#onAnswerEnd = onAnswerEnd;
    this.#onAccepted = onAccepted;
  }

  /** Opens a conversation. A conversation that is left keeps receiving its answer until it ends. */
  async open(session: string, isNew: boolean): Promise<SessionChat> {
    for (const [id, chat] of this.#open) {
      if (id !== session && !chat.isRunning) this.#open.delete(id);
    }
    const stored = isNew || this.#open.has(session) ? undefined : await this.#load(session);
    const known = this.#open.get(session);
    const chat = known ?? this.#create(session);
    this.#open.set(session, chat);
    if (!known && stored) {
      this.#show(chat, stored);
      // An answer may still be running since before a reload, or in another tab.
      void this.recover(chat).catch(() => undefined);
    }
    return chat;
  }

  /** Follows the other tabs of this browser, until the returned function is called. */
  followTabs(): () => void {
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = ({ data }: MessageEvent<string>) => void this.#refresh(data).catch(() => undefined);
    this.#channel = channel;
    return () => channel.close();
  }

  /** Shows a message that another tab sent, and its answer. */
  async #refresh(session: string): Promise<void> {
    const chat = this.#open.get(session);
    if (!chat || chat.isRunning) return;
    const stored = await this.#fetch(session);
    if (!stored || chat.isRunning) return;
    this.#show(chat, stored, chat.lastMessage?.id);
    await this.recover(chat);
  }

  /** Loads the messages before those that a conversation has. */
  async loadOlder(chat: SessionChat): Promise<void> {
    const { data, next } = await this.#api.messages(chat.id, chat.olderCursor);
    // The page renders when messages are added.
    chat.olderCursor = next ?? undefined;
    chat.addOlder(data);
  }

  /** Stops the running answer on the server; its stream ends by itself. Closing the connection would not stop it. */
  async stop(chat: SessionChat): Promise<void> {
    await this.#api.stop(chat.id);
  }

  /** Allows or denies a call. Returns the error if that failed; the chat then shows the server's state. */
  async decide(chat: SessionChat, approval: string, isAllowed: boolean): Promise<Error | undefined> {
    const error = await chat.decide(approval, isAllowed);
    if (!error) return undefined;
    // An unreachable server tells nothing about the pending calls: the chat keeps its own state.
    const stored = await this.#fetch(chat.id).catch(() => undefined);
    if (stored && !chat.isRunning) this.#show(chat, stored, chat.lastMessage?.id);
    return error;
  }

  /** Streams the rest of a running answer, or loads the stored one if it has ended. */
  async recover(chat: SessionChat): Promise<void> {
    await chat.resumeStream();
    if (chat.isComplete || chat.isRunning) return;
    const stored = await this.#fetch(chat.id);
    const last = chat.lastMessage?.id;
    if (!last || !stored?.tree.has(last)) {
      throw new FrontdeskError(texts().answer.notFinished, { status: 404 });
    }
    this.#show(chat, stored, last);
    this.#onAnswerEnd(chat.id);
  }

  /** Resumes a lost connection once by itself. If that fails too, the page offers it to the user. */
  #reconnect(chat: SessionChat): void {
    markLastAnswer(chat, 'disconnected');
    void sleep(RECONNECT_AFTER).then(() => this.recover(chat)).catch(() => undefined);
  }

  #show(chat: SessionChat, { tree, older }: Stored, message?: string): void {
    chat.olderCursor = older;
    chat.load(tree, message);
  }

  async #load(session: string): Promise<Stored> {
    const stored = await this.#fetch(session);
    if (!stored) throw new FrontdeskError(texts().answer.noConversation, { status: 404 });
    return stored;
  }

  /** Fetches the newest messages of a session; undefined if the server does not know it. */
  async #fetch(session: string): Promise<Stored | undefined> {
    try {
      const { data, next } = await this.#api.messages(session);
      return { tree: MessageTree.fromRows(data), older: next ?? undefined };
    } catch (error) {
      if (error instanceof FrontdeskError && error.status === 404) return undefined;
      throw error;
    }
  }

  #create(session: string): SessionChat {
    const chat = new SessionChat({
      id: session,
      headers: this.#api.headers,
      onAccepted: () => {
        this.#channel?.postMessage(session);
        this.#onAccepted(session);
      },
      onFinish: ({ message, isDisconnect, isError, isAbort, finishReason }) => {
        const wasStopped = message.metadata?.status === 'stopped';
        // A whole answer has a finish reason: a stream that just ends was cut off.
        const wasCutOff = !wasStopped && (isDisconnect || (!isError && !isAbort && !finishReason));
        if (wasCutOff) this.#reconnect(chat);
        else if (isError) markLastAnswer(chat, 'failed');
        if (chat.lastMessage?.role === 'assistant') this.#onAnswerEnd(session);
      },
    });
    return chat;
  }
}

/** Sets the status of the last message if it is an answer. */
function markLastAnswer(chat: SessionChat, status: NonNullable<MessageMetadata['status']>): void {
  const last = chat.lastMessage;
  if (last?.role !== 'assistant') return;
  chat.messages = [...chat.messages.slice(0, -1), { ...last, metadata: { ...last.metadata, status } }];
}
