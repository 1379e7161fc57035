import type { StepStartUIPart, TextUIPart } from 'ai';
import type { StoredToolCall } from '../api/rows.ts';
import { WITHDRAWN_TEXT, type Approvals, type ToolCallPart } from './toolCalls.ts';

type AnswerPart = TextUIPart | StepStartUIPart | ToolCallPart;

/** Separator that the server puts between the texts of two steps. */
const STEP_SEPARATOR = '\n\n';

/** Rebuilds the parts of an answer in their streamed order: each call after the text before it, then the rest of the text. */
export function toParts(content: string, calls: StoredToolCall[]): AnswerPart[] {
  const parts: AnswerPart[] = [];
  let rest = content;
  let step: string | undefined;
  for (const call of calls) {
    if (call.created_at !== step) parts.push({ type: 'step-start' });
    step = call.created_at;
    if (call.before && rest.startsWith(call.before)) {
      parts.push({ type: 'text', text: call.before });
      rest = rest.slice(call.before.length);
      if (rest.startsWith(STEP_SEPARATOR)) rest = rest.slice(STEP_SEPARATOR.length);
    }
    parts.push(toPart(call));
  }
  if (calls.length > 0 && rest) parts.push({ type: 'step-start' });
  if (calls.length === 0 || rest) parts.push({ type: 'text', text: rest });
  return parts;
}

function toPart(call: StoredToolCall): ToolCallPart {
  const common = { type: `tool-${call.name}`, toolCallId: call.id, input: call.arguments } as const;
  // The API drops the approval's id once the user has decided.
  const approval = { id: call.approval_id ?? call.id };
  const allowed = call.is_approved ? { approval: { ...approval, approved: true as const } } : {};
  switch (call.state) {
    case 'running':
      return { ...common, state: 'input-available' };
    case 'waiting':
      return { ...common, state: 'approval-requested', approval };
    case 'succeeded':
      return { ...common, ...allowed, state: 'output-available', output: parseOutput(call.output ?? '') };
    case 'failed':
      return { ...common, ...allowed, state: 'output-error', errorText: call.error ?? '' };
    case 'denied':
      return { ...common, state: 'output-denied', approval: { ...approval, approved: false, ...(call.reason && { reason: call.reason }) } };
    case 'expired':
      return { ...common, state: 'output-error', errorText: WITHDRAWN_TEXT };
  }
}

/** Times within which the user may decide on calls that wait. */
export function approvalsOf(calls: StoredToolCall[]): Approvals {
  return Object.fromEntries(calls.flatMap(({ id, approval_id: approval = id, expires_at }) => (expires_at ? [[approval, { expires_at }]] : [])));
}

/** Parses an output as the stream does: objects and lists as JSON, anything else as text. */
function parseOutput(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : text;
  } catch {
    return text;
  }
}
