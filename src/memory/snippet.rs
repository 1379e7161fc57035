//! The part of a message that shows why it was found.

use pii::masked_text::MaskedText;

use super::words::Term;

/// Characters of a snippet, more or less: it is cut between words.
const MAX_CHARS: usize = 160;

/// Of these, characters before the word that was found.
const BEFORE_CHARS: usize = 50;

/// Cuts the part around the first word of a query out of a text, on one line. No placeholder is cut.
#[must_use]
pub fn snippet(text: &MaskedText, terms: &[Term]) -> MaskedText {
    let forms: Vec<&str> = terms.iter().flatten().map(String::as_str).collect();
    // The longest form is the surest: the stem of a short word may begin many others.
    let mut found = Found::default();
    for (at, _) in text.char_indices() {
        let length = form_at(text, at, &forms);
        if length > found.length {
            found = Found { at, length };
        }
    }
    let found = found.at;
    let from = cut_before(text, found);
    let to = cut_after(text, from, found);
    let part = crate::text::one_line(text.get(from..to).unwrap_or_default());
    let mark = |is_cut: bool| if is_cut { "…" } else { "" };
    let has_more = |rest: Option<&str>| rest.is_some_and(|rest| !rest.trim().is_empty());
    let (begin, end) = (mark(has_more(text.get(..from))), mark(has_more(text.get(to..))));
    MaskedText::composed(format!("{begin}{part}{end}"))
}

/// A place where a word of the query stands.
#[derive(Clone, Copy, Default)]
struct Found {
    at: usize,
    /// Length of the form, in bytes.
    length: usize,
}

/// Length of the longest form with which a word at `at` begins: stems are beginnings. A form of a script without spaces may stand
/// anywhere.
fn form_at(text: &str, at: usize, forms: &[&str]) -> usize {
    let (Some(before), Some(rest)) = (text.get(..at), text.get(at..)) else { return 0 };
    if before.chars().next_back().is_some_and(|char| char.is_ascii_alphanumeric()) {
        return 0;
    }
    forms.iter().filter(|form| begins_with(rest, form)).map(|form| form.len()).max().unwrap_or(0)
}

/// Compares without regard to case, and to the underscore that words of the index lack.
fn begins_with(text: &str, form: &str) -> bool {
    let mut chars = text.chars().filter(|char| *char != '_').flat_map(char::to_lowercase);
    form.chars().all(|char| chars.next() == Some(char))
}

/// Beginning of the part: a beginning of a word.
fn cut_before(text: &str, found: usize) -> usize {
    let before = text.get(..found).unwrap_or_default();
    let far = before.char_indices().rev().nth(BEFORE_CHARS).map_or(0, |(at, _)| at);
    let is_whole = far == 0;
    let near = before.get(far..).unwrap_or_default();
    let word = near.find(char::is_whitespace).map(|at| far + at);
    match word {
        _ if is_whole => 0,
        Some(at) => at,
        // A text without spaces. A placeholder that is cut is left out.
        None => near.find(']').map_or(far, |at| far + at + 1),
    }
}

/// End of the part: an end of a word.
fn cut_after(text: &str, from: usize, found: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let Some(far) = rest.char_indices().nth(MAX_CHARS).map(|(at, _)| from + at) else { return text.len() };
    let part = text.get(found..far).unwrap_or_default();
    let word = part.rfind(char::is_whitespace).map(|at| found + at);
    word.unwrap_or_else(|| {
        let open = part.rfind('[').filter(|at| !part.get(*at..).unwrap_or_default().contains(']'));
        open.map_or(far, |at| found + at)
    })
}

#[cfg(test)]
mod tests {
    use pii::unmask::placeholders;
    use proptest::prelude::*;

    use super::*;
    use crate::memory::words::question_terms;

    fn cut(text: &str, query: &str) -> String {
        snippet(&MaskedText::from_storage(text.into()), &question_terms(query)).into_string()
    }

    #[test]
    fn a_snippet_has_the_words_around_the_one_that_was_found() {
        assert_eq!(cut("My bees live in Bern.", "bees"), "My bees live in Bern.");
        let long = format!("{} We keep bees\nin the garden {}", "before ".repeat(30), "after ".repeat(40));
        let part = cut(&long, "beekeeping bees");
        assert!(part.starts_with("…before ") && part.ends_with(" after…"), "{part}");
        assert!(part.contains("We keep bees in the garden"), "{part}");
        assert!(part.chars().count() <= MAX_CHARS + 2, "{part}");
        assert_eq!(cut("Nothing of it", "bees"), "Nothing of it");
    }

    #[test]
    fn placeholders_are_found_and_stay_whole() {
        let text = format!("{}[EMAIL_1]{}", "x".repeat(200), "y".repeat(200));
        assert!(cut(&text, "[EMAIL_1]").contains("[EMAIL_1]"));
        let text = format!("{} [EMAIL_12] {}", "word ".repeat(60), "word ".repeat(60));
        assert!(cut(&text, "[EMAIL_12]").contains(" [EMAIL_12] "));
    }

    proptest! {
        #[test]
        fn no_text_breaks_a_snippet(text in "(\\PC{0,6}|\\[EMAIL_[1-9]\\]| ){0,120}", query in "\\PC{0,12}") {
            let part = cut(&text, &query);
            let known = placeholders([text.as_str()]);
            prop_assert!(placeholders([part.as_str()]).iter().all(|one| known.contains(one)), "{}", part);
            prop_assert!(part.chars().count() <= MAX_CHARS + 2, "{}", part);
        }
    }
}
