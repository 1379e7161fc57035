// The fault matrix: what goes wrong, when, and the expected result. Each case must also keep all invariants of invariants.mjs, and its
// session must continue.
import {
  DONE_EVENT, ERROR_EVENT, FINISH_EVENT, FIRST_EVENT, MIDDLE_EVENT, NOT_JSON, NOT_UTF8, USAGE_EVENT, atEvent, cutStream, delayRequest,
  hangUp, htmlPage, loseResponse, otherJson, pauseEvent, replaceEvent, respondWith, unfinishedToolCall,
} from './faults.mjs';
import {
  AT_END, BEFORE_TEXT, MID_STREAM, callRoute, callSlowRoute, continueHotSession, disconnectAt, failCommit, killWorkerAt, killWorkerBeforeCommit,
  openSecondTab, refuseModelConnections, refuseSupabaseConnections, reloadAfterEnd, reloadAt, reloadBeforeHeaders, resendBeforeHeaders,
  restartWithoutSupabase, sendAndRead, startColdSession, stopAt,
} from './scenarios.mjs';

/**
 * @typedef {object} MatrixCase
 * @property {string} fault
 * @property {string} when
 * @property {(conversation: import('./test-conversation.mjs').TestConversation) => Promise<string>} scenario
 * @property {string} expected
 * @property {true} [isExclusive] no other case can run at the same time
 * @property {true} [isFullOnly] only in the full matrix: it waits for the Worker's timeouts, or is similar to another case
 */

const STORED_WHOLE = 'complete whole, asked 1×, provider';
const FINISHED = `finish, ${STORED_WHOLE}`;
const DISCONNECTED = `cut off, ${STORED_WHOLE}`;
const FINISHED_AFTER_RETRY = 'finish, complete whole, asked 2×, provider';
const FAILED_IN_PART = 'error, failed in part, asked 1×, model_truncated';
const UNAVAILABLE = respondWith(503);
const moments = [BEFORE_TEXT, MID_STREAM, AT_END];

/** @type {MatrixCase[]} */
const READER_CASES = [
  { fault: 'client gone', when: 'before the headers', scenario: resendBeforeHeaders, expected: FINISHED },
  { fault: 'reload', when: 'before the headers', scenario: reloadBeforeHeaders, expected: FINISHED },
  ...moments.map((moment) => ({ fault: 'client gone', when: moment.name, scenario: disconnectAt(moment), expected: DISCONNECTED })),
  ...moments.map((moment) => ({ fault: 'reload', when: moment.name, scenario: reloadAt(moment), expected: FINISHED })),
  { fault: 'reload', when: 'after the end', scenario: reloadAfterEnd(MID_STREAM), expected: FINISHED },
  ...moments.map((moment) => ({ fault: 'second tab', when: moment.name, scenario: openSecondTab(moment), expected: FINISHED })),
  { fault: 'stop', when: BEFORE_TEXT.name, scenario: stopAt(BEFORE_TEXT), expected: 'abort, stopped no text, asked 1×, estimated' },
  { fault: 'stop', when: MID_STREAM.name, scenario: stopAt(MID_STREAM), expected: 'abort, stopped in part, asked 1×, estimated' },
  { fault: 'stop', when: AT_END.name, scenario: stopAt(AT_END), expected: 'abort, stopped whole, asked 1×, estimated' },
];

/** @type {MatrixCase[]} */
const KILL_CASES = [
  { fault: 'kill -9', when: 'after admit', scenario: killWorkerAt(BEFORE_TEXT), expected: 'error, interrupted no text, asked 1×, interrupted' },
  { fault: 'kill -9', when: 'mid-stream', scenario: killWorkerAt(MID_STREAM), expected: 'error, interrupted in part, asked 1×, interrupted' },
  { fault: 'kill -9', when: 'settled, PostgREST down', scenario: killWorkerBeforeCommit(UNAVAILABLE), expected: FINISHED },
  { fault: 'kill -9', when: 'settled, response of the commit lost', scenario: killWorkerBeforeCommit(loseResponse), expected: FINISHED, isFullOnly: true },
  { fault: 'kill -9', when: 'PostgREST down, known session', scenario: restartWithoutSupabase(UNAVAILABLE), expected: FINISHED, isFullOnly: true },
].map((matrixCase) => ({ ...matrixCase, isExclusive: true }));

/** @type {MatrixCase[]} */
const REFUSED_CASES = [
  { fault: 'model refuses connections', when: 'always', scenario: refuseModelConnections, expected: 'error, failed no text, asked 0×, model_unavailable' },
  { fault: 'Supabase refuses connections', when: 'cold session', scenario: refuseSupabaseConnections, expected: `503 database_unavailable, then ${FINISHED}` },
].map((matrixCase) => ({ ...matrixCase, isExclusive: true }));

const HISTORY = { method: 'GET', route: ({ session }) => `/api/sessions/${session}/messages`, path: 'chat_sessions' };
const history = (fault) => callRoute(HISTORY, fault);
const employees = (fault) => callRoute({ method: 'GET', route: () => '/api/employees', path: 'employee_profiles' }, fault);

/** Faults of PostgREST that last until the scenario clears them. */
export const LASTING_FAULTS = Object.entries({ down: UNAVAILABLE, unreachable: hangUp, 500: respondWith(500), garbage: htmlPage });

/** @type {MatrixCase[]} */
const POSTGREST_CASES = [
  ...LASTING_FAULTS.map(([name, fault]) => ({
    fault: `PostgREST ${name}`, when: 'cold session: load_session', scenario: startColdSession('rpc/load_session', fault),
    expected: `503 database_unavailable, then ${FINISHED}`,
  })),
  ...LASTING_FAULTS.map(([name, fault]) => ({
    fault: `PostgREST ${name}`, when: 'cold user: load_vault', scenario: startColdSession('rpc/load_vault', fault),
    expected: `503 database_unavailable, then ${FINISHED}`,
  })),
  ...LASTING_FAULTS.map(([name, fault]) => ({ fault: `PostgREST ${name}`, when: 'hot session: everything', scenario: continueHotSession(fault), expected: FINISHED })),
  ...LASTING_FAULTS.map(([name, fault]) => ({ fault: `PostgREST ${name}`, when: 'commit_turn, twice', scenario: failCommit([fault, fault]), expected: FINISHED })),
  ...LASTING_FAULTS.map(([name, fault]) => ({
    fault: `PostgREST ${name}`, when: 'history', scenario: history(fault), expected: `503 database_unavailable, ${STORED_WHOLE}`,
  })),
  ...LASTING_FAULTS.map(([name, fault]) => ({
    fault: `PostgREST ${name}`, when: 'list of employees', scenario: employees(fault), expected: `503 database_unavailable, ${STORED_WHOLE}`,
  })),
  { fault: 'PostgREST other JSON', when: 'commit_turn, twice', scenario: failCommit([otherJson, otherJson]), expected: FINISHED },
  { fault: 'PostgREST 400', when: 'commit_turn, twice', scenario: failCommit([respondWith(400), respondWith(400)]), expected: FINISHED },
  { fault: 'PostgREST slow', when: 'cold session: everything', scenario: startColdSession('', delayRequest(2000)), expected: FINISHED },
  { fault: 'PostgREST slow', when: 'hot session: everything', scenario: continueHotSession(delayRequest(2000)), expected: FINISHED },
  { fault: 'PostgREST slow', when: 'history', scenario: callSlowRoute(HISTORY, delayRequest(2000)), expected: `2 rows, ${STORED_WHOLE}` },
  { fault: 'PostgREST too slow', when: 'cold session: load_session', scenario: startColdSession('rpc/load_session', delayRequest(10_000)), expected: `503 database_unavailable, then ${FINISHED}`, isFullOnly: true },
  { fault: 'PostgREST too slow', when: 'commit_turn, once', scenario: failCommit([delayRequest(10_000)]), expected: FINISHED, isFullOnly: true },
  { fault: 'PostgREST response lost', when: 'commit_turn, twice', scenario: failCommit([loseResponse, loseResponse]), expected: FINISHED },
];

/** @type {MatrixCase[]} */
const MODEL_CASES = [
  { fault: 'model 429', when: 'once', scenario: sendAndRead([respondWith(429)]), expected: FINISHED_AFTER_RETRY },
  { fault: 'model 429', when: 'always', scenario: sendAndRead(respondWith(429)), expected: 'error, failed no text, asked 4×, model_unavailable' },
  { fault: 'model 429', when: 'with a Retry-After of a minute', scenario: sendAndRead(respondWith(429, { 'retry-after': '60' })), expected: 'error, failed no text, asked 1×, model_unavailable' },
  { fault: 'model 500', when: 'once', scenario: sendAndRead([respondWith(500)]), expected: FINISHED_AFTER_RETRY },
  { fault: 'model 500', when: 'always', scenario: sendAndRead(respondWith(500)), expected: 'error, failed no text, asked 4×, model_unavailable' },
  { fault: 'model 400', when: 'always', scenario: sendAndRead(respondWith(400)), expected: 'error, failed no text, asked 1×, model_rejected' },
  { fault: 'model hangs up', when: 'once', scenario: sendAndRead([hangUp]), expected: FINISHED_AFTER_RETRY },
  { fault: 'model hangs up', when: 'always', scenario: sendAndRead(hangUp), expected: 'error, failed no text, asked 4×, model_unavailable' },
  { fault: 'model slow', when: 'to answer, 3 s', scenario: sendAndRead(delayRequest(3000)), expected: FINISHED },
  { fault: 'model slow', when: 'to its first event, 3 s', scenario: sendAndRead(atEvent(FIRST_EVENT, pauseEvent(3000))), expected: FINISHED },
  { fault: 'model slow', when: 'to answer, too long', scenario: sendAndRead(delayRequest(40_000)), expected: 'error, failed no text, asked 2×, model_timeout', isFullOnly: true },
  { fault: 'model slow', when: 'to its first event, too long', scenario: sendAndRead(atEvent(FIRST_EVENT, pauseEvent(40_000))), expected: 'error, failed no text, asked 2×, model_timeout', isFullOnly: true },
  { fault: 'model stalls', when: 'mid-stream, 3 s', scenario: sendAndRead(atEvent(MIDDLE_EVENT, pauseEvent(3000))), expected: FINISHED },
  { fault: 'model stalls', when: 'mid-stream, for ever', scenario: sendAndRead(atEvent(MIDDLE_EVENT, pauseEvent(40_000))), expected: 'error, failed in part, asked 1×, model_timeout', isFullOnly: true },
  { fault: 'model stalls', when: 'after its finish reason', scenario: sendAndRead(atEvent(DONE_EVENT, pauseEvent(40_000))), expected: FINISHED, isFullOnly: true },
  { fault: 'model cut', when: 'before the first event, once', scenario: sendAndRead([atEvent(FIRST_EVENT, cutStream)]), expected: FINISHED_AFTER_RETRY },
  { fault: 'model cut', when: 'before the first event, always', scenario: sendAndRead(atEvent(FIRST_EVENT, cutStream)), expected: 'error, failed no text, asked 4×, model_truncated' },
  { fault: 'model cut', when: 'mid-stream', scenario: sendAndRead(atEvent(MIDDLE_EVENT, cutStream)), expected: FAILED_IN_PART },
  { fault: 'model cut', when: 'before its finish reason', scenario: sendAndRead(atEvent(FINISH_EVENT, cutStream)), expected: 'error, failed whole, asked 1×, model_truncated' },
  { fault: 'model malformed SSE', when: 'mid-stream', scenario: sendAndRead(atEvent(MIDDLE_EVENT, replaceEvent(NOT_UTF8))), expected: FAILED_IN_PART },
  { fault: 'model no SSE at all', when: 'once', scenario: sendAndRead([htmlPage]), expected: FINISHED_AFTER_RETRY },
  { fault: 'model no SSE at all', when: 'always', scenario: sendAndRead(htmlPage), expected: 'error, failed no text, asked 4×, model_truncated' },
  { fault: 'model invalid JSON', when: 'first event, once', scenario: sendAndRead([atEvent(FIRST_EVENT, replaceEvent(NOT_JSON))]), expected: FINISHED_AFTER_RETRY },
  { fault: 'model invalid JSON', when: 'mid-stream', scenario: sendAndRead(atEvent(MIDDLE_EVENT, replaceEvent(NOT_JSON))), expected: FAILED_IN_PART },
  { fault: 'model error in the stream', when: 'first event, once', scenario: sendAndRead([atEvent(FIRST_EVENT, replaceEvent(ERROR_EVENT))]), expected: FINISHED_AFTER_RETRY },
  { fault: 'model error in the stream', when: 'mid-stream', scenario: sendAndRead(atEvent(MIDDLE_EVENT, replaceEvent(ERROR_EVENT))), expected: FAILED_IN_PART },
  { fault: 'model cut', when: 'after its finish reason', scenario: sendAndRead(atEvent(USAGE_EVENT, cutStream)), expected: 'finish, complete whole, asked 1×, estimated' },
  { fault: 'model no usage', when: 'whole answer', scenario: sendAndRead(atEvent(USAGE_EVENT, replaceEvent(''))), expected: 'finish, complete whole, asked 1×, estimated' },
  { fault: 'model tool call', when: 'cut in its arguments', scenario: sendAndRead(unfinishedToolCall(null)), expected: 'error, failed no text, asked 1×, model_truncated' },
  { fault: 'model tool call', when: 'arguments incomplete, and a finish', scenario: sendAndRead(unfinishedToolCall('tool_calls')), expected: 'finish, complete whole, asked 1×, estimated' },
];

export const MATRIX = [...READER_CASES, ...POSTGREST_CASES, ...MODEL_CASES, ...REFUSED_CASES, ...KILL_CASES];
