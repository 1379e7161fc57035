import { AnswerState, type AnswerPart, type Api } from '@frontdesk/client';
import type { UIMessage, UIMessageChunk } from 'ai';
import { getToolName, isToolUIPart } from 'ai';
import { newestBranch } from '../../widget/src/newestBranch.ts';

/** What the server tells of a message. */
export interface FrontdeskMetadata {
  session_id?: string;
  /** Id of the message before; null for the first one. */
  parent_id?: string | null;
  employee?: string;
  model?: string;
  usage?: Api.TokenUsage;
  cost_usd?: number | null;
  /** Times within which the user may decide on calls, by the id of the approval. */
  approvals?: Record<string, { expires_at: string }>;
  /** How an answer ended that is not whole. */
  status?: Api.Message['status'];
}

export type FrontdeskMessage = UIMessage<FrontdeskMetadata, { receipt: Api.Receipt }>;

type Part = FrontdeskMessage['parts'][number];

/** The messages of the newest branch of a history, as the AI SDK has them. */
export function toUiMessages(rows: Api.Message[]): FrontdeskMessage[] {
  return newestBranch(rows).map(toUiMessage);
}

function toUiMessage(row: Api.Message): FrontdeskMessage {
  const { id, parent_id, role, content, status, metadata } = row;
  if (role === 'user') return { id, role, metadata: { parent_id: parent_id ?? null }, parts: [{ type: 'text', text: content }] };
  const answer = AnswerState.of(row);
  return {
    id, role: 'assistant', metadata: { ...metadata, parent_id: parent_id ?? null, status, approvals: approvalsOf(answer) },
    parts: answer.parts.flatMap((part): Part[] => (part.type === 'call' ? [{ type: 'step-start' }, toCall(part)] : [{ type: part.type, text: part.text }])),
  };
}

function approvalsOf({ pending }: AnswerState): NonNullable<FrontdeskMetadata['approvals']> {
  return Object.fromEntries(pending.flatMap(({ approvalId, expiresAt }) => (expiresAt ? [[approvalId, { expires_at: expiresAt }]] : [])));
}

type Call = Extract<AnswerPart, { type: 'call' }>;

function toCall({ id: toolCallId, name, input, output, error = '', approval, state }: Call): Part {
  const common = { type: `tool-${name}`, toolCallId, input } as const;
  switch (state) {
    case 'running': return { ...common, state: 'input-available' };
    case 'waiting': return { ...common, state: 'approval-requested', approval: { id: approval?.id ?? toolCallId } };
    case 'succeeded': return { ...common, state: 'output-available', output };
    case 'denied': return { ...common, state: 'output-denied', approval: { id: approval?.id ?? toolCallId, approved: false } };
    case 'failed': return { ...common, state: 'output-error', errorText: error };
    case 'expired': return { ...common, state: 'output-error', errorText: 'It was not allowed in time.' };
  }
}

/**
 * Chunks of an answer up to the step of its last approval; none if none was asked for. The server streams a resumed answer from there on,
 * and the AI SDK begins an empty message for it.
 */
export function chunksBeforeApproval({ parts }: FrontdeskMessage): UIMessageChunk[] {
  const last = parts.findLastIndex((part) => isToolUIPart(part) && part.approval !== undefined);
  if (last < 0) return [];
  // The answer waited after all calls of that step had arrived.
  const next = parts.slice(last).findIndex((part) => !isToolUIPart(part));
  return parts.slice(0, next < 0 ? undefined : last + next).flatMap(toChunks);
}

function toChunks(part: Part, index: number): UIMessageChunk[] {
  if (part.type === 'step-start') return [{ type: 'start-step' }];
  const id = `replayed-${index}`;
  if (part.type === 'text') return [{ type: 'text-start', id }, { type: 'text-delta', id, delta: part.text }, { type: 'text-end', id }];
  if (part.type === 'reasoning') return [{ type: 'reasoning-start', id }, { type: 'reasoning-delta', id, delta: part.text }, { type: 'reasoning-end', id }];
  if (!isToolUIPart(part)) return [];
  const { toolCallId } = part;
  const chunks: UIMessageChunk[] = [{ type: 'tool-input-available', toolCallId, toolName: getToolName(part), input: part.input }];
  if (part.approval) {
    const { id: approvalId, approved = true } = part.approval;
    chunks.push({ type: 'tool-approval-request', toolCallId, approvalId }, { type: 'tool-approval-response', approvalId, approved });
  }
  if (part.state === 'output-available') chunks.push({ type: 'tool-output-available', toolCallId, output: part.output });
  if (part.state === 'output-error') chunks.push({ type: 'tool-output-error', toolCallId, errorText: part.errorText });
  if (part.state === 'output-denied') chunks.push({ type: 'tool-output-denied', toolCallId });
  return chunks;
}
