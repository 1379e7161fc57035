//! Characters of scripts without capitals, and lists of them.

use std::collections::HashSet;

use super::scan::Text;

/// Bytes before a name, and behind it, in which a word says that it is one.
pub(super) const NEAR: usize = 30;

pub(super) const fn is_han(c: char) -> bool {
    matches!(c as u32, 0x4e00..=0x9fff | 0x3005)
}

pub(super) const fn is_hangul(c: char) -> bool {
    matches!(c as u32, 0xac00..=0xd7af)
}

/// Letters and signs of scripts that put spaces between words.
pub(super) const fn is_spaced(c: char) -> bool {
    matches!(c as u32, 0x590..=0x6ff | 0x900..=0xdff) && !matches!(c, '،' | '؛' | '؟' | '।' | '۔')
}

/// The text shortly before a place.
pub(super) fn before<'t>(text: &Text<'t>, at: usize) -> &'t str {
    text.str.get(text.str.floor_char_boundary(at.saturating_sub(NEAR))..at).unwrap_or_default()
}

/// A set of characters of the basic plane, one bit each.
pub(super) struct CharSet(Vec<u64>);

impl CharSet {
    pub(super) fn of(chars: impl Iterator<Item = char>) -> Self {
        let mut bits = vec![0; 0x1_0000 / 64];
        for c in chars {
            if let Some(word) = bits.get_mut(c as usize / 64) {
                *word |= 1 << (c as usize % 64);
            }
        }
        Self(bits)
    }

    pub(super) fn contains(&self, c: char) -> bool {
        self.0.get(c as usize / 64).is_some_and(|word| word >> (c as usize % 64) & 1 == 1)
    }
}

/// The characters of a text.
pub(super) fn set(chars: &str) -> CharSet {
    CharSet::of(chars.chars())
}

/// Words that stand before or behind others, by the characters that they begin or end with.
pub(super) struct Neighbours {
    ends: CharSet,
    words: Vec<&'static str>,
}

impl Neighbours {
    /// Words that begin what stands behind.
    pub(super) fn behind(list: &'static str) -> Self {
        let words: Vec<_> = list.split_ascii_whitespace().collect();
        Self { ends: CharSet::of(words.iter().filter_map(|word| word.chars().next())), words }
    }

    /// Words that end what stands before.
    pub(super) fn before(list: &'static str) -> Self {
        let words: Vec<_> = list.split_ascii_whitespace().collect();
        Self { ends: CharSet::of(words.iter().filter_map(|word| word.chars().next_back())), words }
    }

    pub(super) fn begin(&self, text: &str) -> bool {
        text.chars().next().is_some_and(|c| self.ends.contains(c))
            && self.words.iter().any(|word| text.starts_with(word))
    }

    pub(super) fn end(&self, text: &str) -> bool {
        text.chars().next_back().is_some_and(|c| self.ends.contains(c))
            && self.words.iter().any(|word| text.ends_with(word))
    }
}

/// The words of a text.
pub(super) fn words(list: &'static str) -> HashSet<&'static str> {
    list.split_whitespace().collect()
}
