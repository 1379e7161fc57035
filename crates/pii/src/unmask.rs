//! Unmasking puts values back where placeholders stand, in whole texts and in streams.

use std::collections::{BTreeMap, BTreeSet};

use super::mask::is_link;
use super::placeholder::{Placeholder, Reading, Spelling, next_start, read};
use super::policy::Policy;

/// Maps placeholders to the text that the user sees. A placeholder that is not in the map is plain text.
#[derive(Clone, Debug, Default)]
pub struct PlaceholderMap(BTreeMap<String, String>);

impl PlaceholderMap {
    /// Renders each value as the policy allows. Hidden values are left out, so their placeholders stay.
    #[must_use]
    pub fn new<'a>(values: impl IntoIterator<Item = (&'a Placeholder, &'a str)>, policy: &Policy) -> Self {
        let show = |(placeholder, value): (&Placeholder, &str)| {
            Some((placeholder.name().to_owned(), policy.show(placeholder.kind(), value)?))
        };
        Self(values.into_iter().filter_map(show).collect())
    }

    /// The part of the map for these placeholders.
    #[must_use]
    pub fn only(&self, placeholders: &[Placeholder]) -> Self {
        let known = placeholders.iter().filter_map(|placeholder| {
            Some((placeholder.name().to_owned(), self.of(placeholder)?.to_owned()))
        });
        Self(known.collect())
    }

    /// Adds the entries of another map.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// True if it has no placeholder.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Number of placeholders.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    fn of(&self, placeholder: &Placeholder) -> Option<&str> {
        self.0.get(placeholder.name()).map(String::as_str)
    }

    /// Tells if the name of a mapped placeholder begins with `start`.
    fn has_start(&self, start: &str) -> bool {
        self.0.range(start.to_owned()..).next().is_some_and(|(name, _)| name.starts_with(start))
    }
}

/// Escaping of a value where its placeholder stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// No escaping at all.
    None,
    /// Escapes of a JSON string.
    Json,
}

/// Puts the values back into a whole text that this crate has masked.
#[must_use]
pub fn unmask(text: &str, shown: &PlaceholderMap, escape: Escape) -> String {
    replace(text, shown, (Spelling::Exact, escape), true).0
}

/// Collects the placeholders of masked texts, each once and sorted.
#[must_use]
pub fn placeholders<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<Placeholder> {
    let mut placeholders = BTreeSet::new();
    for text in texts {
        let mut from = 0;
        while let Some(at) = next_start(text, from, Spelling::Exact) {
            from = at + 1;
            if let Reading::Placeholder(placeholder, length) =
                read(text.get(at..).unwrap_or_default(), Spelling::Exact)
            {
                from = at + length;
                placeholders.insert(placeholder);
            }
        }
    }
    placeholders.into_iter().collect()
}

/// Unmasks the text of a model while it streams in.
///
/// The output is the same for any split of the input. At most one placeholder's spelling is held back, and nothing where no
/// mapped placeholder can begin.
#[derive(Debug)]
pub struct Unmasker {
    shown: PlaceholderMap,
    escape: Escape,
    held: String,
}

impl Unmasker {
    /// Makes an unmasker for plain text.
    #[must_use]
    pub const fn new(shown: PlaceholderMap) -> Self {
        Self { shown, escape: Escape::None, held: String::new() }
    }

    /// Makes an unmasker for streamed JSON, such as the arguments of a tool call. Values are escaped.
    #[must_use]
    pub const fn json(shown: PlaceholderMap) -> Self {
        Self { shown, escape: Escape::Json, held: String::new() }
    }

    /// Takes the next piece of the text, and returns all that is final.
    pub fn feed(&mut self, text: &str) -> String {
        let mut whole = std::mem::take(&mut self.held);
        whole.push_str(text);
        let (clear, end) = replace(&whole, &self.shown, (Spelling::Loose, self.escape), false);
        self.held = whole.split_off(end);
        clear
    }

    /// Ends the text, and returns the part held back.
    pub fn end(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        replace(&held, &self.shown, (Spelling::Loose, self.escape), true).0
    }
}

/// Replaces placeholders in the final part of a text, and returns it with its end. Behind that end, a placeholder may still be
/// incomplete, unless the text is over.
fn replace(
    text: &str,
    shown: &PlaceholderMap,
    (spelling, escape): (Spelling, Escape),
    is_over: bool,
) -> (String, usize) {
    if shown.0.is_empty() {
        return (text.to_owned(), text.len());
    }
    let mut out = String::new();
    let (mut done, mut from) = (0, 0);
    let mut end = text.len();
    while let Some(at) = next_start(text, from, spelling) {
        from = at + 1;
        match read(text.get(at..).unwrap_or_default(), spelling) {
            Reading::Placeholder(placeholder, length) => {
                let Some(value) = shown.of(&placeholder) else { continue };
                let rest = text.get(at + length..).unwrap_or_default();
                if rest.is_empty() && !is_over {
                    // The next character decides if the placeholder is the text of a link.
                    end = at;
                    break;
                }
                out.push_str(text.get(done..at).unwrap_or_default());
                write(&mut out, value, escape, spelling == Spelling::Loose && is_link(rest));
                (done, from) = (at + length, at + length);
            }
            Reading::Open(start) if !is_over && shown.has_start(&start) => {
                end = at;
                break;
            }
            Reading::Open(_) | Reading::Nothing => {}
        }
    }
    out.push_str(text.get(done..end).unwrap_or_default());
    (out, end)
}

fn write(out: &mut String, value: &str, escape: Escape, keeps_brackets: bool) {
    let (open, close) = if keeps_brackets { ("[", "]") } else { ("", "") };
    out.push_str(open);
    match escape {
        Escape::None => out.push_str(value),
        Escape::Json => {
            // The quotes around the JSON string are dropped.
            let json = serde_json::to_string(value).unwrap_or_default();
            out.push_str(json.get(1..json.len().saturating_sub(1)).unwrap_or_default());
        }
    }
    out.push_str(close);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown() -> PlaceholderMap {
        let values = [
            (Placeholder::new("EMAIL", 1), "ann@example.com"),
            (Placeholder::new("EMAIL", 12), "bob@example.com"),
            (Placeholder::new("PERSON", 1), "Ada \"A\" [EMAIL_1]"),
            (Placeholder::new("US_SSN", 3), "078-05-1120"),
        ];
        PlaceholderMap::new(values.iter().map(|(placeholder, value)| (placeholder, *value)), &Policy::full())
    }

    /// The output for pieces of text, and the most bytes that were held back.
    fn stream<'a>(pieces: impl IntoIterator<Item = &'a str>) -> (String, usize) {
        let mut unmasker = Unmasker::new(shown());
        let mut out = String::new();
        let mut held = 0;
        for piece in pieces {
            out += &unmasker.feed(piece);
            held = held.max(unmasker.held.len());
        }
        (out + &unmasker.end(), held)
    }

    #[test]
    fn tokens_are_recognised_as_models_write_them() {
        for (text, out) in [
            ("Write to [EMAIL_1].", "Write to ann@example.com."),
            ("[email_1], **[EMAIL_12]**", "ann@example.com, **bob@example.com**"),
            ("\\[EMAIL\\_1\\] and `[EMAIL_1]`", "ann@example.com and `ann@example.com`"),
            ("[EMAIL_1](mailto:[EMAIL_1])", "[ann@example.com](mailto:ann@example.com)"),
            ("[mail](mailto:%5BEMAIL_1%5D)", "[mail](mailto:ann@example.com)"),
            ("[[EMAIL_1]](x)", "[ann@example.com](x)"),
            ("[EMAIL_2] [EMAIL_11] [NOTE_1] [a] 100%", "[EMAIL_2] [EMAIL_11] [NOTE_1] [a] 100%"),
            ("[PERSON_1]", "Ada \"A\" [EMAIL_1]"),
            ("[EMAIL_1", "[EMAIL_1"),
        ] {
            assert_eq!(stream([text]).0, out, "{text}");
            let pieces: Vec<_> = text.split_inclusive(|_: char| true).collect();
            assert_eq!(stream(pieces).0, out, "{text}, character by character");
        }
    }

    #[test]
    fn nothing_is_held_back_where_no_known_placeholder_can_begin() {
        for text in ["plain", "[see", "[EMAIL_2", "[EMAIL_3", "[US_SSN_4", "a\\b", "[EMAIL_1x"] {
            let mut unmasker = Unmasker::new(shown());
            assert_eq!(unmasker.feed(text), text);
        }
        let mut unmasker = Unmasker::new(PlaceholderMap::default());
        assert_eq!(unmasker.feed("[EMAIL_1"), "[EMAIL_1", "without values nothing is looked for");
    }

    #[test]
    fn only_the_written_spelling_counts_in_what_was_masked_here() {
        let text = "[EMAIL_1](x) \\[EMAIL_1] [email_1]";
        assert_eq!(unmask(text, &shown(), Escape::None), "ann@example.com(x) \\ann@example.com [email_1]");
        assert_eq!(placeholders([text, text]), [Placeholder::new("EMAIL", 1)]);
    }

    #[test]
    fn values_are_escaped_inside_of_json() {
        let mut unmasker = Unmasker::json(shown());
        let out = unmasker.feed(r#"{"to":"[EMAIL_1]","name":"[PER"#)
            + &unmasker.feed(r#"SON_1]"}"#)
            + &unmasker.end();
        assert_eq!(out, r#"{"to":"ann@example.com","name":"Ada \"A\" [EMAIL_1]"}"#);
    }

    fn awkward() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            prop::sample::select(vec![
                "[EMAIL_1]",
                "[email_12]",
                "\\[EMAIL_1\\]",
                "[EMAIL_1](",
                "[PERSON_1]",
                "[US_SSN_3]",
                "[US",
                "_SSN_3",
                "[",
                "]",
                "\\",
                "%5B",
                "%5D",
                "EMAIL",
                "\\_",
                "_1",
                "1",
                " ",
                "(",
                "**",
                "é",
                "😀",
            ])
            .prop_map(String::from),
            "[a-z ]{0,6}",
        ];
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn every_split_gives_the_same_text_and_holds_back_no_more_than_a_placeholder(
            text in awkward(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let mut cuts: Vec<_> = cuts.iter().map(|cut| text.floor_char_boundary(cut.index(text.len() + 1))).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|pair| text.get(pair[0]..pair[1]).unwrap());
            let (out, held) = stream(pieces);
            prop_assert_eq!(out, stream([text.as_str()]).0);
            // `\[US\_SSN\_3\]`, the longest spelling that there is of the longest name.
            prop_assert!(held <= "\\[ US\\_SSN\\_3 \\]".len(), "{}", held);
        }
    }
}
