// Synthetic conversations over nine months, with questions about them; the same in every run. A question shares few words with the
// message that answers it, its names occur in many other messages, and much of it was asked before.
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
 * Topics with templates for messages and questions. `say` has the person and the topic; `more` comes two messages later and has the
 * value; `whole` has all in one message. `ask` is a question in other words, `when` asks for the day, `both` for two people. `{a}` and
 * `{b}` are people, `{v}` is the value.
 */
const TOPICS = [
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

/** Filler messages: about people, and about nothing in particular. */
const ABOUT_PEOPLE = [
  'Had lunch with {a}, who was in a splendid mood.', 'Remind me to call {a} back on {d}.', '{a} asked how you work, by the way.',
  'I walked along the river with {a} and we got soaked.', '{a} says hello. We talked about flats, jobs and everything else for an hour.',
  'Please write a short thank-you note to {a} for the {t}.', '{a} is always late, it drives me mad.',
  'Could you draft a message to {a} that I cannot come on {d}?', '{a} has been to {p} twice and does not stop talking about it.',
  '{a} has strong opinions about pets, parties and money.',
];
const SMALL_TALK = [
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
const REPLIES_ABOUT_PEOPLE = [
  'How nice of {a}! Do you want me to write anything down about it?', 'I hope that {a} is well. Tell me more when you know more.',
  'Understood, I will keep that in mind for {a}.', 'That sounds like {a}. What happens next?',
];
const UNKNOWN_REPLIES = ['You have not told me that about {a} yet.', 'I do not know; perhaps ask {a} again on {d}?'];

const TAILS = [
  'It can wait until {d}.', 'The {t} is still in the hall, if that matters.', 'I was in {p} when I thought of it.',
  '{a} would say the same, I am sure.', 'Last time it took until {d}.', 'There is no hurry, but {d} would be good.',
  'And keep it short, I am on the bus to {p}.', 'By the way, the {t} has arrived at last.', 'Perhaps {a} knows more about it.',
  'That was easier in {p}.',
];
const INTRODUCTION = 'You should know that {r} is called {a}.';
const PREVIOUS_VALUE = ', and what had it been before?';

const SESSIONS = 26;
const EXCHANGES = 15;
const FIRST_DAY = Date.UTC(2025, 0, 14, 8, 30);
const DAY_MS = 24 * 3600 * 1000;

/** People for each topic, and those of them whose value changes later. */
const PEOPLE_PER_TOPIC = 6;
const CHANGES_PER_TOPIC = 2;

/** Largest number of questions of each kind. */
const QUESTION_COUNTS = { one: 24, when: 10, both: 10, changed: 10, bridge: 6 };
/** Share of the questions that were also asked before they had an answer. */
const ASKED_BEFORE_SHARE = 0.6;
/** Share of the messages without an appended sentence. */
const NO_TAIL_SHARE = 0.4;

/** Names of the kinds of questions in tables. */
const KINDS = {
  one: 'message with the name', more: 'message without the name', when: 'date', both: 'two people', changed: 'changed value', bridge: 'two hops',
};

/**
 * @typedef {{ session: string, role: string, content: string, created_at: string }} Message
 * @typedef {{ kind: string, text: string, evidence: Message[] }} Question evidence: the messages that answer it
 */

/** Seeded random choices. @param {number} seed */
function randomSource(seed) {
  const next = random(seed);
  const below = (n) => Math.floor(next() * n);
  const pick = (list) => list[below(list.length)];
  const fill = (text, slots = {}) => text.replace(/\{(\w)\}/g, (_, slot) => slots[slot] ?? pick({ d: DAYS, p: PLACES, t: THINGS, a: PEOPLE }[slot]));
  return { next, below, pick, fill };
}

/**
 * Generates small talk of any length.
 * @param {number} seed
 * @returns {{ question: (sentences: number) => string, answer: (sentences: number) => string }}
 */
export function smallTalk(seed) {
  const { pick, fill } = randomSource(seed);
  const some = (sentences, texts) => Array.from({ length: sentences }, () => fill(`${pick(texts)} ${pick(TAILS)}`)).join(' ');
  return { question: (sentences) => some(sentences, SMALL_TALK), answer: (sentences) => some(sentences, REPLIES) };
}

/**
 * @param {number} seed
 * @returns {{ messages: Message[], questions: Question[] }} messages are sorted oldest first
 */
export function conversation(seed) {
  const { next, below, pick, fill } = randomSource(seed);
  const between = (least, end) => least + below(end - least);
  const shuffled = (list) => list.map((value) => ({ value, order: next() })).sort((a, b) => a.order - b.order).map(({ value }) => value);

  /** Exchanges by session. @type {Message[][][]} */
  const sessions = Array.from({ length: SESSIONS }, () => []);
  const starts = sessions.map((_, n) => new Date(FIRST_DAY + (n * 10 + below(8)) * DAY_MS + below(10 * 3600) * 1000).toISOString());
  const withTail = (line) => (line.endsWith('?') || next() < NO_TAIL_SHARE ? line : `${line} ${fill(pick(TAILS))}`);
  const say = (n, slots, ...lines) => {
    const exchange = lines.map((line, index) => ({
      session: `talk ${n}`, role: index % 2 ? 'assistant' : 'user', content: fill(withTail(line), slots), created_at: starts[n],
    }));
    sessions[n].push(exchange);
    return exchange;
  };
  /** Adds a topic of a person, in one message or in two. `evidence` is the message with the value. */
  const addTopic = ({ n, topic, a, v }) => {
    const isSplit = next() < 0.5;
    const lines = isSplit ? [topic.say, pick(REPLIES_ABOUT_PEOPLE), topic.more, pick(REPLIES)] : [topic.whole, pick(REPLIES_ABOUT_PEOPLE)];
    return { n, topic, a, isSplit, evidence: say(n, { a, v }, ...lines)[isSplit ? 2 : 0] };
  };

  const related = new Map(shuffled(PEOPLE).slice(0, RELATIONS.length).map((a, index) => [a, RELATIONS[index]]));
  const introduced = new Map([...related].map(([a, r]) => [a, say(below(4), { a, r }, INTRODUCTION, pick(REPLIES_ABOUT_PEOPLE))[0]]));
  const factsByTopic = TOPICS.map((topic) => {
    const values = shuffled(topic.values);
    return shuffled(PEOPLE).slice(0, PEOPLE_PER_TOPIC).map((a, index) => {
      const first = addTopic({ n: between(4, 22), topic, a, v: values[index] });
      const change = index < CHANGES_PER_TOPIC
        ? addTopic({ n: between(first.n + 1, SESSIONS), topic, a, v: values[PEOPLE_PER_TOPIC + index] })
        : undefined;
      if (next() < ASKED_BEFORE_SHARE) say(below(first.n), { a }, topic.ask, pick(UNKNOWN_REPLIES));
      return { ...first, change };
    });
  });

  const facts = shuffled(factsByTopic.flat());
  const stable = facts.filter(({ change }) => !change);
  const pairs = shuffled(factsByTopic.map((ofTopic) => ofTopic.filter(({ change }) => !change)));
  const ask = (kind, text, slots, ...evidence) => ({ kind, text: fill(text, slots), evidence });
  const questions = [
    ...stable.slice(0, QUESTION_COUNTS.one).map(({ topic, a, isSplit, evidence }) => ask(isSplit ? KINDS.more : KINDS.one, topic.ask, { a }, evidence)),
    ...stable.slice(-QUESTION_COUNTS.when).map(({ topic, a, evidence }) => ask(KINDS.when, topic.when, { a }, evidence)),
    ...pairs.slice(0, QUESTION_COUNTS.both)
      .map(([one, other]) => ask(KINDS.both, one.topic.both, { a: one.a, b: other.a }, one.evidence, other.evidence)),
    ...facts.filter(({ change }) => change).slice(0, QUESTION_COUNTS.changed)
      .map(({ topic, a, evidence, change }) => ask(KINDS.changed, topic.ask.replace('?', PREVIOUS_VALUE), { a }, evidence, change.evidence)),
    ...stable.filter(({ a }) => related.has(a)).slice(0, QUESTION_COUNTS.bridge)
      .map(({ topic, a, evidence }) => ask(KINDS.bridge, topic.ask, { a: related.get(a) }, introduced.get(a), evidence)),
  ];

  sessions.forEach((exchanges, n) => {
    while (exchanges.length < EXCHANGES) {
      const [question, replies] = next() < 0.5 ? [pick(ABOUT_PEOPLE), REPLIES_ABOUT_PEOPLE] : [pick(SMALL_TALK), REPLIES];
      say(n, { a: pick(PEOPLE) }, question, pick(replies));
    }
  });
  return { messages: sessions.flatMap((exchanges) => shuffled(exchanges).flat()), questions };
}
