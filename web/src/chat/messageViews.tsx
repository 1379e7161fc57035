import { useSyncExternalStore } from 'react';
import type { AssistantMessage } from './AssistantMessage.tsx';
import { messageText, type ChatMessage } from './messages.ts';
import type { UserMessage } from './UserMessage.tsx';

interface MessageViews {
  AssistantMessage: typeof AssistantMessage;
  UserMessage: typeof UserMessage;
}

/** Not `React.lazy`: that shows its fallback for a moment even if the chunk is loaded already. */
let views: MessageViews | undefined;

let loading: Promise<void> | undefined;

const listeners = new Set<() => void>();

/**
 * Loads what messages are shown with, Markdown above all: neither the sign-in form nor an empty conversation needs it. To be awaited
 * before a conversation with messages is shown, or they would be plain for a moment.
 */
export function loadMessageViews(): Promise<void> {
  loading ??= Promise.all([import('./AssistantMessage.tsx'), import('./UserMessage.tsx')]).then(([answers, questions]) => {
    views = { AssistantMessage: answers.AssistantMessage, UserMessage: questions.UserMessage };
    listeners.forEach((notify) => notify());
  }, () => {
    // Plain text is readable too if the chunk cannot be loaded: offline, or after a new deployment of the page.
    loading = undefined;
  });
  return loading;
}

/** What messages are shown with; undefined until it is loaded. */
export function useMessageViews(): MessageViews | undefined {
  return useSyncExternalStore(subscribe, () => views);
}

function subscribe(notify: () => void): () => void {
  listeners.add(notify);
  return () => listeners.delete(notify);
}

/** The text of a message alone. */
export function PlainMessage({ message }: { message: ChatMessage }) {
  return <p className={`message ${message.role} plain-text`} dir="auto" data-testid={`message-${message.role}`}>{messageText(message)}</p>;
}
