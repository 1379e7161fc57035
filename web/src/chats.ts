import { Chat } from '@ai-sdk/react';
import { DefaultChatTransport } from 'ai';
import type { Api } from './api.ts';
import { fromStored, type ChatMessage, type Metadata } from './conversation.ts';
import { pause } from './pause.ts';
import { Problem } from './problem.ts';

/** Pauses, in milliseconds, before a conversation that is not there is looked for again. */
const NOT_YET_SAVED = [500, 1500, 3000];

/** The open conversation, and those left while their answer was still arriving. */
export class Chats {
  readonly #open = new Map<string, Chat<ChatMessage>>();
  readonly #api: Api;
  readonly #onAnswer: (session: string) => void;

  /** `onAnswer` is called when an answer has ended, one way or another. */
  constructor(api: Api, onAnswer: (session: string) => void) {
    this.#api = api;
    this.#onAnswer = onAnswer;
  }

  /** Opens a conversation. Leaving one does not cut its answer off; coming back finds it as it is by then. */
  async open(session: string, isNew: boolean): Promise<Chat<ChatMessage>> {
    for (const [id, chat] of this.#open) {
      if (id !== session && !isRunning(chat)) this.#open.delete(id);
    }
    const messages = isNew || this.#open.has(session) ? [] : await this.#load(session);
    const chat = this.#open.get(session) ?? this.#create(session, messages);
    this.#open.set(session, chat);
    return chat;
  }

  /** Takes over what the server has, once that includes the answer whose stream broke off. */
  async recover(chat: Chat<ChatMessage>): Promise<void> {
    const stored = await this.#stored(chat.id);
    const lost = chat.lastMessage?.id;
    if (!stored?.some((message) => message.id === lost)) {
      throw new Problem(404, 'The answer is not finished yet. Check again in a moment.');
    }
    chat.clearError();
    chat.messages = stored;
    this.#onAnswer(chat.id);
  }

  /** A session is saved a moment after its first answer: right after a reload it may not be there yet. */
  async #load(session: string): Promise<ChatMessage[]> {
    for (const wait of [...NOT_YET_SAVED, 0]) {
      const stored = await this.#stored(session);
      if (stored) return stored;
      await pause(wait);
    }
    throw new Problem(404, 'This conversation is not among yours. If its first answer is still being written, try again in a moment.');
  }

  /** What the server has of a conversation; nothing when it does not know it. */
  async #stored(session: string): Promise<ChatMessage[] | undefined> {
    try {
      return fromStored(await this.#api.messages(session));
    } catch (error) {
      if (error instanceof Problem && error.status === 404) return undefined;
      throw error;
    }
  }

  #create(session: string, messages: ChatMessage[]): Chat<ChatMessage> {
    const chat = new Chat<ChatMessage>({
      id: session,
      messages,
      generateId: () => crypto.randomUUID(),
      transport: new DefaultChatTransport<ChatMessage>({
        headers: this.#api.headers,
        // History is the server's: a request carries only what is new.
        prepareSendMessagesRequest: ({ id, messages, trigger, messageId, body, headers }) => ({
          headers: headers ?? {},
          body: { id, messages: messages.slice(-1), trigger, messageId, ...body },
        }),
      }),
      onFinish: ({ isDisconnect, isError, isAbort, finishReason }) => {
        // A stream that just stops is no answer either: a whole one says why it ended.
        const brokeOff = isDisconnect || (!isError && !isAbort && !finishReason);
        if (brokeOff) mark(chat, 'disconnected');
        else if (isError) mark(chat, 'failed');
        if (chat.lastMessage?.role === 'assistant') this.#onAnswer(session);
      },
    });
    return chat;
  }
}

export function isRunning(chat: Pick<Chat<ChatMessage>, 'status'>): boolean {
  return chat.status === 'submitted' || chat.status === 'streaming';
}

/** Notes at the last answer, if there is one, why it is not whole. */
function mark(chat: Chat<ChatMessage>, status: NonNullable<Metadata['status']>): void {
  const last = chat.lastMessage;
  if (last?.role !== 'assistant') return;
  chat.messages = [...chat.messages.slice(0, -1), { ...last, metadata: { ...last.metadata, status } }];
}
