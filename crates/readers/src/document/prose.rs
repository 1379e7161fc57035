//! A part's text in units, the smallest pieces of which chunks are made: headings, rows, lines, sentences; and where those
//! are too long, words. No unit ends in the middle of a token.

use pii::placeholder::{MAX_PLACEHOLDER_BYTES, Reading, Spelling, read};
use tokens::count;

use super::{Form, Part};

/// A unit that is longer than this, in bytes or in tokens, is split.
const LONG_BYTES: usize = 480;
const LONG_TOKENS: u32 = 120;

/// Into pieces of so many bytes: a byte has one token at most.
const PIECE_BYTES: usize = 120;

/// A piece of a part's text. Together, in order, they are all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit<'t> {
    /// With the white space that follows it.
    pub text: &'t str,
    /// Its tokens.
    pub tokens: u32,
    /// How deep it is, for a heading: from 1.
    pub level: Option<usize>,
    /// Whether it begins a paragraph.
    pub begins: bool,
}

/// All units of a part.
pub(crate) fn units(part: &Part) -> Vec<Unit<'_>> {
    let mut units = Vec::new();
    let mut in_code = false;
    let mut begins = true;
    for line in part.text.split_inclusive('\n') {
        if part.form == Form::Table {
            pieces(line, true, &mut units);
            continue;
        }
        let is_fence = part.form == Form::Markdown && line.trim_start().starts_with("```");
        in_code ^= is_fence;
        let level = if part.form == Form::Markdown && !in_code { level(line) } else { None };
        if line.trim().is_empty() {
            // What is blank belongs to what it ends.
            units.push(Unit { text: line, tokens: count(line), level: None, begins: false });
            begins = true;
            continue;
        }
        let first = units.len();
        if in_code || is_fence {
            pieces(line, begins, &mut units);
        } else {
            let mut rest = line;
            while !rest.is_empty() {
                let (sentence, tail) = rest.split_at(sentence_end(rest));
                pieces(sentence, begins, &mut units);
                (rest, begins) = (tail, false);
            }
        }
        // A heading that had to be split is text.
        if let (Some(level), Some([unit])) = (level, units.get_mut(first..)) {
            unit.level = Some(level);
        }
        begins = level.is_some();
    }
    units
}

/// How deep a line's heading is, if it is one.
fn level(line: &str) -> Option<usize> {
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    ((1..=6).contains(&level) && title.starts_with(' ') && !title.trim().is_empty()).then_some(level)
}

/// Where the first sentence ends, white space and all.
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

/// A unit, or what it must be split into.
fn pieces<'t>(text: &'t str, begins: bool, units: &mut Vec<Unit<'t>>) {
    let tokens = if text.len() <= LONG_BYTES { count(text) } else { u32::MAX };
    if tokens <= LONG_TOKENS {
        units.push(Unit { text, tokens, level: None, begins });
        return;
    }
    let (mut rest, mut begins) = (text, begins);
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(piece_end(rest));
        units.push(Unit { text: piece, tokens: count(piece), level: None, begins });
        (rest, begins) = (tail, false);
    }
}

/// Where a piece may end: after white space if there is some, and not within a token.
fn piece_end(text: &str) -> usize {
    if text.len() <= PIECE_BYTES {
        return text.len();
    }
    let most = text.floor_char_boundary(PIECE_BYTES);
    let head = text.get(..most).unwrap_or_default();
    let space = head.char_indices().rev().find(|(_, c)| c.is_whitespace()).map(|(at, c)| at + c.len_utf8());
    let end = space.unwrap_or(most);
    // A token has no white space, so an end after some is none of its places.
    match token_over(text, end) {
        Some((0, after)) => after,
        Some((start, _)) => start,
        None => end.max(1),
    }
}

/// The token that begins before a place and ends behind it.
fn token_over(text: &str, place: usize) -> Option<(usize, usize)> {
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
    fn prose_falls_into_headings_lines_and_sentences() {
        let part =
            part(Form::Markdown, "# Top\nOne. Two is 3.5 \"high.\" Three\n\n```\n# no. heading\n```\n## Low");
        let units: Vec<_> =
            units(&part).into_iter().map(|unit| (unit.text, unit.level, unit.begins)).collect();
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
    fn a_token_is_never_cut() {
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
