//! International bank account numbers.

use super::check::mod97;
use super::class::LOWER;
use super::finding::{Entity, Findings, Rank};
use super::number::Number;
use super::scan::{Text, Word, is_word};
use super::vocabulary::Label;

/// The longest of them.
const LONGEST: usize = 34;

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

/// Groups of letters and digits with single spaces or hyphens between, as many as the country's length needs.
pub(super) fn word(text: &Text<'_>, word: Word, found: &mut Findings) {
    let [first, second, rest @ ..] = text.slice(word.start, word.end) else { return };
    // The country may stand apart from its number.
    let is_apart = rest.is_empty()
        && text.at(word.end) == b' '
        && text.at(word.end + 1).is_ascii_digit()
        && !word.has(LOWER);
    let is_headed = first.is_ascii_alphabetic() && second.is_ascii_alphabetic();
    if !is_headed || !(is_apart || rest.first().is_some_and(u8::is_ascii_digit)) {
        return;
    }
    let country = [first.to_ascii_uppercase(), second.to_ascii_uppercase()];
    let Ok(row) = IBAN_LENGTHS.binary_search_by_key(&country, |(code, _)| **code) else { return };
    let Some((_, length)) = IBAN_LENGTHS.get(row) else { return };
    let mut compact = [0; LONGEST];
    let mut at = word.start;
    for place in compact.iter_mut().take(*length) {
        if matches!(text.at(at), b' ' | b'-') {
            at += 1;
        }
        if !text.at(at).is_ascii_alphanumeric() {
            return;
        }
        *place = text.at(at).to_ascii_uppercase();
        at += 1;
    }
    if !is_word(text.at(at)) && mod97(compact.get(..*length).unwrap_or_default()) {
        found.add(Rank::Certain, word.start, at, Entity::Iban);
    }
}

/// Polish numbers are written without their country: its checksum confirms them.
pub(super) fn number(number: &Number<'_, '_>, found: &mut Findings) {
    let Number { start, end, digits, .. } = *number;
    if digits.len() != 26 || !(number.is_plain() || number.is_grouped(&[2, 4, 4, 4, 4, 4, 4])) {
        return;
    }
    let mut iban = *b"PL00000000000000000000000000";
    for (byte, digit) in iban.iter_mut().skip(2).zip(digits) {
        *byte = digit + b'0';
    }
    if mod97(&iban) && number.is_labelled(Label::Account) {
        found.add(Rank::Certain, start, end, Entity::Iban);
    }
}
