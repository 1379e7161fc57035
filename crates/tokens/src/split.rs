//! The pieces of a text that are tokenized independently: the matches of o200k_base's pattern.
//!
//! ```text
//!   [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//! | [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
//! | \p{N}{1,3}
//! |  ?[^\s\p{L}\p{N}]+[\r\n/]*
//! | \s*[\r\n]+
//! | \s+(?!\S)
//! | \s+
//! ```

use super::class::{self, BLANK, CASELESS, Classes, LINE_END, LOWER, MARK, NUMBER, SIGN, UPPER};

/// Classes of the first part of a word.
const HEAD: Classes = UPPER | CASELESS | MARK;
/// Classes of the second part of a word.
const TAIL: Classes = LOWER | CASELESS | MARK;
const SPACE: Classes = BLANK | LINE_END;

/// Splits `text` into pieces, which together are the whole text.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let (piece, after) = rest.split_at_checked(length(rest, first))?;
        rest = after;
        Some(piece)
    })
}

/// The length in bytes of the first piece of `text`.
fn length(text: &str, first: char) -> usize {
    let kind = class::of(first);
    if kind & NUMBER != 0 {
        return digits(text);
    }
    if let Some(word) = word(text, first, kind) {
        return word;
    }
    let sign = usize::from(first == ' ');
    match run(text, sign, SIGN | MARK) {
        0 => space(text),
        signs => sign + signs + line_ends(text, sign + signs),
    }
}

/// The length in bytes of the characters of these classes from `start` on.
fn run(text: &str, start: usize, classes: Classes) -> usize {
    let text = text.get(start..).unwrap_or_default();
    text.find(|c| class::of(c) & classes == 0).unwrap_or(text.len())
}

/// The length in bytes of up to three digits.
fn digits(text: &str) -> usize {
    text.chars().take(3).take_while(|c| class::of(*c) & NUMBER != 0).map(char::len_utf8).sum()
}

/// The length in bytes of a word with a preceding character that is no letter, digit or line end, and with a contraction.
///
/// The pattern's first line matches the head greedily and requires a tail. Without one it backtracks until the last character
/// of the head is a tail character too. Words that cannot have a tail match the second line.
fn word(text: &str, first: char, kind: Classes) -> Option<usize> {
    let before = if kind & (MARK | BLANK | SIGN) != 0 { first.len_utf8() } else { 0 };
    let head = before + run(text, before, HEAD);
    let tail = run(text, head, TAIL);
    let end = if tail > 0 {
        head + tail
    } else if let Some(end) = last_of_tail(text.get(before..head)?) {
        before + end
    } else if kind & MARK != 0 {
        // The mark is not the character before a word, but a word itself.
        before
    } else if head > before {
        head
    } else {
        return None;
    };
    Some(end + contraction(text.get(end..)?))
}

/// The end of the last character that can be a tail.
fn last_of_tail(head: &str) -> Option<usize> {
    let (start, last) = head.char_indices().rev().find(|(_, c)| class::of(*c) & TAIL != 0)?;
    Some(start + last.len_utf8())
}

/// The length in bytes of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` in either case. The long s is a variant of s.
fn contraction(text: &str) -> usize {
    let mut chars = text.chars();
    if chars.next() != Some('\'') {
        return 0;
    }
    match (chars.next(), chars.next()) {
        (Some('s' | 'S' | 't' | 'T' | 'm' | 'M' | 'd' | 'D'), _) => 2,
        (Some('ſ'), _) => 1 + 'ſ'.len_utf8(),
        (Some('r' | 'R' | 'v' | 'V'), Some('e' | 'E')) | (Some('l' | 'L'), Some('l' | 'L')) => 3,
        _ => 0,
    }
}

/// The length in bytes of line ends and slashes from `start` on.
fn line_ends(text: &str, start: usize) -> usize {
    let text = text.get(start..).unwrap_or_default();
    text.find(|c| !matches!(c, '\r' | '\n' | '/')).unwrap_or(text.len())
}

/// The length of white space up to its last line end, or else without its last character, which belongs to the next piece.
fn space(text: &str) -> usize {
    let all = run(text, 0, SPACE);
    let space = text.get(..all).unwrap_or_default();
    if let Some(last) = space.rfind(['\r', '\n']) {
        return last + 1;
    }
    match space.char_indices().next_back() {
        Some((last, _)) if all < text.len() && last > 0 => last,
        _ => all,
    }
}

/// Texts of characters that the pattern treats specially, and of all others.
#[cfg(test)]
pub(crate) fn texts() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let telling = proptest::sample::select(
        " \t\r\n/'.!_aAbBsStTmMdDrReEvVlLſ09ǅʰªßñÑ漢あ\u{301}\u{903}\u{20dd}½Ⅷ٣²€😀\u{85}\u{a0}\u{3000}\u{feff}\0"
            .chars()
            .collect::<Vec<_>>(),
    );
    prop::collection::vec(prop_oneof![6 => telling, 1 => any::<char>()], 0..40)
        .prop_map(|chars| chars.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use fancy_regex::Regex;
    use proptest::prelude::*;

    use super::*;

    /// The pattern that OpenAI publishes, in the engine that tiktoken uses.
    static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
        let lines = [
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
            r"\s*[\r\n]+",
            r"\s+(?!\S)",
            r"\s+",
        ];
        Regex::new(&lines.join("|")).unwrap()
    });

    fn found(text: &str) -> Vec<&str> {
        PATTERN.find_iter(text).map(|found| found.unwrap().as_str()).collect()
    }

    #[test]
    fn pieces_of_a_sentence() {
        let pieces: Vec<_> = pieces("It's HTTPServer's 1234th,\r\n  (ǅABC漢AB)  \n\n x").collect();
        assert_eq!(
            pieces,
            [
                "It's",
                " HTTPServer's",
                " ",
                "123",
                "4",
                "th",
                ",\r\n",
                " ",
                " (",
                "ǅABC漢",
                "AB",
                ")",
                "  \n\n",
                " x"
            ]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn pieces_are_the_matches_of_the_pattern(text in texts()) {
            prop_assert_eq!(pieces(&text).collect::<Vec<_>>(), found(&text));
        }
    }
}
