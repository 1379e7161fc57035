//! Masking replaces values by placeholders, and redaction takes them out.
//!
//! A [`Draft`] is a text in pieces: text that stays, and values that placeholders will stand for. It is searched until nothing
//! more is found, because taking one value out can expose another.

use std::fmt;

use super::detect::{Entity, Finding, KnownValues, Patterns, STAND_IN, Scope, find};
use super::masked_text::MaskedText;
use super::placeholder::{Placeholder, Reading, Spelling, next_start, read};

/// Searches of one text before it is refused. Each takes something out, so texts settle in two.
const MAX_ROUNDS: usize = 16;

/// Longest value of one placeholder, in bytes; a longer one is split. Sealed, it must fit `chat_pii_vault.ciphertext`.
pub const MAX_VALUE_BYTES: usize = 4096;

/// The kind of text that only looks like a placeholder. It is kept as a value, so that it comes back as it was typed.
pub const LITERAL: &str = "LITERAL";

/// The author of a text, who decides which placeholders in it are genuine.
#[derive(Clone, Copy, Debug)]
pub enum Author<'a> {
    /// A person, tool or file that has seen no placeholder: anything that looks like one is plain text.
    Outside,
    /// A model that has seen these placeholders.
    Model(&'a [Placeholder]),
}

/// A text that cannot be masked. No part of it may leave the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftError {
    /// A detector reported a span outside of the text, or in the middle of a character.
    Misplaced,
    /// Each search still finds something after the last round.
    Unsettled,
}

impl fmt::Display for DraftError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Misplaced => "a detector points outside of the text",
            Self::Unsettled => "every search finds something more",
        })
    }
}

impl std::error::Error for DraftError {}

/// A text whose values are being taken out.
#[derive(Debug)]
pub struct Draft {
    pieces: Vec<Piece>,
}

/// One part of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text that stays.
    Text(String),
    /// A genuine placeholder that the text already held.
    Placeholder(Placeholder),
    /// A value with its kind.
    Value(Kind, String),
}

/// The kind of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A kind with this name, built in or of a pattern.
    Named(String),
    /// The known value with this index.
    Known(usize),
}

impl Draft {
    /// Splits a text at everything that looks like a placeholder.
    #[must_use]
    pub fn new(text: &str, author: Author<'_>) -> Self {
        let mut pieces = Vec::new();
        let mut done = 0;
        let mut from = 0;
        while let Some(at) = next_start(text, from, Spelling::Loose) {
            from = at + 1;
            let Reading::Placeholder(placeholder, length) =
                read(text.get(at..).unwrap_or_default(), Spelling::Loose)
            else {
                continue;
            };
            let end = at + length;
            keep(&mut pieces, text.get(done..at).unwrap_or_default());
            let spelled = text.get(at..end).unwrap_or_default();
            pieces.push(match author {
                Author::Model(shown) if shown.contains(&placeholder) => Piece::Placeholder(placeholder),
                _ => Piece::Value(Kind::Named(LITERAL.into()), spelled.into()),
            });
            // In `[EMAIL_1](url)` the brackets belong to the link, so the placeholder gets its own.
            if matches!(pieces.last(), Some(Piece::Placeholder(_)))
                && is_link(text.get(end..).unwrap_or_default())
            {
                let placeholder = pieces.pop();
                keep(&mut pieces, "[");
                pieces.extend(placeholder);
                keep(&mut pieces, "]");
            }
            (done, from) = (end, end);
        }
        keep(&mut pieces, text.get(done..).unwrap_or_default());
        Self { pieces }
    }

    /// Takes out all findings, and repeats until there are none.
    ///
    /// # Errors
    /// [`DraftError`]. The text must not be used then.
    pub fn settle(&mut self, scope: &Scope<'_>) -> Result<(), DraftError> {
        self.settle_by(scope, |text| find(text, scope))
    }

    fn settle_by(
        &mut self,
        scope: &Scope<'_>,
        find: impl Fn(&str) -> Vec<Finding>,
    ) -> Result<(), DraftError> {
        for _ in 0..MAX_ROUNDS {
            let findings = find(&self.view());
            if findings.is_empty() {
                return Ok(());
            }
            self.take_out(&findings, scope)?;
        }
        Err(DraftError::Unsettled)
    }

    /// The text as detectors see it, with one stand-in for each value.
    fn view(&self) -> String {
        let mut view = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => view.push_str(text),
                Piece::Placeholder(_) | Piece::Value(..) => view.push(STAND_IN),
            }
        }
        view
    }

    /// Turns the findings of a view into values. Each byte is copied once, whatever the number of findings.
    fn take_out(&mut self, findings: &[Finding], scope: &Scope<'_>) -> Result<(), DraftError> {
        let pieces = std::mem::take(&mut self.pieces);
        let mut rest = Rest { pieces: pieces.into_iter(), first: None, at: 0 };
        for finding in findings {
            let mut value = String::new();
            if finding.start < rest.at || finding.end <= finding.start {
                return Err(DraftError::Misplaced);
            }
            while rest.at < finding.start {
                self.pieces.push(rest.take(finding.start)?);
            }
            while rest.at < finding.end {
                rest.take(finding.end)?.append_to(&mut value);
            }
            self.push_value(&kind(finding.entity, scope).ok_or(DraftError::Misplaced)?, &value);
        }
        while let Ok(piece) = rest.take(usize::MAX) {
            self.pieces.push(piece);
        }
        Ok(())
    }

    fn push_value(&mut self, kind: &Kind, value: &str) {
        let mut rest = value;
        while !rest.is_empty() {
            let (head, tail) = rest.split_at(rest.floor_char_boundary(MAX_VALUE_BYTES));
            self.pieces.push(Piece::Value(kind.clone(), head.to_owned()));
            rest = tail;
        }
    }

    /// The parts of the text, in order.
    #[must_use]
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// Writes the text, with the result of `spell` for each value.
    pub(crate) fn write(&self, mut spell: impl FnMut(&Kind, &str) -> String) -> String {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(raw) => text.push_str(raw),
                Piece::Placeholder(placeholder) => text.push_str(&placeholder.to_string()),
                Piece::Value(kind, value) => text.push_str(&spell(kind, value)),
            }
        }
        text
    }
}

/// Tells from the text behind a placeholder if it is the text of a Markdown link.
pub(super) fn is_link(rest: &str) -> bool {
    rest.starts_with('(')
}

fn keep(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Text(last)) => last.push_str(text),
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}

fn kind(entity: Entity, scope: &Scope<'_>) -> Option<Kind> {
    match entity {
        Entity::Known(place) => Some(Kind::Known(place)),
        Entity::Recognized(place) => {
            scope.recognized.get(place).map(|value| Kind::Named(value.kind().to_owned()))
        }
        named => scope.patterns.name_of(named).map(|name| Kind::Named(name.to_owned())),
    }
}

/// Pieces that are not searched yet, from an offset of the view on.
struct Rest {
    pieces: std::vec::IntoIter<Piece>,
    /// A piece of which a part is taken, and the length of that part.
    first: Option<(Piece, usize)>,
    /// Offset of the next piece in the view.
    at: usize,
}

impl Rest {
    /// Takes the next piece, or the part of it before `end`. Fails where that is in the middle of a character or of a value.
    fn take(&mut self, end: usize) -> Result<Piece, DraftError> {
        let (piece, start) = match self.first.take() {
            Some(first) => first,
            None => (self.pieces.next().ok_or(DraftError::Misplaced)?, 0),
        };
        let left = piece.view_length() - start;
        let length = left.min(end - self.at);
        let taken = match &piece {
            Piece::Text(text) if length < text.len() => {
                let part = text.get(start..start + length).ok_or(DraftError::Misplaced)?;
                let part = Piece::Text(part.to_owned());
                self.first = (length < left).then_some((piece, start + length));
                part
            }
            _ if length == left => piece,
            _ => return Err(DraftError::Misplaced),
        };
        self.at += length;
        Ok(taken)
    }
}

impl Piece {
    fn view_length(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Placeholder(_) | Self::Value(..) => STAND_IN.len_utf8(),
        }
    }

    /// Appends the piece as it was. A value that encloses others is one value, which comes back whole.
    fn append_to(&self, value: &mut String) {
        match self {
            Self::Text(text) | Self::Value(_, text) => value.push_str(text),
            Self::Placeholder(placeholder) => value.push_str(&placeholder.to_string()),
        }
    }
}

/// Takes the values out of a text for good, where the vault is out of reach. Each leaves its kind, as in `[EMAIL]`.
///
/// Placeholders that the author has seen stay. A text that cannot be searched becomes empty.
#[must_use]
pub fn redact(text: &str, author: Author<'_>, patterns: &Patterns) -> MaskedText {
    let mut draft = Draft::new(text, author);
    if draft.settle(&Scope::new(patterns, &KnownValues::new())).is_err() {
        return MaskedText::default();
    }
    let text = draft.write(|kind, value| match kind {
        Kind::Named(name) if name == LITERAL => value.replace(['[', ']'], ""),
        Kind::Named(name) => format!("[{name}]"),
        // No known values were searched for.
        Kind::Known(_) => String::new(),
    });
    MaskedText::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Rule;

    fn scope(check: impl FnOnce(&Scope<'_>)) {
        check(&Scope::new(&Patterns::default(), &KnownValues::new()));
    }

    fn finding(start: usize, end: usize) -> Finding {
        Finding { start, end, entity: Entity::Email, rule: Rule::default() }
    }

    #[test]
    fn a_detector_that_points_nowhere_stops_everything() {
        for findings in [
            vec![finding(0, 100)],
            vec![finding(3, 3)],
            vec![finding(5, 3)],
            vec![finding(0, 4), finding(2, 6)],
            vec![finding(0, 2)],
            vec![finding(1, 4)],
        ] {
            scope(|scope| {
                let mut draft = Draft::new("é and more", Author::Outside);
                let is_even = findings == [finding(0, 2)];
                let outcome =
                    draft.settle_by(scope, |text| if text.contains('é') { findings.clone() } else { vec![] });
                assert_eq!(outcome.is_ok(), is_even, "{findings:?}");
            });
        }
    }

    #[test]
    fn a_text_that_never_settles_is_given_up() {
        scope(|scope| {
            let mut draft = Draft::new(&"x".repeat(1000), Author::Outside);
            let next = |text: &str| text.find('x').map(|at| finding(at, at + 1)).into_iter().collect();
            let outcome = draft.settle_by(scope, next);
            assert_eq!(outcome, Err(DraftError::Unsettled));
        });
    }

    #[test]
    fn what_cannot_get_a_placeholder_is_left_out() {
        let shown = [Placeholder::new("EMAIL", 1)];
        let text = redact(
            "[email_1] wrote to eve@example.com of [EMAIL_7]",
            Author::Model(&shown),
            &Patterns::default(),
        );
        assert_eq!(text, "[EMAIL_1] wrote to [EMAIL] of EMAIL_7");
    }
}
