import type { Api } from './api.ts';
import type { Metadata } from './conversation.ts';
import { pause } from './pause.ts';
import { Problem } from './problem.ts';
import { SessionChat } from './sessionChat.ts';
import { Tree } from './tree.ts';

/** How long a broken connection is left alone, in milliseconds. */
const RECONNECT_AFTER = 1000;

/** The open conversation, and those left while their answer was still arriving. */
export class Chats {
  readonly #open = new Map<string, SessionChat>();
  readonly #api: Api;
  readonly #onAnswer: (session: string) => void;
  readonly #onTaken: (session: string) => void;

  /** `onAnswer` is called when an answer has ended, one way or another; `onTaken` when the server has taken a message. */
  constructor(api: Api, onAnswer: (session: string) => void, onTaken: (session: string) => void) {
    this.#api = api;
    this.#onAnswer = onAnswer;
    this.#onTaken = onTaken;
  }

  /** Opens a conversation. Leaving one does not cut its answer off; coming back finds it as it is by then. */
  async open(session: string, isNew: boolean): Promise<SessionChat> {
    for (const [id, chat] of this.#open) {
      if (id !== session && !chat.isRunning) this.#open.delete(id);
    }
    const stored = isNew || this.#open.has(session) ? undefined : await this.#load(session);
    const known = this.#open.get(session);
    const chat = known ?? this.#create(session);
    this.#open.set(session, chat);
    if (!known && stored) {
      chat.adopt(stored);
      // Its answer may still be running, from before a reload or in another tab.
      void this.recover(chat).catch(() => undefined);
    }
    return chat;
  }

  /** Ends the running answer. Its stream ends by itself then; to hang up alone would let it run on. */
  async stop(chat: SessionChat): Promise<void> {
    await this.#api.stop(chat.id);
  }

  /** Says whether a call may run. Returns why that came to nothing, if so; then what the server has is shown. */
  async decide(chat: SessionChat, approval: string, isAllowed: boolean): Promise<Error | undefined> {
    const refusal = await chat.decide(approval, isAllowed);
    if (!refusal) return undefined;
    // Out of reach, it says nothing of what waits.
    const stored = await this.#stored(chat.id).catch(() => undefined);
    if (stored && !chat.isRunning) chat.adopt(stored, chat.lastMessage?.id);
    return refusal;
  }

  /** Hears the rest of an answer, if one is running; or, when that is over, takes over what the server has. */
  async recover(chat: SessionChat): Promise<void> {
    await chat.resumeStream();
    if (chat.isHeard || chat.isRunning) return;
    const stored = await this.#stored(chat.id);
    const last = chat.lastMessage?.id;
    if (!last || !stored?.has(last)) {
      throw new Problem(404, 'The answer is not finished yet. Check again in a moment.');
    }
    chat.adopt(stored, last);
    this.#onAnswer(chat.id);
  }

  /** A lost connection is mostly back in a moment; the reader is asked only if it is not. */
  #comeBack(chat: SessionChat): void {
    mark(chat, 'disconnected');
    void pause(RECONNECT_AFTER).then(() => this.recover(chat)).catch(() => undefined);
  }

  async #load(session: string): Promise<Tree> {
    const stored = await this.#stored(session);
    if (!stored) throw new Problem(404, 'This conversation is not among yours.');
    return stored;
  }

  /** What the server has of a conversation; nothing when it does not know it. */
  async #stored(session: string): Promise<Tree | undefined> {
    try {
      return Tree.of(await this.#api.messages(session));
    } catch (error) {
      if (error instanceof Problem && error.status === 404) return undefined;
      throw error;
    }
  }

  #create(session: string): SessionChat {
    const chat = new SessionChat({
      id: session,
      headers: this.#api.headers,
      onTaken: () => this.#onTaken(session),
      onFinish: ({ message, isDisconnect, isError, isAbort, finishReason }) => {
        const wasStopped = message.metadata?.status === 'stopped';
        // A stream that just ends is no answer either: a whole one says why it ended.
        const brokeOff = !wasStopped && (isDisconnect || (!isError && !isAbort && !finishReason));
        if (brokeOff) this.#comeBack(chat);
        else if (isError) mark(chat, 'failed');
        if (chat.lastMessage?.role === 'assistant') this.#onAnswer(session);
      },
    });
    return chat;
  }
}

/** Notes at the last answer, if there is one, why it is not whole. */
function mark(chat: SessionChat, status: NonNullable<Metadata['status']>): void {
  const last = chat.lastMessage;
  if (last?.role !== 'assistant') return;
  chat.messages = [...chat.messages.slice(0, -1), { ...last, metadata: { ...last.metadata, status } }];
}
