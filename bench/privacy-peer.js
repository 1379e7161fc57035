// PII detection as it is usually written in JavaScript: one expression for each kind, checksums, context words, and overlaps resolved by
// rank. It finds the same kinds as the detectors, and skips kinds that the text plainly cannot contain.

const digitsOf = (text) => text.replace(/\D/g, '');
const weighted = (digits, weights) => weights.reduce((sum, weight, at) => sum + weight * digits[at], 0);

function luhn(digits) {
  let sum = 0;
  for (let at = digits.length - 1, double = false; at >= 0; at -= 1, double = !double) {
    const digit = Number(digits[at]);
    sum += double ? (digit * 2) % 10 + Math.floor(digit / 5) : digit;
  }
  return sum % 10 === 0;
}

function mod97(text) {
  let rest = 0;
  for (const char of text.slice(4) + text.slice(0, 4)) {
    const value = parseInt(char, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest;
}

function mod11(digits) {
  let product = 10;
  for (const digit of digits.slice(0, 10)) product = (((Number(digit) + product) % 10 || 10) * 2) % 11;
  return (11 - product) % 10 === Number(digits[10]);
}

const PERMUTATION = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
function verhoeff(digits) {
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    let b = Number(digits[digits.length - 1 - place]);
    for (let times = place % 8; times > 0; times -= 1) b = PERMUTATION[b];
    const a = sum;
    if (a < 5) sum = b < 5 ? (a + b) % 5 : 5 + (a + b - 5) % 5;
    else sum = b < 5 ? 5 + (a - b) % 5 : (a - b + 5) % 5;
  }
  return sum === 0;
}

function bech32(address) {
  const text = address.toLowerCase();
  const at = text.lastIndexOf('1');
  let sum = 1;
  const add = (value) => {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ value;
    [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].forEach((generator, bit) => { if ((top >> bit) & 1) sum ^= generator; });
  };
  const prefix = [...text.slice(0, at)].map((char) => char.charCodeAt(0));
  prefix.forEach((code) => add(code >> 5));
  add(0);
  prefix.forEach((code) => add(code & 31));
  for (const char of text.slice(at + 1)) add('qpzry9x8gf2tvdw0s3jn54khce6mua7l'.indexOf(char));
  return sum === 1 || sum === 0x2bc830a3;
}

function isCpf(digits) {
  const check = (top) => (weighted(digits, Array.from({ length: top - 1 }, (_, at) => top - at)) * 10) % 11 % 10;
  return !/^(\d)\1+$/.test(digits) && check(10) === Number(digits[9]) && check(11) === Number(digits[10]);
}

function isCnpj(digits) {
  const check = (weights) => { const rest = weighted(digits, weights) % 11; return rest < 2 ? 0 : 11 - rest; };
  return check([5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) === Number(digits[12]) && check([6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) === Number(digits[13]);
}

function isTckn(d) {
  const [odd, even, all] = [weighted(d, [1, 0, 1, 0, 1, 0, 1, 0, 1]), weighted(d, [0, 1, 0, 1, 0, 1, 0, 1]), weighted(d, Array(10).fill(1))];
  return d[0] !== '0' && (odd * 7 + 100 - even) % 10 === Number(d[9]) && all % 10 === Number(d[10]);
}

function isDate(year, month, day) {
  return month >= 1 && month <= 12 && day >= 1 && day <= 31 && (year < 100 || (year >= 1900 && year <= 2035));
}

const isDated = (digits) => isDate(Number(digits.slice(0, 2)), Number(digits.slice(2, 4)), Number(digits.slice(4, 6)) % 60);
const nif = (digits, letter) => 'TRWAGMYFPDXBNJZSQVHLCKE'[Number(digits) % 23] === letter.toUpperCase();

function nric(text) {
  const sum = weighted(text.slice(1), [2, 7, 6, 5, 4, 3, 2]) + (/[TG]/.test(text) ? 4 : 0);
  return (/^[ST]/.test(text) ? 'JZIHGFEDCBA' : 'XWUTRQPNMLK')[sum % 11] === text[8];
}

const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
function fiscalCode(code) {
  const text = code.toUpperCase();
  let sum = 0;
  for (let at = 0; at < 15; at += 1) {
    const value = /\d/.test(text[at]) ? Number(text[at]) : text.charCodeAt(at) - 65;
    sum += at % 2 ? value : ODD[value];
  }
  return String.fromCharCode(65 + sum % 26) === text[15];
}

function curp(text) {
  const sum = [...text.slice(0, 17)].reduce((total, char, at) => total + '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ'.indexOf(char) * (18 - at), 0);
  return (10 - sum % 10) % 10 === Number(text[17]);
}

function isIssued(digits) {
  return digits.length >= 14 && /^(?:4|5[0-8]|2[2-7]|3[04-9]|6|81)/.test(digits);
}

const words = (list) => new RegExp(`(?<![a-z])(?:${list})(?![a-z])[^0-9\\n]*$`, 'i');
const PHONE = words('phone|tel|telephone|telefon|mobile|mobil|cell|call|whatsapp|fax|sms|text|contact|reach|office|handy|móvil|teléfono|téléphone|celular|telefone|number is|dial|me at');
const NOT_PHONE = words('order|invoice|ticket|sku|row|part|tracking|isbn|ref|reference|version|pid|article|case|ean|imei|serial|zip|page|account|table|model|id|sum|total|lat|lon|oid');
const CARD = words('card|cc|visa|mastercard|amex|karte|carte|tarjeta|pan|carta|cartão');
const NOT_CARD = words('tracking|imei|ean|isbn|serial|parcel|shipment');
const BIRTH = words('dob|d\\.o\\.b\\.?|birth|born|birthday|birthdate|geboren|geburtsdatum|naissance|né le|nacimiento|nascimento|nascita|geboortedatum|urodzenia|född');

/** Kinds of plain digits: kind, number of digits, context words that must precede them, checksum. */
const NUMBERS = [
  ['US_SSN', 9, words('ssn|social|social security'), (d) => !/^(?:000|666|9)/.test(d)],
  ['US_ITIN', 9, words('itin|taxpayer|tax id'), (d) => d[0] === '9'],
  ['US_EIN', 9, words('ein|employer identification|tax id|tax number|fein|federal tax'), () => true],
  ['CA_SIN', 9, words('sin|social insurance(?: number)?|nas'), luhn],
  ['AU_TFN', 9, words('tfn|tax file(?: number)?'), (d) => weighted(d, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0],
  ['NL_BSN', 9, words('bsn|burgerservicenummer|sofinummer'), (d) => weighted(d, [9, 8, 7, 6, 5, 4, 3, 2, 10]) % 11 === 0],
  ['ABA_ROUTING', 9, words('routing(?: number)?|aba|rtn'), (d) => weighted(d, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0],
  ['UK_NHS', 10, words('nhs'), (d) => weighted(d, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0],
  ['AU_MEDICARE', 10, words('medicare'), (d) => weighted(d, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === Number(d[8])],
  ['SE_PERSONNUMMER', 10, words('personnummer|personnr'), (d) => isDated(d) && luhn(d)],
  ['SE_PERSONNUMMER', 12, words('personnummer|personnr'), (d) => isDated(d.slice(2)) && luhn(d.slice(2))],
  ['BR_CPF', 11, words('cpf'), isCpf],
  ['PL_PESEL', 11, words('pesel'), (d) => (10 - weighted(d, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10 === Number(d[10])],
  ['DE_TAX_ID', 11, words('steuer|steuer-id|idnr|identifikationsnummer|steuernummer|tax id|tin'), mod11],
  ['TR_TCKN', 11, words('tckn|tc kimlik|kimlik'), isTckn],
  ['AU_ABN', 11, words('abn|australian business number'), (d) => (weighted(d, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0],
  ['IN_AADHAAR', 12, words('aadhaar|aadhar|uid|uidai'), verhoeff],
  ['ZA_ID', 13, words('id|sa id|id number|identity'), (d) => isDated(d) && luhn(d)],
  ['BR_CNPJ', 14, words('cnpj'), isCnpj],
];

const before = (text, at) => text.slice(Math.max(0, at - 48), at);

/** Kind, rank, expression, a text that every match contains, and a check of the match. */
const PATTERNS = [
  ['EMAIL', 3, /(?<![\w.%+-])[\w](?:[\w.%+-]{0,62}[\w])?@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}(?![\w])/gi, '@', (m, text) => !(m[0].startsWith('git@') && text[m.index + m[0].length] === ':')],
  ['EMAIL', 3, /[\w.%+-]+ ?[([]at[)\]] ?[\w-]+(?: ?(?:\.|[([]dot[)\]]) ?[\w-]+)+/gi, 'at'],
  ['URL', 3, /\b[a-z][a-z0-9+.-]*:\/\/[^\s/@:]*:[^\s/@]+@[^\s"'<>`]+/gi, '://'],
  ['URL', 3, /\bhttps?:\/\/[^\s"'<>`?]+\?[^\s"'<>`]*\b(?:access_token|api_?key|auth|code|key|pass(?:word)?|pwd|secret|sig(?:nature)?|token)=[^\s"'<>`&]{4,}[^\s"'<>`]*/gi, '://'],
  ['PRIVATE_KEY', 3, /-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?-----END [A-Z0-9 ]*-----/g, '-----'],
  ['JWT', 3, /\beyJ[\w-]{7,}\.eyJ[\w-]+\.[\w-]*/g, 'eyJ'],
  ['API_KEY', 3, /\b(?:sk-[\w-]{20,}|[sr]k_(?:live|test)_\w{16,}|gh[pousr]_\w{36,}|github_pat_\w{40,}|glpat-[\w-]{20,}|xox[abprs]-[\w-]{20,}|A(?:K|S)IA[A-Z0-9]{16}|AIza[\w-]{35}|SG\.[\w-]{22}\.[\w-]{43}|npm_\w{36}|pypi-[\w-]{50,}|dop_v1_[a-f0-9]{64}|hf_\w{30,}|shp(?:at|ss|ca)_[a-f0-9]{32}|dckr_pat_[\w-]{27}|sbp_\w{40}|lin_api_\w{32,}|gsk_\w{40,}|xai-\w{60,}|r8_\w{36}|whsec_\w{24,}|(?:SK|AC)[a-f0-9]{32})\b/g],
  ['API_KEY', 2, /(?<![\w.-])(?=[\w.-]*\d)[\w.-]{20,}/g, undefined, (m, text) => words('api[ _-]?key|(?:api|access|auth|security)[ _]token|secret[ _]key|client[ _]secret|bearer').test(before(text, m.index))],
  ['PASSWORD', 3, /(?<![a-z])(?:password|passwort|passwd|pass|pwd|passphrase|kennwort|contraseña|mot de passe|senha|wachtwoord|hasło|lösenord|пароль|密码|パスワード)(?:["'`\s]*[:=]["'`\s]*| (?:is|ist|es|est) )(?=[^\s"'`,]*[^a-zA-Z\s"'`,])([^\s"'`,]{6,})/gi],
  ['IP_ADDRESS', 1, /(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?![\w-]|\.\w)/g, '.', (m, text) => m[0] !== '127.0.0.1' && !words('version|ver|v|release|oid|section').test(before(text, m.index))],
  ['IP_ADDRESS', 2, /(?<![\w:])(?:[a-f0-9]{1,4}:){7}[a-f0-9]{1,4}(?![\w:])|(?<![\w:])(?:[a-f0-9]{1,4}:){1,6}(?::[a-f0-9]{1,4}){1,6}(?![\w:])/gi, ':', (m) => m[0].split(':').length > 3 && /\d/.test(m[0])],
  ['MAC_ADDRESS', 3, /(?<![\w:-])[a-f0-9]{2}(?:([:-])[a-f0-9]{2})(?:\1[a-f0-9]{2}){4}(?![\w:-])|(?<![\w.])(?:[a-f0-9]{4}\.){2}[a-f0-9]{4}(?![\w.])/gi],
  ['IBAN', 3, /(?<!\w)[a-z]{2}\d{2}(?:[ -]?[a-z0-9]{1,4}){3,8}(?!\w)/gi, undefined, (m) => mod97(m[0].replace(/[ -]/g, '').toUpperCase()) === 1],
  ['CRYPTO', 3, /\b0x[a-fA-F0-9]{40}\b|\b(?:bc1|BC1)[a-zA-Z0-9]{11,71}\b|\b[13][1-9A-HJ-NP-Za-km-z]{25,34}\b/g, undefined, (m) => !/^bc1/i.test(m[0]) || bech32(m[0])],
  ['ES_NIF', 2, /\b(\d{8})-?([A-Z])\b/g, undefined, (m) => nif(m[1], m[2])],
  ['ES_NIE', 2, /\b([XYZ])(\d{7})([A-Z])\b/g, undefined, (m) => nif('XYZ'.indexOf(m[1]) + m[2], m[3])],
  ['SG_NRIC', 2, /\b[STFG]\d{7}[A-Z]\b/g, undefined, (m) => nric(m[0])],
  ['IN_PAN', 2, /\b[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]\b/g],
  ['IT_FISCAL_CODE', 3, /\b[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]\b/gi, undefined, (m) => fiscalCode(m[0])],
  ['MX_CURP', 3, /\b[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d\b/g, undefined, (m) => curp(m[0])],
  ['UK_NINO', 2, /\b(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?: ?\d{2}){3} ?[A-D]\b/g],
  ['FI_HETU', 2, /\b(\d{6})[-+A](\d{3})([0-9A-FHJ-NPR-Y])\b/g, undefined, (m) => '0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(m[1] + m[2]) % 31] === m[3]],
  ['CN_RIC', 3, /\b\d{17}[\dXx]\b/g, undefined, (m) => 'x' !== '10X98765432'[weighted(m[0], [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11] && '10X98765432'[weighted(m[0], [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11] === m[0][17].toUpperCase()],
  ['KR_RRN', 2, /\b\d{6}-[1-8]\d{6}\b/g, undefined, (m) => isDated(m[0])],
  ['FR_NIR', 3, /\b[12] ?\d{2} ?\d{2} ?\d{2} ?\d{3} ?\d{3} ?\d{2}\b/g, undefined, (m) => { const d = digitsOf(m[0]); return 97 - Number(BigInt(d.slice(0, 13)) % 97n) === Number(d.slice(13)); }],
  ['BR_CPF', 3, /\b\d{3}\.\d{3}\.\d{3}-\d{2}\b/g, undefined, (m) => isCpf(digitsOf(m[0]))],
  ['BR_CNPJ', 3, /\b\d{2}\.\d{3}\.\d{3}\/\d{4}-\d{2}\b/g, undefined, (m) => isCnpj(digitsOf(m[0]))],
  ['US_SSN', 2, /(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])/g],
  ['US_ITIN', 1, /(?<![\w-])9\d{2}-(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])-\d{4}(?![\w-])/g],
  ['CREDIT_CARD', 2, /(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])/g, undefined, (m, text) => { const d = digitsOf(m[0]); return luhn(d) && (isIssued(d) || CARD.test(before(text, m.index))) && !NOT_CARD.test(before(text, m.index)); }],
  ['PHONE', 2, /(?<!\w)(?:\+|00[1-9])\(?\d{1,3}\)?(?:[ ./-]?\(?\d{1,5}\)?){2,6}(?: ?(?:x|ext\.?) ?\d{1,6})?(?!\w)/g, undefined, (m) => { const d = digitsOf(m[0]); return d.length >= 8 && d.length <= 17; }],
  ['PHONE', 1, /(?<![\w.-])(?:1[-. ])?(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?: ?(?:x|ext\.?) ?\d{1,6})?(?![\w-])/g, undefined, (m, text) => !NOT_PHONE.test(before(text, m.index))],
  ['PHONE', 1, /(?<![\w.-])\(?\d{2,5}\)?(?:[ ./-]?\d{2,5}){1,4}(?: ?(?:x|ext\.?) ?\d{1,6})?(?![\w-])/g, undefined, (m, text) => { const d = digitsOf(m[0]); return d.length >= 7 && d.length <= 12 && PHONE.test(before(text, m.index)) && !NOT_PHONE.test(before(text, m.index)); }],
  ['DATE_OF_BIRTH', 2, /(?<![\w.-])(?:(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}(?:st|nd|rd|th)?[. -]{1,2}(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[., -]{1,2}\d{2,4}|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d{1,2}(?:st|nd|rd|th)?,? \d{2,4})(?!\w)/gi, undefined, (m, text) => BIRTH.test(before(text, m.index))],
  ['PASSPORT', 2, /(?<![\w-])(?=[A-Z0-9]*\d)[A-Z0-9]{6,12}(?![\w-])/g, undefined, (m, text) => words('passport(?: no\\.?| number)?|reisepass|passeport|pasaporte|passaporto').test(before(text, m.index))],
  ['DRIVER_LICENSE', 2, /(?<![\w-])(?=[A-Z0-9-]*\d)[A-Z0-9]{3,18}(?:-\d{2,4}){0,3}(?![\w-])/g, undefined, (m, text) => words("driver'?s? licen[sc]e|driving licen[sc]e|licen[sc]e (?:number|no)|dl(?: number| no)?").test(before(text, m.index))],
  ['US_BANK_ACCOUNT', 2, /(?<![\w-])\d{6,17}(?![\w-])/g, undefined, (m, text) => words('account(?: number| no)?|acct|checking|savings').test(before(text, m.index))],
];

const NUMBER = /(?<![\w.-])\d(?:[ ./-]?\d){7,17}(?![\w-])/g;
const DISGUISED = /[\u00a0\u00ad\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u2000-\u2015\u202a-\u202f\u2060-\u2064\u2212\u3000\ufeff\uff01-\uff5e]/;

/** Converts full-width forms and special spaces to ASCII. A removed mark shifts the positions after it, which is rare. */
const fold = (text) => (DISGUISED.test(text) ? text.normalize('NFKC') : text);

/**
 * @param {string} original
 * @returns {number[]} starts and ends of the matches, in order
 */
export function find(original) {
  const text = fold(original);
  const hasDigit = /\d/.test(text);
  const found = [];
  for (const [, rank, pattern, clue, check] of PATTERNS) {
    if (clue ? !text.includes(clue) : rank < 3 && !hasDigit) continue;
    for (const match of text.matchAll(pattern)) {
      if (!check || check(match, text)) found.push([rank, match.index, match.index + match[0].length]);
    }
  }
  if (hasDigit) {
    for (const match of text.matchAll(NUMBER)) {
      const digits = digitsOf(match[0]);
      for (const [, length, label, check] of NUMBERS) {
        if (digits.length === length && check(digits) && label.test(before(text, match.index))) found.push([3, match.index, match.index + match[0].length]);
      }
    }
  }
  found.sort((a, b) => b[0] - a[0] || (b[2] - b[1]) - (a[2] - a[1]) || a[1] - b[1]);
  const kept = [];
  for (const one of found) if (kept.every((other) => other[2] <= one[1] || other[1] >= one[2])) kept.push(one);
  return kept.sort((a, b) => a[1] - b[1]).flatMap(([, start, end]) => [start, end]);
}
