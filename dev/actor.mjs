// What the model stand-in does with tools: a few plain English wishes are understood, so that answers can be seen at work without
// a model. Nothing is called that the request does not offer.

/** @typedef {import('@copilotkit/aimock').ChatCompletionRequest} Request */
/** @typedef {{ name: string, arguments: Record<string, unknown> }} Call */
/** @typedef {{ tool: string, text: string }} Result what a call came to */
/** @typedef {{ tools: string[], pattern: RegExp, next: (said: RegExpExecArray, results: Result[]) => Call | string }} Wish */

/** @type {Wish[]} the first that fits is done */
const WISHES = [
  {
    tools: ['calculator'],
    pattern: /\bcalculate ([^?\n]{1,200})/iu,
    next: ([, sum], [result]) => (result
      ? reported(result, ({ result: value }) => `That makes **${value}**.`)
      : { name: 'calculator', arguments: { expression: sum.replace(/[.!\s]+$/u, '') } }),
  },
  {
    tools: ['hand_over'],
    pattern: /\bhand (?:me )?over to @?([a-z][a-z0-9-]*)/iu,
    next: ([, name], [result]) => (result
      ? reported(result, ({ handed_to: slug }) => `I am ${slug}, and I take over from here.`)
      : { name: 'hand_over', arguments: { employee: name.toLowerCase(), reason: 'The user asked for it.' } }),
  },
  {
    tools: ['recall', 'forget'],
    pattern: /\bforget (?:that |about )?([^?\n]{3,200})/iu,
    next: ([, what], [found, forgotten]) => {
      if (forgotten) return reported(forgotten, ({ forgotten: count }) => `I forgot ${count} of what I knew.`);
      if (!found) return { name: 'recall', arguments: { query: what } };
      const facts = matching(found, what);
      return facts.length > 0 ? { name: 'forget', arguments: { what: what.trim(), facts } } : 'I know nothing of that.';
    },
  },
  {
    tools: ['sheet_export'],
    pattern: /\bexport (?:a |the |this )?(?:table|sheet)/iu,
    next: (_, [result]) => (result ? reported(result, () => 'Here is the table.') : { name: 'sheet_export', arguments: PRICES }),
  },
];

const PRICES = {
  name: 'Prices', format: 'xlsx', columns: [{ name: 'Item', kind: 'text' }, { name: 'Price', kind: 'number' }],
  rows: [['Tea', 3.5], ['Coffee', 4]], from: null,
};

/**
 * What comes next in an answer that does something; nothing for one that does not.
 * @param {Request} request
 * @returns {{ content: string } | { toolCalls: { name: string, arguments: string }[], finishReason: string } | undefined}
 */
export function act({ messages, tools = [] }) {
  const asked = messages.findLastIndex(({ role }) => role === 'user');
  const results = resultsIn(messages.slice(asked + 1));
  // Who took over goes on with what was wished for, whatever tools they have.
  const offered = new Set([...tools.map((tool) => tool.function.name), ...results.map(({ tool }) => tool)]);
  for (const { tools: needed, pattern, next } of WISHES) {
    const said = pattern.exec(textOf(messages[asked]?.content));
    if (!said || !needed.every((tool) => offered.has(tool))) continue;
    const step = next(said, results);
    if (typeof step === 'string') return { content: step };
    return { toolCalls: [{ name: step.name, arguments: JSON.stringify(step.arguments) }], finishReason: 'tool_calls' };
  }
  return undefined;
}

/** @param {Request['messages']} messages @returns {Result[]} in the order of the calls */
function resultsIn(messages) {
  return messages.flatMap(({ tool_calls: calls = [] }) => calls).map(({ id, function: { name } }) => ({
    tool: name, text: textOf(messages.find((message) => message.tool_call_id === id)?.content),
  }));
}

/**
 * A sentence about what a call came to; what went wrong, or was not allowed, in the words of its result.
 * @param {Result} result
 * @param {(fields: Record<string, unknown>) => string} say
 */
function reported({ text }, say) {
  const fields = fieldsOf(text);
  return fields ? say(fields) : text;
}

/** The ids of the facts that have a word in common with what is to be forgotten. @param {Result} found @param {string} what */
function matching({ text }, what) {
  const words = what.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word.length > 3);
  const facts = /** @type {{ id: string, fact: string }[]} */ (fieldsOf(text)?.facts ?? []);
  return facts.filter(({ fact }) => words.some((word) => fact.toLowerCase().includes(word))).map(({ id }) => id);
}

/** @param {string} text @returns {Record<string, unknown> | undefined} */
function fieldsOf(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @param {import('@copilotkit/aimock').ChatMessage['content'] | undefined} content */
export function textOf(content) {
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => part.text ?? '').join('');
}
