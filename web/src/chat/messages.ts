import type { UIMessage } from 'ai';
import { splitAttachments, type AttachedPicture } from './attachments.ts';
import type { AnswerFigures, Rating, ReceiptData, StoredMessage } from '../api/rows.ts';
import type { MaskedValues } from './maskedValues.ts';
import { approvalsOf, toParts } from './storedToolCalls.ts';
import type { Approvals } from './toolCalls.ts';

/** Metadata of a message. A streamed answer has more of it than a stored one. */
export interface MessageMetadata extends AnswerFigures {
  /** The server's id of the preceding message; null for the first one. */
  parent_id?: string | null;
  /** `disconnected` is set by the page: the stream broke off, and the server may still be writing the answer. */
  status?: StoredMessage['status'] | 'disconnected';
  rating?: Rating;
  receipt?: ReceiptData;
  /** Values that the model read as placeholders. */
  masked?: MaskedValues;
  /** Those of the message before, in a streamed answer. */
  parent_masked?: MaskedValues;
  /** Times within which the user may decide on calls. */
  approvals?: Approvals;
  /** Pictures that are attached to a user message. */
  pictures?: AttachedPicture[];
}

export type ChatMessage = UIMessage<MessageMetadata, { receipt: ReceiptData }>;

/** Converts a stored row; undefined for roles that the page does not show. */
export function toChatMessage(row: StoredMessage): ChatMessage | undefined {
  const { id, parent_id, role, content, tool_calls: calls, status, feedback, masked, metadata: stored } = row;
  if (role !== 'user' && role !== 'assistant') return undefined;
  const { receipt, client_message_id: _name, sources: _sources, ...told } = stored;
  const { text, pictures } = role === 'user' ? splitAttachments(content) : { text: content, pictures: [] };
  const metadata: MessageMetadata = {
    parent_id, status, ...told, ...(receipt && { receipt }), ...(feedback && { rating: feedback }), ...(masked && { masked }),
    ...(pictures.length > 0 && { pictures }), ...(calls && { approvals: approvalsOf(calls) }),
  };
  // A streamed answer has its sources before its text as well.
  const sources = (stored.sources ?? []).map((source) => ({
    type: 'source-document' as const, sourceId: source.id, mediaType: source.media_type, title: source.name, filename: source.name,
    providerMetadata: { frontdesk: { passages: source.passages ?? [] } },
  }));
  return { id, role, metadata, parts: [...sources, ...toParts(text, calls ?? [])] };
}

/** A document with passages in the prompt of an answer. */
export interface SourceDocument {
  id: string;
  name: string;
  /** Ids of the passages; none of an answer from before they were kept. */
  passages: string[];
}

/** Documents with a passage in an answer's prompt. An answer that resumed after an approval lists them twice. */
export function sourcesOf(message: ChatMessage): SourceDocument[] {
  const sources = new Map<string, SourceDocument>();
  for (const part of message.parts) {
    if (part.type !== 'source-document') continue;
    const passages = part.providerMetadata?.['frontdesk']?.['passages'];
    sources.set(part.sourceId, { id: part.sourceId, name: part.title, passages: Array.isArray(passages) ? passages.map(String) : [] });
  }
  return [...sources.values()];
}

/** Documents whose name a text has, with or without the ending of the file. */
export function namedIn(text: string, documents: SourceDocument[]): SourceDocument[] {
  const words = wordsOf(text);
  return documents.filter(({ name }) => words.includes(wordsOf(name.replace(/\.[a-z0-9]{1,8}$/i, ''))));
}

/** A text as its words between single blanks, so that a name is found whole and however it is joined. */
function wordsOf(text: string): string {
  return ` ${text.toLowerCase().match(/[\p{L}\p{N}]+/gu)?.join(' ') ?? ''} `;
}

/** Joins the text parts of a message, without its tool calls. */
export function messageText(message: ChatMessage): string {
  return message.parts.flatMap((part) => (part.type === 'text' && part.text ? [part.text] : [])).join('\n\n');
}

/** Finds the receipt of an answer: in the metadata of a stored one, in a part of a streamed one. */
export function receiptOf({ metadata, parts }: ChatMessage): ReceiptData | undefined {
  return metadata?.receipt ?? parts.find((part) => part.type === 'data-receipt')?.data;
}
