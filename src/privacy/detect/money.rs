//! Payment cards, bank accounts and wallets.

use sha2::{Digest, Sha256};

use super::check::{base58, bech32, luhn, mod97, value, weighted};
use super::finding::{Entity, Findings, Rank};
use super::number::Number;
use super::scan::{Text, is_word};

const CARD_WORDS: &[&str] = &[
    "card",
    "cc",
    "visa",
    "mastercard",
    "amex",
    "credit card",
    "debit card",
    "karte",
    "carte",
    "tarjeta",
    "pan",
    "carta",
    "cartão",
];

/// Numbers as long as a card's, and as often with its checksum.
const OTHER_WORDS: &[&str] =
    &["tracking", "tracking number", "imei", "ean", "isbn", "serial", "serial number", "parcel", "shipment"];

const ACCOUNT_WORDS: &[&str] = &[
    "account",
    "account number",
    "acct",
    "bank account",
    "checking",
    "savings",
    "checking account",
    "account no",
];

/// Length of an IBAN by country (SWIFT's IBAN registry, release 97).
const IBAN_LENGTHS: &[(&[u8; 2], usize)] = &[
    (b"AD", 24),
    (b"AE", 23),
    (b"AL", 28),
    (b"AT", 20),
    (b"AZ", 28),
    (b"BA", 20),
    (b"BE", 16),
    (b"BG", 22),
    (b"BH", 22),
    (b"BI", 27),
    (b"BR", 29),
    (b"BY", 28),
    (b"CH", 21),
    (b"CR", 22),
    (b"CY", 28),
    (b"CZ", 24),
    (b"DE", 22),
    (b"DJ", 27),
    (b"DK", 18),
    (b"DO", 28),
    (b"EE", 20),
    (b"EG", 29),
    (b"ES", 24),
    (b"FI", 18),
    (b"FK", 18),
    (b"FO", 18),
    (b"FR", 27),
    (b"GB", 22),
    (b"GE", 22),
    (b"GI", 23),
    (b"GL", 18),
    (b"GR", 27),
    (b"GT", 28),
    (b"HN", 28),
    (b"HR", 21),
    (b"HU", 28),
    (b"IE", 22),
    (b"IL", 23),
    (b"IQ", 23),
    (b"IS", 26),
    (b"IT", 27),
    (b"JO", 30),
    (b"KW", 30),
    (b"KZ", 20),
    (b"LB", 28),
    (b"LC", 32),
    (b"LI", 21),
    (b"LT", 20),
    (b"LU", 20),
    (b"LV", 21),
    (b"LY", 25),
    (b"MC", 27),
    (b"MD", 24),
    (b"ME", 22),
    (b"MK", 19),
    (b"MN", 20),
    (b"MR", 27),
    (b"MT", 31),
    (b"MU", 30),
    (b"NI", 28),
    (b"NL", 18),
    (b"NO", 15),
    (b"OM", 23),
    (b"PK", 24),
    (b"PL", 28),
    (b"PS", 29),
    (b"PT", 25),
    (b"QA", 29),
    (b"RO", 24),
    (b"RS", 22),
    (b"RU", 33),
    (b"SA", 24),
    (b"SC", 31),
    (b"SD", 18),
    (b"SE", 24),
    (b"SI", 19),
    (b"SK", 24),
    (b"SM", 27),
    (b"SO", 23),
    (b"ST", 25),
    (b"SV", 28),
    (b"TL", 23),
    (b"TN", 24),
    (b"TR", 26),
    (b"UA", 29),
    (b"VA", 22),
    (b"VG", 24),
    (b"XK", 20),
    (b"YE", 30),
];

pub(super) fn number(number: &Number<'_, '_>, found: &mut Findings) {
    card(number, found);
    let digits = number.digits;
    if digits.len() == 9
        && number.is_plain()
        && is_aba(digits)
        && number.is_labelled(&["routing", "aba", "rtn", "routing number", "routing no"])
    {
        found.add(Rank::Certain, number.start, number.end, Entity::AbaRouting);
    }
    if matches!(digits.len(), 6..=17) && number.is_plain() && number.is_labelled(ACCOUNT_WORDS) {
        found.add(Rank::Sure, number.start, number.end, Entity::UsBankAccount);
    }
}

fn card(number: &Number<'_, '_>, found: &mut Findings) {
    let digits = number.digits;
    if !matches!(digits.len(), 12..=19) || digits.iter().all(|digit| Some(digit) == digits.first()) {
        return;
    }
    let is_grouped = matches!(
        number.groups,
        [_] | [4, 4, 4, 1..=7] | [4, 4, 4, 4, 1..=3] | [4, 6, 4 | 5] | [8, 8] | [6, 10 | 13]
    );
    if !is_grouped || !(number.is_plain() || matches!(number.separator, b' ' | b'-' | b'.')) {
        return;
    }
    // Visa had cards of thirteen digits, and Maestro of twelve; so are article numbers and shipments.
    let (is_valid, has_issuer, is_long) = (luhn(digits), is_issued(digits), digits.len() >= 14);
    if !(is_valid || has_issuer && is_long) || number.is_labelled(OTHER_WORDS) {
        return;
    }
    if number.is_labelled(CARD_WORDS) && (has_issuer || is_long) {
        found.add(Rank::Certain, number.start, number.end, Entity::CreditCard);
    } else if is_valid && has_issuer && is_long {
        found.add(Rank::Sure, number.start, number.end, Entity::CreditCard);
    }
}

/// Whether a card scheme issues numbers like that (ISO/IEC 7812; ranges as the schemes publish them).
fn is_issued(digits: &[u8]) -> bool {
    let head = |count: usize| value(digits.get(..count).unwrap_or_default());
    let (two, three, four, six) = (head(2), head(3), head(4), head(6));
    match digits.len() {
        16 if (51..=55).contains(&two) || (2221..=2720).contains(&four) || (2200..=2204).contains(&four) => {
            true
        }
        13 | 16 | 19 if digits.first() == Some(&4) => true,
        15 if two == 34 || two == 37 => true,
        14..=19 if matches!(three, 300..=305) || matches!(two, 36 | 38 | 39) => {
            digits.len() == 14 || digits.len() == 16
        }
        16..=19
            if four == 6011
                || two == 65
                || (644..=649).contains(&three)
                || (622_126..=622_925).contains(&six) =>
        {
            true
        }
        16..=19 if (3528..=3589).contains(&four) => true,
        16..=19 if two == 62 || two == 81 || two == 60 => true,
        12..=19 => two == 50 || (56..=58).contains(&two) || matches!(four, 6304 | 6759 | 6761..=6763),
        _ => false,
    }
}

fn is_aba(digits: &[u8]) -> bool {
    let prefix = value(digits.get(..2).unwrap_or_default());
    matches!(prefix, 0..=12 | 21..=32 | 61..=72 | 80)
        && weighted(digits, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

/// What has letters in it: IBANs and wallets.
pub(super) fn find(text: &Text<'_>, found: &mut Findings) {
    for (start, end) in text.runs(is_word) {
        if let [first, second, third, ..] = text.slice(start, end)
            && first.is_ascii_alphabetic()
            && second.is_ascii_alphabetic()
            && third.is_ascii_digit()
        {
            iban(text, start, found);
        }
        wallet(text, start, end, found);
    }
}

/// Groups of letters and digits with single spaces or hyphens between, as many as the country's length needs.
fn iban(text: &Text<'_>, start: usize, found: &mut Findings) {
    let country = text.slice(start, start + 2).to_ascii_uppercase();
    let Some((_, length)) = IBAN_LENGTHS.iter().find(|(code, _)| code.as_slice() == country) else { return };
    let mut compact = Vec::with_capacity(*length);
    let mut at = start;
    while compact.len() < *length {
        let byte = text.at(at);
        if byte.is_ascii_alphanumeric() {
            compact.push(byte.to_ascii_uppercase());
        } else if !(matches!(byte, b' ' | b'-') && text.at(at + 1).is_ascii_alphanumeric()) {
            return;
        }
        at += 1;
    }
    if !is_word(text.at(at)) && mod97(&compact) {
        found.add(Rank::Certain, start, at, Entity::Iban);
    }
}

/// Bitcoin's addresses by their checksums, Ethereum's by their form.
fn wallet(text: &Text<'_>, start: usize, end: usize, found: &mut Findings) {
    let word = text.slice(start, end);
    let is_wallet = match word {
        [b'0', b'x', rest @ ..] => rest.len() == 40 && rest.iter().all(u8::is_ascii_hexdigit),
        [b'b' | b'B', b'c' | b'C', b'1', ..] => {
            matches!(word.len(), 14..=74) && bech32(&word.to_ascii_lowercase())
        }
        [b'1' | b'3', ..] => matches!(word.len(), 26..=35) && is_base58_check(word),
        _ => false,
    };
    if is_wallet {
        found.add(Rank::Certain, start, end, Entity::Crypto);
    }
}

/// A version byte, twenty bytes of hash, and four of what SHA-256 twice makes of them.
fn is_base58_check(word: &[u8]) -> bool {
    let Some(bytes) = base58::<25>(word) else { return false };
    let (body, sum) = bytes.split_at(21);
    let hash = Sha256::digest(Sha256::digest(body));
    hash.starts_with(sum)
}
