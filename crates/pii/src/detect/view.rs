//! A second reading of places where a value may be disguised: encoded, spelled in words, spaced out, or split by line breaks and
//! markup. Detectors read the place as it would be without the disguise, and only the values that had one are taken over.

use super::disguise::Undisguised;
use super::finding::{Entity, Finding, Findings, Rule};
use super::scan::{Text, is_word};
use super::vocabulary::Label;
use super::words::sign_at;

/// Bytes around a sign of a disguise that are read again.
const REACH: usize = 80;

/// Bytes around a sign that must have some digits, where the disguise is one of numbers.
const NEIGHBOURHOOD: usize = 24;
const FEWEST_DIGITS: usize = 7;

/// Bytes on each side of a single digit in which its row shows, an odd number, and the gaps that it must have there.
const ROW: usize = 7;
const FEWEST_GAPS: usize = 5;

/// Digits that are spelled in words one after the other, and bytes between the ends of two.
const FEWEST_WORDS: usize = 3;
const WIDEST_STEP: usize = 16;

/// Adds the values that are disguised to those that are not.
pub(super) fn add_disguised(
    text: &Text<'_>,
    read: impl Fn(&Text<'_>, &mut Findings),
    findings: &mut Vec<Finding>,
) {
    let mut added = Vec::new();
    for (start, end) in windows(text) {
        let plain = Undisguised::new(text, start, end);
        let view = Text::new(&plain.text);
        let mut found = Findings::default();
        read(&view, &mut found);
        let found = found.resolve();
        added.extend(found.into_iter().filter(|one| is_trusted(&plain, &view, one)).map(|one| {
            let (start, end) = plain.original(one.start, one.end);
            Finding { start, end, rule: Rule { is_disguised: true, ..one.rule }, ..one }
        }));
    }
    for one in added {
        take_over(findings, one);
    }
}

/// Adds a value unless it begins like one that was found undisguised, or encloses several.
pub(super) fn take_over(findings: &mut Vec<Finding>, one: Finding) {
    let first = findings.partition_point(|other| other.end <= one.start);
    let after = findings.partition_point(|other| other.start < one.end);
    match findings.get(first..after) {
        Some([]) => findings.insert(first, one),
        Some([other]) if one.start < other.start && other.end <= one.end => {
            findings.splice(first..after, [one]);
        }
        // A name in an address that is spelled out belongs to it.
        Some(others) if others.iter().all(|other| is_covered(other, &one)) => {
            findings.splice(first..after, [one]);
        }
        _ => {}
    }
}

/// Tells if a name or a street is a part of a value.
const fn is_covered(other: &Finding, one: &Finding) -> bool {
    matches!(other.entity, Entity::Person | Entity::Address)
        && one.start <= other.start
        && other.end <= one.end
}

/// Tells if a value was disguised, and is of a kind whose form leaves no doubt.
fn is_trusted(plain: &Undisguised, view: &Text<'_>, one: &Finding) -> bool {
    let source = plain.source(one.start, one.end);
    if !plain.is_rewritten(one.start, one.end) {
        return false;
    }
    let is_split = source.iter().any(|byte| matches!(byte, b'\n' | b'\t' | b'"'));
    match one.entity {
        Entity::Email => !has_plain_word(source) || view.is_near(one.start, one.end, Label::Mail),
        Entity::Phone => !is_split || view.at(one.start) == b'+',
        Entity::Person
        | Entity::Address
        | Entity::Url
        | Entity::Password
        | Entity::IpAddress
        | Entity::UsBankAccount
        | Entity::Passport
        | Entity::DriverLicense
        | Entity::DateOfBirth
        | Entity::MacAddress => false,
        _ => true,
    }
}

/// Tells if words that also mean something else, such as "at", stand for the sign of an address.
fn has_plain_word(source: &[u8]) -> bool {
    let has_bracket = source.iter().any(|byte| matches!(byte, b'(' | b'[' | b'{' | b'<'));
    let mut words = source.split(|byte| *byte == b' ');
    !has_bracket
        && words.any(|word| {
            [&b"at"[..], b"et", b"a", b"ad", b"na", b"en", b"@"]
                .iter()
                .any(|one| word.eq_ignore_ascii_case(one))
        })
}

/// The places to read again, in order and apart from each other.
fn windows(text: &Text<'_>) -> Vec<(usize, usize)> {
    let mut places: Vec<usize> =
        text.signs.tricks.iter().copied().filter(|place| is_likely(text, *place)).collect();
    places.extend(text.signs.ats.iter().copied().filter(|at| is_parted(text, *at)));
    places.extend(
        text.signs
            .groups
            .iter()
            .flat_map(|group| [group.start.wrapping_sub(1), group.end])
            .filter(|place| is_interrupted(text, *place)),
    );
    places.extend(
        text.signs.brackets.iter().copied().filter(|place| super::disguise::is_bracketed(text, *place)),
    );
    places.extend(text.ends_of(Label::Point).filter(|end| has_sign_before(text, *end)));
    places.extend(spelled_numbers(text));
    places.extend(spaced_numbers(text));
    places.sort_unstable();
    let mut windows: Vec<(usize, usize)> = Vec::new();
    for place in places {
        let start = text.str.floor_char_boundary(place.saturating_sub(REACH));
        let end = text.str.ceil_char_boundary((place + REACH).min(text.bytes.len()));
        match windows.last_mut().filter(|(_, last)| start <= *last) {
            Some((_, last)) => *last = end,
            None => windows.push((start, end)),
        }
    }
    windows
}

/// Tells if a sign of an encoding stands near the digits of a number, or for the sign of an address.
fn is_likely(text: &Text<'_>, place: usize) -> bool {
    let (before, next) = around(text, place);
    let begins = |signs: &[&[u8]]| signs.iter().any(|sign| next.starts_with(sign));
    let has_digits = || digits(before) + digits(next) >= FEWEST_DIGITS;
    match text.at(place) {
        b'&' => {
            begins(&[b"#64", b"#064", b"#x40", b"#X40", b"#46", b"#x2", b"commat", b"period"]) || has_digits()
        }
        b'\\' => begins(&[b"@", b"u0040", b"u002", b"u003", b"u{40}", b"u{2e}", b"x40", b"x2e", b"x3"]),
        b'%' => begins(&[b"40"]) || has_digits(),
        b'=' if begins(&[b"40", b"2E"]) => next.get(2).is_some_and(u8::is_ascii_alphanumeric),
        b'=' => begins(&[b"\n", b"\r"]) && (before.contains(&b'@') || next.contains(&b'@') || has_digits()),
        _ => !text.before(place).is_ascii_digit() || has_digits(),
    }
}

/// The bytes shortly before and behind a sign.
fn around<'t>(text: &Text<'t>, place: usize) -> (&'t [u8], &'t [u8]) {
    (text.slice(place.saturating_sub(NEIGHBOURHOOD), place), text.ahead(place + 1, NEIGHBOURHOOD))
}

fn digits(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| byte.is_ascii_digit()).count()
}

/// Tells if spaces, a line break or quotation marks part an address at its sign or shortly before.
fn is_parted(text: &Text<'_>, at: usize) -> bool {
    let (before, next) = around(text, at);
    let is_break = |pair: &[u8]| matches!(pair, [b'-', b'\n' | b'\r']);
    text.before(at) == b' ' && text.at(at + 1) == b' '
        || matches!(text.at(at + 1), b'\n' | b'\r' | b'"')
        || before.windows(2).any(is_break)
        || next.windows(2).any(|pair| is_break(pair) || matches!(pair, [b'.', b'\n' | b'\r']))
}

/// Tells if a sign beside digits interrupts a number: the end of a line or a cell, quotation marks, underscores.
fn is_interrupted(text: &Text<'_>, place: usize) -> bool {
    match text.at(place) {
        b'\n' | b'\t' | b'\r' => is_broken(text, place),
        b' ' | b'-' if matches!(text.at(place + 1), b'\n' | b'\t' | b'\r') => is_broken(text, place + 1),
        b'"' => {
            let (before, next) = around(text, place);
            let next_sign = next.iter().find(|byte| !matches!(byte, b' ' | b'+'));
            text.before(place).is_ascii_digit()
                && next_sign == Some(&b'"')
                && digits(before) + digits(next) >= FEWEST_DIGITS
        }
        b'_' => is_underscored(text, place),
        b'+' => text.before(place) == b'_',
        _ => false,
    }
}

/// Tells if a line or a cell ends within a number: some digits end before it, and some begin behind it.
fn is_broken(text: &Text<'_>, place: usize) -> bool {
    let is_number =
        |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b' ' | b'-' | b'.' | b'+' | b'(' | b')');
    let is_margin = |byte: &u8| matches!(byte, b' ' | b'>' | b'\t' | b'\n');
    let (before, next) = around(text, place);
    let margin = next.iter().position(|byte| !is_margin(byte)).unwrap_or(next.len());
    let next = next.get(margin..).unwrap_or_default();
    let length = before.iter().rev().take_while(is_number).count();
    let head = digits(before.get(before.len() - length..).unwrap_or_default());
    let tail = digits(next.get(..next.iter().take_while(is_number).count()).unwrap_or_default());
    head >= 2 && tail >= 2 && head + tail >= FEWEST_DIGITS
}

/// Tells if underscores part digits as the groups of a number, or frame it.
fn is_underscored(text: &Text<'_>, place: usize) -> bool {
    if !text.before(place).is_ascii_digit() {
        return !is_word(text.before(place)) && digits(text.ahead(place, NEIGHBOURHOOD)) >= FEWEST_DIGITS;
    }
    let is_part = |byte: &&u8| byte.is_ascii_digit() || **byte == b'_';
    let head =
        text.slice(place.saturating_sub(NEIGHBOURHOOD), place).iter().rev().take_while(is_part).count();
    let tail = text.ahead(place, NEIGHBOURHOOD).iter().take_while(is_part).count();
    let mut groups = text.slice(place - head, place + tail).split(|byte| *byte == b'_').map(<[u8]>::len);
    let groups = [groups.next(), groups.next(), groups.next(), groups.next(), groups.next()];
    matches!(groups, [Some(3), Some(3 | 2), Some(4), None, _] | [Some(4), Some(4), Some(4), Some(4), None])
}

/// Tells if a word for an at sign stands in the same line before the word for a point that ends at a place.
fn has_sign_before(text: &Text<'_>, end: usize) -> bool {
    let start = text.str.floor_char_boundary(end.saturating_sub(REACH));
    let line = text.str.get(start..end).unwrap_or_default().rsplit('\n').next().unwrap_or_default();
    line.split(|c: char| c.is_whitespace() || matches!(c, '(' | '[' | '<' | '{' | '_' | '*' | '-'))
        .any(|word| word.len() <= REACH / 2 && matches!(sign_at(word, |sign| sign == '@'), Some((_, _))))
}

/// The places of digits in words, as many as make a number.
fn spelled_numbers(text: &Text<'_>) -> Vec<usize> {
    if !text.has(Label::Digit) {
        return Vec::new();
    }
    let ends: Vec<usize> = text.ends_of(Label::Digit).collect();
    let rows = ends.chunk_by(|one, next| next - one <= WIDEST_STEP);
    rows.filter(|row| row.len() >= FEWEST_WORDS).flatten().copied().collect()
}

/// The places of single digits in a row of letters and digits that are spaced out.
fn spaced_numbers(text: &Text<'_>) -> impl Iterator<Item = usize> {
    let singles =
        text.signs.groups.iter().filter(|group| group.end - group.start == 1).map(|group| group.start);
    singles.filter(|place| {
        let separator = text.at(place + 1);
        let is_one =
            |step: &usize| (place + step).checked_sub(ROW).is_some_and(|at| text.at(at) == separator);
        matches!(separator, b' ' | b'.') && (0..=2 * ROW).step_by(2).filter(is_one).count() >= FEWEST_GAPS
    })
}
