//! Units, the smallest pieces of a chunk: headings, rows, lines and sentences, or words if those are too long. No unit ends
//! within a placeholder.

use pii::placeholder::{MAX_PLACEHOLDER_BYTES, Reading, Spelling, read};
use tokens::count;

use crate::{Form, Part};

/// Most bytes of a unit. Longer ones are split.
const LONG_BYTES: usize = 480;

/// Most tokens of a unit. Longer ones are split.
const LONG_TOKENS: u32 = 120;

/// Most bytes of the pieces of a long unit: they have at most one token per byte.
const PIECE_BYTES: usize = 120;

/// A piece of a part's text. The units of a part, in order, are its whole text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit<'t> {
    /// Text with the white space after it.
    pub text: &'t str,
    /// Number of tokens.
    pub tokens: u32,
    /// Level of a heading, from 1 on.
    pub level: Option<usize>,
    /// True for the first unit of a paragraph.
    pub is_paragraph_start: bool,
}

/// Splits a part into units.
pub(crate) fn units(part: &Part) -> Vec<Unit<'_>> {
    let mut list = UnitList { units: Vec::new(), is_paragraph_start: true };
    let mut in_code = false;
    for line in part.text.split_inclusive('\n') {
        if part.form == Form::Table {
            list.is_paragraph_start = true;
            list.add(line);
            continue;
        }
        let is_fence = part.form == Form::Markdown && line.trim_start().starts_with("```");
        in_code ^= is_fence;
        let level = if part.form == Form::Markdown && !in_code { level(line) } else { None };
        if line.trim().is_empty() {
            // A blank line belongs to the paragraph before it.
            let blank = Unit { text: line, tokens: count(line), level: None, is_paragraph_start: false };
            list.units.push(blank);
            list.is_paragraph_start = true;
            continue;
        }
        let first = list.units.len();
        if in_code || is_fence {
            list.add(line);
        } else {
            let mut rest = line;
            while !rest.is_empty() {
                let (sentence, tail) = rest.split_at(sentence_end(rest));
                list.add(sentence);
                rest = tail;
            }
        }
        // A heading that had to be split counts as text.
        if let (Some(level), Some([unit])) = (level, list.units.get_mut(first..)) {
            unit.level = Some(level);
        }
        list.is_paragraph_start = level.is_some();
    }
    list.units
}

/// The level of a line that is a heading.
fn level(line: &str) -> Option<usize> {
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    ((1..=6).contains(&level) && title.starts_with(' ') && !title.trim().is_empty()).then_some(level)
}

/// Finds the end of the first sentence, including the white space after it.
fn sentence_end(text: &str) -> usize {
    let mut ended = false;
    for (at, c) in text.char_indices() {
        if ended && !c.is_whitespace() && !matches!(c, '"' | '\'' | ')' | ']' | '”' | '’' | '»') {
            let is_apart = text.get(..at).is_some_and(|sentence| sentence.ends_with(char::is_whitespace));
            if is_apart {
                return at;
            }
            ended = false;
        }
        match c {
            '.' | '!' | '?' | '…' => ended = true,
            '。' | '！' | '？' => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// The units of a part so far.
struct UnitList<'t> {
    units: Vec<Unit<'t>>,
    /// True if the next unit starts a paragraph.
    is_paragraph_start: bool,
}

impl<'t> UnitList<'t> {
    /// Adds a text as one unit, or as several if it is too long.
    fn add(&mut self, text: &'t str) {
        let tokens = if text.len() <= LONG_BYTES { count(text) } else { u32::MAX };
        if tokens <= LONG_TOKENS {
            self.push(text, tokens);
            return;
        }
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at(piece_end(rest));
            self.push(piece, count(piece));
            rest = tail;
        }
    }

    fn push(&mut self, text: &'t str, tokens: u32) {
        let is_paragraph_start = std::mem::take(&mut self.is_paragraph_start);
        self.units.push(Unit { text, tokens, level: None, is_paragraph_start });
    }
}

/// Finds the end of a piece: after white space if there is some, and never within a placeholder.
fn piece_end(text: &str) -> usize {
    if text.len() <= PIECE_BYTES {
        return text.len();
    }
    let most = text.floor_char_boundary(PIECE_BYTES);
    let head = text.get(..most).unwrap_or_default();
    let space = head.char_indices().rev().find(|(_, c)| c.is_whitespace()).map(|(at, c)| at + c.len_utf8());
    let end = space.unwrap_or(most);
    // A placeholder has no white space, so an end after white space is never within one.
    match placeholder_across(text, end) {
        Some((0, after)) => after,
        Some((start, _)) => start,
        None => end.max(1),
    }
}

/// Finds the placeholder that starts before an offset and ends after it.
fn placeholder_across(text: &str, place: usize) -> Option<(usize, usize)> {
    let from = text.floor_char_boundary(place.saturating_sub(MAX_PLACEHOLDER_BYTES));
    let before = text.get(from..place)?;
    before.rmatch_indices('[').find_map(|(at, _)| {
        let start = from + at;
        match read(text.get(start..)?, Spelling::Exact) {
            Reading::Placeholder(_, length) if start + length > place => Some((start, start + length)),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part(form: Form, text: &str) -> Part {
        Part { form, page: None, text: text.into() }
    }

    #[test]
    fn prose_is_split_into_headings_lines_and_sentences() {
        let part =
            part(Form::Markdown, "# Top\nOne. Two is 3.5 \"high.\" Three\n\n```\n# no. heading\n```\n## Low");
        let units: Vec<_> =
            units(&part).into_iter().map(|unit| (unit.text, unit.level, unit.is_paragraph_start)).collect();
        assert_eq!(
            units,
            [
                ("# Top\n", Some(1), true),
                ("One. ", None, true),
                ("Two is 3.5 \"high.\" ", None, false),
                ("Three\n", None, false),
                ("\n", None, false),
                ("```\n", None, true),
                ("# no. heading\n", None, false),
                ("```\n", None, false),
                ("## Low", Some(2), false),
            ]
        );
    }

    #[test]
    fn a_placeholder_is_never_cut() {
        let text = format!("{}[EMAIL_12]{}", "x".repeat(PIECE_BYTES - 4), "y".repeat(600));
        let part = part(Form::Plain, &text);
        let units = units(&part);
        assert!(
            units.len() > 3 && units.iter().any(|unit| unit.text.starts_with("[EMAIL_12]y")),
            "{units:?}"
        );
    }

    proptest! {
        #[test]
        fn units_are_all_of_the_text_and_short(
            text in "(?s)(([a-z漢😀\u{301}]{1,200}|# |\\. |\n| |\t|\\[EMAIL_[1-9]\\]|```)){0,120}", form in 0..3,
        ) {
            let form = [Form::Plain, Form::Markdown, Form::Table][usize::try_from(form).unwrap()];
            let part = part(form, &text);
            let units = units(&part);
            prop_assert_eq!(units.iter().map(|unit| unit.text).collect::<String>(), text);
            for unit in &units {
                prop_assert!(unit.tokens <= LONG_TOKENS + 8 && unit.tokens == count(unit.text), "{:?}", unit);
                let opens = unit.text.matches("[EMAIL_").count();
                prop_assert_eq!(opens, unit.text.matches(']').count());
            }
        }
    }
}
