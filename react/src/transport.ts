import { createFetch, type Options } from '@frontdesk/client';
import { DefaultChatTransport, type UIMessageChunk } from 'ai';
import { chunksBeforeApproval, type FrontdeskMessage } from './messages.ts';

type Base = DefaultChatTransport<FrontdeskMessage>;

export interface FrontdeskTransportOptions extends Options {
  /** Fields that are sent with each message: `employee`, `remember`. */
  fields?: () => Record<string, unknown>;
  /** Messages that the page has: an answer that is resumed after an approval goes on in its own. */
  messages?: () => FrontdeskMessage[];
  /** Called when the server has accepted a message: it is kept from then on. */
  onAccepted?: () => void;
}

/** The AI SDK's transport for `/api/chat`: it sends the newest message alone, since the server has the history. */
export class FrontdeskTransport extends DefaultChatTransport<FrontdeskMessage> {
  readonly #options: FrontdeskTransportOptions;

  constructor(options: FrontdeskTransportOptions) {
    const send = createFetch(options);
    super({
      api: `${(options.url ?? '').replace(/\/+$/, '')}/api/chat`,
      fetch: (url, init = {}) => send(String(url), init),
      prepareSendMessagesRequest: ({ id, messages, trigger, messageId, body }) => ({
        body: { id, trigger, messageId, messages: messages.slice(-1), ...options.fields?.(), ...body },
      }),
    });
    this.#options = options;
  }

  override async sendMessages(options: Parameters<Base['sendMessages']>[0]) {
    const stream = await super.sendMessages(options);
    this.#options.onAccepted?.();
    return stream;
  }

  override async reconnectToStream(options: Parameters<Base['reconnectToStream']>[0]) {
    const stream = await super.reconnectToStream(options);
    return stream && stream.pipeThrough(new TransformStream<UIMessageChunk, UIMessageChunk>({
      transform: (chunk, controller) => {
        controller.enqueue(chunk);
        if (chunk.type !== 'start') return;
        const known = this.#options.messages?.().find(({ id }) => id === chunk.messageId);
        if (known) chunksBeforeApproval(known).forEach((earlier) => controller.enqueue(earlier));
      },
    }));
  }
}
