//! Passports, licences, identity cards and their like: they have another form in each country, and only the word beside them
//! in common.

use super::class::{DIGIT, LOWER, UPPER};
use super::finding::{Entity, Findings, Rank};
use super::scan::{Text, Word, is_word};
use super::vocabulary::Label;

/// Groups that one number may have, and the length of all of them.
const MAX_GROUPS: usize = 6;
const LENGTHS: std::ops::RangeInclusive<usize> = 6..=21;

/// A group that is shorter than this may go on behind a space.
const SHORT_GROUP: usize = 5;

/// Digits that a number with points must have, unlike a version.
const VERSION: usize = 8;

/// Digits of a device's number without its check (3GPP TS 23.003, 6.2).
const DEVICE: usize = 14;

/// Labels, and the kind that each tells.
const KINDS: [(Label, Entity); 5] = [
    (Label::Passport, Entity::Passport),
    (Label::Licence, Entity::DriverLicense),
    (Label::IdCard, Entity::NationalId),
    (Label::Medical, Entity::MedicalId),
    (Label::Device, Entity::DeviceId),
];

pub(super) fn word(text: &Text<'_>, word: Word, found: &mut Findings) {
    // `DL-` or a country may stand before the digits.
    let next = text.at(word.end + 1);
    let is_lettered = word.kinds == UPPER
        && word.len() < SHORT_GROUP
        && match text.at(word.end) {
            b'-' => next.is_ascii_digit() || next.is_ascii_uppercase(),
            b' ' => next.is_ascii_digit(),
            _ => false,
        };
    if !(word.has(DIGIT) || is_lettered) || word.len() > *LENGTHS.end() {
        return;
    }
    if matches!(text.before(word.start), b'-' | b'.' | b'/') {
        return;
    }
    let Some((_, entity)) = KINDS.iter().find(|(label, _)| text.is_labelled(word.start, *label)) else {
        return;
    };
    let is_own = matches!(entity, Entity::Passport | Entity::DriverLicense);
    let end = end(text, word, is_own);
    let number = text.slice(word.start, end);
    let digits = number.iter().filter(|byte| byte.is_ascii_digit()).count();
    let is_other_number =
        number.contains(&b'.') && digits < VERSION || matches!(text.before(word.start), b'^' | b'~' | b'=');
    let is_other_number = is_other_number || *entity == Entity::DeviceId && digits < DEVICE;
    let is_code = if is_own {
        digits >= 3 || !word.has(LOWER)
    } else {
        digits >= 6 && !word.has(LOWER) && !is_other_number
    };
    let is_color = text.before(word.start) == b'#' && number.len() == 6;
    if LENGTHS.contains(&number.len()) && is_code && !is_color && !number.contains(&b'_') && !is_other(number)
    {
        found.add(if is_own { Rank::Sure } else { Rank::Distinct }, word.start, end, *entity);
    }
}

/// Finds the end of groups joined by hyphens, or by spaces where groups are short.
fn end(text: &Text<'_>, word: Word, is_own: bool) -> usize {
    let mut end = word.end;
    let mut last = word.len();
    for _ in 1..MAX_GROUPS {
        let rest = text.ahead(end + 1, *LENGTHS.end());
        let length = rest.iter().position(|byte| !is_word(*byte)).unwrap_or(rest.len());
        let group = text.slice(end + 1, end + 1 + length);
        let joins = match text.at(end) {
            b'-' => !group.is_empty() && !group.iter().any(u8::is_ascii_lowercase),
            b'.' => !is_own && !group.is_empty() && group.iter().all(u8::is_ascii_digit),
            b' ' => {
                last < SHORT_GROUP
                    && word.len() < SHORT_GROUP
                    && group.len() > 1
                    && group.iter().all(u8::is_ascii_digit)
            }
            _ => false,
        };
        if !joins || !group.iter().any(u8::is_ascii_digit) {
            break;
        }
        (end, last) = (end + 1 + length, length);
    }
    end
}

/// A date, years, or a telephone of three, three and four digits.
fn is_other(number: &[u8]) -> bool {
    let mut groups = number.split(|byte| !byte.is_ascii_digit()).map(<[u8]>::len);
    let lengths = [groups.next(), groups.next(), groups.next(), groups.next()];
    matches!(
        lengths,
        [Some(4), Some(4), None, None]
            | [Some(4), Some(2), Some(2), None]
            | [Some(2), Some(2), Some(4), None]
            | [Some(3), Some(3), Some(4), None]
    )
}

/// Length of the lines that machines read on passports and identity cards (ICAO Doc 9303).
const MACHINE_LINE: std::ops::RangeInclusive<usize> = 28..=46;

/// Lines that machines read: capitals, digits and signs that fill gaps. The line before belongs to it.
pub(super) fn machine_lines(text: &Text<'_>, found: &mut Findings) {
    let is_part = |byte: &&u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'<';
    let mut done = 0;
    for group in text.signs.groups.iter().filter(|group| group.end - group.start >= *LENGTHS.start()) {
        let is_filled = text.before(group.start) == b'<'
            || text.at(group.end) == b'<'
            || text.at(group.end).is_ascii_uppercase();
        if !is_filled || group.start < done {
            continue;
        }
        let before = text.slice(group.start.saturating_sub(*MACHINE_LINE.end()), group.start);
        let start = group.start - before.iter().rev().take_while(is_part).count();
        let end = start + text.ahead(start, *MACHINE_LINE.end() + 1).iter().take_while(is_part).count();
        let line = text.slice(start, end);
        if !MACHINE_LINE.contains(&line.len()) || !line.contains(&b'<') {
            continue;
        }
        let above = text.slice(start.saturating_sub(*MACHINE_LINE.end() + 1), start.saturating_sub(1));
        let above = above.iter().rev().take_while(is_part).count();
        let names = above >= *MACHINE_LINE.start() && text.before(start) == b'\n';
        found.add(Rank::Certain, if names { start - 1 - above } else { start }, end, Entity::Passport);
        done = end;
    }
}
