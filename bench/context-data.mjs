// Made-up conversations of a user with an assistant over nine months, and questions about them: the same ones every time.
// A question rarely has the words of what answers it, names in it are in many other messages, and much of it was asked before.
import { random } from './random.mjs';

const PEOPLE = [
  'Nadia', 'Tomas', 'Ines', 'Bram', 'Leila', 'Oskar', 'Petra', 'Yusuf', 'Maren', 'Dario', 'Sanna', 'Kofi', 'Elif', 'Ruben', 'Hanne',
  'Milo',
];
const RELATIONS = [
  'my sister’s eldest', 'the neighbour below', 'our bookkeeper', 'the cellist of the quartet', 'my running partner',
  'the landlord’s nephew', 'my old flatmate', 'the caretaker of the school',
];
const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const PLACES = [
  'Ghent', 'Trieste', 'Aarhus', 'Porto', 'Graz', 'Tartu', 'Nantes', 'Malmö', 'Bologna', 'Cork', 'Leipzig', 'Girona', 'Bergen', 'Turku',
  'Basel', 'Bath',
];
const THINGS = [
  'copper kettle', 'loom', 'globe', 'barometer', 'accordion', 'sewing box', 'telescope', 'wicker chair', 'fountain pen', 'chess clock',
  'hammock', 'teapot',
];

/**
 * What can be told of somebody: `say` names them and the matter, `more` has the value and comes two messages later; `ask` asks for it in
 * other words, `when` for its day, `both` for that of two people. `{a}` and `{b}` are people, `{v}` is the value.
 */
const MATTERS = [
  {
    values: PLACES,
    say: '{a} has finally found a flat!',
    more: 'Third floor, overlooking the canal in {v}, and the lease is for two years.',
    whole: '{a} signed the lease for that flat in {v} this morning.',
    ask: 'In which town is {a} going to live?',
    when: 'When did {a} settle the new home?',
    both: 'Which towns are {a} and {b} moving to?',
  },
  {
    values: [
      'otter tours', 'a violin maker', 'the harbour office', 'a seed bank', 'the tram company', 'a glass studio', 'the planetarium',
      'a bakery school',
    ],
    say: '{a} handed in the notice at last, after months of grumbling.',
    more: 'The contract with {v} begins in the autumn, four days a week.',
    whole: '{a} starts a new job with {v} in the autumn.',
    ask: 'Who is going to employ {a}?',
    when: 'On which day did I hear about the career change of {a}?',
    both: 'Where do {a} and {b} work from the autumn on?',
  },
  {
    values: ['Pickle', 'Biscuit', 'Waldo', 'Juniper', 'Moth', 'Tuppence', 'Figaro', 'Clementine', 'Gizmo', 'Nettle'],
    say: '{a} came back from the shelter with a three-legged greyhound.',
    more: 'It already answers to {v}, and it sleeps on the sofa.',
    whole: '{a} adopted a kitten and called it {v}.',
    ask: 'What is the name of the pet of {a}?',
    when: 'Since when does {a} have an animal?',
    both: 'How are the pets of {a} and {b} called?',
  },
  {
    values: ['hazelnuts', 'celery', 'shellfish', 'sesame', 'lupin flour', 'mustard', 'kiwi', 'buckwheat'],
    say: '{a} spent last night in the emergency room, covered in hives.',
    more: 'They tested everything, and {v} turned out to be the culprit.',
    whole: 'No more {v} for {a}: the doctor says it brings the hives.',
    ask: 'What must I leave out when I cook for {a}?',
    when: 'When was the allergy of {a} discovered?',
    both: 'What can {a} and {b} not eat?',
  },
  {
    values: THINGS,
    say: 'We put our heads together about the birthday of {a}.',
    more: 'Everybody chips in, and it will be the {v} from the shop on the corner.',
    whole: 'For the birthday of {a} we bought the {v} that was in the window.',
    ask: 'Which present is {a} getting?',
    when: 'When was the gift for {a} decided?',
    both: 'What do we give to {a} and to {b}?',
  },
  {
    values: [
      'behind the loose brick', 'under the rain barrel', 'in the birdhouse', 'at the kiosk', 'inside the watering can',
      'with the florist', 'on top of the meter box', 'in the blue boot',
    ],
    say: '{a} asked me to water the plants during the holidays.',
    more: 'The spare key is {v}, and the alarm is off.',
    whole: '{a} leaves the spare key {v} for me.',
    ask: 'How do I get into the house of {a}?',
    when: 'When did {a} tell me how to get in?',
    both: 'How do I get into the houses of {a} and {b}?',
  },
  {
    values: ['bell ringing', 'beekeeping', 'fencing', 'lace making', 'curling', 'falconry', 'glass blowing', 'orienteering'],
    say: '{a} is hardly ever at home in the evenings any more.',
    more: 'It is all about {v} now, twice a week with a club.',
    whole: '{a} joined a club and is mad about {v}.',
    ask: 'Which hobby does {a} have?',
    when: 'When did the new pastime of {a} come up?',
    both: 'How do {a} and {b} spend their free time?',
  },
  {
    values: ['eighty', 'a hundred and ten', 'two hundred', 'forty-five', 'three hundred', 'sixty', 'ninety-five', 'a hundred and thirty'],
    say: '{a} paid at the garage, because my card did not work.',
    more: 'It came to {v} euros, and I promised to bring it back by the end of the month.',
    whole: '{a} lent me {v} euros for the garage.',
    ask: 'How much do I owe {a}?',
    when: 'Since when do I have debts with {a}?',
    both: 'How much money do I owe {a} and {b}?',
  },
  {
    values: [
      'the old boathouse', 'the orangery', 'the fire station', 'the brewery cellar', 'the ferry', 'the chapel on the hill',
      'the tennis club', 'the roof of the library',
    ],
    say: '{a} and the family sent out the invitations for the big anniversary.',
    more: 'We are all to come to {v}, in something green.',
    whole: 'The anniversary of {a} takes place at {v}.',
    ask: 'Where does {a} celebrate?',
    when: 'When was I invited by {a}?',
    both: 'Where are the parties of {a} and {b}?',
  },
  {
    values: [
      'skating', 'pruning the cherry tree', 'a pillow fight', 'moving a piano', 'dancing the polka', 'fixing the gutter',
      'chasing a goat', 'playing squash',
    ],
    say: '{a} turned up on crutches today.',
    more: 'The ligament went while {v}, of all things.',
    whole: '{a} broke a wrist while {v}.',
    ask: 'How did {a} get hurt?',
    when: 'When did I learn of the injury of {a}?',
    both: 'What were {a} and {b} doing when they got hurt?',
  },
];

/** What else is said of people, and of nothing in particular. Questions are asked before there is an answer, and again. */
const ABOUT = [
  'Had lunch with {a}, who was in a splendid mood.', 'Remind me to call {a} back on {d}.', '{a} asked how you work, by the way.',
  'I walked along the river with {a} and we got soaked.', '{a} says hello. We talked about flats, jobs and everything else for an hour.',
  'Please write a short thank-you note to {a} for the {t}.', '{a} is always late, it drives me mad.',
  'Could you draft a message to {a} that I cannot come on {d}?', '{a} has been to {p} twice and does not stop talking about it.',
  '{a} has strong opinions about pets, parties and money.',
];
const OTHERWISE = [
  'Give me a recipe for a stew with beans and smoked paprika that can stand on the stove for the whole afternoon without me.',
  'Rewrite this paragraph in a friendlier tone: the delivery of the {t} is late again, and nobody at the counter in {p} could tell us why.',
  'What is a polite way to turn down an invitation to a party on {d} without making up a story about being ill?',
  'Explain the difference between a lease and a licence, in plain words, as if I had never rented anything but a bicycle.',
  'My train from {p} was cancelled and I sat in the station for three hours. Which rights do I have, and whom do I write to?',
  'I need a title for a talk about slow internet connections in small towns such as {p}, and it should not sound like an advertisement.',
  'Make a list of what a beginner needs to repair a {t} at home, the cheapest things first, and leave out what every household has.',
  'Somebody left a {t} in the stairwell. How do I put up a note about it that does not sound angry?',
  'The kids want to know why the sea at {p} is salty and the river is not. Keep it to three sentences, please.',
];
const REPLIES = [
  'Of course. Here is a short version that you can change as you like; tell me if it should be warmer, or more to the point.',
  'That depends on two things above all: how much time you have, and who is going to read it. I would begin with the second.',
  'Good question. The short answer is yes, though there are exceptions, and the one that matters here is the contract you signed.',
  'Noted. Shall I remind you on {d}, or is there no hurry with it?', 'I see. Is there anything that I can prepare for you until {d}?',
  'Take the largest pot that you have, do not stir for the first hour, and add the salt at the end. A {t} does no harm either.',
];
const OF_PERSON = [
  'How nice of {a}! Do you want me to write anything down about it?', 'I hope that {a} is well. Tell me more when you know more.',
  'Understood, I will keep that in mind for {a}.', 'That sounds like {a}. What happens next?',
];
const UNKNOWN = ['You have not told me that about {a} yet.', 'I do not know; perhaps ask {a} again on {d}?'];

const TAILS = [
  'It can wait until {d}.', 'The {t} is still in the hall, if that matters.', 'I was in {p} when I thought of it.',
  '{a} would say the same, I am sure.', 'Last time it took until {d}.', 'There is no hurry, but {d} would be good.',
  'And keep it short, I am on the bus to {p}.', 'By the way, the {t} has arrived at last.', 'Perhaps {a} knows more about it.',
  'That was easier in {p}.',
];
const TOLD_OF = 'You should know that {r} is called {a}.';
const BEFORE = ', and what had it been before?';

const SESSIONS = 26;
const EXCHANGES = 15;
const FIRST_DAY = Date.UTC(2025, 0, 14, 8, 30);
const DAY = 24 * 3600 * 1000;

/** Of each matter so many people are told of, and of so many it changes later. */
const TOLD = 6;
const CHANGED = 2;

/** Questions of each kind, at most; a question was asked before it had an answer that often. */
const QUESTIONS = { one: 24, when: 10, both: 10, changed: 10, bridge: 6 };
const ASKED_BEFORE = 0.6;
/** Messages that end where they could go on. */
const TAILLESS = 0.4;

/** How questions are called in tables. */
const KINDS = {
  one: 'said with the name', more: 'said without the name', when: 'when', both: 'of two people', changed: 'changed since', bridge: 'by a bridge',
};

/**
 * @typedef {{ session: string, role: string, content: string, created_at: string }} Said
 * @typedef {{ kind: string, text: string, evidence: Said[] }} Asked
 */

/** Chance, and what is made with it. @param {number} seed */
function dice(seed) {
  const next = random(seed);
  const below = (n) => Math.floor(next() * n);
  const pick = (list) => list[below(list.length)];
  const fill = (text, slots = {}) => text.replace(/\{(\w)\}/g, (_, slot) => slots[slot] ?? pick({ d: DAYS, p: PLACES, t: THINGS, a: PEOPLE }[slot]));
  return { next, below, pick, fill };
}

/**
 * Talk about this and that, without an end.
 * @param {number} seed
 * @returns {{ question: (sentences: number) => string, answer: (sentences: number) => string }}
 */
export function talk(seed) {
  const { pick, fill } = dice(seed);
  const some = (sentences, texts) => Array.from({ length: sentences }, () => fill(`${pick(texts)} ${pick(TAILS)}`)).join(' ');
  return { question: (sentences) => some(sentences, OTHERWISE), answer: (sentences) => some(sentences, REPLIES) };
}

/**
 * @param {number} seed
 * @returns {{ said: Said[], asked: Asked[] }} what was said, oldest first, and questions, each with the messages that answer it
 */
export function conversation(seed) {
  const { next, below, pick, fill } = dice(seed);
  const between = (least, end) => least + below(end - least);
  const shuffled = (list) => list.map((value) => ({ value, at: next() })).sort((a, b) => a.at - b.at).map(({ value }) => value);

  /** @type {Said[][][]} by session: exchanges */
  const sessions = Array.from({ length: SESSIONS }, () => []);
  const starts = sessions.map((_, n) => new Date(FIRST_DAY + (n * 10 + below(8)) * DAY + below(10 * 3600) * 1000).toISOString());
  const tailed = (line) => (line.endsWith('?') || next() < TAILLESS ? line : `${line} ${fill(pick(TAILS))}`);
  const say = (n, slots, ...lines) => {
    const exchange = lines.map((line, at) => ({
      session: `talk ${n}`, role: at % 2 ? 'assistant' : 'user', content: fill(tailed(line), slots), created_at: starts[n],
    }));
    sessions[n].push(exchange);
    return exchange;
  };
  /** Tells a matter of somebody, in one message or in two; gives the one that has the value. */
  const tell = (n, matter, a, v) => {
    const inTwo = next() < 0.5;
    const lines = inTwo ? [matter.say, pick(OF_PERSON), matter.more, pick(REPLIES)] : [matter.whole, pick(OF_PERSON)];
    return { n, matter, a, inTwo, evidence: say(n, { a, v }, ...lines)[inTwo ? 2 : 0] };
  };

  const related = new Map(shuffled(PEOPLE).slice(0, RELATIONS.length).map((a, at) => [a, RELATIONS[at]]));
  const introduced = new Map([...related].map(([a, r]) => [a, say(below(4), { a, r }, TOLD_OF, pick(OF_PERSON))[0]]));
  const told = MATTERS.map((matter) => {
    const values = shuffled(matter.values);
    return shuffled(PEOPLE).slice(0, TOLD).map((a, at) => {
      const first = tell(between(4, 22), matter, a, values[at]);
      const change = at < CHANGED ? tell(between(first.n + 1, SESSIONS), matter, a, values[TOLD + at]) : undefined;
      if (next() < ASKED_BEFORE) say(below(first.n), { a }, matter.ask, pick(UNKNOWN));
      return { ...first, change };
    });
  });

  const facts = shuffled(told.flat());
  const stable = facts.filter(({ change }) => !change);
  const pairs = shuffled(told.map((ofMatter) => ofMatter.filter(({ change }) => !change)));
  const ask = (kind, text, slots, ...evidence) => ({ kind, text: fill(text, slots), evidence });
  const asked = [
    ...stable.slice(0, QUESTIONS.one).map(({ matter, a, inTwo, evidence }) => ask(inTwo ? KINDS.more : KINDS.one, matter.ask, { a }, evidence)),
    ...stable.slice(-QUESTIONS.when).map(({ matter, a, evidence }) => ask(KINDS.when, matter.when, { a }, evidence)),
    ...pairs.slice(0, QUESTIONS.both)
      .map(([one, other]) => ask(KINDS.both, one.matter.both, { a: one.a, b: other.a }, one.evidence, other.evidence)),
    ...facts.filter(({ change }) => change).slice(0, QUESTIONS.changed)
      .map(({ matter, a, evidence, change }) => ask(KINDS.changed, matter.ask.replace('?', BEFORE), { a }, evidence, change.evidence)),
    ...stable.filter(({ a }) => related.has(a)).slice(0, QUESTIONS.bridge)
      .map(({ matter, a, evidence }) => ask(KINDS.bridge, matter.ask, { a: related.get(a) }, introduced.get(a), evidence)),
  ];

  sessions.forEach((exchanges, n) => {
    while (exchanges.length < EXCHANGES) {
      const [question, replies] = next() < 0.5 ? [pick(ABOUT), OF_PERSON] : [pick(OTHERWISE), REPLIES];
      say(n, { a: pick(PEOPLE) }, question, pick(replies));
    }
  });
  return { said: sessions.flatMap((exchanges) => shuffled(exchanges).flat()), asked };
}
