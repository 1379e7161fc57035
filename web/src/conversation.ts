import type { UIMessage } from 'ai';

/** A row of `/api/sessions/{id}/messages`. */
export interface StoredMessage {
  id: string;
  role: string;
  content: string;
  status: 'complete' | 'interrupted' | 'failed' | 'stopped';
  metadata: { model?: string };
}

/** What is known of a message besides its text. Of an answer that just arrived more is known than of a stored one. */
export interface Metadata {
  /** `disconnected` is the page's own: the stream broke off, and the server may still be writing. */
  status?: StoredMessage['status'] | 'disconnected';
  model?: string;
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
  latency_ms?: number;
}

export type ChatMessage = UIMessage<Metadata>;

export function fromStored(rows: StoredMessage[]): ChatMessage[] {
  return rows.flatMap(({ id, role, content, status, metadata }) => {
    if (role !== 'user' && role !== 'assistant') return [];
    const known: Metadata = { status, ...(metadata.model && { model: metadata.model }) };
    return [{ id, role, metadata: known, parts: [{ type: 'text', text: content }] }];
  });
}

export function textOf(message: ChatMessage): string {
  return message.parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

/** What the user said last: the thing to ask again. */
export function lastQuestion(messages: ChatMessage[]): string {
  const question = messages.findLast((message) => message.role === 'user');
  return question ? textOf(question) : '';
}
