// Tool calls of the mock model. It understands a few plain English commands, so that tools can be seen without a real model. It calls
// only tools that the request offers.

/** @typedef {import('@copilotkit/aimock').ChatCompletionRequest} Request */
/** @typedef {{ name: string, arguments: Record<string, unknown> }} Call */
/** @typedef {{ tool: string, text: string }} Result content of a tool message */
/**
 * @typedef {object} Command
 * @property {string[]} tools tools that it needs
 * @property {RegExp} pattern
 * @property {(match: RegExpExecArray, results: Result[]) => Call | string} nextStep next call, or the final text
 */

/** @type {Command[]} the first match wins */
const COMMANDS = [
  {
    tools: ['calculator'],
    pattern: /\bcalculate ([^?\n]{1,200})/iu,
    nextStep: ([, expression], [result]) => (result
      ? report(result, ({ result: value }) => `That makes **${value}**.`)
      : { name: 'calculator', arguments: { expression: expression.replace(/[.!\s]+$/u, '') } }),
  },
  {
    tools: ['hand_over'],
    pattern: /\bhand (?:me )?over to @?([a-z][a-z0-9-]*)/iu,
    nextStep: ([, slug], [result]) => (result
      ? report(result, ({ handed_to: employee }) => `I am ${employee}, and I take over from here.`)
      : { name: 'hand_over', arguments: { employee: slug.toLowerCase(), reason: 'The user asked for it.' } }),
  },
  {
    tools: ['recall', 'forget'],
    pattern: /\bforget (?:that |about )?([^?\n]{3,200})/iu,
    nextStep: ([, what], [recalled, forgotten]) => {
      if (forgotten) return report(forgotten, ({ forgotten: count }) => `I forgot ${count} of what I knew.`);
      if (!recalled) return { name: 'recall', arguments: { query: what } };
      const facts = matchingFacts(recalled, what);
      return facts.length > 0 ? { name: 'forget', arguments: { what: what.trim(), facts } } : 'I know nothing of that.';
    },
  },
  {
    tools: ['sheet_export'],
    pattern: /\bexport (?:a |the |this )?(?:table|sheet)/iu,
    nextStep: (_, [result]) => (result ? report(result, () => 'Here is the table.') : { name: 'sheet_export', arguments: PRICE_TABLE }),
  },
];

const PRICE_TABLE = {
  name: 'Prices', format: 'xlsx', columns: [{ name: 'Item', kind: 'text' }, { name: 'Price', kind: 'number' }],
  rows: [['Tea', 3.5], ['Coffee', 4]], from: null,
};

/**
 * Responds to a command with its next step; undefined if the newest message is no command.
 * @param {Request} request
 * @returns {{ content: string } | { toolCalls: { name: string, arguments: string }[], finishReason: string } | undefined}
 */
export function respondWithTools({ messages, tools = [] }) {
  const newest = messages.findLastIndex(({ role }) => role === 'user');
  const results = toolResults(messages.slice(newest + 1));
  // After a hand-over, the command goes on with tools that the new employee may lack.
  const available = new Set([...tools.map((tool) => tool.function.name), ...results.map(({ tool }) => tool)]);
  for (const { tools: needed, pattern, nextStep } of COMMANDS) {
    const match = pattern.exec(contentText(messages[newest]?.content));
    if (!match || !needed.every((tool) => available.has(tool))) continue;
    const step = nextStep(match, results);
    if (typeof step === 'string') return { content: step };
    return { toolCalls: [{ name: step.name, arguments: JSON.stringify(step.arguments) }], finishReason: 'tool_calls' };
  }
  return undefined;
}

/** @param {Request['messages']} messages @returns {Result[]} in the order of the calls */
function toolResults(messages) {
  return messages.flatMap(({ tool_calls: calls = [] }) => calls).map(({ id, function: { name } }) => ({
    tool: name, text: contentText(messages.find((message) => message.tool_call_id === id)?.content),
  }));
}

/**
 * Describes a result in a sentence. A result that is no JSON is an error or a denial, and is repeated as it is.
 * @param {Result} result
 * @param {(fields: Record<string, unknown>) => string} describe
 */
function report({ text }, describe) {
  const fields = parseFields(text);
  return fields ? describe(fields) : text;
}

/** Ids of the recalled facts that share a word with `what`. @param {Result} recalled @param {string} what */
function matchingFacts({ text }, what) {
  const words = what.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word.length > 3);
  const facts = /** @type {{ id: string, fact: string }[]} */ (parseFields(text)?.facts ?? []);
  return facts.filter(({ fact }) => words.some((word) => fact.toLowerCase().includes(word))).map(({ id }) => id);
}

/** @param {string} text @returns {Record<string, unknown> | undefined} */
function parseFields(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Text of a message's content, without its pictures. @param {import('@copilotkit/aimock').ChatMessage['content'] | undefined} content */
export function contentText(content) {
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => part.text ?? '').join('');
}

/**
 * True for a message of the user that is none: the summary, or what was recalled.
 * @param {string} text
 */
export function isFenced(text) {
  return /^<(?:memory|summary) id="/u.test(text);
}
