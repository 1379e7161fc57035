//! The end of an address behind its street: a flat, a town with its postcode, a state, a country.

use super::scan::{Text, is_word};

/// Parts behind a street that commas and lines separate, and bytes of one.
const MOST_PARTS: usize = 6;
const LONGEST_PART: usize = 48;

/// Words of a part, and digits of a postcode.
const MOST_WORDS: usize = 5;

/// Words of a line without a postcode that may be a town.
const LINE_WORDS: usize = 3;
const POSTCODE: std::ops::RangeInclusive<usize> = 3..=6;

/// Characters of the number of a flat.
const LONGEST_UNIT: usize = 5;

/// Words for a flat, a floor or a staircase, in small letters without points.
const UNITS: &[&str] = &[
    "apartment",
    "apt",
    "suite",
    "ste",
    "unit",
    "flat",
    "floor",
    "fl",
    "room",
    "rm",
    "building",
    "bldg",
    "wohnung",
    "whg",
    "app",
    "appt",
    "appartement",
    "bat",
    "bât",
    "piso",
    "apto",
    "apartado",
    "ap",
    "int",
    "interno",
    "scala",
    "esc",
    "bloco",
    "lok",
    "lokal",
    "m",
    "byt",
    "lgh",
    "kat",
    "daire",
    "no",
    "d",
    "кв",
    "квартира",
    "корп",
    "стр",
    "офис",
    "#",
    "№",
];

/// Small words within the names of towns.
const SMALL: &[&str] = &[
    "de",
    "la",
    "le",
    "les",
    "du",
    "des",
    "del",
    "da",
    "do",
    "dos",
    "das",
    "di",
    "d",
    "am",
    "an",
    "der",
    "im",
    "in",
    "a",
    "den",
    "ob",
    "bei",
    "upon",
    "on",
    "sur",
    "en",
    "sous",
    "of",
    "the",
    "and",
    "nad",
    "san",
    "г",
    "город",
    "пос",
    "с",
];

/// Tells if a word names a flat or the like.
pub(super) fn is_unit(word: &str) -> bool {
    word.len() > 1 && UNITS.contains(&word.to_lowercase().as_str())
}

/// Streets with their places behind them.
pub(super) struct Tail {
    pub(super) end: usize,
    /// A postcode stands in it.
    pub(super) has_code: bool,
}

/// Reads on behind a street that ends at a place.
pub(super) fn tail(text: &Text<'_>, street_end: usize) -> Tail {
    let mut tail = Tail { end: unit_end(text, street_end), has_code: false };
    let mut at = tail.end;
    for _ in 0..MOST_PARTS {
        let Some(part) = part(text, at) else { break };
        tail.has_code |= part.has_code;
        // A line without a postcode may be another matter.
        if part.is_line && !part.has_code && part.words > LINE_WORDS {
            break;
        }
        at = unit_end(text, part.end);
        if !part.is_line || part.has_code {
            tail.end = at;
        }
        if part.is_last {
            break;
        }
    }
    tail
}

/// A part of an address between separators.
struct Part {
    end: usize,
    has_code: bool,
    /// It begins a line.
    is_line: bool,
    /// Other words follow before the next separator.
    is_last: bool,
    words: usize,
}

fn part(text: &Text<'_>, end: usize) -> Option<Part> {
    let separators =
        text.ahead(end, 4).iter().take_while(|byte| matches!(byte, b',' | b' ' | b'\n' | b'\r' | b'-'));
    let mut start = end + separators.count();
    if text.slice(start, start + 2) == "،".as_bytes() {
        start += 2;
        start += text.ahead(start, 2).iter().take_while(|byte| **byte == b' ').count();
    }
    let separator = text.slice(end, start);
    let is_line = separator.contains(&b'\n');
    // A space alone is followed by a postcode, or by the town behind one.
    let is_apart = separator.iter().any(|byte| !matches!(byte, b' '));
    let rest = text.str_ahead(start, LONGEST_PART);
    let rest = rest
        .split([',', '\n', '\r', ';', ':', '!', '?', '"', ')', '(', '،', '<', '|', '}'])
        .next()
        .unwrap_or_default();
    let (mut stop, mut count, mut codes) = (0, 0, 0);
    let mut at = 0;
    for word in rest.split(' ') {
        let own = word.trim_end_matches('.');
        let is_code = is_code(own);
        let is_name = own.starts_with(|c: char| c.is_uppercase() || c.is_alphabetic() && (c as u32) >= 0x590)
            && own
                .chars()
                .all(|c| c.is_alphanumeric() || is_vowel_sign(c) || matches!(c, '-' | '\'' | '’' | '.'));
        let is_small = count > 0 && SMALL.contains(&own) || own == "-" || matches!(own, "г" | "город");
        if !(is_code || is_name || is_small) || count >= MOST_WORDS || own.is_empty() {
            break;
        }
        codes += usize::from(is_code);
        count += 1;
        if is_code || is_name {
            // A point behind a short word abbreviates it; elsewhere it ends a sentence.
            let is_short = own.chars().count() <= 2;
            stop = at + if is_short { word.len() } else { own.len() };
        }
        at += word.len() + 1;
        if word.ends_with('.') && own.chars().count() > 2 {
            break;
        }
    }
    let has_code = codes > 0;
    // Digits alone on a line, or in groups, are another number.
    let is_number = codes == count && (is_line || codes > 1);
    let is_one = stop > 0 && (is_apart || has_code) && !is_number;
    let is_last = stop != rest.trim_end().len();
    (is_one && start > end).then_some(Part { end: start + stop, has_code, is_line, is_last, words: count })
}

/// Tells if a character is a sign of an Indian script that belongs to the letter before it.
pub(super) const fn is_vowel_sign(c: char) -> bool {
    matches!(c as u32, 0x900..=0xdff)
}

/// Tells if a word is a postcode, or half of one.
fn is_code(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let capitals = word.bytes().filter(u8::is_ascii_uppercase).count();
    let is_digits = word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
        && word.starts_with(|c: char| c.is_ascii_digit());
    is_digits
        && (POSTCODE.contains(&digits)
            || digits == 2 && word.len() == 2
            || word.contains('-') && (5..=9).contains(&digits))
        || digits > 0 && capitals > 0 && digits + capitals == word.len() && (2..=4).contains(&word.len())
        || matches!(word.as_bytes(), [a, b, b'-', ..] if a.is_ascii_uppercase() && b.is_ascii_uppercase() && digits >= 4)
}

/// The end of "Apt 4B", "Suite 200", "#5" behind a place.
pub(super) fn unit_end(text: &Text<'_>, end: usize) -> usize {
    let mut end = end;
    // A staircase, a floor and a flat may follow each other.
    for _ in 0..3 {
        let dot = usize::from(text.at(end) == b'.' && text.at(end + 1) != b' ' && text.at(end + 1) != 0);
        let at = end
            + dot
            + text.ahead(end + dot, 3).iter().take_while(|byte| matches!(byte, b',' | b' ' | b'\n')).count();
        let Some(next) = one_unit(text, at).filter(|_| at > end) else { break };
        end = next;
    }
    end
}

fn one_unit(text: &Text<'_>, at: usize) -> Option<usize> {
    let rest = text.str_ahead(at, 20);
    let letters = rest.find(|c: char| !(c.is_alphabetic() || matches!(c, '#' | '№'))).unwrap_or(rest.len());
    let word = rest.get(..letters)?;
    let from = at
        + letters
        + text.ahead(at + letters, 3).iter().take_while(|byte| matches!(byte, b'.' | b' ' | b':')).count();
    let to = text.run(from, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let number = text.slice(from, to);
    if !word.is_empty() && UNITS.contains(&word.to_lowercase().as_str()) {
        let is_number = number.iter().any(u8::is_ascii_digit)
            || number.len() == 1 && number.iter().all(u8::is_ascii_uppercase);
        return (is_number && number.len() <= LONGEST_UNIT).then_some(to);
    }
    // 2º B, 3. Stock, 2nd floor.
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let ordinal = ["º", "°", "ª", "o", "a", "nd", "rd", "th", "st", "."]
        .iter()
        .find(|one| rest.get(digits..).is_some_and(|rest| rest.starts_with(**one)))?;
    let behind = rest.get(digits + ordinal.len()..)?;
    let next = behind.strip_prefix(' ')?;
    let word = next.get(..next.find(|c: char| !c.is_alphanumeric()).unwrap_or(next.len()))?;
    let is_one = matches!(digits, 1 | 2)
        && (ordinal.len() > 1 && !ordinal.is_ascii() && word.len() <= 3
            || matches!(word.to_lowercase().as_str(), "stock" | "floor" | "og" | "étage"));
    let end = at + digits + ordinal.len() + 1 + word.len();
    (is_one && !word.is_empty() && !is_word(text.at(end))).then_some(end)
}
