// Faults for the rules of a proxy: functions of the exchange of one request and its response.
import { setTimeout as delay } from 'node:timers/promises';

/** Text of an upstream's error. It may appear in no response of the Worker. */
export const UPSTREAM_SECRET = 'an upstream secret';
const ERROR_BODY = JSON.stringify({ message: UPSTREAM_SECRET, error: { message: UPSTREAM_SECRET } });

export const hangUp = (exchange) => exchange.hangUp();
export const respondWith = (status, headers = {}) => (exchange) =>
  exchange.respond(status, ERROR_BODY, { 'content-type': 'application/json', ...headers });
/** Responds like a captive portal, or a proxy with an error page of its own. */
export const htmlPage = (exchange) => exchange.respond(200, '<!doctype html><title>Welcome</title>', { 'content-type': 'text/html' });
export const otherJson = (exchange) => exchange.respond(200, '{"status":"ok"}', { 'content-type': 'application/json' });
export const delayRequest = (milliseconds) => async (exchange) => {
  await delay(milliseconds);
  await exchange.pass();
};
/** Executes the request upstream and loses the response. */
export const loseResponse = async (exchange) => {
  await exchange.forward();
  exchange.hangUp();
};
/** Holds the request until a test opens the gate. */
export const holdRequest = (gate) => async (exchange) => {
  await gate.pass();
  await exchange.pass();
};

/** A gate that one side waits at: the other side awaits `reached`, then calls `open`. */
export function createGate() {
  const reached = Promise.withResolvers();
  const opened = Promise.withResolvers();
  return {
    reached: reached.promise,
    open: opened.resolve,
    async pass() {
      reached.resolve();
      await opened.promise;
    },
  };
}

/** Matches chat requests, not embeddings. */
export const isChat = ({ path }) => path.endsWith('/chat/completions');
/** Text of the newest message of a chat request. */
export const newestMessage = ({ body }) => JSON.parse(body).messages.at(-1).content;
/** Matches chat requests whose newest message contains `marker`. */
export const chatAbout = (marker) => (exchange) => isChat(exchange) && newestMessage(exchange).includes(marker);

/** Positions in a model's stream. The finish reason, the usage and the end follow the text, in this order. */
export const FIRST_EVENT = (_event, n) => n === 0;
export const MIDDLE_EVENT = (_event, n) => n === 50;
export const FINISH_EVENT = (event) => /"finish_reason": ?"/.test(event);
export const USAGE_EVENT = (event) => /"usage": ?\{/.test(event);
export const DONE_EVENT = (event) => event.includes('[DONE]');

/**
 * Replaces an event of a model's stream with what `action` yields for it.
 * @param {(event: string, n: number) => boolean} isPosition
 * @param {(event: string) => AsyncIterable<string | Buffer>} action
 */
export const atEvent = (isPosition, action) => (exchange) => exchange.pass(async function* edit(events) {
  let n = 0;
  for await (const event of events) {
    if (isPosition(event, n++)) yield* action(event);
    else yield event;
  }
});

/** Actions for `atEvent`. */
export const cutStream = async function* cutStream() {
  // Earlier events must leave the socket first.
  await delay(5);
  throw new Error('cut');
};
export const pauseEvent = (milliseconds) => async function* pauseEvent(event) {
  await delay(milliseconds);
  yield event;
};
export const holdEvent = (gate) => async function* holdEvent(event) {
  await gate.pass();
  yield event;
};
export const replaceEvent = (bytes) => async function* replaceEvent() {
  yield bytes;
};

export const NOT_UTF8 = Buffer.from([...Buffer.from('data: '), 0xff, 0xfe, 0x0a, 0x0a]);
export const NOT_JSON = 'data: {"choices":[{"delta":{"content":"half of\n\n';
export const ERROR_EVENT = `data: {"error":{"message":"${UPSTREAM_SECRET}","code":503}}\n\n`;

/** Responds with a tool call whose arguments are cut off. A null `finishReason` ends the stream without a finish. */
export const unfinishedToolCall = (finishReason) => (exchange) => {
  const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'look_up', arguments: '{"query":"half of' } };
  const events = [
    { choices: [{ index: 0, delta: { role: 'assistant', tool_calls: [call] }, finish_reason: null }] },
    finishReason && { choices: [{ index: 0, delta: {}, finish_reason: finishReason }] },
  ];
  const lines = events.filter(Boolean).map((event) => `data: ${JSON.stringify(event)}\n\n`);
  exchange.respond(200, [...lines, finishReason ? 'data: [DONE]\n\n' : ''].join(''), { 'content-type': 'text/event-stream' });
};
