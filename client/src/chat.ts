import { AnswerStream } from './answerStream.ts';
import type { Options, Send } from './http.ts';
import type { Answer, ApprovalsRequest, ChatRequest, Stopped, Waiting } from './schemas.ts';

/** A message, and where it belongs. */
export type Message = Pick<
  ChatRequest, 'message' | 'session_id' | 'employee' | 'client_message_id' | 'remember' | 'parent_id' | 'attachments'
>;

/** A decision on a call that waits for its user. */
export type Decision = ApprovalsRequest['approvals'][number];

export interface Abortable {
  /** Ends the request alone: the answer goes on without its reader. */
  signal?: AbortSignal;
}

/** `/api/chat`: messages and their answers. */
export function chatOf(send: Send, { retryDelay = 250 }: Options) {
  const streamOf = (session: string, response: Response, signal: AbortSignal | undefined, repeat?: () => Promise<Response>) =>
    new AnswerStream({
      response, signal, retryDelay,
      resume: (after) => (after === undefined && repeat ? repeat() : replay(session, after, signal)),
    });

  async function replay(session: string, after: string | undefined, signal: AbortSignal | undefined): Promise<Response | null> {
    const headers: Record<string, string> = after === undefined ? {} : { 'last-event-id': after };
    const response = await send('GET', `${pathOf(session)}/stream`, { headers, signal });
    return response.status === 204 ? null : response;
  }

  return {
    /** Sends a message, and streams its answer. Without an id of a session, a new one begins. */
    async send(message: Message, { signal }: Abortable = {}): Promise<AnswerStream> {
      const session = message.session_id ?? crypto.randomUUID();
      // The name makes the request safe to repeat: the same one again replays the turn. A question that is answered again has one.
      const name = message.message ? { client_message_id: message.client_message_id ?? crypto.randomUUID() } : {};
      const post = () => send('POST', '/api/chat', { json: { ...message, ...name, session_id: session, stream: true }, signal });
      return streamOf(session, await post(), signal, message.message ? post : undefined);
    },

    /** Sends a message, and resolves with the whole answer. */
    ask: async (message: Message, { signal }: Abortable = {}): Promise<Answer> =>
      (await send('POST', '/api/chat', { json: { ...message, stream: false }, signal })).json(),

    /** The running answer of a session; `after` an event also the rest of one that has ended. Null if there is none. */
    async resume(session: string, { after, signal }: { after?: string } & Abortable = {}): Promise<AnswerStream | null> {
      const response = await replay(session, after, signal);
      if (!response) return null;
      const stream = streamOf(session, response, signal);
      stream.lastEventId = after;
      return stream;
    },

    /** Ends the running answer, and keeps its text. False if none runs. */
    stop: async (session: string): Promise<boolean> =>
      ((await (await send('POST', `${pathOf(session)}/stop`)).json()) as Stopped).stopped,

    /** Decides on pending calls. The answer goes on when all are decided; else the ids that are still open are returned. */
    async decide(session: string, approvals: Decision[], { signal }: Abortable = {}): Promise<AnswerStream | Waiting> {
      const response = await send('POST', `${pathOf(session)}/approvals`, { json: { approvals, stream: true }, signal });
      return response.status === 202 ? response.json() as Promise<Waiting> : streamOf(session, response, signal);
    },
  };
}

function pathOf(session: string): string {
  return `/api/chat/${encodeURIComponent(session)}`;
}
