//! Places of a text that a client makes a part of a URL. No value is written there: following the link would send it.
//!
//! Covered: bare URLs as clients recognise them, also without a scheme; targets of Markdown links, pictures and definitions; autolinks and
//! the insides of HTML tags. The recipient of a `mailto:` or `tel:` link alone may be a value: it is sent to nobody else. Escapes and character references do not hide a URL. In doubt a place counts as a part of one.

/// Marks of a URL within a word: of any scheme with an authority, of those that clients recognise without one, and character
/// references that hide a mark. None is longer than the bytes that [`Word`] keeps.
const MARKS: [&[u8]; 7] = [b"//", b"www.", b"mailto:", b"xmpp:", b"&#", b"&sol;", b"&colon;"];

/// Longest run behind a placeholder that is looked at for a host, in bytes.
pub(crate) const HOST_BYTES: usize = 64;

/// Reader of a text that tells of its end if it is within a URL. The same for any split of the text.
#[derive(Clone, Debug, Default)]
pub(crate) struct LinkReader {
    word: Word,
    line: Line,
    tag: Tag,
    target: Target,
    /// True in a definition of a link: `[name]: url`.
    is_definition: bool,
    previous: Option<char>,
    /// False where a URL may begin: at a beginning of the text.
    is_begun: bool,
    /// Beginning of the URL that may have begun here, as long as it may be a scheme.
    scheme: Option<String>,
}

/// Schemes of URLs whose recipient may be a value, with the kind of that value.
const RECIPIENTS: [(&str, &str); 2] = [("mailto:", "EMAIL"), ("tel:", "PHONE")];

/// The running word: what stands between two white spaces.
#[derive(Clone, Copy, Debug, Default)]
struct Word {
    is_url: bool,
    /// Its last bytes, the newest lowest.
    tail: u64,
    /// True for a dot between a letter or digit and a letter, as hosts have it.
    has_host: bool,
}

/// The beginning of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Line {
    /// Nothing but spaces so far.
    #[default]
    Blank,
    /// It begins with a bracket.
    Bracket,
    Other,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tag {
    #[default]
    None,
    /// Within a tag, `is_value` directly behind an equals sign.
    Inside { is_value: bool },
    /// Within a quoted value.
    Quoted(char),
}

/// The target of a Markdown link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Target {
    #[default]
    None,
    /// Behind `](`; `depth` parentheses are open.
    Open { depth: u32, is_begun: bool },
    /// Within angle brackets.
    Angled,
}

impl LinkReader {
    /// True if the next character belongs to a URL.
    pub(crate) fn is_inside(&self) -> bool {
        self.word.is_url || self.tag != Tag::None || self.target != Target::None || self.is_definition
    }

    /// Kind of the value that may stand here although it is within a URL.
    pub(crate) fn recipient(&self) -> Option<&'static str> {
        let scheme = self.scheme.as_deref()?;
        RECIPIENTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(scheme)).map(|(_, kind)| *kind)
    }

    /// Reads plain text.
    pub(crate) fn read(&mut self, text: &str) {
        text.chars().for_each(|c| self.push(c));
    }

    /// Reads one character.
    pub(crate) fn push(&mut self, c: char) {
        self.push_scheme(c);
        let is_blank_line = c == '\n' && self.line == Line::Blank;
        if is_blank_line {
            self.target = Target::None;
            if matches!(self.tag, Tag::Inside { .. }) {
                self.tag = Tag::None;
            }
        }
        self.push_tag(c);
        self.push_target(c);
        self.is_definition = c != '\n'
            && (self.is_definition || c == ':' && self.previous == Some(']') && self.line == Line::Bracket);
        self.word.push(c, self.previous);
        self.line = match (c, self.line) {
            ('\n', _) | (' ' | '\t' | '\r' | '>', Line::Blank) => Line::Blank,
            ('[', Line::Blank) => Line::Bracket,
            (_, Line::Blank) => Line::Other,
            (_, line) => line,
        };
        self.previous = Some(c);
        self.is_begun = !self.may_begin(c);
    }

    fn push_scheme(&mut self, c: char) {
        const LONGEST: usize = "mailto:".len();
        if !self.is_begun {
            self.scheme = Some(String::new());
        }
        match &mut self.scheme {
            Some(scheme) if scheme.len() < LONGEST && c.is_ascii() => scheme.push(c),
            scheme => *scheme = None,
        }
    }

    /// True if a URL may begin behind a character that was read.
    const fn may_begin(&self, c: char) -> bool {
        match (self.tag, self.target) {
            (Tag::Quoted(quote), _) => c == quote,
            (Tag::Inside { is_value }, _) => is_value,
            (Tag::None, Target::Open { is_begun, .. }) => !is_begun,
            (Tag::None, Target::Angled) => c == '<',
            (Tag::None, Target::None) => {
                !self.is_definition
                    && (matches!(c, '(' | '<') && !self.word.is_url || c.is_ascii_whitespace())
            }
        }
    }

    fn push_tag(&mut self, c: char) {
        self.tag = match (self.tag, c) {
            (Tag::None, _) if self.previous == Some('<') && begins_tag(c) => Tag::Inside { is_value: false },
            (Tag::Inside { .. }, '>') => Tag::None,
            (Tag::Inside { .. }, '=') => Tag::Inside { is_value: true },
            (Tag::Inside { is_value: true }, '"' | '\'') => Tag::Quoted(c),
            (Tag::Inside { is_value }, c) => Tag::Inside { is_value: is_value && c.is_whitespace() },
            (Tag::Quoted(quote), c) if c == quote => Tag::Inside { is_value: false },
            (tag, _) => tag,
        };
    }

    fn push_target(&mut self, c: char) {
        let is_escaped = self.previous == Some('\\');
        self.target = match (self.target, c) {
            (Target::None, '(') if self.previous == Some(']') => Target::Open { depth: 0, is_begun: false },
            (Target::Open { is_begun: false, .. }, '<') => Target::Angled,
            (Target::Open { depth, .. }, '(') if !is_escaped => {
                Target::Open { depth: depth.saturating_add(1), is_begun: true }
            }
            (Target::Open { depth: 0, .. }, ')') if !is_escaped => Target::None,
            (Target::Open { depth, .. }, ')') if !is_escaped => {
                Target::Open { depth: depth - 1, is_begun: true }
            }
            (Target::Open { depth, is_begun }, c) => {
                Target::Open { depth, is_begun: is_begun || !c.is_whitespace() }
            }
            // Its title may follow.
            (Target::Angled, '>' | '\n') => Target::Open { depth: 0, is_begun: true },
            (target, _) => target,
        };
    }
}

const fn begins_tag(c: char) -> bool {
    c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')
}

impl Word {
    fn push(&mut self, c: char, previous: Option<char>) {
        if matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}') {
            *self = Self::default();
            return;
        }
        // Markdown drops a backslash before punctuation.
        if c == '\\' {
            return;
        }
        let is_dot = self.tail & 0xff == u64::from(b'.');
        let before = u8::try_from(self.tail >> 8 & 0xff).unwrap_or_default();
        self.has_host |= is_dot && c.is_alphabetic() && is_host_byte(before);
        self.is_url |= self.has_host && matches!(c, '/' | '?' | '#') && previous != Some('.');
        let byte = u8::try_from(c).ok().filter(u8::is_ascii).map_or(0xff, |byte| byte.to_ascii_lowercase());
        self.tail = self.tail << 8 | u64::from(byte);
        self.is_url |= MARKS.iter().any(|mark| self.ends_with(mark));
    }

    fn ends_with(self, mark: &[u8]) -> bool {
        self.tail.to_be_bytes().ends_with(mark)
    }
}

const fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == 0xff || byte == b']'
}

/// True for a word that clients make a link of without a scheme: a host of several labels, the last of letters.
pub(crate) fn is_linked_host(word: &str) -> bool {
    const LEAST_LETTERS: usize = 2;
    let host = word.trim().trim_matches(|c: char| !c.is_alphanumeric());
    let host = host.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let last = host.rsplit('.').next().unwrap_or_default();
    let labels = || host.split('.');
    labels().count() > 1
        && labels()
            .all(|label| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || "-_%".contains(c)))
        && last.chars().count() >= LEAST_LETTERS
        && last.chars().all(char::is_alphabetic)
}

/// True if the text behind a placeholder makes it a part of a host or an address, such as `.example.com`; `None` if its beginning does
/// not tell yet.
pub(crate) fn joins_host(rest: &str, is_over: bool) -> Option<bool> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b".-_@[]\\".contains(byte);
    let run = rest.bytes().take_while(is_part).take(HOST_BYTES).count();
    let is_long = run == HOST_BYTES;
    if run == rest.len() && !is_over && !is_long {
        return None;
    }
    let run: Vec<u8> = rest.bytes().take(run).filter(|byte| *byte != b'\\').collect();
    let is_dotted = |at: usize| {
        let next = run.get(at + 1).is_some_and(|next| next.is_ascii_alphabetic() || *next == b'[');
        let before = at.checked_sub(1).and_then(|at| run.get(at)).copied().unwrap_or(b']');
        run.get(at) == Some(&b'.') && next && is_host_byte(before)
    };
    let is_address = run.iter().position(|byte| *byte == b'@').is_some_and(|at| at + 1 < run.len());
    Some(is_long || is_address || (0..run.len()).any(is_dotted))
}

/// Text of a JSON string from its middle on, as far as a host may reach: without escapes, and with its end as a quotation mark.
pub(crate) fn decoded(json: &str) -> String {
    let mut text = String::new();
    let mut chars = json.chars();
    while let Some(c) = chars.next().filter(|_| text.len() <= HOST_BYTES) {
        let c = match c {
            '\\' => match chars.next() {
                Some('n' | 'r' | 't' | 'f' | 'b') => ' ',
                Some('u') => {
                    let code =
                        chars.as_str().get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
                    let Some(code) = code else { break };
                    chars = chars.as_str().get(4..).unwrap_or_default().chars();
                    char::from_u32(code).unwrap_or('\u{fffd}')
                }
                Some(c) => c,
                None => break,
            },
            c => c,
        };
        text.push(c);
        if c == '"' {
            break;
        }
    }
    text
}

/// Reader of JSON text: each of its strings is a text of its own, and its escapes are read.
#[derive(Clone, Debug, Default)]
pub(crate) struct JsonReader {
    reader: LinkReader,
    escape: Escaped,
}

#[derive(Clone, Copy, Debug, Default)]
enum Escaped {
    #[default]
    No,
    /// Behind a backslash.
    Begun,
    /// Behind `\u` and a number of digits.
    Code { code: u32, digits: u32 },
}

impl JsonReader {
    /// True if the next character belongs to a URL.
    pub(crate) fn is_inside(&self) -> bool {
        self.reader.is_inside()
    }

    /// Kind of the value that may stand here although it is within a URL.
    pub(crate) fn recipient(&self) -> Option<&'static str> {
        self.reader.recipient()
    }

    /// Reads a piece of JSON.
    pub(crate) fn read(&mut self, json: &str) {
        json.chars().for_each(|c| self.push(c));
    }

    fn push(&mut self, c: char) {
        self.escape = match (self.escape, c) {
            (Escaped::No, '\\') => Escaped::Begun,
            (Escaped::No, '"') => {
                self.reader = LinkReader::default();
                Escaped::No
            }
            (Escaped::Begun, 'u') => Escaped::Code { code: 0, digits: 0 },
            (Escaped::Begun, 'n' | 'r') => self.decoded('\n'),
            (Escaped::Begun, 't' | 'f' | 'b') => self.decoded(' '),
            (Escaped::No | Escaped::Begun, c) => self.decoded(c),
            (Escaped::Code { code, digits }, c) => match c.to_digit(16) {
                Some(digit) if digits < 3 => Escaped::Code { code: code * 16 + digit, digits: digits + 1 },
                Some(digit) => self.decoded(char::from_u32(code * 16 + digit).unwrap_or('\u{fffd}')),
                None => self.decoded(c),
            },
        };
    }

    fn decoded(&mut self, c: char) -> Escaped {
        self.reader.push(c);
        Escaped::No
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_inside(text: &str) -> bool {
        let mut reader = LinkReader::default();
        reader.read(text);
        reader.is_inside()
    }

    #[test]
    fn a_place_in_a_url_is_known() {
        for text in [
            "https://a.example/?q=",
            "See HTTPS://a.example/x#",
            "//a.example/",
            "www.a.example/",
            "WWW.",
            "mailto:",
            "a.example/?q=",
            "a.example?q=",
            "https:\\/\\/a.example/",
            "https:&#47;&#x2F;a.example/",
            "https:&sol;&sol;a.example/",
            "请看https://a.example/。联系",
            "[x](",
            "[x](/a ",
            "![x](< /a ",
            "[x](/a(b)",
            "[x](/a\\)",
            "[x](\n/a",
            "[x]: /",
            "> [x]: ",
            "<a href=",
            "<a href='\n\n/",
            "<img alt=\">\" src=\"/",
            "<https://a.example/",
            "<tel:",
        ] {
            assert!(is_inside(text), "{text}");
        }
    }

    #[test]
    fn a_place_in_a_text_is_no_url() {
        for text in [
            "",
            "Tel.:",
            "E-Mail:",
            "Ann <",
            "2 < 3 and ",
            "https://a.example/ ",
            "[x](/a) ",
            "[x](/a \"b\") ",
            "[x](<a b>) ",
            "(see ",
            "[x] (",
            "<b>",
            "<a href=\"x\">",
            "x <y and\n\n",
            "[x](broken\n\n",
            "[x]: /a\n",
            "Say [x]: ",
            "e.g. ",
            "and/or ",
            "12.5/",
            "a.md, ",
            "&nbsp;",
        ] {
            assert!(!is_inside(text), "{text}");
        }
    }

    #[test]
    fn a_recipient_stands_directly_behind_its_scheme() {
        let recipient = |text: &str| {
            let mut reader = LinkReader::default();
            reader.read(text);
            reader.recipient()
        };
        for text in [
            "mailto:",
            "Mail (mailto:",
            "<MAILTO:",
            "[x](mailto:",
            "[x](<mailto:",
            "<a href=\"mailto:",
            "<a href=mailto:",
        ] {
            assert_eq!(recipient(text), Some("EMAIL"), "{text}");
        }
        assert_eq!(recipient("[x](tel:"), Some("PHONE"));
        for text in [
            "",
            "mailto:x",
            "xmailto:",
            "mailto:a@a.example?body=",
            "https://a.example/?mailto:",
            "https://a.example/(mailto:",
            "[x](/a mailto:",
            "[x](</a mailto:",
            "<a href='/mailto:",
            "<a href='/ mailto:",
            "[x]: /a mailto:",
        ] {
            assert_eq!(recipient(text), None, "{text}");
        }
    }

    #[test]
    fn a_string_of_json_is_a_text_of_its_own() {
        let is_inside = |json: &str| {
            let mut reader = JsonReader::default();
            reader.read(json);
            reader.is_inside()
        };
        for json in [r#"{"a":"https:\/\/a.example?"#, r#"{"a":"https:\u002f\u002fa"#, r#"["<a href=\""#] {
            assert!(is_inside(json), "{json}");
        }
        for json in [r#"{"url":"https://a.example","mail":""#, r#"["https://a.example\n"#, r#"["[x](","#] {
            assert!(!is_inside(json), "{json}");
        }
    }

    #[test]
    fn escapes_of_json_are_no_part_of_a_host() {
        for (json, text) in [
            (r".\nkey", ". key"),
            (r#".","mail":"x"#, ".\""),
            (r".\u0065xample\/", ".example/"),
            (r".e\u00", ".e"),
            (r".e\", ".e"),
        ] {
            assert_eq!(decoded(json), text);
        }
    }

    #[test]
    fn a_host_behind_a_placeholder_is_seen() {
        for rest in [
            ".example.com",
            "-x.example.com",
            "@example.com",
            "[A_1].example.com",
            ".[A_1].example",
            "\\.example.com",
        ] {
            assert_eq!(joins_host(rest, true), Some(true), "{rest}");
        }
        for rest in
            ["", ".", ". Next", "...", "...and", "'s", "-year-old.", ", a.example", ".5", "]", "@ home", "/a"]
        {
            assert_eq!(joins_host(rest, true), Some(false), "{rest}");
        }
        assert_eq!(joins_host(".exam", false), None, "more may follow");
        assert_eq!(joins_host(&"x".repeat(HOST_BYTES), false), Some(true), "in doubt it is one");
    }
}
