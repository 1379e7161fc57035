//! Placeholders such as `[EMAIL_1]` stand for values in all text that leaves the process.
//!
//! Masking has one spelling. Models write others: lowercase, with spaces, escaped for Markdown, percent-encoded in a link.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest placeholder, in bytes with brackets: the limit of `chat_pii_vault.token`.
pub const MAX_PLACEHOLDER_BYTES: usize = 64;

/// The kind and the number of a value, without brackets: `EMAIL_1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Placeholder(String);

impl Placeholder {
    /// Makes the placeholder of the `number`-th value of a kind, counted from 1.
    #[must_use]
    pub fn new(kind: &str, number: u32) -> Self {
        Self(format!("{kind}_{number}"))
    }

    /// Parses the exact spelling of masking, with brackets and nothing around it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match read(text, Spelling::Exact) {
            Reading::Placeholder(placeholder, length) if length == text.len() => Some(placeholder),
            _ => None,
        }
    }

    /// The name without brackets, such as `EMAIL_1`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The kind of the value that it stands for.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.0.rsplit_once('_').map_or("", |(kind, _)| kind)
    }

    /// Its number among those of its kind; 0 if it has none.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.0.rsplit_once('_').and_then(|(_, number)| number.parse().ok()).unwrap_or(0)
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]", self.0)
    }
}

/// Spellings that count as a placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// Only the spelling that masking writes.
    Exact,
    /// The variants of models as well.
    Loose,
}

/// Result of reading at one place of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A complete placeholder, and the bytes of its spelling.
    Placeholder(Placeholder, usize),
    /// The text ends first. It may become a placeholder whose name begins with this.
    Open(String),
    /// No placeholder begins here.
    Nothing,
}

/// Finds the next byte at which a placeholder may begin, from `from` on.
#[must_use]
pub fn next_start(text: &str, from: usize, spelling: Spelling) -> Option<usize> {
    let rest = text.get(from..)?;
    let is_start = |byte: &u8| match spelling {
        Spelling::Exact => *byte == b'[',
        Spelling::Loose => matches!(byte, b'[' | b'\\' | b'%'),
    };
    rest.as_bytes().iter().position(is_start).map(|at| from + at)
}

/// Reads a placeholder at the beginning of `text`.
#[must_use]
pub fn read(text: &str, spelling: Spelling) -> Reading {
    let mut reader = Reader { rest: text, spelling };
    let mut name = String::new();
    match reader.spell(&mut name) {
        Step::Done if is_name(&name) => {
            Reading::Placeholder(Placeholder(name), text.len() - reader.rest.len())
        }
        Step::End if name.len() <= MAX_PLACEHOLDER_BYTES => Reading::Open(name),
        _ => Reading::Nothing,
    }
}

/// Checks the form: uppercase letters, digits and underscores, then a number without leading zeros.
fn is_name(name: &str) -> bool {
    let Some((kind, number)) = name.rsplit_once('_') else { return false };
    name.len() + 2 <= MAX_PLACEHOLDER_BYTES
        && kind.starts_with(|c: char| c.is_ascii_uppercase())
        && !number.starts_with('0')
        && matches!(number.len(), 1..=9)
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

struct Reader<'t> {
    rest: &'t str,
    spelling: Spelling,
}

/// Outcome of looking for one element of a spelling.
#[derive(PartialEq, Eq)]
enum Step {
    Done,
    Other,
    /// The text ended before it was clear.
    End,
}

impl Reader<'_> {
    fn spell(&mut self, name: &mut String) -> Step {
        let is_loose = self.spelling == Spelling::Loose;
        match self.bracket("[", "\\[", "%5B") {
            Step::Done => {}
            step => return step,
        }
        if is_loose {
            self.skip(' ');
        }
        loop {
            let Some(c) = self.rest.chars().next() else { return Step::End };
            match c {
                'A'..='Z' | '0'..='9' | '_' => self.take(name, c),
                'a'..='z' if is_loose => self.take(name, c.to_ascii_uppercase()),
                // Models write a space or a hyphen for the underscore, or escape it for Markdown.
                ' ' | '-' if is_loose => match self.rest.get(1..).and_then(|rest| rest.chars().next()) {
                    None => return Step::End,
                    Some(']' | '\\') => {
                        self.skip(c);
                        break;
                    }
                    Some(_) => self.take(name, '_'),
                },
                '\\' if is_loose && self.rest.starts_with("\\_") => {
                    self.skip('\\');
                }
                _ => break,
            }
            if name.len() > MAX_PLACEHOLDER_BYTES {
                return Step::Other;
            }
        }
        self.bracket("]", "\\]", "%5D")
    }

    fn take(&mut self, name: &mut String, c: char) {
        name.push(c);
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    fn skip(&mut self, c: char) {
        self.rest = self.rest.strip_prefix(c).unwrap_or(self.rest);
    }

    /// Reads a bracket: plain, escaped for Markdown, or percent-encoded.
    fn bracket(&mut self, plain: &str, escaped: &str, encoded: &str) -> Step {
        if let Some(rest) = self.rest.strip_prefix(plain) {
            self.rest = rest;
            return Step::Done;
        }
        if self.spelling == Spelling::Loose {
            for other in [escaped, encoded] {
                let shared = self
                    .rest
                    .bytes()
                    .zip(other.bytes())
                    .take_while(|(a, b)| a.eq_ignore_ascii_case(b))
                    .count();
                if shared == other.len() {
                    self.rest = self.rest.get(shared..).unwrap_or_default();
                    return Step::Done;
                }
                if shared == self.rest.len() {
                    return Step::End;
                }
            }
        }
        if self.rest.is_empty() { Step::End } else { Step::Other }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholder(text: &str, spelling: Spelling) -> Option<(String, usize)> {
        match read(text, spelling) {
            Reading::Placeholder(placeholder, end) => Some((placeholder.0, end)),
            _ => None,
        }
    }

    #[test]
    fn masking_has_one_spelling_and_models_have_many() {
        for text in [
            "[EMAIL_1]",
            "[email_1]",
            "[Email_1]",
            "\\[EMAIL_1\\]",
            "\\[EMAIL\\_1\\]",
            "[EMAIL\\_1]",
            "[EMAIL 1]",
            "[EMAIL-1]",
            "[ EMAIL_1 ]",
            "%5BEMAIL_1%5D",
            "%5bemail_1%5d",
        ] {
            assert_eq!(placeholder(text, Spelling::Loose), Some(("EMAIL_1".into(), text.len())), "{text}");
            assert_eq!(placeholder(text, Spelling::Exact).is_some(), text == "[EMAIL_1]", "{text}");
        }
        assert_eq!(placeholder("[US_SSN_12], and", Spelling::Exact), Some(("US_SSN_12".into(), 11)));
        assert_eq!(
            (Placeholder::new("US_SSN", 12).kind(), Placeholder::new("US_SSN", 12).number()),
            ("US_SSN", 12)
        );
    }

    #[test]
    fn what_is_no_placeholder_is_none() {
        for text in [
            "[EMAIL]",
            "[EMAIL_]",
            "[EMAIL_0]",
            "[EMAIL_01]",
            "[_1]",
            "[1]",
            "[a link](x)",
            "[EMAIL_1)",
            "(EMAIL_1)",
            "[]",
            "[é_1]",
        ] {
            assert_eq!(placeholder(text, Spelling::Loose), None, "{text}");
        }
    }

    #[test]
    fn what_may_become_one_is_open() {
        for (text, name) in [
            ("[", ""),
            ("[EM", "EM"),
            ("[EMAIL_1", "EMAIL_1"),
            ("\\", ""),
            ("\\[email\\", "EMAIL"),
            ("%5", ""),
            ("[EMAIL_1\\", "EMAIL_1"),
        ] {
            assert_eq!(read(text, Spelling::Loose), Reading::Open(name.into()), "{text}");
        }
        assert_eq!(read("\\a", Spelling::Loose), Reading::Nothing);
        assert_eq!(read("[1] a", Spelling::Loose), Reading::Nothing);
        let long = format!("[{}", "A".repeat(100));
        assert_eq!(read(&long, Spelling::Loose), Reading::Nothing);
    }
}
