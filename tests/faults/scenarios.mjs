// Scenarios: a client's behaviour while faults occur. Each takes a TestConversation and returns the client's outcome.
import { call, killWorker, proxies, restartWorker } from '../test-stack.mjs';
import { FINISH_EVENT, FIRST_EVENT, MIDDLE_EVENT, atEvent, createGate, holdEvent, holdRequest } from './faults.mjs';
import { outcomeOf, waitUntil } from './test-conversation.mjs';

/** Received characters at `MID_STREAM`. The model needs over a second for them, so the Worker has stored a part by then. */
const MID_STREAM_CHARACTERS = 220;

/** Moments of an answer: the event before which the model is held, and what the client has received by then. */
export const BEFORE_TEXT = { name: 'before the first byte', position: FIRST_EVENT, hasReceived: (received) => received.frames.length >= 2 };
export const MID_STREAM = { name: 'mid-stream', position: MIDDLE_EVENT, hasReceived: (received) => received.text.length >= MID_STREAM_CHARACTERS };
export const AT_END = { name: 'at the end', position: FINISH_EVENT, hasReceived: (received) => received.text.endsWith('word59') };

/** Sends the message and holds the model at a moment of its answer. */
async function holdAnswerAt(conversation, { position, hasReceived }) {
  const gate = createGate();
  const modelRule = conversation.failModel([atEvent(position, holdEvent(gate))]);
  return { gate, modelRule, ...await conversation.sendUntil(gate, hasReceived) };
}

/** Sends the message and reads the answer to its end. */
export const sendAndRead = (modelFaults = []) => async (conversation) => {
  conversation.failModel(modelFaults);
  return outcomeOf(await conversation.runTurn());
};

/** Disconnects and does not return. */
export const disconnectAt = (moment) => async (conversation) => {
  const { gate, received, disconnected } = await holdAnswerAt(conversation, moment);
  received.disconnect();
  await disconnected;
  gate.open();
  return outcomeOf(received);
};

/** Disconnects and resumes at once. */
export const reloadAt = (moment) => async (conversation) => {
  const { gate, received, disconnected } = await holdAnswerAt(conversation, moment);
  received.disconnect();
  await disconnected;
  received.status = undefined;
  const resumed = conversation.client.resume(received);
  await waitUntil(() => received.status === 200);
  gate.open();
  return outcomeOf(await resumed);
};

/** Disconnects and resumes after the end of the answer. */
export const reloadAfterEnd = (moment) => async (conversation) => {
  const { gate, modelRule, received, disconnected } = await holdAnswerAt(conversation, moment);
  received.disconnect();
  await disconnected;
  gate.open();
  await modelRule.exchanges[0].ended;
  return outcomeOf(await conversation.client.resume(received));
};

/** Reads the answer in two tabs. */
export const openSecondTab = (moment) => async (conversation) => {
  const { gate, received, disconnected } = await holdAnswerAt(conversation, moment);
  const second = await conversation.joinSecondReader();
  gate.open();
  await Promise.all([disconnected, second.disconnected]);
  await conversation.compareReaders(received, second.received);
  return outcomeOf(received);
};

/** Stops the answer, which must end the model request. */
export const stopAt = (moment) => async (conversation) => {
  const { gate, modelRule, received, disconnected } = await holdAnswerAt(conversation, moment);
  if (!await conversation.client.stop()) conversation.violations.push('there was nothing to stop');
  await disconnected;
  if (await modelRule.exchanges[0].ended) conversation.violations.push('the model request was read to its end');
  gate.open();
  return outcomeOf(received);
};

/** Disconnects before the response headers, and resends the message until it is accepted. */
export const resendBeforeHeaders = async (conversation) => {
  const gate = createGate();
  conversation.failSupabase('rpc/load_session', [holdRequest(gate)]);
  const { received, disconnected } = await conversation.sendUntil(gate);
  received.disconnect();
  await disconnected;
  gate.open();
  return outcomeOf(await conversation.resendUntilAccepted(received));
};

/** Disconnects before the response headers, and resumes the running answer. */
export const reloadBeforeHeaders = async (conversation) => {
  const [load, answer] = [createGate(), createGate()];
  conversation.failSupabase('rpc/load_session', [holdRequest(load)]);
  conversation.failModel([atEvent(FIRST_EVENT, holdEvent(answer))]);
  const { received, disconnected } = await conversation.sendUntil(load);
  received.disconnect();
  await disconnected;
  load.open();
  await answer.reached;
  const resumed = conversation.client.resume(received);
  await waitUntil(() => received.status === 200);
  answer.open();
  return outcomeOf(await resumed);
};

/** Kills workerd at a moment of the answer. The client resumes after the restart. */
export const killWorkerAt = (moment) => async (conversation) => {
  const { gate, received, disconnected } = await holdAnswerAt(conversation, moment);
  await killWorker();
  await disconnected;
  gate.open();
  await restartWorker();
  return outcomeOf(await conversation.client.resume(received));
};

/** Kills workerd after the client received everything, while a fault keeps the turn from Postgres. */
export const killWorkerBeforeCommit = (fault) => async (conversation) => {
  const commitRule = conversation.failSupabase('rpc/commit_turn', fault);
  const received = await conversation.runTurn();
  await waitUntil(() => commitRule.exchanges.length > 0);
  await killWorker();
  await restartWorker();
  commitRule.clearFaults();
  return outcomeOf(received);
};

/** Kills workerd while Supabase is down: the session continues with the object's own state. */
export const restartWithoutSupabase = (fault) => async (conversation) => {
  await warmUp(conversation);
  const supabaseRule = conversation.failSupabase('', fault);
  await killWorker();
  await restartWorker();
  const received = await conversation.runTurn();
  supabaseRule.clearFaults();
  return outcomeOf(received);
};

/** Starts a new session during a fault of Supabase. After a rejection, resends the message without the fault. */
export const startColdSession = (path, fault) => async (conversation) => {
  const supabaseRule = conversation.failSupabase(path, fault);
  const received = await conversation.runTurn();
  const first = outcomeOf(received);
  supabaseRule.clearFaults();
  if (first === 'finish') return first;
  return `${first}, then ${outcomeOf(await conversation.resendUntilAccepted(received))}`;
};

/** Runs three turns of a hot session during a fault of all Supabase requests. */
export const continueHotSession = (fault) => async (conversation) => {
  await warmUp(conversation);
  const supabaseRule = conversation.failSupabase('', fault);
  const received = await conversation.runTurn();
  for (const n of [1, 2]) await conversation.runTurn(`meanwhile ${n}`);
  supabaseRule.clearFaults();
  return outcomeOf(received);
};

/** Runs a turn whose commit fails at first. */
export const failCommit = (faults) => async (conversation) => {
  conversation.failSupabase('rpc/commit_turn', faults);
  return outcomeOf(await conversation.runTurn());
};

/** Calls a route during a fault of the Supabase request behind it. */
export const callRoute = ({ method, route, path }, fault) => async (conversation) => {
  await conversation.runTurn();
  const supabaseRule = conversation.failSupabase(path, fault);
  const response = await call(route(conversation.client), { user: conversation.client.user, method });
  supabaseRule.clearFaults();
  const body = await response.json();
  return response.ok ? `${body.data.length} rows` : `${response.status} ${body.code}`;
};

/** Calls a route whose Supabase request is slow, until a response is in time: a machine under load may add to the delay. */
export const callSlowRoute = ({ method, route, path }, fault) => async (conversation) => {
  await conversation.runTurn();
  const supabaseRule = conversation.failSupabase(path, fault);
  let response;
  await waitUntil(async () => {
    response = await call(route(conversation.client), { user: conversation.client.user, method });
    return response.ok;
  });
  supabaseRule.clearFaults();
  return `${(await response.json()).data.length} rows`;
};

/** Runs a turn while connections to the model are refused. */
export const refuseModelConnections = async (conversation) => {
  await proxies.model.stop();
  try {
    return outcomeOf(await conversation.runTurn());
  } finally {
    await proxies.model.listen();
  }
};

/** Runs a turn while connections to Supabase are refused, then resends it. */
export const refuseSupabaseConnections = async (conversation) => {
  await proxies.supabase.stop();
  const received = await conversation.client.runTurn(conversation.message);
  await proxies.supabase.listen();
  return `${outcomeOf(received)}, then ${outcomeOf(await conversation.resendUntilAccepted(received))}`;
};

async function warmUp(conversation) {
  await conversation.runTurn('before');
}
