// The model of the local stack: aimock, which speaks OpenAI's API, streams like a model and keeps a journal of every
// request it got (GET {url without /v1}/__aimock/journal).
import { LLMock } from '@copilotkit/aimock';
import { act, textOf } from './actor.mjs';
import { learn } from './learner.mjs';

/** About the pace of a small hosted model: 300 ms to the first token, then 60 a second. */
const PACE = { ttft: 300, tps: 60 };

/** Characters to a chunk: about a token. */
const CHUNK = 4;

/**
 * @param {{ port: number }} options port 0 takes a free one
 * @returns {Promise<{ url: string, mock: LLMock, stop: () => Promise<void>, exited: Promise<string> }>}
 */
export async function startModel({ port }) {
  const mock = new LLMock({ port, host: '127.0.0.1', logLevel: 'silent', journalMaxEntries: 10_000 });
  mock.addFixture({ match: { endpoint: 'chat', predicate: isInBackground }, response: learn });
  mock.addFixture({ match: { endpoint: 'chat' }, response: answer, chunkSize: CHUNK, streamingProfile: PACE });
  try {
    await mock.start();
  } catch (error) {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new Error(
      `Port ${port} for the model stand-in is in use: stop the program that has it, or set FRONTDESK_MODEL_PORT to a free one.`,
    );
  }
  return { url: `${mock.url}/v1`, mock, stop: () => mock.stop(), exited: new Promise(() => {}) };
}

/** Whether JSON is asked for, not an answer. @param {import('@copilotkit/aimock').ChatCompletionRequest} request */
export function isInBackground({ response_format: format }) {
  return format?.type === 'json_schema';
}

/** @param {import('@copilotkit/aimock').ChatCompletionRequest} request */
function answer(request) {
  return act(request) ?? talk(request);
}

/** @param {import('@copilotkit/aimock').ChatCompletionRequest} request */
function talk({ messages }) {
  const said = messages.filter(({ role }) => role === 'user').map(({ content }) => textOf(content));
  const newest = said.at(-1) ?? '';
  const before = said.length - 1;
  const remembered = before === 0
    ? 'This is the first message of yours that I see.'
    : `Before it I see ${before} more of yours; the last was: “${shorten(said.at(-2) ?? '')}”`;
  return {
    content: [
      `You said: **${shorten(newest)}**`,
      remembered,
      'I am the local stand-in for a model. Set `OPENAI_API_KEY` and start again to talk to a real one.',
    ].join('\n\n'),
  };
}

/** @param {string} text */
function shorten(text) {
  const line = text.replace(/\s+/gu, ' ').trim();
  const letters = [...line];
  return letters.length > 200 ? `${letters.slice(0, 200).join('')}…` : line;
}
