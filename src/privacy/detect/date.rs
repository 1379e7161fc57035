//! Dates of birth: dates beside a word that says so.

use super::finding::{Entity, Findings, Rank};
use super::scan::{Text, is_word};

const WORDS: &[&str] = &[
    "dob",
    "birth",
    "born",
    "born on",
    "birthday",
    "birthdate",
    "date of birth",
    "date_of_birth",
    "d.o.b",
    "geboren",
    "geburtsdatum",
    "geburtstag",
    "née",
    "naissance",
    "né le",
    "nacimiento",
    "nascimento",
    "nascita",
    "geboortedatum",
    "urodzenia",
    "född",
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Whether a year, month and day are a date of the last 130 years, or a two-digit year's.
pub(super) const fn is_date(year: u64, month: u64, day: u64) -> bool {
    let days = match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        _ => 0,
    };
    (year < 100 || (1900 <= year && year <= 2035)) && day >= 1 && day <= days
}

pub(super) fn find(text: &Text<'_>, found: &mut Findings) {
    let mut at = 0;
    while at < text.bytes.len() {
        let byte = text.at(at);
        if is_word(text.before(at)) || !byte.is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        let end = if byte.is_ascii_digit() {
            numeric(text, at).or_else(|| day_first(text, at))
        } else {
            month_first(text, at)
        };
        match end {
            Some(end) if !is_word(text.at(end)) && text.is_labelled_date(at) => {
                found.add(Rank::Sure, at, end, Entity::DateOfBirth);
                at = end;
            }
            _ => at = text.run(at, is_word).max(at + 1),
        }
    }
}

impl Text<'_> {
    fn is_labelled_date(&self, at: usize) -> bool {
        self.is_labelled(at, WORDS)
    }

    /// The number of up to `most` digits at a place, and where it ends.
    fn number_at(&self, start: usize, most: usize) -> Option<(u64, usize)> {
        let end = self.run(start, |byte| byte.is_ascii_digit());
        let digits: Vec<_> = self.slice(start, end).iter().map(|byte| byte - b'0').collect();
        matches!(digits.len(), 1..).then_some(())?;
        (digits.len() <= most).then(|| (super::check::value(&digits), end))
    }
}

/// 1990-05-04, 04.05.1990, 5/4/90.
fn numeric(text: &Text<'_>, start: usize) -> Option<usize> {
    let (first, at) = text.number_at(start, 4)?;
    let separator = text.at(at);
    if !matches!(separator, b'-' | b'/' | b'.') {
        return None;
    }
    let (second, at) = text.number_at(at + 1, 2)?;
    if text.at(at) != separator {
        return None;
    }
    let (third, end) = text.number_at(at + 1, 4)?;
    let is_one = is_date(first, second, third) && first > 31
        || is_date(third, second, first)
        || is_date(third, first, second);
    is_one.then_some(end)
}

/// 26 Nov 1947, 26. November 1947.
fn day_first(text: &Text<'_>, start: usize) -> Option<usize> {
    let (day, at) = text.number_at(start, 2)?;
    let at =
        text.run(at, |byte| matches!(byte, b' ' | b'.' | b'-' | b's' | b't' | b'h' | b'n' | b'd' | b'r'));
    let (month, at) = month(text, at)?;
    let at = text.run(at, |byte| matches!(byte, b' ' | b'.' | b',' | b'-'));
    let (year, end) = text.number_at(at, 4)?;
    is_date(year, month, day).then_some(end)
}

/// April 14, 1980.
fn month_first(text: &Text<'_>, start: usize) -> Option<usize> {
    let (month, at) = month(text, start)?;
    let at = text.run(at, |byte| matches!(byte, b' ' | b'.'));
    let (day, at) = text.number_at(at, 2)?;
    let at = text.run(at, |byte| matches!(byte, b' ' | b',' | b's' | b't' | b'h' | b'n' | b'd' | b'r'));
    let (year, end) = text.number_at(at, 4)?;
    is_date(year, month, day).then_some(end)
}

/// A month by its English name or the first three letters of it.
fn month(text: &Text<'_>, start: usize) -> Option<(u64, usize)> {
    let end = text.run(start, |byte| byte.is_ascii_alphabetic());
    let word = text.slice(start, end).to_ascii_lowercase();
    let is_it = |name: &&str| word.len() >= 3 && name.as_bytes().starts_with(&word);
    let month = MONTHS.iter().position(|name| is_it(name) || (word == b"sept" && *name == "september"))?;
    Some((month as u64 + 1, end))
}
