import { getToolName, isToolUIPart, type UIMessageChunk } from 'ai';
import type { CallPart } from './calls.ts';
import type { ChatMessage } from './conversation.ts';

/** What was told of an answer until it waited for its user the last time; nothing of one that never did. */
export function toldBefore({ parts }: ChatMessage): UIMessageChunk[] {
  const asked = parts.findLastIndex((part) => isToolUIPart(part) && part.approval !== undefined);
  if (asked < 0) return [];
  // It waited once all calls of that step had come.
  const others = parts.slice(asked).findIndex((part) => !isToolUIPart(part));
  return parts.slice(0, others < 0 ? undefined : asked + others).flatMap((part, place): UIMessageChunk[] => {
    if (part.type === 'step-start') return [{ type: 'start-step' }];
    if (part.type === 'text') {
      const id = `before-${place}`;
      return [{ type: 'text-start', id }, { type: 'text-delta', id, delta: part.text }, { type: 'text-end', id }];
    }
    return isToolUIPart(part) ? callTold(part) : [];
  });
}

function callTold(part: CallPart): UIMessageChunk[] {
  const { toolCallId, approval } = part;
  const told: UIMessageChunk[] = [{ type: 'tool-input-available', toolCallId, toolName: getToolName(part), input: part.input }];
  if (approval) {
    const { id: approvalId, approved = true, descriptor } = approval;
    told.push({ type: 'tool-approval-request', toolCallId, approvalId, approvalDescriptor: descriptor });
    // The answer would not go on had its user not spoken. What was not allowed is told next.
    told.push({ type: 'tool-approval-response', approvalId, approved });
  }
  if (part.state === 'output-available') told.push({ type: 'tool-output-available', toolCallId, output: part.output });
  if (part.state === 'output-error') told.push({ type: 'tool-output-error', toolCallId, errorText: part.errorText });
  if (part.state === 'output-denied') told.push({ type: 'tool-output-denied', toolCallId });
  return told;
}
