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

/// The characters of a text.
pub(super) fn set(chars: &str) -> HashSet<char> {
    chars.chars().collect()
}

/// The words of a text.
pub(super) fn words(list: &'static str) -> HashSet<&'static str> {
    list.split_whitespace().collect()
}
