// The matrix: what goes wrong, when, and what must be seen then. In each cell also all of checks.mjs must hold, and the
// session must go on.
import {
  BEFORE, END, MID, asks, calls, comesBackLater, comesCold, comesHot, findsNoModel, findsNoSupabase, goesOnWithoutAnybody,
  isCommitted, isToldBeforeItDies, leaves, leavesUnanswered, readsAlong, reloads, reloadsUnanswered, seesItDie, stops,
} from './plays.mjs';
import {
  DONE, ERROR_EVENT, FIRST, LAST, MIDDLE, NOT_JSON, NOT_UTF8, USAGE, answerLost, at, cut, garbage, hungUp, instead, otherJson,
  paused, slow, status, toolCall,
} from './faults.mjs';

/**
 * @typedef {object} Cell
 * @property {string} fault
 * @property {string} when
 * @property {(scene: import('./scene.mjs').Scene) => Promise<string>} play
 * @property {string} expected
 * @property {true} [alone] nothing else can be played meanwhile
 * @property {true} [full] in the full form only: it takes the Worker's whole patience, or is close to another
 */

const KEPT = 'complete whole, asked 1×, provider';
const WHOLE = `finish, ${KEPT}`;
const UNHEARD = `cut off, ${KEPT}`;
const AGAIN = 'finish, complete whole, asked 2×, provider';
const CUT = 'error, failed in part, asked 1×, model_truncated';
const DOWN = status(503);
const moments = [BEFORE, MID, END];

/** @type {Cell[]} */
const READERS = [
  { fault: 'client gone', when: 'before the headers', play: leavesUnanswered, expected: WHOLE },
  { fault: 'reload', when: 'before the headers', play: reloadsUnanswered, expected: WHOLE },
  ...moments.map((moment) => ({ fault: 'client gone', when: moment.name, play: leaves(moment), expected: UNHEARD })),
  ...moments.map((moment) => ({ fault: 'reload', when: moment.name, play: reloads(moment), expected: WHOLE })),
  { fault: 'reload', when: 'after the end', play: comesBackLater(MID), expected: WHOLE },
  ...moments.map((moment) => ({ fault: 'second tab', when: moment.name, play: readsAlong(moment), expected: WHOLE })),
  { fault: 'stop', when: BEFORE.name, play: stops(BEFORE), expected: 'abort, stopped no text, asked 1×, estimated' },
  { fault: 'stop', when: MID.name, play: stops(MID), expected: 'abort, stopped in part, asked 1×, estimated' },
  { fault: 'stop', when: END.name, play: stops(END), expected: 'abort, stopped whole, asked 1×, estimated' },
];

/** @type {Cell[]} */
const KILLS = [
  { fault: 'kill -9', when: 'after admit', play: seesItDie(BEFORE), expected: 'error, interrupted no text, asked 1×, interrupted' },
  { fault: 'kill -9', when: 'mid-stream', play: seesItDie(MID), expected: 'error, interrupted in part, asked 1×, interrupted' },
  { fault: 'kill -9', when: 'settled, PostgREST down', play: isToldBeforeItDies(DOWN), expected: WHOLE },
  { fault: 'kill -9', when: 'settled, commit without answer', play: isToldBeforeItDies(answerLost), expected: WHOLE, full: true },
  { fault: 'kill -9', when: 'PostgREST down, known session', play: goesOnWithoutAnybody(DOWN), expected: WHOLE, full: true },
].map((cell) => ({ ...cell, alone: true }));

/** @type {Cell[]} */
const REFUSED = [
  { fault: 'model refuses connections', when: 'always', play: findsNoModel, expected: 'error, failed no text, asked 0×, model_unavailable' },
  { fault: 'Supabase refuses connections', when: 'cold session', play: findsNoSupabase, expected: `503 database_unavailable, then ${WHOLE}` },
].map((cell) => ({ ...cell, alone: true }));

const history = (fault) => calls('GET', ({ session }) => `/api/sessions/${session}/messages`, 'chat_sessions', fault);
const employees = (fault) => calls('GET', () => '/api/employees', 'employee_profiles', fault);
const erasure = (fault) => calls('DELETE', () => '/api/me', 'rpc/erase_user', fault);

/** Faults of PostgREST that last until a play ends them. */
const AWAY = Object.entries({ down: DOWN, unreachable: hungUp, 500: status(500), garbage });

/** @type {Cell[]} */
const POSTGREST = [
  ...AWAY.map(([name, fault]) => ({
    fault: `PostgREST ${name}`, when: 'cold session: load_session', play: comesCold('rpc/load_session', fault),
    expected: `503 database_unavailable, then ${WHOLE}`,
  })),
  ...AWAY.map(([name, fault]) => ({
    fault: `PostgREST ${name}`, when: 'cold user: load_vault', play: comesCold('rpc/load_vault', fault),
    expected: `503 database_unavailable, then ${WHOLE}`,
  })),
  ...AWAY.map(([name, fault]) => ({ fault: `PostgREST ${name}`, when: 'hot session: everything', play: comesHot(fault), expected: WHOLE })),
  ...AWAY.map(([name, fault]) => ({ fault: `PostgREST ${name}`, when: 'commit_turn, twice', play: isCommitted([fault, fault]), expected: WHOLE })),
  ...AWAY.map(([name, fault]) => ({
    fault: `PostgREST ${name}`, when: 'history', play: history(fault), expected: `503 database_unavailable, ${KEPT}`,
  })),
  ...AWAY.map(([name, fault]) => ({
    fault: `PostgREST ${name}`, when: 'list of employees', play: employees(fault), expected: `503 database_unavailable, ${KEPT}`,
  })),
  ...AWAY.map(([name, fault]) => ({
    fault: `PostgREST ${name}`, when: 'erasing a user', play: erasure(fault), expected: `503 database_unavailable, ${KEPT}`,
  })),
  { fault: 'PostgREST other JSON', when: 'commit_turn, twice', play: isCommitted([otherJson, otherJson]), expected: WHOLE },
  { fault: 'PostgREST 400', when: 'commit_turn, twice', play: isCommitted([status(400), status(400)]), expected: WHOLE },
  { fault: 'PostgREST slow', when: 'cold session: everything', play: comesCold('', slow(2000)), expected: WHOLE },
  { fault: 'PostgREST slow', when: 'hot session: everything', play: comesHot(slow(2000)), expected: WHOLE },
  { fault: 'PostgREST slow', when: 'history', play: history(slow(2000)), expected: `2 rows, ${KEPT}` },
  { fault: 'PostgREST too slow', when: 'cold session: load_session', play: comesCold('rpc/load_session', slow(10_000)), expected: `503 database_unavailable, then ${WHOLE}`, full: true },
  { fault: 'PostgREST too slow', when: 'commit_turn, once', play: isCommitted([slow(10_000)]), expected: WHOLE, full: true },
  { fault: 'PostgREST answer lost', when: 'commit_turn, twice', play: isCommitted([answerLost, answerLost]), expected: WHOLE },
];

/** @type {Cell[]} */
const MODEL = [
  { fault: 'model 429', when: 'once', play: asks([status(429)]), expected: AGAIN },
  { fault: 'model 429', when: 'always', play: asks(status(429)), expected: 'error, failed no text, asked 4×, model_unavailable' },
  { fault: 'model 429', when: 'come back in a minute', play: asks(status(429, { 'retry-after': '60' })), expected: 'error, failed no text, asked 1×, model_unavailable' },
  { fault: 'model 500', when: 'once', play: asks([status(500)]), expected: AGAIN },
  { fault: 'model 500', when: 'always', play: asks(status(500)), expected: 'error, failed no text, asked 4×, model_unavailable' },
  { fault: 'model 400', when: 'always', play: asks(status(400)), expected: 'error, failed no text, asked 1×, model_rejected' },
  { fault: 'model hangs up', when: 'once', play: asks([hungUp]), expected: AGAIN },
  { fault: 'model hangs up', when: 'always', play: asks(hungUp), expected: 'error, failed no text, asked 4×, model_unavailable' },
  { fault: 'model slow', when: 'to answer, 3 s', play: asks(slow(3000)), expected: WHOLE },
  { fault: 'model slow', when: 'to its first event, 3 s', play: asks(at(FIRST, paused(3000))), expected: WHOLE },
  { fault: 'model slow', when: 'to answer, too long', play: asks(slow(40_000)), expected: 'error, failed no text, asked 2×, model_timeout', full: true },
  { fault: 'model slow', when: 'to its first event, too long', play: asks(at(FIRST, paused(40_000))), expected: 'error, failed no text, asked 2×, model_timeout', full: true },
  { fault: 'model stalls', when: 'mid-stream, 3 s', play: asks(at(MIDDLE, paused(3000))), expected: WHOLE },
  { fault: 'model stalls', when: 'mid-stream, for ever', play: asks(at(MIDDLE, paused(40_000))), expected: 'error, failed in part, asked 1×, model_timeout', full: true },
  { fault: 'model stalls', when: 'after its finish reason', play: asks(at(DONE, paused(40_000))), expected: WHOLE, full: true },
  { fault: 'model cut', when: 'before the first event, once', play: asks([at(FIRST, cut)]), expected: AGAIN },
  { fault: 'model cut', when: 'before the first event, always', play: asks(at(FIRST, cut)), expected: 'error, failed no text, asked 4×, model_truncated' },
  { fault: 'model cut', when: 'mid-stream', play: asks(at(MIDDLE, cut)), expected: CUT },
  { fault: 'model cut', when: 'before its finish reason', play: asks(at(LAST, cut)), expected: 'error, failed whole, asked 1×, model_truncated' },
  { fault: 'model malformed SSE', when: 'mid-stream', play: asks(at(MIDDLE, instead(NOT_UTF8))), expected: CUT },
  { fault: 'model no SSE at all', when: 'once', play: asks([garbage]), expected: AGAIN },
  { fault: 'model no SSE at all', when: 'always', play: asks(garbage), expected: 'error, failed no text, asked 4×, model_truncated' },
  { fault: 'model invalid JSON', when: 'first event, once', play: asks([at(FIRST, instead(NOT_JSON))]), expected: AGAIN },
  { fault: 'model invalid JSON', when: 'mid-stream', play: asks(at(MIDDLE, instead(NOT_JSON))), expected: CUT },
  { fault: 'model error in the stream', when: 'first event, once', play: asks([at(FIRST, instead(ERROR_EVENT))]), expected: AGAIN },
  { fault: 'model error in the stream', when: 'mid-stream', play: asks(at(MIDDLE, instead(ERROR_EVENT))), expected: CUT },
  { fault: 'model cut', when: 'after its finish reason', play: asks(at(USAGE, cut)), expected: 'finish, complete whole, asked 1×, estimated' },
  { fault: 'model no usage', when: 'whole answer', play: asks(at(USAGE, instead(''))), expected: 'finish, complete whole, asked 1×, estimated' },
  { fault: 'model tool call', when: 'cut in its arguments', play: asks(toolCall(null)), expected: 'error, failed no text, asked 1×, model_truncated' },
  { fault: 'model tool call', when: 'arguments incomplete, and a finish', play: asks(toolCall('tool_calls')), expected: 'finish, complete whole, asked 1×, estimated' },
];

export const CELLS = [...READERS, ...POSTGREST, ...MODEL, ...REFUSED, ...KILLS];
