import { getToolName, isToolUIPart, type UIMessageChunk } from 'ai';
import type { ChatMessage } from './messages.ts';
import type { ToolCallPart } from './toolCalls.ts';

/** Replays an answer as stream chunks, up to the step that waited for its last approval; empty if none did. */
export function replayBeforeApproval({ parts }: ChatMessage): UIMessageChunk[] {
  const lastApproval = parts.findLastIndex((part) => isToolUIPart(part) && part.approval !== undefined);
  if (lastApproval < 0) return [];
  // The answer waited after all calls of that step had arrived.
  const nextOther = parts.slice(lastApproval).findIndex((part) => !isToolUIPart(part));
  return parts.slice(0, nextOther < 0 ? undefined : lastApproval + nextOther).flatMap((part, index): UIMessageChunk[] => {
    if (part.type === 'step-start') return [{ type: 'start-step' }];
    if (part.type === 'text') {
      const id = `replayed-${index}`;
      return [{ type: 'text-start', id }, { type: 'text-delta', id, delta: part.text }, { type: 'text-end', id }];
    }
    if (part.type === 'reasoning') {
      const id = `replayed-${index}`;
      return [{ type: 'reasoning-start', id }, { type: 'reasoning-delta', id, delta: part.text }, { type: 'reasoning-end', id }];
    }
    return isToolUIPart(part) ? replayToolCall(part) : [];
  });
}

function replayToolCall(part: ToolCallPart): UIMessageChunk[] {
  const { toolCallId, approval } = part;
  const chunks: UIMessageChunk[] = [{ type: 'tool-input-available', toolCallId, toolName: getToolName(part), input: part.input }];
  if (approval) {
    const { id: approvalId, approved = true } = approval;
    chunks.push({ type: 'tool-approval-request', toolCallId, approvalId });
    // An answer resumes only after the user has decided. The resumed stream reports denied calls itself.
    chunks.push({ type: 'tool-approval-response', approvalId, approved });
  }
  if (part.state === 'output-available') chunks.push({ type: 'tool-output-available', toolCallId, output: part.output });
  if (part.state === 'output-error') chunks.push({ type: 'tool-output-error', toolCallId, errorText: part.errorText });
  if (part.state === 'output-denied') chunks.push({ type: 'tool-output-denied', toolCallId });
  return chunks;
}
