import { useChat, type UseChatHelpers } from '@ai-sdk/react';
import { FrontdeskError } from '@frontdesk/client';
import { isToolUIPart, lastAssistantMessageIsCompleteWithApprovalResponses } from 'ai';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useFrontdeskContext } from './FrontdeskProvider.tsx';
import { toUiMessages, type FrontdeskMessage } from './messages.ts';
import { FrontdeskTransport } from './transport.ts';

/** Messages of a history that are loaded. */
const LOADED_MESSAGES = 100;

export interface UseFrontdeskOptions {
  /** Id of the session to open; without it a new one begins with the first message. */
  session?: string | undefined;
  /** Slug of the employee who answers. Default: the deployment's. */
  employee?: string | undefined;
  /** False for messages of which nothing is to be remembered. */
  remember?: boolean | undefined;
  /** Called when the first message of a new session was accepted, with its id. */
  onSession?: ((session: string) => void) | undefined;
  /** Called when an answer has ended, with or without success. */
  onFinish?: ((session: string) => void) | undefined;
}

export interface FrontdeskChat extends Pick<UseChatHelpers<FrontdeskMessage>, 'messages' | 'status'> {
  session: string;
  /** True while the history is loaded. */
  isLoading: boolean;
  /** Error of the last request. One of the server is a `FrontdeskError`. */
  error: unknown;
  /** Sends a message. Resolves with false if the server refused it: it is then not part of the conversation. */
  send: (text: string) => Promise<boolean>;
  /** Ends the running answer, and keeps its text. */
  stop: () => Promise<void>;
  /** Asks for another answer to the last question. */
  regenerate: () => Promise<void>;
  /** Allows or denies a call. The answer goes on when all calls that wait are decided. */
  decide: (approval: string, isAllowed: boolean, reason?: string) => Promise<void>;
}

/** One conversation: its history, the answer that runs, also since before a reload, and what its user can do. */
export function useFrontdesk({ session: wanted, employee, remember, onSession, onFinish }: UseFrontdeskOptions = {}): FrontdeskChat {
  const { client, options } = useFrontdeskContext();
  const session = useSessionId(wanted);
  const latest = useRef({ messages: [] as FrontdeskMessage[], fields: {}, onAccepted: () => {} });
  latest.current.fields = { ...(employee !== undefined && { employee }), ...(remember !== undefined && { remember }) };
  const transport = useMemo(() => new FrontdeskTransport({
    ...options,
    fields: () => latest.current.fields,
    messages: () => latest.current.messages,
    onAccepted: () => latest.current.onAccepted(),
  }), [options]);
  const chat = useChat<FrontdeskMessage>({
    id: session, transport, generateId: () => crypto.randomUUID(),
    sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses,
    onFinish: () => onFinish?.(session),
  });
  latest.current.messages = chat.messages;
  const { setMessages, resumeStream, sendMessage, regenerate, addToolApprovalResponse } = chat;
  const [requestError, setRequestError] = useState<unknown>();
  const isLoading = useHistory({ session: wanted, messages: chat.messages, setMessages, resumeStream, onError: setRequestError });

  const send = useCallback(async (text: string) => {
    setRequestError(undefined);
    const id = crypto.randomUUID();
    const isFirst = latest.current.messages.length === 0;
    let isAccepted = false;
    // Not after the answer: a page that is left before must know its session.
    latest.current.onAccepted = () => {
      isAccepted = true;
      if (isFirst) onSession?.(session);
    };
    await sendMessage({ id, role: 'user', parts: [{ type: 'text', text }] });
    if (!isAccepted) setMessages((messages) => messages.filter((message) => message.id !== id));
    return isAccepted;
  }, [onSession, sendMessage, session, setMessages]);

  const guard = useCallback(async (step: () => PromiseLike<unknown>) => {
    setRequestError(undefined);
    try {
      await step();
    } catch (error) {
      setRequestError(error);
    }
  }, []);

  return {
    session, isLoading, messages: chat.messages, status: chat.status, error: requestError ?? chat.error, send,
    stop: useCallback(() => guard(() => client.chat.stop(session)), [client, guard, session]),
    regenerate: useCallback(() => guard(() => regenerate()), [guard, regenerate]),
    decide: useCallback(
      (id, approved, reason) => guard(async () => addToolApprovalResponse({ id, approved, ...(reason !== undefined && { reason }) })),
      [addToolApprovalResponse, guard],
    ),
  };
}

/** Id of the session: the one that is wanted, else one of its own, which stays when it becomes the one that is wanted. */
function useSessionId(wanted: string | undefined): string {
  const [own, setOwn] = useState(() => wanted ?? crypto.randomUUID());
  const before = useRef(wanted);
  const isLeft = wanted === undefined && before.current !== undefined;
  useEffect(() => {
    before.current = wanted;
    if (isLeft) setOwn(crypto.randomUUID());
  }, [isLeft, wanted]);
  return wanted ?? own;
}

interface HistoryOptions extends Pick<UseChatHelpers<FrontdeskMessage>, 'messages' | 'setMessages' | 'resumeStream'> {
  /** Undefined for a new session. */
  session: string | undefined;
  onError: (error: unknown) => void;
}

/**
 * Loads the messages of a session, and follows an answer that runs. A session that has begun here has its messages, and its stream,
 * already. Returns true while it loads.
 */
function useHistory({ session, messages, setMessages, resumeStream, onError }: HistoryOptions): boolean {
  const { client } = useFrontdeskContext();
  const [loaded, setLoaded] = useState<string>();
  const latest = useRef({ messages, setMessages, resumeStream, onError });
  latest.current = { messages, setMessages, resumeStream, onError };
  useEffect(() => {
    if (session === undefined || latest.current.messages.length > 0) return undefined;
    let isCurrent = true;
    client.sessions.messages(session, { limit: LOADED_MESSAGES }).then(async ({ data }) => {
      if (!isCurrent) return;
      latest.current.setMessages(toUiMessages(data));
      setLoaded(session);
      await latest.current.resumeStream();
    }).catch((error: unknown) => {
      if (!isCurrent) return;
      setLoaded(session);
      // A session that is not stored yet is an empty one.
      if (!(error instanceof FrontdeskError) || error.code !== 'session_not_found') latest.current.onError(error);
    });
    return () => { isCurrent = false; };
  }, [client, session]);
  return session !== undefined && loaded !== session && messages.length === 0;
}

/** True while a call of the newest answer waits for its user. */
export function isWaiting(messages: FrontdeskMessage[]): boolean {
  return messages.at(-1)?.parts.some((part) => isToolUIPart(part) && part.state === 'approval-requested') ?? false;
}
