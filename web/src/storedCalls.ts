import { WITHDRAWN, type CallPart } from './calls.ts';
import type { ChatMessage } from './conversation.ts';

/** What an answer called, as rows have it. */
export interface StoredCall {
  id: string;
  name: string;
  arguments: unknown;
  /** What the answer says just before this call. */
  before?: string;
  /** The same for all calls of one step. */
  created_at: string;
  state: 'running' | 'waiting' | 'succeeded' | 'failed' | 'denied' | 'expired';
  /** JSON, or a text. */
  output?: string;
  error?: string;
  reason?: string;
  approval_id?: string;
  expires_at?: string;
  is_approved?: boolean;
}

/** What the server puts between what is said in one step and in the next. */
const BETWEEN_STEPS = '\n\n';

/** An answer's parts as they were told: each call behind what was said before it, and in the end the rest of the text. */
export function partsOf(content: string, calls: StoredCall[]): ChatMessage['parts'] {
  const parts: ChatMessage['parts'] = [];
  let left = content;
  let step: string | undefined;
  for (const call of calls) {
    if (call.created_at !== step) parts.push({ type: 'step-start' });
    step = call.created_at;
    if (call.before && left.startsWith(call.before)) {
      parts.push({ type: 'text', text: call.before });
      left = left.slice(call.before.length);
      if (left.startsWith(BETWEEN_STEPS)) left = left.slice(BETWEEN_STEPS.length);
    }
    parts.push(partOf(call));
  }
  if (calls.length > 0 && left) parts.push({ type: 'step-start' });
  if (calls.length === 0 || left) parts.push({ type: 'text', text: left });
  return parts;
}

function partOf(call: StoredCall): CallPart {
  const common = { type: `tool-${call.name}`, toolCallId: call.id, input: call.arguments } as const;
  // Once it is decided, a row does not say any more what the decision was called.
  const approval = { id: call.approval_id ?? call.id };
  const allowed = call.is_approved ? { approval: { ...approval, approved: true as const } } : {};
  switch (call.state) {
    case 'running':
      return { ...common, state: 'input-available' };
    case 'waiting':
      return { ...common, state: 'approval-requested', approval: { ...approval, descriptor: { expiresAt: call.expires_at } } };
    case 'succeeded':
      return { ...common, ...allowed, state: 'output-available', output: outputOf(call.output ?? '') };
    case 'failed':
      return { ...common, ...allowed, state: 'output-error', errorText: call.error ?? '' };
    case 'denied':
      return { ...common, state: 'output-denied', approval: { ...approval, approved: false, ...(call.reason && { reason: call.reason }) } };
    case 'expired':
      return { ...common, state: 'output-error', errorText: WITHDRAWN };
  }
}

/** As it is told while it happens: objects and lists, and anything else as text. */
function outputOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : text;
  } catch {
    return text;
  }
}
