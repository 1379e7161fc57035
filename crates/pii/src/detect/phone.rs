//! Telephone numbers, national and international.

use super::check::value;
use super::finding::{Entity, Findings, Rank};
use super::number::Number;
use super::scan::{Text, is_word};
use super::vocabulary::Label;

/// Digits of an international number without its plus (ITU-T E.164 allows 15; some write a zero in brackets too).
const INTERNATIONAL: std::ops::RangeInclusive<usize> = 8..=16;

/// Most digits of numbers with their country's code, where all of a country's have about as many. It tells where a number ends
/// that others follow.
const LENGTHS: &[(u64, usize)] = &[
    (1, 11),
    (7, 11),
    (27, 11),
    (30, 12),
    (31, 11),
    (32, 11),
    (33, 11),
    (34, 11),
    (36, 11),
    (41, 11),
    (44, 12),
    (45, 10),
    (47, 10),
    (48, 11),
    (52, 13),
    (55, 13),
    (61, 11),
    (65, 10),
    (81, 12),
    (82, 12),
    (86, 13),
    (90, 12),
    (91, 12),
    (351, 12),
    (353, 12),
    (358, 12),
    (420, 12),
    (852, 11),
    (971, 12),
    (972, 12),
];

/// Bytes between a label and the number that it names.
const NAME_GAP: usize = 4;

pub(super) fn number(number: &Number<'_, '_>, found: &mut Findings) {
    let (start, is_international) = beginning(number);
    let rank = if is_international { international(number) } else { national(number) };
    if let Some(rank) = rank {
        found.add(rank, start, extension_end(number), Entity::Phone);
    }
}

/// Finds the beginning with its plus or opening bracket, and tells if a country code leads.
fn beginning(number: &Number<'_, '_>) -> (usize, bool) {
    let Number { text, start, digits, .. } = *number;
    match text.before(start) {
        b'+' if !is_word(text.before(start - 1))
            && !matches!(text.before(start - 1), b')' | b']')
            && digits.first() != Some(&0) =>
        {
            (start - 1, true)
        }
        b'(' if text.before(start - 1) == b'+' => (start - 2, true),
        b'(' if text.slice(start, number.end).contains(&b')') => (start - 1, false),
        _ => (start, is_dialled_out(number)),
    }
}

/// 00 and 001 dial out.
fn is_dialled_out(number: &Number<'_, '_>) -> bool {
    let Number { digits, groups, .. } = *number;
    let is_first = |count: usize, wanted: u64| {
        groups.first() == Some(&count) && value(digits.get(..count).unwrap_or_default()) == wanted
    };
    let is_code = digits.starts_with(&[0, 0]) && matches!(digits.get(2), Some(1..=9));
    let is_coded = is_first(3, 1) || is_code && (groups.first() >= Some(&4) || is_first(2, 0));
    groups.len() > 1 && digits.len() >= 11 && is_coded
}

fn international(number: &Number<'_, '_>) -> Option<Rank> {
    let Number { digits, groups, separator, .. } = *number;
    let count = digits.len();
    let is_decimal = separator == b'.' && groups.len() == 2;
    let is_one = INTERNATIONAL.contains(&count)
        && digits.iter().any(|digit| *digit > 1)
        && !groups.iter().all(|group| *group == 1)
        && !is_decimal;
    // Other numbers stand in the same row.
    let longest = (1..=3).find_map(|length| {
        let code = value(digits.get(..length)?);
        LENGTHS.iter().find(|(known, _)| *known == code).map(|(_, most)| *most)
    });
    let fits = !number.is_slice || longest.is_none_or(|most| count <= most);
    (is_one && fits).then_some(Rank::Sure)
}

/// `x123` and `, ext. 123` belong to it.
fn extension_end(number: &Number<'_, '_>) -> usize {
    const WORDS: &[&str] = &["x", "ext", "extension", "extn", "durchwahl", "poste", "ramal", "int", "anexo"];
    let Number { text, end, .. } = *number;
    let skip = |at: usize, signs: &[u8]| {
        at + text.ahead(at, 2).iter().take_while(|byte| signs.contains(byte)).count()
    };
    let at = skip(end, b", ");
    let letters = text.ahead(at, 10).iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = text.slice(at, at + letters);
    let from = skip(at + letters, b".: ");
    let digits = text.ahead(from, 7).iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_extension = WORDS.iter().any(|one| word.eq_ignore_ascii_case(one.as_bytes()));
    if is_extension && matches!(digits, 1..=6) { from + digits } else { end }
}

/// Rates a number without a country code.
fn national(number: &Number<'_, '_>) -> Option<Rank> {
    let Number { text, start, end, digits, groups, separator, is_slice } = *number;
    let count = digits.len();
    // Behind another number, or before one, it must have a form of its own.
    let is_apart = !is_slice || groups == [3, 3, 4] && !text.before(start.saturating_sub(1)).is_ascii_digit();
    if !matches!(count, 6..=14) || !is_apart || is_something_else(number) {
        return None;
    }
    let in_brackets =
        text.before(start) == b'(' && groups.len() > 1 && text.slice(start, end).contains(&b')');
    let is_trunk = digits.first() == Some(&0) && digits.get(1) != Some(&0);
    let is_even = groups.len() > 1 && groups.iter().all(|group| *group >= 2);
    let is_regular = is_even && (separator != 0 || in_brackets || is_trunk && matches!(groups.len(), 3 | 4));
    if is_american(number, in_brackets) || in_brackets && (is_trunk || matches!(text.at(end), b'-' | b'x')) {
        return Some(Rank::Distinct);
    }
    if is_mobile(number) {
        return Some(Rank::Shape);
    }
    let is_near = text.is_near(start, extension_end(number), Label::Phone);
    if count == 6 {
        return (is_near && groups == [2, 2, 2]).then_some(Rank::Distinct);
    }
    let has_form = in_brackets
        || is_trunk
            && is_regular
            && matches!(count, 8..=12)
            && groups.len() <= 5
            && !matches!(groups, [2, 2, 2, 2] | [4, 4])
        || is_chinese(number)
        || has_trunk(number);
    if has_form && !(separator == b'.' && groups.len() != 5) {
        return Some(if is_near { Rank::Distinct } else { Rank::Shape });
    }
    let is_plausible = is_regular && count <= 12
        || matches!(count, 9..=11) && (!is_time(number) || is_named(number))
        || groups.len() > 1 && matches!(count, 7..=12)
        || digits.starts_with(&[0, 0]);
    (is_near && is_plausible).then_some(Rank::Distinct)
}

/// Area code in brackets, or three groups as in North America. Area codes do not begin with 0 (nor officially with 1, but
/// people make numbers up).
fn is_american(number: &Number<'_, '_>, in_brackets: bool) -> bool {
    let Number { digits, groups, separator, .. } = *number;
    let is_grouped = in_brackets || groups == [3, 3, 4] && matches!(separator, b'-' | b'.');
    digits.len() == 10 && digits.first() != Some(&0) && is_grouped
        || digits.len() == 11 && digits.first() == Some(&1) && groups == [1, 3, 3, 4]
}

/// 138 1234 5678.
fn is_chinese(number: &Number<'_, '_>) -> bool {
    number.groups == [3, 4, 4]
        && number.digits.first() == Some(&1)
        && matches!(number.digits.get(1), Some(3..=9))
}

/// Mobile numbers with the zero that is dialled in their country: Germany, France, Japan, Korea, the United Kingdom.
fn is_mobile(number: &Number<'_, '_>) -> bool {
    let Number { text, start, end, .. } = *number;
    // Elsewhere digits without a gap are a part of code.
    let is_prose = |byte: u8| matches!(byte, b' ' | b',' | b'.' | b'?' | b'!' | b'\n' | 0 | 0x80..);
    number.is_plain()
        && is_prose(text.before(start))
        && is_prose(text.at(end))
        && match number.digits {
            [0, 1, 5..=7, ..] => matches!(number.digits.len(), 11 | 12),
            [0, 7, ..] | [0, 1 | 8 | 9, 0, ..] => number.digits.len() == 11,
            [0, 6, ..] => number.digits.len() == 10,
            _ => false,
        }
}

/// Tells if a label ends directly before the number: `"phone": 1712345678`.
fn is_named(number: &Number<'_, '_>) -> bool {
    number.text.last(number.start, Label::Phone).is_some_and(|end| number.start - end <= NAME_GAP)
}

/// 8 (912) 345-67-89 and 0 (532) 123 45 67.
fn has_trunk(number: &Number<'_, '_>) -> bool {
    let Number { text, start, digits, groups, .. } = *number;
    matches!(groups, [1, 2..=5, _, ..])
        && matches!(digits, [0 | 1 | 7 | 8, ..])
        && matches!(digits.len(), 10..=12)
        && matches!(text.slice(start + 1, start + 3), [b'(', _] | b" (")
        && text.slice(start, number.end).contains(&b')')
}

/// Seconds since 1970, of these years.
fn is_time(number: &Number<'_, '_>) -> bool {
    number.is_plain() && number.digits.len() == 10 && number.digits.first() == Some(&1)
}

/// A date, a version, a dump of bytes, years; or what a word nearer than a telephone's says.
fn is_something_else(number: &Number<'_, '_>) -> bool {
    let Number { text, start, end, digits, groups, separator, .. } = *number;
    let is_date = matches!(groups, [4, 1 | 2, 1 | 2] | [1 | 2, 1 | 2, 4]);
    // With points it must have the form that people write with points; else it is a version or a decimal.
    let is_pointed = separator == b'.'
        && !matches!(groups, [3, 3, 3 | 4] | [4, 3, 3] | [2 | 3, 2, 2, 2] | [2, 2, 2, 2, 2]);
    let is_year = |from: usize| (1800..2100).contains(&value(digits.get(from..from + 4).unwrap_or_default()));
    let are_years = groups == [4, 4] && separator != b' ' && is_year(0) && is_year(4);
    let are_thousands = separator == b' ' && matches!(groups, [1, 3, 3]);
    let are_fractions = separator == b'/' && groups.iter().all(|group| *group <= 2);
    // A postal code of the United States, a version and its date, bits, a dump of bytes.
    let is_code = groups == [5, 4] && separator == b'-';
    let is_list = groups.iter().filter(|group| **group == 1).count() > 1;
    let is_binary = digits.iter().all(|digit| *digit < 2);
    let is_dump = groups.iter().all(|group| *group == 2)
        && (is_byte(text, end + 1) || start >= 3 && is_byte(text, start - 3));
    is_date
        || is_pointed
        || are_years
        || are_thousands
        || are_fractions
        || is_code
        || is_list
        || is_binary
        || is_clock(text, end)
        || is_dump
        || text.is_rather(start, Label::NotPhone, Label::Phone)
}

/// Tells if the minutes of a time follow, as behind a date: `2024-01-02 10:30`.
fn is_clock(text: &Text<'_>, end: usize) -> bool {
    text.at(end) == b':' && text.ahead(end + 1, 2).iter().filter(|byte| byte.is_ascii_digit()).count() == 2
}

/// Tells if two hexadecimal digits stand alone at a place.
fn is_byte(text: &Text<'_>, place: usize) -> bool {
    let byte = text.ahead(place, 2);
    byte.len() == 2
        && byte.iter().all(u8::is_ascii_hexdigit)
        && !is_word(text.before(place))
        && !is_word(text.at(place + 2))
}
