//! URLs that a model writes while it reads values as they are: no value goes into one. Following the link would send it.
//!
//! A value is found as it stands, percent-encoded, with other signs between its words, or as two of its words. Other encodings of it are
//! not found.

use super::link::{LinkReader, is_linked_host};
use super::unmask::PlaceholderMap;

/// Longest run that is looked at as a whole, in bytes. Of a longer URL the rest is left out.
const MAX_RUN: usize = 8 * 1024;

/// Letters and digits of a value that is found within a word. A shorter one must be a word.
const LONG_VALUE: usize = 6;

/// Letters of a part of a value that is looked for by itself.
const LONG_PART: usize = 3;

/// Kind of values of which one part is enough.
const PERSON: &str = "PERSON";

/// Form of the text that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GuardedText {
    /// Text for people.
    Plain,
    /// JSON, whose strings are texts of their own.
    Json,
}

/// Guard of a text that streams in. The output is the same for any split of the input. The last word is held back.
#[derive(Debug)]
pub struct UrlGuard {
    values: Vec<GuardedValue>,
    form: GuardedText,
    reader: LinkReader,
    /// The run since the last boundary, which may be a URL.
    held: String,
    is_url: bool,
    /// Length of the run where it was known to be a URL.
    url_at: usize,
    is_cut: bool,
}

/// A value in the form in which it is looked for.
#[derive(Debug)]
struct GuardedValue {
    placeholder: String,
    is_person: bool,
    /// All letters and digits, in small letters.
    whole: Vec<char>,
    parts: Vec<Vec<char>>,
}

/// A letter or digit of a run, with its place in it.
struct Letter {
    sign: char,
    begin: usize,
    end: usize,
    /// True if a letter stands directly before it.
    is_joined: bool,
}

impl UrlGuard {
    /// A guard for these values, which the model reads as they are.
    #[must_use]
    pub fn new(values: &PlaceholderMap, form: GuardedText) -> Self {
        let values = values.entries().map(|(name, value)| GuardedValue::new(name, value));
        Self {
            values: values.filter(|value| !value.whole.is_empty()).collect(),
            form,
            reader: LinkReader::default(),
            held: String::new(),
            is_url: false,
            url_at: 0,
            is_cut: false,
        }
    }

    /// Sets the values that the following text may have. The text before it has ended.
    pub fn set_values(&mut self, values: &PlaceholderMap) {
        self.values = Self::new(values, self.form).values;
    }

    /// Takes the next piece of the text, and returns all that is final.
    pub fn feed(&mut self, text: &str) -> String {
        if self.values.is_empty() && self.held.is_empty() {
            return text.to_owned();
        }
        let mut out = String::new();
        for c in text.chars() {
            self.reader.push(c);
            if self.form == GuardedText::Json && c == '"' {
                self.reader = LinkReader::default();
            }
            let is_inside = self.reader.is_inside();
            if is_inside && !self.is_url {
                (self.is_url, self.url_at) = (true, self.held.len());
            }
            let is_boundary = !is_inside && self.is_boundary(c);
            if !self.is_cut {
                self.held.push(c);
            }
            if is_boundary {
                self.write_run(&mut out);
                if self.is_cut {
                    out.push(c);
                }
                (self.is_url, self.url_at, self.is_cut) = (false, 0, false);
            } else if self.held.len() >= MAX_RUN {
                self.is_cut = self.is_url;
                self.write_run(&mut out);
            }
        }
        out
    }

    /// Ends the text, and returns the part held back.
    pub fn end(&mut self) -> String {
        let mut out = String::new();
        self.write_run(&mut out);
        (self.is_url, self.url_at, self.is_cut) = (false, 0, false);
        self.reader = LinkReader::default();
        out
    }

    /// True if a run ends behind a character outside of a URL. Scripts without spaces have no words to wait for.
    fn is_boundary(&self, c: char) -> bool {
        c.is_whitespace() || c >= '\u{2e80}' || (self.form == GuardedText::Json && c == '"')
    }

    fn write_run(&mut self, out: &mut String) {
        let run = std::mem::take(&mut self.held);
        if self.is_url || is_linked_host(&run) {
            // The text of a link, before its target, is no part of the URL.
            let before = run.get(..self.url_at).unwrap_or_default();
            let from = before.rfind(is_delimiter).map_or(0, |at| at + 1);
            let (text, url) = run.split_at_checked(from).unwrap_or(("", &run));
            out.push_str(text);
            out.push_str(&guarded(url, &self.values));
        } else {
            out.push_str(&run);
        }
    }
}

impl GuardedValue {
    fn new(name: &str, value: &str) -> Self {
        let letters = |text: &str| -> Vec<char> {
            text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
        };
        let parts = value.split(|c: char| !c.is_alphanumeric()).map(letters);
        Self {
            placeholder: format!("[{name}]"),
            is_person: name.starts_with(PERSON),
            whole: letters(value),
            parts: parts.filter(|part| part.len() >= LONG_PART).collect(),
        }
    }

    /// Places of the value in a run.
    fn places(&self, letters: &[Letter]) -> Vec<(usize, usize)> {
        let whole = occurrences(&self.whole, letters, self.whole.len() < LONG_VALUE);
        if !whole.is_empty() || self.parts.len() < 2 {
            return whole;
        }
        let parts: Vec<_> = self.parts.iter().map(|part| occurrences(part, letters, true)).collect();
        let found = parts.iter().filter(|places| !places.is_empty()).count();
        if found >= 2 || self.is_person && found > 0 { parts.concat() } else { Vec::new() }
    }
}

const fn is_delimiter(c: char) -> bool {
    matches!(c, '(' | ')' | '<' | '>' | '[' | ']' | '"' | '\'') || c.is_ascii_whitespace()
}

fn occurrences(wanted: &[char], letters: &[Letter], is_word: bool) -> Vec<(usize, usize)> {
    let windows = letters.windows(wanted.len().max(1)).enumerate();
    let found = windows.filter(|(at, window)| {
        let is_same = window.iter().map(|letter| letter.sign).eq(wanted.iter().copied());
        let is_joined = |letter: Option<&Letter>| letter.is_some_and(|letter| letter.is_joined);
        is_same && !(is_word && (is_joined(window.first()) || is_joined(letters.get(at + window.len()))))
    });
    found.filter_map(|(_, window)| Some((window.first()?.begin, window.last()?.end))).collect()
}

/// The run with placeholders in the place of values. A recipient of a link to write or to call may be one.
fn guarded(run: &str, values: &[GuardedValue]) -> String {
    let letters = letters_of(run);
    let mut places: Vec<_> = values
        .iter()
        .flat_map(|value| value.places(&letters).into_iter().map(move |place| (place, value)))
        .collect();
    places.sort_by_key(|((begin, end), _)| (*begin, std::cmp::Reverse(*end)));
    let (mut out, mut done) = (String::new(), 0);
    for ((begin, end), value) in places {
        let before = run.get(..begin).unwrap_or_default();
        if begin < done || is_recipient(before, &value.placeholder) {
            continue;
        }
        out.push_str(run.get(done..begin).unwrap_or_default());
        out.push_str(&value.placeholder);
        done = end;
    }
    out.push_str(run.get(done..).unwrap_or_default());
    out
}

fn is_recipient(before: &str, placeholder: &str) -> bool {
    let before = before.to_ascii_lowercase();
    before.ends_with("mailto:") && placeholder.starts_with("[EMAIL_")
        || (before.ends_with("tel:") || before.ends_with("tel:+")) && placeholder.starts_with("[PHONE_")
}

/// Letters and digits of a run, percent-encoding decoded.
fn letters_of(run: &str) -> Vec<Letter> {
    let mut letters = Vec::new();
    let (mut at, mut is_joined) = (0, false);
    while let Some((decoded, length)) = next_char(run.get(at..).unwrap_or_default()) {
        let end = at + length;
        if decoded.is_alphanumeric() {
            for sign in decoded.to_lowercase() {
                letters.push(Letter { sign, begin: at, end, is_joined });
                is_joined = true;
            }
        } else {
            is_joined = false;
        }
        at = end;
    }
    letters
}

/// The next character of a text, and the bytes that it takes: up to four percent-encoded ones are one character.
fn next_char(text: &str) -> Option<(char, usize)> {
    let first = text.chars().next()?;
    if first != '%' {
        return Some((first, first.len_utf8()));
    }
    let mut bytes = Vec::new();
    while bytes.len() < 4 {
        let from = bytes.len() * 3;
        let Some(code) = text.get(from..from + 3).and_then(|code| code.strip_prefix('%')) else { break };
        let Ok(byte) = u8::from_str_radix(code, 16) else { break };
        bytes.push(byte);
        if let Ok(decoded) = std::str::from_utf8(&bytes) {
            return Some((decoded.chars().next()?, bytes.len() * 3));
        }
    }
    Some(('%', 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placeholder::Placeholder;
    use crate::policy::Policy;

    fn values() -> PlaceholderMap {
        let values = [
            (Placeholder::new("PERSON", 1), "Zoë Lovelace"),
            (Placeholder::new("ADDRESS", 1), "12 Baker Street, London"),
            (Placeholder::new("EMAIL", 1), "zoe@example.com"),
            (Placeholder::new("PERSON", 2), "Li"),
        ];
        PlaceholderMap::new(values.iter().map(|(placeholder, value)| (placeholder, *value)), &Policy::full())
    }

    fn stream<'a>(pieces: impl IntoIterator<Item = &'a str>, form: GuardedText) -> String {
        let mut guard = UrlGuard::new(&values(), form);
        let out: String = pieces.into_iter().map(|piece| guard.feed(piece)).collect();
        out + &guard.end()
    }

    fn both(text: &str) -> String {
        let whole = stream([text], GuardedText::Plain);
        assert_eq!(stream(text.split_inclusive(|_: char| true), GuardedText::Plain), whole, "{text}");
        whole
    }

    #[test]
    fn a_value_stands_in_no_url_however_it_is_written() {
        for (text, out) in [
            ("See https://e.example/?q=Zo%C3%AB%20Lovelace now", "See https://e.example/?q=[PERSON_1] now"),
            ("https://e.example/?q=zoë+LOVELACE", "https://e.example/?q=[PERSON_1]"),
            ("https://e.example/zoë-lovelace/x", "https://e.example/[PERSON_1]/x"),
            ("![x](https://e.example/?a=Lovelace&b=1)", "![x](https://e.example/?a=[PERSON_1]&b=1)"),
            ("![x](<https://e.example/?a=Zoë Lovelace>)", "![x](<https://e.example/?a=[PERSON_1]>)"),
            ("<img src=\"//e.example/12bakerstreetlondon\">", "<img src=\"//e.example/[ADDRESS_1]\">"),
            ("e.example/?s=baker&t=london", "e.example/?s=[ADDRESS_1]&t=[ADDRESS_1]"),
            ("lovelace.e.example", "[PERSON_1].e.example"),
            ("https://e.example/li?q=Li", "https://e.example/[PERSON_2]?q=[PERSON_2]"),
            ("[w](mailto:a@e.example?cc=zoe@example.com)", "[w](mailto:a@e.example?cc=[EMAIL_1])"),
        ] {
            assert_eq!(both(text), out);
        }
    }

    #[test]
    fn text_beside_a_url_and_recipients_stay() {
        for text in [
            "Zoë Lovelace lives in 12 Baker Street, London. https://e.example/ Zoë Lovelace",
            "[Zoë](https://e.example/) and Lovelace",
            "[write](mailto:zoe@example.com)",
            "https://e.example/list/street/channel",
            "Zoë, e.g. Lovelace. Li.",
            "请看Zoë Lovelace。",
            "",
        ] {
            assert_eq!(both(text), text);
        }
        assert!(both(&"word ".repeat(4000)).len() == 20_000);
        let json = r#"{"a":"Zoë Lovelace","u":"https://e.example/Lovelace","b":"Lovelace"}"#;
        let out = r#"{"a":"Zoë Lovelace","u":"https://e.example/[PERSON_1]","b":"Lovelace"}"#;
        assert_eq!(stream([json], GuardedText::Json), out);
        let long = format!("https://e.example/{} end", "x".repeat(2 * MAX_RUN));
        assert!(both(&long).ends_with("x end") && both(&long).len() <= MAX_RUN + 4);
    }
}
