// The mock model of the local stack: aimock speaks OpenAI's API, streams at the pace of a model, and keeps a journal of all requests
// (GET {url without /v1}/__aimock/journal).
import { LLMock } from '@copilotkit/aimock';
import { respondInBackground } from './mock-model/background.mjs';
import { contentText, isFenced, respondWithTools } from './mock-model/tools.mjs';

/** Pace of a small hosted model: 300 ms to the first token, then 60 tokens a second. */
const PACE = { ttft: 300, tps: 60 };

/** Characters of a chunk: about one token. */
const CHUNK = 4;

/**
 * @param {{ port: number }} options port 0 takes a free one
 * @returns {Promise<{ url: string, mock: LLMock, stop: () => Promise<void>, exited: Promise<string> }>}
 */
export async function startMockModel({ port }) {
  const mock = new LLMock({ port, host: '127.0.0.1', logLevel: 'silent', journalMaxEntries: 10_000 });
  mock.addFixture({ match: { endpoint: 'chat', predicate: isBackgroundRequest }, response: respondInBackground });
  mock.addFixture({ match: { endpoint: 'chat' }, response: respond, chunkSize: CHUNK, streamingProfile: PACE });
  try {
    await mock.start();
  } catch (error) {
    if (error.code !== 'EADDRINUSE') throw error;
    throw new Error(
      `Port ${port} for the mock model is in use: stop the program that has it, or set FRONTDESK_MODEL_PORT to a free one.`,
    );
  }
  return { url: `${mock.url}/v1`, mock, stop: () => mock.stop(), exited: new Promise(() => {}) };
}

/** True for requests for facts and summaries. @param {import('@copilotkit/aimock').ChatCompletionRequest} request */
export function isBackgroundRequest({ response_format: format }) {
  const schema = /** @type {{ name?: string } | undefined} */ (format?.json_schema);
  return ['facts', 'summary', 'title'].includes(schema?.name ?? '');
}

/** @param {import('@copilotkit/aimock').ChatCompletionRequest} request */
function respond(request) {
  return respondWithTools(request) ?? respondWithText(request);
}

/** @param {import('@copilotkit/aimock').ChatCompletionRequest} request */
function respondWithText({ messages }) {
  const userTexts = messages.filter(({ role }) => role === 'user').map(({ content }) => contentText(content)).filter((text) => !isFenced(text));
  const newest = userTexts.at(-1) ?? '';
  const earlier = userTexts.length - 1;
  const history = earlier === 0
    ? 'This is the first message of yours that I see.'
    : `Before it I see ${earlier} more of yours; the last was: “${shorten(userTexts.at(-2) ?? '')}”`;
  return {
    content: [
      `You said: **${shorten(newest)}**`,
      history,
      'I am the local mock model. Set `OPENAI_API_KEY` and start again to talk to a real one.',
    ].join('\n\n'),
  };
}

/** @param {string} text */
function shorten(text) {
  const line = text.replace(/\s+/gu, ' ').trim();
  const letters = [...line];
  return letters.length > 200 ? `${letters.slice(0, 200).join('')}…` : line;
}
