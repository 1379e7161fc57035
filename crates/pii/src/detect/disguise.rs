//! Disguises, taken off: encodings of the web, words for signs and digits, spaced letters, line breaks and markup inside.

use super::scan::Text;
use super::vocabulary::Label;
use super::words::sign_at;

/// Letters and digits that are written one by one, at least.
const FEWEST_SPACED: usize = 8;

/// Longest tag of markup, and the longest gap of spaces and line breaks within a number.
const LONGEST_TAG: usize = 64;
const LONGEST_GAP: usize = 12;

/// Bytes between brackets around a sign, or a word for one.
const LONGEST_BRACKET: usize = 24;

/// Bytes of the longest word for a sign or a digit.
const LONGEST_WORD: usize = 40;

/// A part of a text without its disguises, with a way back.
#[derive(Debug)]
pub(super) struct Undisguised<'t> {
    pub(super) text: String,
    source: &'t [u8],
    window: (usize, usize),
    /// The span in the source that each byte was made of.
    origins: Vec<(usize, usize)>,
}

impl<'t> Undisguised<'t> {
    pub(super) fn new(text: &Text<'t>, start: usize, end: usize) -> Self {
        let mut plain =
            Self { text: String::new(), source: text.bytes, window: (start, end), origins: Vec::new() };
        let mut spaced_end = start;
        let mut at = start;
        while at < end {
            if at >= spaced_end {
                spaced_end = spaced(text, at, &plain.text);
            }
            let is_gap = at < spaced_end && matches!(text.at(at), b' ' | b'.');
            let step = if is_gap { Some((at + 1, None)) } else { rewrite(text, at, &plain.text) };
            at = match step {
                Some((next, sign)) => {
                    plain.push(sign, (at, next));
                    next
                }
                None => plain.keep(text, at),
            };
        }
        plain
    }

    fn push(&mut self, sign: Option<char>, origin: (usize, usize)) {
        if let Some(sign) = sign {
            self.text.push(sign);
            self.origins.extend(std::iter::repeat_n(origin, sign.len_utf8()));
        }
    }

    /// Takes one character as it is, and returns the place behind it.
    fn keep(&mut self, text: &Text<'_>, at: usize) -> usize {
        let Some(c) = text.str.get(at..).and_then(|rest| rest.chars().next()) else { return at + 1 };
        self.push(Some(c), (at, at + c.len_utf8()));
        at + c.len_utf8()
    }

    /// The place in the source of a span.
    pub(super) fn original(&self, start: usize, end: usize) -> (usize, usize) {
        let origin = |at: usize| self.origins.get(at).copied().unwrap_or_default();
        (origin(start).0, origin(end.saturating_sub(1)).1)
    }

    /// Tells if a span or what touches it was written otherwise.
    pub(super) fn is_rewritten(&self, start: usize, end: usize) -> bool {
        let is_apart = |at: usize| {
            let behind =
                at.checked_sub(1).and_then(|last| self.origins.get(last)).map_or(self.window.0, |one| one.1);
            behind != self.origins.get(at).map_or(self.window.1, |one| one.0)
        };
        let same = self.text.as_bytes().get(start..end);
        Some(self.source(start, end)) != same || is_apart(start) || is_apart(end)
    }

    /// The source of a span.
    pub(super) fn source(&self, start: usize, end: usize) -> &'t [u8] {
        let (start, end) = self.original(start, end);
        self.source.get(start..end).unwrap_or_default()
    }
}

/// Finds the end of the run of such bytes from a place on, as far as a disguise may reach.
fn run(text: &Text<'_>, start: usize, kind: impl Fn(u8) -> bool) -> usize {
    let rest = text.ahead(start, LONGEST_WORD);
    start + rest.iter().position(|byte| !kind(*byte)).unwrap_or(rest.len())
}

/// The end of a disguise and the sign that it stands for, if any.
type Rewriting = Option<(usize, Option<char>)>;

/// Reads the disguise that begins at a place, behind the text that is read so far.
fn rewrite(text: &Text<'_>, at: usize, before: &str) -> Rewriting {
    match text.at(at) {
        b'&' => entity(text, at),
        b'\\' => escape(text, at),
        b'%' => Some((at + 3, Some(hexadecimal(text.ahead(at + 1, 2))?))),
        b'=' => quoted_printable(text, at),
        b'<' => tag(text, at).or_else(|| sign(text, at, before)),
        b'"' => joined_strings(text, at, before),
        b'_' | b'*' => sign(text, at, before).or_else(|| emphasis(text, at, before)),
        b'`' => emphasis(text, at, before),
        b'-' => sign(text, at, before).or_else(|| hyphen(text, at, before)),
        b' ' | b'\n' | b'\r' | b'\t' | b'(' | b'[' | b'{' => {
            sign(text, at, before).or_else(|| gap(text, at, before))
        }
        byte if byte.is_ascii_alphabetic() || byte >= 0x80 => digit_word(text, at, before),
        _ => None,
    }
}

/// A printable character of ASCII by its number.
fn printable(code: u32) -> Option<char> {
    char::from_u32(code).filter(|c| matches!(c, ' '..='~'))
}

/// A printable character by two hexadecimal digits or more.
fn hexadecimal(digits: &[u8]) -> Option<char> {
    let digits =
        std::str::from_utf8(digits).ok().filter(|digits| digits.len() >= 2 && !digits.starts_with('+'))?;
    printable(u32::from_str_radix(digits, 16).ok()?)
}

/// `&#64;`, `&#x40;` and `&commat;`, as HTML writes signs.
fn entity(text: &Text<'_>, at: usize) -> Rewriting {
    let rest = text.ahead(at + 1, 10);
    let length = rest.iter().position(|byte| *byte == b';')?;
    let name = rest.get(..length)?;
    let sign = match name {
        b"commat" => '@',
        b"period" => '.',
        b"plus" => '+',
        b"nbsp" => ' ',
        [b'#', b'x' | b'X', digits @ ..] => hexadecimal(digits)?,
        [b'#', digits @ ..] => printable(std::str::from_utf8(digits).ok()?.parse().ok()?)?,
        _ => return None,
    };
    Some((at + length + 2, Some(sign)))
}

/// `\u0040`, `\u{40}`, `\x40` and `\@`, as JSON, code and LaTeX write signs.
fn escape(text: &Text<'_>, at: usize) -> Rewriting {
    match text.at(at + 1) {
        b'u' if text.at(at + 2) == b'{' => {
            let rest = text.ahead(at + 3, 7);
            let length = rest.iter().position(|byte| *byte == b'}')?;
            Some((at + length + 4, Some(hexadecimal(rest.get(..length)?)?)))
        }
        b'u' => Some((at + 6, Some(hexadecimal(text.ahead(at + 2, 4))?))),
        b'x' => Some((at + 4, Some(hexadecimal(text.ahead(at + 2, 2))?))),
        sign @ (b'@' | b'.' | b'_' | b'-' | b'+') => Some((at + 2, Some(char::from(sign)))),
        _ => None,
    }
}

/// `=40` in an address, and a soft line break (RFC 2045, 6.7).
fn quoted_printable(text: &Text<'_>, at: usize) -> Rewriting {
    match text.ahead(at + 1, 2) {
        [b'\r', b'\n'] => Some((at + 3, None)),
        [b'\n', _] => Some((at + 2, None)),
        [b'4', b'0'] if text.at(at + 3).is_ascii_alphanumeric() => Some((at + 3, Some('@'))),
        [b'2', b'E'] if text.at(at + 3).is_ascii_alphanumeric() => Some((at + 3, Some('.'))),
        _ => None,
    }
}

/// Tags that part nothing.
const INLINE: [&[u8]; 12] =
    [b"b", b"i", b"u", b"em", b"strong", b"span", b"wbr", b"font", b"mark", b"code", b"small", b"sup"];

/// Tags that end a line or a cell.
const BREAKS: [&[u8]; 7] = [b"br", b"td", b"th", b"p", b"div", b"li", b"tr"];

/// A tag: a space where it ends a line or a cell.
fn tag(text: &Text<'_>, at: usize) -> Rewriting {
    let rest = text.ahead(at + 1, LONGEST_TAG);
    let end = rest.iter().position(|byte| *byte == b'>')?;
    let name = rest.get(..end)?;
    let name = name.strip_prefix(b"/").unwrap_or(name);
    let length = name.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(name.len());
    let is_one_of = |names: &[&[u8]]| {
        names.iter().any(|one| name.get(..length).is_some_and(|own| own.eq_ignore_ascii_case(one)))
    };
    if is_one_of(&INLINE) {
        return Some((at + end + 2, None));
    }
    is_one_of(&BREAKS).then_some((at + end + 2, Some(' ')))
}

/// Strings side by side in code: `"ann@" + "example.com"`, `"4111" "1111"`.
fn joined_strings(text: &Text<'_>, at: usize, before: &str) -> Rewriting {
    let is_sign = |byte: u8| matches!(byte, b' ' | b'+' | b'\n' | b'\t');
    let next = run(text, at + 1, is_sign);
    let is_joint = next > at + 1 && next <= at + LONGEST_GAP && text.at(next) == b'"';
    let has_plus = text.slice(at, next).contains(&b'+');
    let last = before.as_bytes().last()?;
    let are_digits = last.is_ascii_digit() && text.at(next + 1).is_ascii_digit();
    (is_joint && (has_plus || are_digits))
        .then_some((next + 1, if are_digits && !has_plus { Some(' ') } else { None }))
}

/// Signs of emphasis beside a number, and underscores within.
fn emphasis(text: &Text<'_>, at: usize, before: &str) -> Rewriting {
    let sign = text.at(at);
    let end = run(text, at, |byte| byte == sign);
    let follows_digit = before.ends_with(|c: char| c.is_ascii_digit());
    let next = text.at(end);
    if follows_digit && next.is_ascii_digit() {
        return (sign == b'_' && end == at + 1).then_some((end, Some('-')));
    }
    let is_open = !before.ends_with(|c: char| c.is_alphanumeric()) && (next.is_ascii_digit() || next == b'+');
    let is_close = follows_digit && !next.is_ascii_alphanumeric();
    (is_open || is_close).then_some((end, None))
}

/// A hyphen at the end of a line: in a word it only divides it, in a number it belongs to it.
fn hyphen(text: &Text<'_>, at: usize, before: &str) -> Rewriting {
    let next = run(text, at + 1, |byte| matches!(byte, b'\n' | b'\r' | b' ' | b'>'));
    let is_break = next <= at + LONGEST_GAP && text.slice(at + 1, next).contains(&b'\n');
    let last = before.chars().next_back()?;
    let joins_words = last.is_ascii_alphabetic() && text.at(next).is_ascii_lowercase();
    let joins_digits = last.is_ascii_digit() && text.at(next).is_ascii_digit();
    (is_break && (joins_words || joins_digits)).then_some((next, if joins_digits { Some('-') } else { None }))
}

/// Tabs, line breaks and the marks of quoted text between two parts of a number, or of an address.
fn gap(text: &Text<'_>, at: usize, before: &str) -> Rewriting {
    let next = run(text, at, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'>'));
    let gap = text.slice(at, next);
    let is_break = gap.iter().any(|byte| matches!(byte, b'\n' | b'\t')) && gap.len() <= LONGEST_GAP;
    let last = before.chars().next_back()?;
    if !is_break {
        return None;
    }
    if last.is_ascii_alphanumeric() && text.at(next).is_ascii_digit() {
        return Some((next, Some(' ')));
    }
    let is_address = last == '@' || last == '.' && before.rsplit(char::is_whitespace).next()?.contains('@');
    (is_address && text.at(next).is_ascii_lowercase() && !gap.contains(&b'\t')).then_some((next, None))
}

/// Tells if a word for an at sign or a point stands in the bracket that opens at a place.
pub(super) fn is_bracketed(text: &Text<'_>, open: usize) -> bool {
    let close =
        text.ahead(open + 1, LONGEST_BRACKET).iter().position(|byte| matches!(byte, b')' | b']' | b'}'));
    let is_number = text.at(open + 1).is_ascii_digit();
    close.is_some_and(|length| length > 0) && !is_number && sign(text, open, "a").is_some()
}

/// `(at)`, ` at `, `[.]`, ` @ ` and their like, with the spaces around them.
fn sign(text: &Text<'_>, at: usize, before: &str) -> Rewriting {
    let is_space = |byte: u8| byte == b' ';
    before.ends_with(|c: char| c.is_alphanumeric() || c == '_').then_some(())?;
    let open = run(text, at, is_space);
    let closing = match text.at(open) {
        b'(' => b')',
        b'[' => b']',
        b'{' => b'}',
        b'<' => b'>',
        frame @ (b'_' | b'*' | b'-') if text.has(Label::Point) => frame,
        _ => 0,
    };
    let from = if closing > 0 { run(text, open + 1, is_space) } else { open };
    // A plain word is no sign where no word for a point is.
    (closing > 0 || text.at(from) == b'@' || text.has(Label::Point)).then_some(())?;
    let (end, sign) = sign_word(text, from)?;
    let close = run(text, end, is_space);
    let next = if closing == 0 { close } else { run(text, close + 1, is_space) };
    let is_framed = if closing > 0 { text.at(close) == closing } else { open > at && close > end };
    let is_followed = text.at(next).is_ascii_alphanumeric() || text.at(next) >= 0x80;
    (is_framed && is_followed && next <= at + LONGEST_WORD).then_some((next, Some(sign)))
}

/// The sign that a word at a place stands for, and the end of the word.
pub(super) fn sign_word(text: &Text<'_>, at: usize) -> Option<(usize, char)> {
    let (sign, length) = sign_at(text.str.get(at..)?, |sign| !sign.is_ascii_digit())?;
    Some((at + length, sign))
}

/// The digit that a word stands for, if it is one of several in a row.
fn digit_word(text: &Text<'_>, at: usize, before: &str) -> Rewriting {
    if !text.has(Label::Digit) || before.ends_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let (digit, end) = digit_at(text, at)?;
    let next = run(text, end, |byte| matches!(byte, b' ' | b'-' | b','));
    let is_near = next <= end + 2;
    let follows = is_near && (text.at(next).is_ascii_digit() || digit_at(text, next).is_some());
    let ends = before.ends_with(|c: char| c.is_ascii_digit());
    (follows || ends).then_some((if follows { next } else { end }, Some(digit)))
}

fn digit_at(text: &Text<'_>, at: usize) -> Option<(char, usize)> {
    let (digit, length) = sign_at(text.str.get(at..)?, |sign| sign.is_ascii_digit())?;
    Some((digit, at + length))
}

/// The end of letters and digits that are written one by one from a place on; the place itself if there are none.
fn spaced(text: &Text<'_>, at: usize, before: &str) -> usize {
    let separator = text.at(at + 1);
    if !matches!(separator, b' ' | b'.') || before.ends_with(|c: char| c.is_alphanumeric()) {
        return at;
    }
    let is_one = |place: usize| {
        let byte = text.at(place);
        byte.is_ascii_digit() || separator == b' ' && byte.is_ascii_graphic()
    };
    let mut end = at;
    let mut count = 0;
    while is_one(end) && (text.at(end + 1) == separator || !text.at(end + 1).is_ascii_alphanumeric()) {
        count += 1;
        if text.at(end + 1) != separator {
            end += 1;
            break;
        }
        end += 2;
    }
    // The last gap parts what is behind it.
    let end = if text.before(end) == separator && separator == b' ' { end - 1 } else { end };
    if count >= FEWEST_SPACED { end } else { at }
}
