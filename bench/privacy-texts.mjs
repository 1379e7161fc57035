// Chat messages of 500 characters for `npm run bench:privacy`: without personal data, and with values that have valid checksums.
import { random } from './random.mjs';

const LENGTH = 500;
const COUNT = 600;

const SENTENCES = [
  'Sorry for the long message, but I want to give you all the details so that you can reproduce the issue.',
  'Could you please rewrite the following paragraph in a friendlier tone and keep it short?',
  'The weather is terrible today and we are planning a trip with two kids and a dog.',
  'I already tried turning it off and on again, but the problem came back after the update.',
  'What would you recommend for a team of 12 people that grows fast?',
  'The report says revenue grew by 14% in 2023, mostly because of new customers in Europe.',
  'Can you explain how the garbage collector decides which objects survive?',
  'function add(a, b) { return a + b; } // why does this fail for strings?',
  'It has been three days and nobody answered; please escalate this to somebody who can help.',
  'My colleague suggested a queue between the two services -- is that a good idea?',
  'The meeting moved from 10:30 to 14:00, so please update the agenda.',
  'Könnten Sie mir bitte sagen, wie lange das noch dauert?',
];

/** @param {() => number} next */
function values(next) {
  const below = (n) => Math.floor(next() * n);
  const pick = (list) => list[below(list.length)];
  const from = (alphabet, n) => Array.from({ length: n }, () => pick(alphabet)).join('');
  const digits = (n) => from('0123456789', n);
  const base62 = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
  const luhn = (body) => {
    const sum = [...body].reverse().reduce((total, digit, at) => total + (at % 2 ? +digit : (digit * 2) % 10 + Math.floor(digit / 5)), 0);
    return body + ((10 - (sum % 10)) % 10);
  };
  const iban = (country, account) => {
    const number = [...`${account}${country}00`].map((c) => parseInt(c, 36)).join('');
    return country + String(98n - (BigInt(number) % 97n)).padStart(2, '0') + account;
  };
  const weighted = (body, weights) => weights.reduce((sum, weight, at) => sum + weight * body[at], 0);
  const cpf = (body) => [10, 11].reduce((all, top) => all + (weighted(all, Array.from({ length: top - 1 }, (_, at) => top - at)) * 10 % 11 % 10), body);
  const grouped = (text, size) => text.match(new RegExp(`.{1,${size}}`, 'g')).join(' ');
  return [
    () => `my card is ${grouped(luhn(`4${digits(14)}`), 4)}`,
    () => `please send it to ann.${from('abcdefgh', 5)}@example.org`,
    () => `call me at +44 20 7946 ${digits(4)}`,
    () => `or (415) 555-${digits(4)}`,
    () => `SSN ${100 + below(500)}-${10 + below(89)}-${1000 + below(8999)}`,
    () => `IBAN ${grouped(iban('DE', digits(18)), 4)}`,
    () => `the server ${10 + below(90)}.${below(256)}.${below(256)}.${1 + below(250)} is down`,
    () => `born on ${1 + below(28)}.${1 + below(12)}.${1950 + below(50)}`,
    () => `CPF ${cpf(digits(9))}`,
    () => `password: ${from(base62, 9)}7!`,
    () => `export TOKEN=${'gh'}p_${from(base62, 36)}`,
    () => `00:1B:44:${from('0123456789ABCDEF', 2)}:3A:B7`,
  ];
}

/** @returns {{ plain: string[], personal: string[] }} */
export function messages() {
  const next = random(7);
  const makers = values(next);
  const sentence = () => SENTENCES[Math.floor(next() * SENTENCES.length)];
  const message = (facts) => {
    let text = '';
    while (text.length < LENGTH) text += `${sentence()} `;
    text = text.slice(0, LENGTH - facts.join(', ').length);
    const at = text.indexOf(' ', Math.floor(next() * text.length * 0.8)) + 1;
    return facts.length ? `${text.slice(0, at)}${facts.join(', ')}, ${text.slice(at)}` : text;
  };
  const facts = () => Array.from({ length: 1 + Math.floor(next() * 3) }, () => makers[Math.floor(next() * makers.length)]());
  return {
    plain: Array.from({ length: COUNT }, () => message([])),
    personal: Array.from({ length: COUNT }, () => message(facts())),
  };
}
