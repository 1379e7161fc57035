//! Text as the detectors read it: disguises taken off, with a way back to where each byte stood.

use std::borrow::Cow;

/// A text whose full-width letters, foreign digits and odd spaces are ASCII, and whose invisible characters are gone.
#[derive(Debug)]
pub(super) struct Folded<'a> {
    /// The text that detectors read.
    pub(super) text: Cow<'a, str>,
    /// Offsets of each byte of `text` in the original, and its end; `None` when nothing was changed.
    origins: Option<Vec<usize>>,
}

impl<'a> Folded<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let unchanged = Self { text: Cow::Borrowed(text), origins: None };
        if text.is_ascii() {
            return unchanged;
        }
        let mut plain = String::new();
        let mut origins = Vec::new();
        let mut done = 0;
        let mut keep = |from: usize, to: usize, folded: Option<char>| {
            plain.push_str(text.get(from..to).unwrap_or_default());
            origins.extend(from..to);
            if let Some(folded) = folded {
                plain.push(folded);
                origins.extend(to..to + folded.len_utf8());
            }
        };
        for (at, c) in disguised(text) {
            let (before, next) = (at.checked_sub(1), at + c.len_utf8());
            let before = before.and_then(|before| text.as_bytes().get(before));
            let next_char = || text.get(next..).and_then(|rest| rest.chars().next());
            let folded = if is_point(c) { point(before, c, next_char()) } else { None }.or_else(|| fold(c));
            if folded != Some(c) {
                keep(done, at, folded);
                done = next;
            }
        }
        if done == 0 {
            return unchanged;
        }
        keep(done, text.len(), None);
        origins.push(text.len());
        Self { text: Cow::Owned(plain), origins: Some(origins) }
    }

    /// The place in the original of a span of `text`.
    pub(super) fn original(&self, text: &str, start: usize, end: usize) -> (usize, usize) {
        let Some(origins) = &self.origins else { return (start, end) };
        let begin = origins.get(start).copied().unwrap_or(text.len());
        // The end of the last character, not the beginning of the next: invisible ones in between stay outside.
        let last = end.checked_sub(1).and_then(|last| origins.get(last)).copied().unwrap_or(begin);
        let end = (last + 1..=text.len()).find(|end| text.is_char_boundary(*end));
        (begin, end.unwrap_or(text.len()))
    }
}

/// The characters that may be disguised, with their places.
fn disguised(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = text.as_bytes().get(at..)?;
        let place = at + first(rest)?;
        let c = text.get(place..)?.chars().next()?;
        at = place + c.len_utf8();
        Some((place, c))
    })
}

/// Bytes that are looked at together: most begin no such character.
const CHUNK: usize = 32;

/// The place of the first byte that may begin a disguised character.
fn first(bytes: &[u8]) -> Option<usize> {
    // Without an early end the compiler compares many bytes at once.
    let has_other = |chunk: &[u8]| chunk.iter().copied().fold(0, u8::max) >= 0xc2;
    let mut start = 0;
    for chunk in bytes.chunks(CHUNK) {
        let place = if has_other(chunk) { chunk.iter().position(|byte| leads_disguise(*byte)) } else { None };
        if let Some(place) = place {
            return Some(start + place);
        }
        start += chunk.len();
    }
    None
}

/// Tells if a byte may begin a disguised character. Most languages' letters begin with others.
const fn leads_disguise(byte: u8) -> bool {
    matches!(byte, 0xc2 | 0xcd | 0xd9 | 0xdb | 0xe0..=0xe3 | 0xef | 0xf0 | 0xf3)
}

/// A point where another sign stands for one: between digits, or in an address. Elsewhere that sign ends a sentence, or parts
/// the items of a list.
const fn point(before: Option<&u8>, c: char, next: Option<char>) -> Option<char> {
    let (Some(before), Some(next)) = (before, next) else { return None };
    let is_inside = match c {
        '。' | '｡' | '․' => {
            before.is_ascii_alphanumeric() && (next.is_ascii_lowercase() || next.is_ascii_digit())
        }
        _ => is_point(c) && before.is_ascii_digit() && next.is_ascii_digit(),
    };
    if is_inside { Some('.') } else { None }
}

const fn is_point(c: char) -> bool {
    matches!(c, '。' | '｡' | '․' | '·' | '•' | '∙' | '⋅' | '・')
}

/// Digits of zero to nine in scripts whose speakers write numbers with them.
const ZEROS: [u32; 21] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20,
    0x1040, 0x17e0, 0x1810, 0x2070, 0x2080, 0xff10,
];

/// The character that a disguised one stands for; `None` for one that cannot be seen.
const fn fold(c: char) -> Option<char> {
    let code = c as u32;
    match code {
        0..=0x7f => Some(c),
        // Soft hyphen, joiners, fillers, vowel separators, zero-width characters, directional marks, byte order mark, the frame
        // of a keycap, and selectors of variants and tags.
        0xad
        | 0x34f
        | 0x115f
        | 0x1160
        | 0x180b..=0x180f
        | 0x200b..=0x200f
        | 0x202a..=0x202e
        | 0x2060..=0x2064
        | 0x20e3
        | 0x3164
        | 0xfe00..=0xfe0f
        | 0xfeff
        | 0xffa0
        | 0xe0000..=0xe01ef => None,
        // Spaces of other widths.
        0xa0 | 0x2000..=0x200a | 0x202f | 0x205f | 0x3000 => Some(' '),
        // Hyphens and dashes.
        0x2010..=0x2015 | 0x2212 => Some('-'),
        // Full-width forms of ASCII.
        0xff01..=0xff5e => char::from_u32(code - 0xfee0),
        _ => match numeral(code) {
            Some(digit) => char::from_u32(digit + 0x30),
            None => Some(styled(c)),
        },
    }
}

/// The value of a digit of another script, small, or in a circle.
const fn numeral(code: u32) -> Option<u32> {
    match code {
        0xb2 | 0xb3 => return Some(code - 0xb0),
        0xb9 => return Some(1),
        0x2071..=0x2073 => return None,
        0x2460..=0x2468 => return Some(code - 0x245f),
        0x24ea | 0x24ff => return Some(0),
        0x24f5..=0x24fd => return Some(code - 0x24f4),
        0x2776..=0x277e => return Some(code - 0x2775),
        0x1d7ce..=0x1d7ff => return Some((code - 0x1d7ce) % 10),
        _ => {}
    }
    let mut zeros: &[u32] = &ZEROS;
    while let Some((zero, rest)) = zeros.split_first() {
        if *zero <= code && code < *zero + 10 {
            return Some(code - *zero);
        }
        zeros = rest;
    }
    None
}

/// A letter without the circle around it, or the style that mathematics gives it.
const fn styled(c: char) -> char {
    let code = c as u32;
    let (place, first) = match code {
        0x24b6..=0x24cf => (code - 0x24b6, 'A'),
        0x24d0..=0x24e9 => (code - 0x24d0, 'a'),
        0x1d400..=0x1d6a3 => {
            let place = (code - 0x1d400) % 52;
            if place < 26 { (place, 'A') } else { (place - 26, 'a') }
        }
        _ => return c,
    };
    match char::from_u32(first as u32 + place) {
        Some(letter) => letter,
        None => c,
    }
}
