// `npm run bench:context`: whether what answers a question is in the prompt, at several budgets, beside prompts as most examples make
// them; what a prompt of a very long conversation weighs; and how much of a prompt a provider's cache may have. All of it is read off
// what the model got from the built Worker, with Postgres and PostgREST behind it, and counted with npm's gpt-tokenizer.
// Conversations are made up, the same in every run. Vectors are hashed words (context-model.mjs): a real model's find more. It ends
// with 1 when a target is missed.
import { build } from '../dev/build.mjs';
import { conversation, talk } from './context-data.mjs';
import { startDesk } from './context-desk.mjs';
import { startContextModel } from './context-model.mjs';
import { peers } from './context-peers.mjs';
import { promptOf, score, sharedTokens, tokensOf } from './context-score.mjs';

const SEEDS = [1, 2];
const BUDGETS = [1000, 2000, 3000, 6000];
const FRONTDESK = 'Frontdesk';
const WHOLE = 'whole history';

const NONE = 'none';

/** Sentences of questions and answers: about 145 tokens a turn, and 290. */
const SHORT = { question: 1, answer: 3 };
const LONGER = { question: 2, answer: 6 };
const TURNS = 1000;
const EARLY = 50;
const HISTORY = 6000;
/** Turns at full budget of which the mean prefix is told. */
const CACHED = 100;

/** At least: of what answers questions that share; the share of questions with all of it; and with all of it under its date. */
const FOUND = { 2000: [0.83, 0.76, 0.74], 6000: [0.92, 0.86, 0.84] };
const MEASURES = { recall: 'what answers questions', all: 'questions with all of it', dated: 'questions with all of it under its date' };
const GROWS_AT_MOST = 0.1;
const SAVES = { then: 0.3, atTheEnd: 0.9 };
/** Of a prompt; in turns as long as LONGER each one pushes out so much of the window that it is less. */
const SHARES = 0.6;

const say = (/** @type {string} */ line) => console.error(`• ${line}`);
const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const median = (/** @type {number[]} */ values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const percent = (/** @type {number} */ share) => `${(share * 100).toFixed(1)} %`;

await build(say);
const chat = talk(7);
let sentences = 1;
const model = await startContextModel(() => chat.answer(sentences));
const desk = await startDesk(model, say);

/** @typedef {{ by: string, budget: number | string, kind: string, tokens: number, recall: number, all: number, dated: number }} Result */

/** Asks all questions at all budgets, of Frontdesk and of its peers. @returns {Promise<Result[]>} */
async function askAll() {
  /** @type {Result[]} */
  const results = [];
  const employees = [];
  for (const budget of BUDGETS) employees.push({ budget, employee: await desk.employee(budget) });
  for (const seed of SEEDS) {
    const { said, asked } = conversation(seed);
    say(`Conversation ${seed}: ${said.length} messages, ${asked.length} questions`);
    const user = await desk.newUserWith(said);
    const rankings = Object.entries(peers(said));
    for (const { kind, text, evidence } of asked) {
      const add = (by, budget, messages) => results.push({ by, budget, kind, tokens: tokensOf(messages), ...score(messages, evidence) });
      const ranked = rankings.map(([by, rank]) => ({ by, best: rank(text) }));
      let persona = '';
      for (const { budget, employee } of employees) {
        const { messages } = await desk.turn(user, { session_id: crypto.randomUUID(), message: text, employee, remember: false });
        persona = messages[0].content;
        add(FRONTDESK, budget, messages);
        for (const { by, best } of ranked) add(by, budget, promptOf(best, persona, text, budget));
      }
      add(WHOLE, NONE, promptOf(said, persona, text, Infinity));
    }
  }
  return results;
}

/** Their means, by what they have in common. @param {Result[]} results @param {(result: Result) => Record<string, unknown>} named */
function tableOf(results, named) {
  const groups = Map.groupBy(results, (result) => Object.values(named(result)).join('\n'));
  return [...groups.values()].map((group) => {
    const of = (name) => mean(group.map((result) => result[name]));
    return {
      ...named(group[0]), questions: group.length, recall: of('recall').toFixed(3), all: of('all').toFixed(3),
      'all, right date': of('dated').toFixed(3), 'mean tokens': Math.round(of('tokens')),
    };
  });
}

/**
 * Holds one conversation until `isDone`. Of each turn also the tokens of all that was said before (`history`) and of the prompt that
 * would have all of it (`whole`), and those of what it really begins with as the prompt before did (`shared`).
 */
async function hold({ question, answer }, isDone) {
  const user = await desk.newUser();
  const session = crypto.randomUUID();
  sentences = answer;
  const turns = [];
  let history = 0;
  while (!isDone(turns)) {
    const message = chat.question(question);
    const done = await desk.turn(user, { session_id: session, message });
    const own = tokensOf([done.messages.at(-1)]) - tokensOf([]);
    const shared = sharedTokens(turns.at(-1)?.messages ?? [], done.messages);
    turns.push({ ...done, own, history, whole: tokensOf([done.messages[0]]) + history + own, shared });
    history += own + tokensOf([{ role: 'assistant', content: done.answer }]) - tokensOf([]);
    if (turns.length % 100 === 0) say(`  turn ${turns.length}`);
  }
  return turns;
}

const saved = ({ tokens, whole }) => 1 - tokens / whole;
const share = ({ receipt }) => receipt.prefix / receipt.counted;
const isCut = ({ receipt }) => receipt.sections.some(({ name, dropped = [] }) => name === 'recent' && dropped.some(({ reason }) => reason === 'budget'));

/** @type {{ what: string, target: string, measured: string, met: boolean }[]} */
const verdicts = [];
const atLeast = (what, least, value, show = percent) => verdicts.push({ what, target: `>= ${show(least)}`, measured: show(value), met: value >= least });
const atMost = (what, most, value, show = percent) => verdicts.push({ what, target: `<= ${show(most)}`, measured: show(value), met: value <= most });

/** @param {Result[]} results */
function tellOfQuestions(results) {
  const budgets = [...BUDGETS, NONE];
  const bys = [FRONTDESK, ...new Set(results.map(({ by }) => by))];
  results.sort((a, b) => budgets.indexOf(a.budget) - budgets.indexOf(b.budget) || bys.indexOf(a.by) - bys.indexOf(b.by));
  console.log('\nThe share of what answers a question that is in the prompt, and of questions with all of it. Vectors are hashed words.');
  console.table(tableOf(results, ({ budget, by }) => ({ budget, by })));
  console.log('\nFrontdesk, by kinds of questions');
  console.table(tableOf(results.filter(({ by }) => by === FRONTDESK), ({ budget, kind }) => ({ budget, kind })));
  const of = (who, at, name) => mean(results.filter(({ by, budget }) => by === who && budget === at).map((result) => result[name]));
  for (const [budget, least] of Object.entries(FOUND)) {
    Object.entries(MEASURES).forEach(([name, what], at) => atLeast(`${what}, ${budget} tokens`, least[at], of(FRONTDESK, Number(budget), name)));
  }
  const others = bys.filter((by) => by !== FRONTDESK && by !== WHOLE);
  const lead = (budget) => of(FRONTDESK, budget, 'recall') - Math.max(...others.map((by) => of(by, budget, 'recall')));
  atLeast('more of it than the best peer, at every budget', 0, Math.min(...BUDGETS.map(lead)));
}

/** @param {Awaited<ReturnType<typeof hold>>} turns */
function tellOfLength(turns) {
  const full = turns.findIndex(({ history }) => history >= HISTORY);
  const around = (n) => turns.slice(Math.max(0, n - 11), n + 10);
  console.log(`\nA conversation of ${TURNS} turns, budget ${turns[0].receipt.budget}`);
  console.table([10, EARLY, full + 1, 100, 250, 500, TURNS].sort((a, b) => a - b).map((n) => {
    const { history, tokens, whole } = turns[n - 1];
    return {
      turn: n, 'tokens said before': history, 'tokens of the prompt': tokens, 'with the whole history': whole, saved: percent(saved(turns[n - 1])),
      'ms to the first token, median of 21 turns': Math.round(median(around(n).map(({ first }) => first))),
    };
  }));
  const [early, last] = [turns[EARLY - 1], turns[TURNS - 1]].map(({ tokens, own }) => tokens - own);
  atMost(`turn ${TURNS} against turn ${EARLY}, without the question`, GROWS_AT_MOST, Math.abs(last / early - 1));
  atLeast(`saved at ${HISTORY} tokens of history`, SAVES.then, saved(turns[full]));
  atLeast(`saved at turn ${TURNS}`, SAVES.atTheEnd, saved(turns[TURNS - 1]));
}

try {
  tellOfQuestions(await askAll());

  say(`A conversation of ${TURNS} turns`);
  const short = await hold(SHORT, (turns) => turns.length === TURNS);
  tellOfLength(short);

  say('A conversation of longer turns');
  const longer = await hold(LONGER, (turns) => turns.filter(isCut).length === CACHED);
  const shares = [short, longer].map((turns) => mean(turns.filter(isCut).slice(0, CACHED).map(share)));
  const [ofShort, ofLonger] = shares.map(percent);
  console.log(`\nOf a prompt at full budget, ${ofShort} is as in the one before it; ${ofLonger} with turns twice as long`);
  atLeast(`prefix of a prompt, mean of ${CACHED} turns at full budget`, SHARES, shares[0]);
  atMost('prefixes that two prompts do not share', 0, [...short, ...longer].filter(({ receipt, shared }) => receipt.prefix > shared).length, String);

  const { turns, over, miscounted, unavailable } = desk.counts;
  atMost(`prompts over their budget, of ${turns}`, 0, over, String);
  atMost(`receipts that gpt-tokenizer counts otherwise, of ${turns}`, 0, miscounted, String);
  console.log(`Memory did not answer in time in ${unavailable} of ${turns} turns.\n`);
  console.table(verdicts);
  if (verdicts.some(({ met }) => !met)) process.exitCode = 1;
} finally {
  model.stop();
  await desk.stop();
}
