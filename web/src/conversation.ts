import type { UIMessage } from 'ai';
import { apart, type AttachedPicture } from './attachments.ts';
import { partsOf, type StoredCall } from './storedCalls.ts';

/** A row of `/api/sessions/{id}/messages`. */
export interface StoredMessage {
  id: string;
  parent_id: string | null;
  role: string;
  content: string;
  /** What an answer called, in the order of its text. */
  tool_calls?: StoredCall[] | null;
  status: 'complete' | 'interrupted' | 'failed' | 'stopped';
  metadata: {
    model?: string;
    /** Who took over in the middle of the answer. */
    employee?: string;
    client_message_id?: string;
    receipt?: ReceiptData;
    sources?: { id: string; name: string; media_type: string }[];
  };
}

/** What a prompt was made of, as the server says it. */
export interface ReceiptData {
  budget: number;
  counted: number;
  prefix: number;
  billed?: number;
  cached?: number;
  sections: { name: string; tokens: number; kept: number; dropped?: { reason: string; count: number }[] }[];
}

/** What is known of a message besides its text. Of an answer that just arrived more is known than of a stored one. */
export interface Metadata {
  /** The message that it follows, as the server calls it; null at the beginning. */
  parent_id?: string | null;
  /** `disconnected` is the page's own: the stream broke off, and the server may still be writing. */
  status?: StoredMessage['status'] | 'disconnected';
  /** Who answers; of a stored answer only where somebody took over. */
  employee?: string;
  model?: string;
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
  latency_ms?: number;
  receipt?: ReceiptData;
  /** The pictures that go with a message of the user. */
  pictures?: AttachedPicture[];
}

export type ChatMessage = UIMessage<Metadata, { receipt: ReceiptData }>;

/** The message of a row; nothing of one that is not for readers. */
export function fromStored({ id, parent_id, role, content, tool_calls: calls, status, metadata }: StoredMessage): ChatMessage | undefined {
  if (role !== 'user' && role !== 'assistant') return undefined;
  const { model, employee, receipt } = metadata;
  const { text, pictures } = role === 'user' ? apart(content) : { text: content, pictures: [] };
  const known: Metadata = {
    parent_id, status, ...(model && { model }), ...(employee && { employee }), ...(receipt && { receipt }),
    ...(pictures.length > 0 && { pictures }),
  };
  // In the order in which an answer that arrives has them.
  const sources = (metadata.sources ?? []).map((source) => ({
    type: 'source-document' as const, sourceId: source.id, mediaType: source.media_type, title: source.name, filename: source.name,
  }));
  return { id, role, metadata: known, parts: [...sources, ...partsOf(text, calls ?? [])] };
}

/** The names of the documents that an answer is based on. One that waited for its user names them again when it goes on. */
export function sourcesOf(message: ChatMessage): string[] {
  const names = new Map(message.parts.flatMap((part) => (part.type === 'source-document' ? [[part.sourceId, part.title]] : [])));
  return [...names.values()];
}

/** What a message says, without what it did in between. */
export function textOf(message: ChatMessage): string {
  return message.parts.flatMap((part) => (part.type === 'text' && part.text ? [part.text] : [])).join('\n\n');
}

/** Of an answer that just arrived it is a part, of a stored one it is known. */
export function receiptOf({ metadata, parts }: ChatMessage): ReceiptData | undefined {
  return metadata?.receipt ?? parts.find((part) => part.type === 'data-receipt')?.data;
}
