// `npm run bench:context`: measures the evidence in prompts at several budgets, beside common ways to build a prompt; the size of a
// prompt in a very long conversation; and the prefix that a provider's cache can reuse. All numbers come from the prompts that the model
// got from the built Worker with Postgres and PostgREST, counted with npm's gpt-tokenizer. Conversations are synthetic and the same in
// every run. Vectors are hashed words (context-model.mjs): those of a real model find more. Exits with 1 if a target is missed.
import { build } from '../dev/build/all.mjs';
import { startProgress } from '../dev/progress.mjs';
import { conversation, smallTalk } from './context-data.mjs';
import { startContextModel } from './context-model.mjs';
import { peers } from './context-peers.mjs';
import { buildPrompt, score, sharedTokens, tokensOf } from './context-score.mjs';
import { startContextStack } from './context-stack.mjs';

const SEEDS = [1, 2];
const BUDGETS = [1000, 2000, 3000, 6000];
const FRONTDESK = 'Frontdesk';
const WHOLE_HISTORY = 'whole history';
const NO_BUDGET = 'none';

/** Sentences of a question and an answer: about 145 tokens a turn, and 290. */
const SHORT_TURNS = { question: 1, answer: 3 };
const LONG_TURNS = { question: 2, answer: 6 };
const TURN_COUNT = 1000;
const EARLY_TURN = 50;
/** Tokens of history at which the saving is measured. */
const HISTORY_TOKENS = 6000;
/** Turns at full budget whose mean prefix is reported. */
const PREFIX_TURNS = 100;

/** Least values of the measures, by budget. */
const TARGETS = { 2000: [0.83, 0.76, 0.74], 6000: [0.92, 0.86, 0.84] };
const MEASURES = { recall: 'share of the evidence', all: 'questions with all evidence', dated: 'questions with all evidence under its date' };
const MAX_GROWTH = 0.1;
const MIN_SAVING = { atHistoryTokens: 0.3, atEnd: 0.9 };
/** Least share of a prompt that equals the one before. LONG_TURNS have no target: each pushes more out of the window. */
const MIN_PREFIX = 0.6;

const say = (/** @type {string} */ line) => console.error(`• ${line}`);
const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const median = (/** @type {number[]} */ values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const percent = (/** @type {number} */ share) => `${(share * 100).toFixed(1)} %`;

await build({ profile: 'release', progress: startProgress({ output: process.stderr }) });
const chat = smallTalk(7);
let answerSentences = 1;
const model = await startContextModel(() => chat.answer(answerSentences));
const stack = await startContextStack(model, say);

/** @typedef {{ by: string, budget: number | string, kind: string, tokens: number, recall: number, all: number, dated: number }} Result */

/** Scores the prompts of Frontdesk and its peers for all questions at all budgets. @returns {Promise<Result[]>} */
async function askAll() {
  /** @type {Result[]} */
  const results = [];
  const employees = [];
  for (const budget of BUDGETS) employees.push({ budget, employee: await stack.createEmployee(budget) });
  for (const seed of SEEDS) {
    const { messages: history, questions } = conversation(seed);
    say(`Conversation ${seed}: ${history.length} messages, ${questions.length} questions`);
    const user = await stack.newUserWith(history);
    const rankings = Object.entries(peers(history));
    for (const { kind, text, evidence } of questions) {
      const add = (by, budget, messages) => results.push({ by, budget, kind, tokens: tokensOf(messages), ...score(messages, evidence) });
      const ranked = rankings.map(([by, rank]) => ({ by, ranking: rank(text) }));
      let persona = '';
      for (const { budget, employee } of employees) {
        const { messages } = await stack.runTurn(user, { session_id: crypto.randomUUID(), message: text, employee, remember: false });
        persona = messages[0].content;
        add(FRONTDESK, budget, messages);
        for (const { by, ranking } of ranked) add(by, budget, buildPrompt({ ranking, persona, question: text, budget }));
      }
      add(WHOLE_HISTORY, NO_BUDGET, buildPrompt({ ranking: history, persona, question: text, budget: Infinity }));
    }
  }
  return results;
}

/** Means of the results by group. @param {Result[]} results @param {(result: Result) => Record<string, unknown>} groupOf */
function tableOf(results, groupOf) {
  const groups = Map.groupBy(results, (result) => Object.values(groupOf(result)).join('\n'));
  return [...groups.values()].map((group) => {
    const of = (name) => mean(group.map((result) => result[name]));
    return {
      ...groupOf(group[0]), questions: group.length, recall: of('recall').toFixed(3), all: of('all').toFixed(3),
      'all, right date': of('dated').toFixed(3), 'mean tokens': Math.round(of('tokens')),
    };
  });
}

/**
 * Runs one conversation until `isDone`. Each turn also has token counts: `history` of its history, `whole` of a prompt with the whole
 * history, and `shared` of the prefix that its prompt shares with the one before.
 */
async function converse({ question, answer }, isDone) {
  const user = await stack.newUser();
  const session = crypto.randomUUID();
  answerSentences = answer;
  const turns = [];
  let history = 0;
  while (!isDone(turns)) {
    const message = chat.question(question);
    const turn = await stack.runTurn(user, { session_id: session, message });
    const ownTokens = tokensOf([turn.messages.at(-1)]) - tokensOf([]);
    const shared = sharedTokens(turns.at(-1)?.messages ?? [], turn.messages);
    turns.push({ ...turn, ownTokens, history, whole: tokensOf([turn.messages[0]]) + history + ownTokens, shared });
    history += ownTokens + tokensOf([{ role: 'assistant', content: turn.answer }]) - tokensOf([]);
    if (turns.length % 100 === 0) say(`  turn ${turns.length}`);
  }
  return turns;
}

const saving = ({ tokens, whole }) => 1 - tokens / whole;
const prefixShare = ({ receipt }) => receipt.prefix / receipt.counted;
const isAtFullBudget = ({ receipt }) => receipt.sections.some(({ name, dropped = [] }) => name === 'recent' && dropped.some(({ reason }) => reason === 'budget'));

/** @type {{ what: string, target: string, measured: string, met: boolean }[]} */
const verdicts = [];
const atLeast = (what, { least, value, format = percent }) => verdicts.push({ what, target: `>= ${format(least)}`, measured: format(value), met: value >= least });
const atMost = (what, { most, value, format = percent }) => verdicts.push({ what, target: `<= ${format(most)}`, measured: format(value), met: value <= most });

/** @param {Result[]} results */
function reportQuestions(results) {
  const budgets = [...BUDGETS, NO_BUDGET];
  const bys = [FRONTDESK, ...new Set(results.map(({ by }) => by))];
  results.sort((a, b) => budgets.indexOf(a.budget) - budgets.indexOf(b.budget) || bys.indexOf(a.by) - bys.indexOf(b.by));
  console.log('\nShare of the evidence in the prompt, and share of the questions with all evidence. Vectors are hashed words.');
  console.table(tableOf(results, ({ budget, by }) => ({ budget, by })));
  console.log('\nFrontdesk, by kind of question');
  console.table(tableOf(results.filter(({ by }) => by === FRONTDESK), ({ budget, kind }) => ({ budget, kind })));
  const meanOf = (by, budget, name) => mean(results.filter((result) => result.by === by && result.budget === budget).map((result) => result[name]));
  for (const [budget, targets] of Object.entries(TARGETS)) {
    Object.entries(MEASURES).forEach(([name, what], n) => {
      atLeast(`${what}, ${budget} tokens`, { least: targets[n], value: meanOf(FRONTDESK, Number(budget), name) });
    });
  }
  const others = bys.filter((by) => by !== FRONTDESK && by !== WHOLE_HISTORY);
  const lead = (budget) => meanOf(FRONTDESK, budget, 'recall') - Math.max(...others.map((by) => meanOf(by, budget, 'recall')));
  atLeast('lead over the best peer, at every budget', { least: 0, value: Math.min(...BUDGETS.map(lead)) });
}

/** @param {Awaited<ReturnType<typeof converse>>} turns */
function reportLongConversation(turns) {
  const full = turns.findIndex(({ history }) => history >= HISTORY_TOKENS);
  const around = (n) => turns.slice(Math.max(0, n - 11), n + 10);
  console.log(`\nA conversation of ${TURN_COUNT} turns, budget ${turns[0].receipt.budget}`);
  console.table([10, EARLY_TURN, full + 1, 100, 250, 500, TURN_COUNT].sort((a, b) => a - b).map((n) => {
    const { history, tokens, whole } = turns[n - 1];
    return {
      turn: n, 'tokens of the history': history, 'tokens of the prompt': tokens, 'with the whole history': whole,
      saving: percent(saving(turns[n - 1])),
      'ms to the first token, median of 21 turns': Math.round(median(around(n).map(({ firstTokenMs }) => firstTokenMs))),
    };
  }));
  const [early, last] = [turns[EARLY_TURN - 1], turns[TURN_COUNT - 1]].map(({ tokens, ownTokens }) => tokens - ownTokens);
  atMost(`growth from turn ${EARLY_TURN} to turn ${TURN_COUNT}, without the question`, { most: MAX_GROWTH, value: Math.abs(last / early - 1) });
  atLeast(`saving at ${HISTORY_TOKENS} tokens of history`, { least: MIN_SAVING.atHistoryTokens, value: saving(turns[full]) });
  atLeast(`saving at turn ${TURN_COUNT}`, { least: MIN_SAVING.atEnd, value: saving(turns[TURN_COUNT - 1]) });
}

try {
  reportQuestions(await askAll());

  say(`A conversation of ${TURN_COUNT} turns`);
  const short = await converse(SHORT_TURNS, (turns) => turns.length === TURN_COUNT);
  reportLongConversation(short);

  say('A conversation of longer turns');
  const long = await converse(LONG_TURNS, (turns) => turns.filter(isAtFullBudget).length === PREFIX_TURNS);
  const shares = [short, long].map((turns) => mean(turns.filter(isAtFullBudget).slice(0, PREFIX_TURNS).map(prefixShare)));
  const [ofShort, ofLong] = shares.map(percent);
  console.log(`\nCommon prefix with the prompt before, at full budget: ${ofShort}; with turns twice as long: ${ofLong}`);
  atLeast(`prefix of a prompt, mean of ${PREFIX_TURNS} turns at full budget`, { least: MIN_PREFIX, value: shares[0] });
  const wrongPrefixes = [...short, ...long].filter(({ receipt, shared }) => receipt.prefix > shared).length;
  atMost('receipts with a prefix that the prompts do not share', { most: 0, value: wrongPrefixes, format: String });

  const { turns, overBudget, miscounted, unavailable } = stack.counts;
  atMost(`prompts over their budget, of ${turns}`, { most: 0, value: overBudget, format: String });
  atMost(`receipts with another count than gpt-tokenizer, of ${turns}`, { most: 0, value: miscounted, format: String });
  console.log(`Recall missed its deadline in ${unavailable} of ${turns} turns.\n`);
  console.table(verdicts);
  if (verdicts.some(({ met }) => !met)) process.exitCode = 1;
} finally {
  model.stop();
  await stack.stop();
}
