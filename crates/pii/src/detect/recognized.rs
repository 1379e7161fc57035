//! Values that a recognizer of the deployment's own has found in a text. They are looked for as words, so that its way to count
//! characters does not matter.

use super::Text;
use super::custom::is_kind;
use super::finding::{Entity, Findings, Rank};
use super::fold::Folded;
use super::known::stands_alone;
use super::lexeme::STAND_IN;

/// A value of a text, with its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognized {
    kind: String,
    /// As detectors read it.
    value: String,
}

impl Recognized {
    /// Makes a value of a kind. `None` for a kind that is no name of capital letters, digits and underscores, for a value without a
    /// letter or a digit, and for one that a placeholder cannot stand for.
    #[must_use]
    pub fn new(kind: &str, value: &str) -> Option<Self> {
        let value = Folded::new(value.trim()).text.into_owned();
        let is_value = value.chars().any(char::is_alphanumeric) && !value.contains(STAND_IN);
        (is_kind(kind) && is_value).then(|| Self { kind: kind.to_owned(), value })
    }

    /// Kind of the value.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }
}

/// Finds the values as whole words. What has a more certain form keeps it: a name in an e-mail address is a part of the address.
pub(super) fn find(text: &Text<'_>, values: &[Recognized], found: &mut Findings) {
    for (place, value) in values.iter().enumerate() {
        for (start, hit) in text.str.match_indices(&value.value) {
            let end = start + hit.len();
            if is_word(text.str, start, end) {
                found.add(Rank::Sure, start, end, Entity::Recognized(place));
            }
        }
    }
}

/// Tells if no word goes on beyond the ends of a span.
fn is_word(text: &str, start: usize, end: usize) -> bool {
    let joins = |one: Option<char>, next: Option<char>| {
        let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !stands_alone(c));
        is_part(one) && is_part(next)
    };
    let (before, rest) = text.split_at(start);
    let (value, after) = rest.split_at(end - start);
    !joins(before.chars().next_back(), value.chars().next())
        && !joins(value.chars().next_back(), after.chars().next())
}
