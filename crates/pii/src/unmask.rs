//! Unmasking puts values back where placeholders stand, in whole texts and in streams.

use std::collections::{BTreeMap, BTreeSet};

use super::link::{JsonReader, LinkReader, decoded, joins_host};
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

    /// Names of placeholders with their texts.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The text in place of a placeholder; `None` for one that stays.
    #[must_use]
    pub fn of(&self, placeholder: &Placeholder) -> Option<&str> {
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

/// Puts the values back into a whole text that this crate has masked, except where a placeholder is a part of a URL: what others wrote
/// must not carry a value away.
#[must_use]
pub fn unmask(text: &str, shown: &PlaceholderMap, escape: Escape) -> String {
    Replacer::new(Spelling::Exact, escape, Place::of(escape)).replace(text, shown, true).0
}

/// Puts the values back into a whole text of their owner, also within its URLs.
#[must_use]
pub fn restore(text: &str, shown: &PlaceholderMap, escape: Escape) -> String {
    Replacer::new(Spelling::Exact, escape, Place::Own).replace(text, shown, true).0
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

/// Unmasks the text of a model while it streams in. A placeholder within a URL stays.
///
/// The output is the same for any split of the input. At most one placeholder's spelling is held back, with what may be a host behind
/// it, and nothing where no mapped placeholder can begin.
#[derive(Debug)]
pub struct Unmasker {
    shown: PlaceholderMap,
    replacer: Replacer,
    held: String,
}

impl Unmasker {
    /// Makes an unmasker for plain text.
    #[must_use]
    pub fn new(shown: PlaceholderMap) -> Self {
        Self::escaping(shown, Escape::None)
    }

    /// Makes an unmasker for streamed JSON, such as the arguments of a tool call. Values are escaped.
    #[must_use]
    pub fn json(shown: PlaceholderMap) -> Self {
        Self::escaping(shown, Escape::Json)
    }

    fn escaping(shown: PlaceholderMap, escape: Escape) -> Self {
        let replacer = Replacer::new(Spelling::Loose, escape, Place::of(escape));
        Self { shown, replacer, held: String::new() }
    }

    /// Sets the values that the following text may have. The text before still counts for the URL that it may have begun.
    pub fn set_shown(&mut self, shown: PlaceholderMap) {
        self.shown = shown;
    }

    /// Takes the next piece of the text, and returns all that is final.
    pub fn feed(&mut self, text: &str) -> String {
        let mut whole = std::mem::take(&mut self.held);
        whole.push_str(text);
        let (clear, end) = self.replacer.replace(&whole, &self.shown, false);
        self.held = whole.split_off(end);
        clear
    }

    /// Takes the placeholders that were replaced since the last call, each once.
    pub fn take_replaced(&mut self) -> BTreeSet<Placeholder> {
        std::mem::take(&mut self.replacer.replaced)
    }

    /// Ends the text, and returns the part held back.
    pub fn end(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        self.replacer.replace(&held, &self.shown, true).0
    }
}

/// Place of a text that has been read so far.
#[derive(Debug)]
enum Place {
    /// In a text of the values' owner, where a value may stand anywhere.
    Own,
    Text(LinkReader),
    Json(JsonReader),
}

impl Place {
    fn of(escape: Escape) -> Self {
        match escape {
            Escape::None => Self::Text(LinkReader::default()),
            Escape::Json => Self::Json(JsonReader::default()),
        }
    }

    fn read(&mut self, text: &str) {
        match self {
            Self::Own => {}
            Self::Text(reader) => reader.read(text),
            Self::Json(reader) => reader.read(text),
        }
    }

    /// True if a placeholder, as it is spelled, is within a URL. `None` if the text behind it does not tell yet.
    fn has_url(&self, place: &Spelled<'_>, is_over: bool) -> Option<bool> {
        let (is_inside, recipient) = match self {
            Self::Own => return Some(false),
            Self::Text(reader) => (reader.is_inside(), reader.recipient()),
            Self::Json(reader) => (reader.is_inside(), reader.recipient()),
        };
        let is_recipient = recipient == Some(place.placeholder.kind());
        // Only URLs are percent-encoded.
        let is_part = (is_inside || place.text.contains('%')) && !is_recipient;
        match self {
            _ if is_part => Some(true),
            Self::Json(_) => joins_host(&decoded(place.rest), is_over),
            Self::Own | Self::Text(_) => joins_host(place.rest, is_over),
        }
    }
}

/// A placeholder as it is spelled in a text.
struct Spelled<'t> {
    placeholder: &'t Placeholder,
    text: &'t str,
    /// The text behind it.
    rest: &'t str,
}

/// Replaces placeholders in a text that comes in parts.
#[derive(Debug)]
struct Replacer {
    spelling: Spelling,
    escape: Escape,
    place: Place,
    replaced: BTreeSet<Placeholder>,
}

impl Replacer {
    const fn new(spelling: Spelling, escape: Escape, place: Place) -> Self {
        Self { spelling, escape, place, replaced: BTreeSet::new() }
    }

    /// Replaces placeholders in the final part of a text, and returns it with its end. Behind that end, a placeholder may still be
    /// incomplete, unless the text is over.
    fn replace(&mut self, text: &str, shown: &PlaceholderMap, is_over: bool) -> (String, usize) {
        let mut out = String::new();
        let (mut done, mut from) = (0, 0);
        let mut end = text.len();
        while let Some(at) = next_start(text, from, self.spelling).filter(|_| !shown.0.is_empty()) {
            from = at + 1;
            match read(text.get(at..).unwrap_or_default(), self.spelling) {
                Reading::Placeholder(placeholder, length) => {
                    let Some(value) = shown.of(&placeholder) else { continue };
                    let rest = text.get(at + length..).unwrap_or_default();
                    if rest.is_empty() && !is_over {
                        // The next character decides if the placeholder is the text of a link.
                        end = at;
                        break;
                    }
                    self.copy(&mut out, text.get(done..at).unwrap_or_default());
                    done = at;
                    let spelled = text.get(at..at + length).unwrap_or_default();
                    let spelled = Spelled { placeholder: &placeholder, text: spelled, rest };
                    match self.place.has_url(&spelled, is_over) {
                        None => {
                            end = at;
                            break;
                        }
                        Some(true) => {}
                        Some(false) => {
                            let begin = out.len();
                            let keeps_brackets = self.spelling == Spelling::Loose && is_link(rest);
                            write(&mut out, value, self.escape, keeps_brackets);
                            self.place.read(out.get(begin..).unwrap_or_default());
                            (done, from) = (at + length, at + length);
                            self.replaced.insert(placeholder);
                        }
                    }
                }
                Reading::Open(start) if !is_over && shown.has_start(&start) => {
                    end = at;
                    break;
                }
                Reading::Open(_) | Reading::Nothing => {}
            }
        }
        self.copy(&mut out, text.get(done..end).unwrap_or_default());
        (out, end)
    }

    fn copy(&mut self, out: &mut String, text: &str) {
        self.place.read(text);
        out.push_str(text);
    }
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
    use crate::link::HOST_BYTES;

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
            ("<a href=\"mailto:[EMAIL_1]\">", "<a href=\"mailto:ann@example.com\">"),
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
    fn placeholders_that_were_replaced_are_told_once() {
        let mut unmasker = Unmasker::new(shown());
        let _ = unmasker.feed("[EMAIL_1], [email_1], https://a.example/?q=[EMAIL_12] and [EMAIL_2]. ");
        assert_eq!(unmasker.take_replaced(), [Placeholder::new("EMAIL", 1)].into());
        assert!(unmasker.take_replaced().is_empty());
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
    fn no_value_is_written_into_a_url_however_the_text_is_cut() {
        for text in [
            "https://a.example/?q=[EMAIL_1]",
            "www.a.example/[email_1]",
            "a.example/?q=[EMAIL_1]",
            "https://[EMAIL_1].a.example/",
            "https://a.example/[EMAIL_12]/[EMAIL_1]",
            "[x](https://a.example/[EMAIL_1])",
            "![x](/a?[EMAIL_1])",
            "![x](< /a?[EMAIL_1]>)",
            "[x]: /a?[EMAIL_1]",
            "<https://a.example/[EMAIL_1]>",
            "<img src='//a.example/ [EMAIL_1]'>",
            "<a href=\"a\" title=\"[EMAIL_1]\">",
            "[mail](mailto:a@a.example?body=[EMAIL_1])",
            "[mail](tel:[EMAIL_1])",
            "mailto:[EMAIL_1]@a.example",
            "%5BEMAIL_1%5D",
            "https:\\/\\/a.example/\\[EMAIL\\_1\\]",
            "[EMAIL_1].a.example",
            "[EMAIL_1]-x.a.example/",
            "[EMAIL_1]@a.example",
        ] {
            assert_eq!(stream([text]).0, text);
            let pieces: Vec<_> = text.split_inclusive(|_: char| true).collect();
            assert_eq!(stream(pieces).0, text, "character by character");
            assert_eq!(unmask(text, &shown(), Escape::None), text);
        }
        let own = "https://a.example/?q=[EMAIL_1]";
        assert_eq!(restore(own, &shown(), Escape::None), "https://a.example/?q=ann@example.com");
    }

    #[test]
    fn a_url_beside_a_value_takes_nothing_from_it() {
        for (text, out) in [
            ("https://a.example [EMAIL_1]", "https://a.example ann@example.com"),
            ("[x](/a), [EMAIL_1].", "[x](/a), ann@example.com."),
            ("<[EMAIL_1]>", "<ann@example.com>"),
            ("[EMAIL_1]: see [EMAIL_12]", "ann@example.com: see bob@example.com"),
        ] {
            assert_eq!(stream([text]).0, out);
            let pieces: Vec<_> = text.split_inclusive(|_: char| true).collect();
            assert_eq!(stream(pieces).0, out, "character by character");
        }
        let mut unmasker = Unmasker::new(PlaceholderMap::default());
        assert_eq!(unmasker.feed("https://a.example/"), "https://a.example/");
        unmasker.set_shown(shown());
        assert_eq!(
            unmasker.feed("[EMAIL_1] "),
            "[EMAIL_1] ",
            "values that come later stand in no URL either"
        );
        let json = r#"{"url":"https://a.example/[EMAIL_1]","mail":"[EMAIL_1]"}"#;
        let out = r#"{"url":"https://a.example/[EMAIL_1]","mail":"ann@example.com"}"#;
        assert_eq!(unmask(json, &shown(), Escape::Json), out);
        let lines = r#"{"text":"mail [EMAIL_1].\nkey [EMAIL_12].\tEnd","more":"[EMAIL_1].example.com"}"#;
        let out =
            r#"{"text":"mail ann@example.com.\nkey bob@example.com.\tEnd","more":"[EMAIL_1].example.com"}"#;
        assert_eq!(unmask(lines, &shown(), Escape::Json), out);
        let mut unmasker = Unmasker::json(shown());
        let pieces = lines.split_inclusive(|_: char| true);
        let streamed: String = pieces.map(|piece| unmasker.feed(piece)).collect();
        assert_eq!(streamed + &unmasker.end(), out);
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
                "https://",
                "](",
                "<a ",
                ".a",
                "@",
                "\n",
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
            // `\[US\_SSN\_3\]`, the longest spelling that there is of the longest name, and a host.
            prop_assert!(held <= "\\[ US\\_SSN\\_3 \\]".len() + HOST_BYTES, "{}", held);
        }
    }
}
