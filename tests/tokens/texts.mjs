// Texts for token counts, the same in every run.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { random } from '../../bench/random.mjs';
import { ROOT } from '../../dev/bootstrap.mjs';

/** Languages whose scripts differ in case, spaces, combining marks and direction. */
const LANGUAGES = [
  'am', 'ar', 'bn', 'cs', 'de', 'el', 'en', 'es', 'fa', 'fi', 'fr', 'gu', 'he', 'hi', 'hu', 'hy', 'id', 'it', 'ja', 'ka', 'km', 'kn', 'ko',
  'lo', 'ml', 'my', 'ne', 'pl', 'pt', 'ru', 'si', 'sw', 'ta', 'te', 'th', 'tr', 'uk', 'ur', 'vi', 'zh', 'zh-Hant',
];
const CONTRACTIONS = ["'s", "'S", "'t", "'T", "'re", "'Re", "'RE", "'ve", "'vE", "'m", "'M", "'ll", "'lL", "'d", "'D", "'", "''s", "'x", "'l", '’s'];
const EMOJI = ['😀', '👩‍👩‍👧‍👦', '🇩🇪', '👍🏽', '❤️', '☃', '1️⃣', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🫠'];
const SPACES = [' ', '  ', '\t', '\n', '\r\n', '\r', ' \n', '\n\n\n', '\u00a0', '\u2009', '\u3000', '\u2028', '\f', '\v', '   '];
const SIGNS = [...'!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~', '//', '/*', '*/', '://', '...', '--', '=>', '→', '€', '„', '¿', '٪', '。', '、'];
/** Characters of rare Unicode classes: title case, modifiers, marks, other numbers. */
const RARE = ['ǅ', 'ʰ', 'ª', '\u0301', '\u0903', '\u20dd', 'Ⅷ', '½', '٣', '൧', '²', 'ß', 'İ', 'ı', 'ﬁ', '𝐀', '𐐀', '𐐨', 'ー', '々', '\u200d', '\u00ad', '\0', '\ufffd'];
const SPECIAL = ['<|endoftext|>', '<|im_start|>', '<|endofprompt|>'];

/** @param {string} language */
function words(language) {
  const names = new Intl.DisplayNames([language], { type: 'region' });
  const months = Array.from({ length: 12 }, (_, month) => new Date(2024, month, 7).toLocaleDateString(language, { dateStyle: 'full' }));
  const codes = ['AQ', 'BR', 'CN', 'DE', 'EG', 'FR', 'GB', 'HM', 'IN', 'JP', 'KP', 'LV', 'MX', 'NZ', 'PG', 'SA', 'TH', 'UA', 'US', 'VC', 'ZA'];
  return [...codes.map((code) => names.of(code) ?? code), ...months];
}

export const manyScripts = () => LANGUAGES.flatMap(words).join(', ');

/** Contents of the files in a folder at any depth. @param {string} folder @param {string} ending @returns {string[]} */
export function files(folder, ending) {
  const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(ending));
  return names.sort().map((name) => readFileSync(join(ROOT, folder, name), 'utf8'));
}

/** @param {number} count */
export function texts(count) {
  const next = random(11);
  const below = (/** @type {number} */ n) => Math.floor(next() * n);
  /** @template T @param {ArrayLike<T>} list */
  const pick = (list) => list[below(list.length)];
  const repeat = (/** @type {number} */ n, /** @type {() => string} */ make) => Array.from({ length: n }, make).join('');
  const language = LANGUAGES.map(words);
  const sources = [...files('src', '.rs'), ...files('dev', '.mjs'), ...files('supabase', '.sql'), readFileSync(join(ROOT, 'README.md'), 'utf8')];
  const word = () => pick(language[below(language.length)]);
  const cased = () => [word(), word().toUpperCase(), word().toLowerCase(), pick(word())][below(4)];
  const digits = () => repeat(1 + below(12), () => pick('0123456789'));
  const bytes = () => Buffer.from(Array.from({ length: 1 + below(60) }, () => below(256))).toString();
  const atoms = [
    cased, word, digits, bytes, () => pick(CONTRACTIONS), () => pick(EMOJI), () => pick(SPACES), () => pick(SPACES), () => pick(SIGNS), () => pick(RARE),
    () => pick(SPECIAL), () => repeat(2 + below(9), () => pick(RARE) + pick(SIGNS)),
  ];
  const excerpt = () => {
    const source = pick(sources);
    const start = below(source.length);
    return source.slice(start, start + below(400));
  };
  const kinds = [
    () => repeat(below(30), () => pick(atoms)()),
    () => repeat(below(20), () => `${cased()}${pick(CONTRACTIONS)}${pick(SPACES)}`),
    () => repeat(below(8), () => pick([pick(SPACES), pick(RARE), pick(SIGNS), pick('abcXYZ')]).repeat(1 + below(40))),
    () => repeat(below(60), () => String.fromCodePoint(0x20 + below(0x2000))),
    bytes,
    excerpt,
  ];
  const all = Array.from({ length: count - 6 }, () => pick(kinds)());
  // gpt-tokenizer takes quadratic time: these are just long enough for many tokens.
  for (const char of ['a', ' ', '\n', '-', '漢', '\u0301']) all.push(char.repeat(3000));
  return all.map(withoutDisputed);
}

/**
 * Replaces characters on which gpt-tokenizer and OpenAI's tiktoken disagree: two that are white space only for JavaScript or only for
 * Unicode, and unassigned ones. Lone surrogates are replaced too, since UTF-8 cannot contain them.
 * @param {string} text
 */
function withoutDisputed(text) {
  return text.toWellFormed().replaceAll(/[\u0085\ufeff]|\p{Cn}/gu, '?');
}
