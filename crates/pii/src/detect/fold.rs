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
        if text.is_ascii() || !text.bytes().any(leads_disguise) || !text.chars().any(|c| fold(c) != Some(c)) {
            return Self { text: Cow::Borrowed(text), origins: None };
        }
        let mut plain = String::with_capacity(text.len());
        let mut origins = Vec::with_capacity(text.len() + 1);
        for (at, c) in text.char_indices() {
            let Some(folded) = fold(c) else { continue };
            plain.push(folded);
            origins.extend(at..at + folded.len_utf8());
        }
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

/// Tells if a byte may begin a disguised character. Most languages' letters begin with others.
const fn leads_disguise(byte: u8) -> bool {
    matches!(byte, 0xc2 | 0xd9 | 0xdb | 0xe0 | 0xe2 | 0xe3 | 0xef)
}

/// The character that a disguised one stands for; `None` for one that cannot be seen.
const fn fold(c: char) -> Option<char> {
    let code = c as u32;
    match code {
        // Soft hyphen, zero-width characters, directional marks, word joiner, byte order mark.
        0xad | 0x200b..=0x200f | 0x202a..=0x202e | 0x2060..=0x2064 | 0xfeff => None,
        // Spaces of other widths.
        0xa0 | 0x2000..=0x200a | 0x202f | 0x205f | 0x3000 => Some(' '),
        // Hyphens and dashes.
        0x2010..=0x2015 | 0x2212 => Some('-'),
        // Full-width forms of ASCII.
        0xff01..=0xff5e => char::from_u32(code - 0xfee0),
        // Digits: Arabic, extended Arabic, Devanagari, Bengali, Thai.
        0x660..=0x669 => char::from_u32(code - 0x660 + 0x30),
        0x6f0..=0x6f9 => char::from_u32(code - 0x6f0 + 0x30),
        0x966..=0x96f => char::from_u32(code - 0x966 + 0x30),
        0x9e6..=0x9ef => char::from_u32(code - 0x9e6 + 0x30),
        0xe50..=0xe59 => char::from_u32(code - 0xe50 + 0x30),
        _ => Some(c),
    }
}
