// What can go wrong with a request: things that a rule of the proxy does.
import { setTimeout as delay } from 'node:timers/promises';

/** What nobody may hear but the log's owner. */
export const SECRET = 'an upstream secret';
const REFUSAL = JSON.stringify({ message: SECRET, error: { message: SECRET } });

export const hungUp = (exchange) => exchange.hangUp();
export const status = (code, headers = {}) => (exchange) =>
  exchange.answer(code, REFUSAL, { 'content-type': 'application/json', ...headers });
/** What a captive portal or a proxy's page of its own is. */
export const garbage = (exchange) => exchange.answer(200, '<!doctype html><title>Welcome</title>', { 'content-type': 'text/html' });
export const otherJson = (exchange) => exchange.answer(200, '{"status":"ok"}', { 'content-type': 'application/json' });
export const slow = (milliseconds) => async (exchange) => {
  await delay(milliseconds);
  await exchange.pass();
};
/** What was asked is done, and who asked never hears of it. */
export const answerLost = async (exchange) => {
  await exchange.forward();
  exchange.hangUp();
};
/** Waits where a test wants it to wait. */
export const held = (gate) => async (exchange) => {
  await gate.pass();
  await exchange.pass();
};

/** A place where one side waits until the other has seen it there and lets it go on. */
export function gate() {
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

/** Concerns what a model is asked to answer, not to embed. */
export const isChat = ({ path }) => path.endsWith('/chat/completions');
/** The message that is to be answered. */
export const newestMessage = ({ body }) => JSON.parse(body).messages.at(-1).content;
/** Concerns a message that has that in it. */
export const withMessage = (marker) => (exchange) => isChat(exchange) && newestMessage(exchange).includes(marker);

/** Places in a model's stream. After the text come the reason why it ended, what was used, and the end. */
export const FIRST = (_event, n) => n === 0;
export const MIDDLE = (_event, n) => n === 50;
export const LAST = (event) => /"finish_reason": ?"/.test(event);
export const USAGE = (event) => /"usage": ?\{/.test(event);
export const DONE = (event) => event.includes('[DONE]');

/**
 * At a place of a model's stream something else happens: `act` gets the event that is next.
 * @param {(event: string, n: number) => boolean} isThere
 * @param {(event: string) => AsyncIterable<string | Buffer>} act
 */
export const at = (isThere, act) => (exchange) => exchange.pass(async function* edited(events) {
  let n = 0;
  for await (const event of events) {
    if (isThere(event, n++)) yield* act(event);
    else yield event;
  }
});

/** What happens there. */
export const cut = async function* cut() {
  // What was written before must be on its way.
  await delay(5);
  throw new Error('cut');
};
export const paused = (milliseconds) => async function* paused(event) {
  await delay(milliseconds);
  yield event;
};
export const heldAt = (gate) => async function* heldAt(event) {
  await gate.pass();
  yield event;
};
export const instead = (bytes) => async function* instead() {
  yield bytes;
};

export const NOT_UTF8 = Buffer.from([...Buffer.from('data: '), 0xff, 0xfe, 0x0a, 0x0a]);
export const NOT_JSON = 'data: {"choices":[{"delta":{"content":"half of\n\n';
export const ERROR_EVENT = `data: {"error":{"message":"${SECRET}","code":503}}\n\n`;

/** A call of a tool whose arguments lack their end; `reason` null ends the stream without another word. */
export const toolCall = (reason) => (exchange) => {
  const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'look_up', arguments: '{"query":"half of' } };
  const events = [
    { choices: [{ index: 0, delta: { role: 'assistant', tool_calls: [call] }, finish_reason: null }] },
    reason && { choices: [{ index: 0, delta: {}, finish_reason: reason }] },
  ];
  const spelled = events.filter(Boolean).map((event) => `data: ${JSON.stringify(event)}\n\n`);
  exchange.answer(200, [...spelled, reason ? 'data: [DONE]\n\n' : ''].join(''), { 'content-type': 'text/event-stream' });
};
