// Facts, summaries and titles of the mock model. It understands a few plain English sentences, so that memory can be seen without a real model.

/** @typedef {{ number: number, text: string }} Message */
/** @typedef {{ number: number, category: string, key: string, fact: string }} KnownFact */

/** @param {import('@copilotkit/aimock').ChatCompletionRequest} request a request for JSON */
export function respondInBackground({ messages, response_format: format }) {
  const input = JSON.parse(String(messages.at(-1)?.content));
  const name = /** @type {any} */ (format)?.json_schema?.name;
  if (name === 'title') return { content: JSON.stringify(entitle(input)) };
  return { content: JSON.stringify(name === 'summary' ? summarise(input) : extractFacts(input)) };
}

/** The first words of the question. @param {{ question: string }} input */
function entitle({ question }) {
  const title = question.replace(/[^\p{L}\p{N}\s[\]_-]/gu, '').trim().split(/\s+/u).slice(0, 6).join(' ').slice(0, 80);
  return { title: title.charAt(0).toUpperCase() + title.slice(1) || 'Conversation' };
}

const SENTENCES = [
  { pattern: /\bmy name is ([\p{L}[][^.,!?\n]{0,60})/iu, category: 'identity', key: 'name', fact: 'Is named' },
  { pattern: /\bI live in ([\p{L}[][^.,!?\n]{0,60})/iu, category: 'place', key: 'home', fact: 'Lives in' },
  { pattern: /\bI work (?:at|for|as) ([\p{L}[][^.,!?\n]{0,60})/iu, category: 'work', key: 'work', fact: 'Works as or for' },
];

/** @param {{ messages: Message[], known: KnownFact[] }} input */
function extractFacts({ messages, known }) {
  const facts = messages.flatMap(({ number, text }) => {
    const stated = SENTENCES.flatMap(({ pattern, category, key, fact }) => {
      const [quote = '', value] = pattern.exec(text) ?? [];
      return value ? [{ message: number, quote, category, key, fact: `${fact} ${value.trim()}`, confidence: 0.9, expires: null }] : [];
    });
    const note = /\bremember (?:that )?([^?\n]{3,250})/iu.exec(text)?.[1].trim();
    if (!note || stated.length > 0) return stated;
    const key = note.toLowerCase().split(/[^\p{L}\p{N}]+/u).slice(0, 6).join('_');
    return [{ message: number, quote: note, category: 'note', key, fact: `Wants remembered: ${note}`, confidence: 0.9, expires: null }];
  });
  const forget = messages.flatMap(({ number, text }) => {
    const words = /\bforget (.+)/iu.exec(text)?.[1].toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word.length > 3);
    return known.filter(({ key, fact }) => words?.some((word) => `${key} ${fact}`.toLowerCase().includes(word)))
      .map((fact) => ({ message: number, fact: fact.number }));
  });
  return { facts, ended: [], forget };
}

/** @param {{ summary: string | null, messages: { role: string, text: string }[] }} input */
function summarise({ summary, messages }) {
  const questions = messages.filter(({ role }) => role === 'user').map(({ text }) => text.replace(/\s+/gu, ' ').slice(0, 80));
  const before = summary?.split('\n- ').slice(1) ?? [];
  return {
    overview: 'The user asked for a number of things.', details: [...before, ...questions].slice(-12), decisions: [], open_questions: [],
  };
}
