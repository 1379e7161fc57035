import { getToolName, type DynamicToolUIPart, type ToolUIPart } from 'ai';

/** A call of a tool in an answer. */
export type CallPart = ToolUIPart | DynamicToolUIPart;

/** What is said of a call that its user went on without allowing. */
export const WITHDRAWN = 'It was withdrawn.';

/** Where an answer is: on its way, the newest of its conversation, or followed by others. */
export type Phase = 'arriving' | 'newest' | 'past';

/** How a call stands. `decided`: its user has spoken, and others wait still; `cut`: the answer ended before it did. */
export type Standing = 'running' | 'waiting' | 'decided' | 'done' | 'failed' | 'denied' | 'expired' | 'withdrawn' | 'cut';

export function standingOf(part: CallPart, phase: Phase, now: number): Standing {
  switch (part.state) {
    case 'input-streaming':
    case 'input-available':
      return phase === 'arriving' ? 'running' : 'cut';
    case 'approval-requested': {
      if (phase === 'past') return 'withdrawn';
      const until = expiryOf(part);
      return until !== undefined && until <= now ? 'expired' : 'waiting';
    }
    case 'approval-responded':
      if (phase === 'past') return 'withdrawn';
      if (phase === 'newest') return 'decided';
      return part.approval.approved ? 'running' : 'denied';
    case 'output-available':
      return 'done';
    case 'output-error':
      return part.errorText === WITHDRAWN ? 'withdrawn' : 'failed';
    case 'output-denied':
      return 'denied';
  }
}

/** Until when the user may say whether it runs, in milliseconds since 1970. */
export function expiryOf({ approval }: CallPart): number | undefined {
  const at = fieldsOf(approval?.descriptor)['expiresAt'];
  return typeof at === 'string' ? Date.parse(at) : undefined;
}

/** What a call is, in one line, and what became of it where that is not all well. */
export function describe(part: CallPart, standing: Standing, titleOf: (slug: string) => string): { line: string; note: string | undefined } {
  const tool = getToolName(part);
  const words = WORDS[tool];
  const note = NOTES[standing];
  if (!words) return { line: nameOf(tool), note };
  const [doing, did, plain] = words.verbs;
  const verb = standing === 'running' ? doing : standing === 'done' ? did : plain;
  return { line: verb + words.what(fieldsOf(part.input), fieldsOf(part.output), titleOf), note };
}

const NOTES: Partial<Record<Standing, string>> = {
  decided: 'waits for what else you are asked', failed: 'failed', denied: 'not allowed', expired: 'not allowed in time',
  withdrawn: 'withdrawn', cut: 'not finished',
};

interface Words {
  /** While it runs, when it has, and otherwise. */
  verbs: [doing: string, did: string, plain: string];
  /** What follows that. */
  what: (input: Fields, output: Fields, titleOf: (slug: string) => string) => string;
}

const WORDS: Record<string, Words> = {
  calculator: {
    verbs: ['Calculating', 'Calculated', 'Calculate'],
    what: ({ expression }, { result }) => after(' ', textIn(expression).replace(/\s*\*\s*/g, ' × ')) + after(' = ', textIn(result)),
  },
  recall: { verbs: ['Looking into memory', 'Looked into memory', 'Look into memory'], what: ({ query }) => after(': ', textIn(query)) },
  remember: { verbs: ['Remembering', 'Remembered', 'Remember'], what: ({ fact }, { remembered }) => after(': ', textIn(remembered ?? fact)) },
  forget: { verbs: ['Forgetting', 'Forgot', 'Forget'], what: ({ what }) => after(': ', textIn(what)) },
  hand_over: {
    verbs: ['Handing over', 'Handed over', 'Hand over'],
    what: ({ employee }, { handed_to }, titleOf) => after(' to ', titleOf(textIn(handed_to ?? employee).replace(/^@/, ''))),
  },
  sheet_export: { verbs: ['Making a table', 'Made a table', 'Make a table'], what: ({ name }) => after(': ', textIn(name)) },
  ocr: { verbs: ['Reading a picture', 'Read a picture', 'Read a picture'], what: () => '' },
};

/** A remote tool is called by its server's name and its own. */
function nameOf(tool: string): string {
  const [, server, name] = /^(.+?)__(.+)$/.exec(tool) ?? [];
  return server && name ? `${name} · ${server}` : tool;
}

type Fields = Record<string, unknown>;

/** The fields of what may be an object. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function textIn(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function after(before: string, text: string): string {
  return text && before + text;
}
