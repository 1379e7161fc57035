import { getToolName, type DynamicToolUIPart, type ToolUIPart } from 'ai';

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

/** Derives the status of a call. `now` is in milliseconds since 1970. */
export function toolCallStatus(part: ToolCallPart, phase: AnswerPhase, now: number): ToolCallStatus {
  switch (part.state) {
    case 'input-streaming':
    case 'input-available':
      return phase === 'streaming' ? 'running' : 'unfinished';
    case 'approval-requested': {
      if (phase === 'earlier') return 'withdrawn';
      const expiry = approvalExpiry(part);
      return expiry !== undefined && expiry <= now ? 'expired' : 'awaiting_approval';
    }
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
export function approvalExpiry({ approval }: ToolCallPart): number | undefined {
  const at = objectFields(approval?.descriptor)['expiresAt'];
  return typeof at === 'string' ? Date.parse(at) : undefined;
}

/** Describes a call in one line, with a short note for every status but success. */
export function describeToolCall(
  part: ToolCallPart, status: ToolCallStatus, employeeTitle: (slug: string) => string,
): { title: string; note: string | undefined } {
  const tool = getToolName(part);
  const label = LABELS[tool];
  const note = NOTES[status];
  if (!label) return { title: displayName(tool), note };
  const [doing, did, plain] = label.verbs;
  const verb = status === 'running' ? doing : status === 'succeeded' ? did : plain;
  return { title: verb + label.details(objectFields(part.input), objectFields(part.output), employeeTitle), note };
}

const NOTES: Partial<Record<ToolCallStatus, string>> = {
  decided: 'waiting for your other decisions', failed: 'failed', denied: 'not allowed', expired: 'not allowed in time',
  withdrawn: 'withdrawn', unfinished: 'not finished',
};

interface Label {
  /** Verb forms for a running call, a successful one, and any other. */
  verbs: [doing: string, did: string, plain: string];
  /** Text after the verb, made of the call's input and output. */
  details: (input: Fields, output: Fields, employeeTitle: (slug: string) => string) => string;
}

const LABELS: Record<string, Label> = {
  calculator: {
    verbs: ['Calculating', 'Calculated', 'Calculate'],
    details: ({ expression }, { result }) => (
      prefixed(' ', toText(expression).replace(/\s*\*\s*/g, ' × ')) + prefixed(' = ', toText(result))
    ),
  },
  recall: { verbs: ['Looking into memory', 'Looked into memory', 'Look into memory'], details: ({ query }) => prefixed(': ', toText(query)) },
  remember: {
    verbs: ['Remembering', 'Remembered', 'Remember'], details: ({ fact }, { remembered }) => prefixed(': ', toText(remembered ?? fact)),
  },
  forget: { verbs: ['Forgetting', 'Forgot', 'Forget'], details: ({ what }) => prefixed(': ', toText(what)) },
  hand_over: {
    verbs: ['Handing over', 'Handed over', 'Hand over'],
    details: ({ employee }, { handed_to }, employeeTitle) => (
      prefixed(' to ', employeeTitle(toText(handed_to ?? employee).replace(/^@/, '')))
    ),
  },
  sheet_export: { verbs: ['Making a table', 'Made a table', 'Make a table'], details: ({ name }) => prefixed(': ', toText(name)) },
  ocr: { verbs: ['Reading a picture', 'Read a picture', 'Read a picture'], details: () => '' },
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
