//! Rows of digits, read once. Detectors of numbers see each window of them.

use super::scan::{Text, is_word};
use super::signs::Group;
use super::vocabulary::Label;

/// Groups of digits that one number may have; more are a table.
const MAX_GROUPS: usize = 8;

/// Digits of the longest number known.
const MAX_DIGITS: usize = 26;

/// One or more groups of digits, joined by single separators, that nothing else touches.
#[derive(Debug)]
pub(super) struct Number<'n, 't> {
    pub(super) text: &'n Text<'t>,
    /// The first byte: a digit.
    pub(super) start: usize,
    pub(super) end: usize,
    /// The digits as values.
    pub(super) digits: &'n [u8],
    /// Digits of each group.
    pub(super) groups: &'n [usize],
    /// The separator, if all gaps have the same one; 0 when there are none or several.
    pub(super) separator: u8,
    /// More groups stand before or after it, separated like its own: it may be a part of something else.
    pub(super) is_slice: bool,
}

impl Number<'_, '_> {
    /// Tells if the groups have these lengths.
    pub(super) fn is_grouped(&self, lengths: &[usize]) -> bool {
        self.groups == lengths
    }

    /// Tells if there are no separators.
    pub(super) const fn is_plain(&self) -> bool {
        self.groups.len() == 1
    }

    /// Tells if it belongs to a table of four-digit hexadecimal numbers.
    pub(super) fn is_dumped(&self) -> bool {
        let is_one = |place: usize| {
            let digits = self.text.ahead(place, 4);
            digits.len() == 4 && digits.iter().all(u8::is_ascii_hexdigit)
        };
        let is_space = |byte: u8| byte.is_ascii_whitespace();
        let (before, after) = (self.start.saturating_sub(5), self.end + 1);
        self.groups.iter().all(|digits| *digits == 4)
            && (is_space(self.text.before(self.start))
                && is_one(before)
                && !is_word(self.text.before(before))
                || is_space(self.text.at(self.end)) && is_one(after) && !is_word(self.text.at(after + 4)))
    }

    /// Tells if this label applies to it.
    pub(super) fn is_labelled(&self, label: Label) -> bool {
        self.text.is_labelled(self.start, label)
    }
}

/// Shows every number of a text, and every part of a row that could be a number of its own.
pub(super) fn each(text: &Text<'_>, mut show: impl FnMut(&Number<'_, '_>)) {
    let mut buffers = Buffers::default();
    for row in text.signs.groups.chunk_by(|group, next| joins(text, group.end, next.start)) {
        windows(text, row, &mut buffers, &mut show);
    }
}

/// Accepts separators that can stand inside of a number.
fn joins(text: &Text<'_>, end: usize, start: usize) -> bool {
    matches!(
        text.slice(end, start),
        b" " | b" . " | b" / " | b"-" | b"." | b"/" | b")" | b") " | b" (" | b"(" | b")-" | b" - " | b"-("
    )
}

/// Kept from one row to the next.
#[derive(Default)]
struct Buffers {
    digits: Vec<u8>,
    groups: Vec<usize>,
}

fn windows(text: &Text<'_>, row: &[Group], buffers: &mut Buffers, show: &mut impl FnMut(&Number<'_, '_>)) {
    let Buffers { digits, groups } = buffers;
    for (first, from) in row.iter().enumerate() {
        if !begins(text, from.start, first == 0) {
            continue;
        }
        digits.clear();
        groups.clear();
        let mut separator = None;
        let mut last_end = from.start;
        for (place, group) in row.iter().enumerate().skip(first).take(MAX_GROUPS) {
            if place > first {
                let gap = text.slice(last_end, group.start);
                let this = if gap.len() == 1 { gap.first().copied().unwrap_or(0) } else { 0 };
                separator = Some(separator.map_or(this, |before| if before == this { before } else { 0 }));
            }
            last_end = group.end;
            if digits.len() + group.end - group.start > MAX_DIGITS {
                break;
            }
            digits.extend(text.slice(group.start, group.end).iter().map(|byte| byte - b'0'));
            groups.push(group.end - group.start);
            let is_last = place + 1 == row.len();
            if digits.len() >= 6 && ends(text, group.end, is_last) {
                show(&Number {
                    text,
                    start: from.start,
                    end: group.end,
                    digits,
                    groups,
                    separator: separator.unwrap_or(0),
                    is_slice: matches!(separator, Some(0 | b' ')) && (first > 0 || !is_last),
                });
            }
        }
    }
}

/// Tells if a number may begin here: not inside of a word or a decimal, and after digits only behind a space.
fn begins(text: &Text<'_>, start: usize, is_first: bool) -> bool {
    let before = text.before(start);
    let further = text.before(start.saturating_sub(1));
    if !is_first {
        return matches!(before, b' ' | b'(');
    }
    match before {
        b'.' => !further.is_ascii_alphanumeric(),
        b'-' => !is_word(further),
        b',' => !(further.is_ascii_digit() && is_thousand(text, start - 1)),
        _ => !is_word(before),
    }
}

fn ends(text: &Text<'_>, end: usize, is_last: bool) -> bool {
    let next = text.at(end);
    if !is_last {
        return next == b' ';
    }
    let is_followed = text.at(end + 1).is_ascii_digit();
    match next {
        // An extension belongs to the number before it.
        b'x' | b'X' => is_followed,
        b'.' => !is_followed,
        b',' => !(is_followed && is_thousand(text, end)),
        _ => !is_word(next),
    }
}

/// Tells a thousands separator from a cell boundary: `1,234,567` is one number, `12345,678-90` two cells.
fn is_thousand(text: &Text<'_>, comma: usize) -> bool {
    let before = text.slice(comma.saturating_sub(4), comma);
    let before = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let after = text.ahead(comma + 1, 4).iter().take_while(|byte| byte.is_ascii_digit()).count();
    before <= 3 && after == 3 && !matches!(text.at(comma + 4), b'-' | b' ' | b'(')
}
