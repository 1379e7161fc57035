import { getToolName, type DynamicToolUIPart, type ToolUIPart } from 'ai';
import { lookUp, texts } from '../language/language.ts';

/** A tool call as a part of an answer. */
export type ToolCallPart = ToolUIPart | DynamicToolUIPart;

/** Error text of a stored call whose approval expired because the user sent another message instead. */
export const WITHDRAWN_TEXT = 'It was withdrawn.';

/** Position of an answer: still streaming, the latest one of its conversation, or followed by other messages. */
export type AnswerPhase = 'streaming' | 'latest' | 'earlier';

/**
 * Status of a tool call on the page. `decided`: the user has decided on this call, but not yet on others of the same answer.
 * `unfinished`: the answer ended before the call did.
 */
export type ToolCallStatus =
  | 'running' | 'awaiting_approval' | 'decided' | 'succeeded' | 'failed' | 'denied' | 'expired' | 'withdrawn' | 'unfinished';

/** Ends of the time in which the user may decide, by the id of the approval. */
export type Approvals = Record<string, { expires_at: string }>;

/** Derives the status of a call. `expiry` is that of its approval; it and `now` are in milliseconds since 1970. */
export function toolCallStatus(part: ToolCallPart, phase: AnswerPhase, now: number, expiry: number | undefined): ToolCallStatus {
  switch (part.state) {
    case 'input-streaming':
    case 'input-available':
      return phase === 'streaming' ? 'running' : 'unfinished';
    case 'approval-requested':
      if (phase === 'earlier') return 'withdrawn';
      return expiry !== undefined && expiry <= now ? 'expired' : 'awaiting_approval';
    case 'approval-responded':
      if (phase === 'earlier') return 'withdrawn';
      if (phase === 'latest') return 'decided';
      return part.approval.approved ? 'running' : 'denied';
    case 'output-available':
      return 'succeeded';
    case 'output-error':
      return part.errorText === WITHDRAWN_TEXT ? 'withdrawn' : 'failed';
    case 'output-denied':
      return 'denied';
  }
}

/** End of the time in which the user may decide, in milliseconds since 1970. */
export function approvalExpiry({ approval }: ToolCallPart, approvals: Approvals = {}): number | undefined {
  const told = approval && approvals[approval.id];
  return told && Date.parse(told.expires_at);
}

/** Describes a call in one line, with a short note for every status but success. */
export function describeToolCall(
  part: ToolCallPart, status: ToolCallStatus, employeeTitle: (slug: string) => string,
): { title: string; note: string | undefined } {
  const tool = getToolName(part);
  const { tools } = texts();
  const note = status === 'running' || status === 'awaiting_approval' || status === 'succeeded' ? undefined : tools.notes[status];
  const verbs = lookUp(tools.verbs, tool);
  if (!verbs) return { title: displayName(tool), note };
  const [doing, did, plain] = verbs;
  const verb = status === 'running' ? doing : status === 'succeeded' ? did : plain;
  return { title: verb + (DETAILS[tool]?.(objectFields(part.input), objectFields(part.output), employeeTitle) ?? ''), note };
}

/** Text after the verb, made of a call's input and output. */
const DETAILS: Record<string, (input: Fields, output: Fields, employeeTitle: (slug: string) => string) => string> = {
  calculator: ({ expression }, { result }) => (
    prefixed(' ', toText(expression).replace(/\s*\*\s*/g, ' × ')) + prefixed(' = ', toText(result))
  ),
  recall: ({ query }) => prefixed(': ', toText(query)),
  remember: ({ fact }, { remembered }) => prefixed(': ', toText(remembered ?? fact)),
  forget: ({ what }) => prefixed(': ', toText(what)),
  hand_over: ({ employee }, { handed_to: taker }, employeeTitle) => {
    const title = employeeTitle(toText(taker ?? employee).replace(/^@/, ''));
    return title && texts().tools.to(title);
  },
  sheet_export: ({ name }) => prefixed(': ', toText(name)),
};

/** Splits the name of an MCP tool, `{server}__{tool}`, for display. */
function displayName(tool: string): string {
  const [, server, name] = /^(.+?)__(.+)$/.exec(tool) ?? [];
  return server && name ? `${name} · ${server}` : tool;
}

type Fields = Record<string, unknown>;

/** Returns the fields of an object, and none for any other value. */
export function objectFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function toText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function prefixed(prefix: string, text: string): string {
  return text && prefix + text;
}
