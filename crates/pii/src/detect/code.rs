//! Short codes that let people in: PINs, one-time codes, a card's security code; and a card's expiry date.

use super::finding::{Entity, Findings, Rank};
use super::scan::{Text, is_word};
use super::secret::value_start;
use super::vocabulary::Label;

/// Bytes between "last four" and the digits.
const LAST_FOUR: usize = 48;

/// Bytes between a label and the word that links it with its value.
const LONGEST_CLAUSE: usize = 40;

/// Digits of a PIN or a one-time code.
const PIN: std::ops::RangeInclusive<usize> = 4..=8;

/// Letters and digits in a part of a recovery code.
const GROUP: std::ops::RangeInclusive<usize> = 4..=8;

pub(super) fn find(text: &Text<'_>, found: &mut Findings) {
    for end in text.ends_of(Label::Pin) {
        if let Some((start, end)) = groups(text, end) {
            found.add(Rank::Sure, start, end, Entity::Pin);
        }
        let Some((start, end)) = told(text, end) else { continue };
        if PIN.contains(&count(text, start, end)) {
            found.add(Rank::Sure, start, end, Entity::Pin);
        }
    }
    let cvv = text.ends_of(Label::Cvv).filter_map(|end| told(text, end));
    for (start, end) in cvv.chain(text.cells_below(Label::Cvv)) {
        if is_digits(text, start, end) && matches!(end - start, 3 | 4) {
            found.add(Rank::Sure, start, end, Entity::Cvv);
        }
    }
    for (start, end) in text.cells_below(Label::Pin) {
        if is_digits(text, start, end) && PIN.contains(&(end - start)) {
            found.add(Rank::Sure, start, end, Entity::Pin);
        }
    }
    if text.has(Label::Card) || text.has(Label::Cvv) {
        expiry(text, found);
    }
    last_four(text, found);
}

/// The digits behind a label, or behind a few words and one that links them: "the pin of my card is".
fn told(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    digits(text, value_start(text, end).0, end).or_else(|| digits(text, linked(text, end)?, end))
}

/// The place behind the word that links a label with its value, some words later in the same clause.
pub(super) fn linked(text: &Text<'_>, end: usize) -> Option<usize> {
    const LINKS: [&[u8]; 8] =
        [b" is ", b" ist ", b" lautet ", b" es ", b" est ", b" jest ", b" are ", b" was "];
    let clause = text.ahead(end, LONGEST_CLAUSE);
    let is_word = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b' ' | b'\'' | b'-' | 0x80..);
    let length = clause.iter().position(|byte| !is_word(byte)).unwrap_or(clause.len());
    // "The PIN for the card: 9913".
    if length > 0 && clause.get(length..length + 2) == Some(b": ") {
        return Some(end + length + 2);
    }
    let clause = clause.get(..length)?;
    let link = |link: &[u8]| {
        clause.windows(link.len()).position(|window| *window == *link).map(|at| at + link.len())
    };
    LINKS.iter().filter_map(|one| link(one)).min().map(|length| end + length)
}

fn is_digits(text: &Text<'_>, start: usize, end: usize) -> bool {
    text.slice(start, end).iter().all(u8::is_ascii_digit)
}

fn count(text: &Text<'_>, start: usize, end: usize) -> usize {
    text.slice(start, end).iter().filter(|byte| byte.is_ascii_digit()).count()
}

/// The digits that begin at a place behind a label: one group, or two of three.
fn digits(text: &Text<'_>, start: usize, label_end: usize) -> Option<(usize, usize)> {
    let mut end = text.run(start, |byte| byte.is_ascii_digit());
    if end - start == 3 && matches!(text.at(end), b' ' | b'-') {
        let second = text.run(end + 1, |byte| byte.is_ascii_digit());
        end = if second - end == 4 { second } else { end };
    }
    // The keys that end a code at a door.
    end += usize::from(end > start && matches!(text.at(end), b'#' | b'*') && !is_word(text.at(end + 1)));
    let is_part = is_word(text.at(end))
        || matches!(text.at(end), b'.' | b',' | b'-' | b'/' | b':') && is_word(text.at(end + 1))
        || matches!(text.at(end), b'%' | b'(' | b'[');
    (start > label_end && end > start && !is_part).then_some((start, end))
}

/// The groups of a recovery code behind a label: letters and digits in parts of one length, "8f3k-29dk-s0d3".
fn groups(text: &Text<'_>, label_end: usize) -> Option<(usize, usize)> {
    let start = value_start(text, label_end).0;
    let value = text.ahead(start, LONGEST_CLAUSE);
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    let length = value.iter().position(|byte| !is_part(byte)).unwrap_or(value.len());
    let code = value.get(..length)?;
    let mut parts = code.split(|byte| *byte == b'-').map(<[u8]>::len);
    let first = parts.next().filter(|first| GROUP.contains(first))?;
    let is_one = start > label_end
        && length > first
        && parts.all(|part| part == first)
        && code.iter().any(u8::is_ascii_digit)
        && code.iter().any(u8::is_ascii_alphabetic);
    is_one.then_some((start, start + length))
}

/// Month and year behind a word for the end of validity.
fn expiry(text: &Text<'_>, found: &mut Findings) {
    for end in text.ends_of(Label::Expiry) {
        let start = value_start(text, end).0;
        let slash = text.run(start, |byte| byte.is_ascii_digit());
        let year = slash + 1;
        let end = text.run(year, |byte| byte.is_ascii_digit());
        let is_month =
            matches!(text.slice(start, slash), [b'0', b'1'..=b'9'] | [b'1', b'0'..=b'2'] | [b'1'..=b'9']);
        let is_joined = matches!(text.at(slash), b'/' | b'-' | b'.');
        if is_month && is_joined && matches!(end - year, 2 | 4) && !is_word(text.at(end)) {
            found.add(Rank::Sure, start, end, Entity::CardExpiry);
        }
    }
}

/// "The last four of my SSN are 8841".
fn last_four(text: &Text<'_>, found: &mut Findings) {
    for end in text.ends_of(Label::LastFour) {
        let rest = text.ahead(end, LAST_FOUR);
        let rest = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let Some(offset) = rest.iter().position(u8::is_ascii_digit) else { continue };
        let start = end + offset;
        let stop = text.run(start, |byte| byte.is_ascii_digit());
        let is_four = stop - start == 4 && !is_word(text.at(stop)) && !is_word(text.before(start));
        let named = text.labels_in(end.saturating_sub(LAST_FOUR), start);
        let entity = if named.has(Label::Ssn) { Entity::UsSsn } else { Entity::CreditCard };
        if is_four && (named.has(Label::Ssn) || named.has(Label::Card)) {
            found.add(Rank::Sure, start, stop, entity);
        }
    }
}
