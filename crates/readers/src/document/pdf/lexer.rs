//! Lexemes of PDF (ISO 32000-1, 7.2 and 7.3): borrowed from the file or from a stream, and never collected, so that no number of
//! them takes memory.

use std::borrow::Cow;

/// One lexeme. Names and strings are as written: see [`name`], [`literal`] and [`hex`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Lexeme<'c> {
    Integer(i64),
    Real(f32),
    /// Without the slash.
    Name(&'c [u8]),
    /// Between the outer parentheses.
    Literal(&'c [u8]),
    /// Between the angle brackets.
    Hex(&'c [u8]),
    ArrayStart,
    ArrayEnd,
    DictStart,
    DictEnd,
    /// An operator, or a word such as `true` and `obj`.
    Word(&'c [u8]),
}

/// Reads one lexeme after the other.
#[derive(Clone)]
pub(crate) struct Lexer<'c> {
    bytes: &'c [u8],
    at: usize,
}

impl<'c> Lexer<'c> {
    pub(crate) const fn new(bytes: &'c [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// Offset of the next byte.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// Bytes that are left.
    pub(crate) fn rest(&self) -> &'c [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Skips that many bytes.
    pub(crate) const fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Bytes between two offsets.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'c [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    fn take_while(&mut self, is_part: fn(u8) -> bool) -> &'c [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|byte| !is_part(*byte)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Skips white space and comments.
    pub(crate) fn skip_space(&mut self) {
        loop {
            self.take_while(is_space);
            if self.rest().first() != Some(&b'%') {
                return;
            }
            self.take_while(|byte| byte != b'\n' && byte != b'\r');
        }
    }

    /// The content of a string whose opening parenthesis is read.
    fn literal(&mut self) -> &'c [u8] {
        let rest = self.rest();
        let (mut depth, mut is_escaped) = (1_usize, false);
        for (at, byte) in rest.iter().enumerate() {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'(' => depth += 1,
                b')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                self.at += at + 1;
                return rest.get(..at).unwrap_or_default();
            }
        }
        self.at += rest.len();
        rest
    }
}

impl<'c> Iterator for Lexer<'c> {
    type Item = Lexeme<'c>;

    fn next(&mut self) -> Option<Lexeme<'c>> {
        self.skip_space();
        let first = *self.rest().first()?;
        if is_regular(first) {
            return Some(word(self.take_while(is_regular)));
        }
        let is_twice = self.rest().get(1) == Some(&first);
        self.at += 1;
        Some(match first {
            b'/' => Lexeme::Name(self.take_while(is_regular)),
            b'(' => Lexeme::Literal(self.literal()),
            b'[' => Lexeme::ArrayStart,
            b']' => Lexeme::ArrayEnd,
            b'<' if is_twice => {
                self.at += 1;
                Lexeme::DictStart
            }
            b'>' if is_twice => {
                self.at += 1;
                Lexeme::DictEnd
            }
            b'<' => {
                let digits = self.take_while(|byte| byte != b'>');
                self.at += 1;
                Lexeme::Hex(digits)
            }
            _ => Lexeme::Word(self.slice(self.at - 1, self.at)),
        })
    }
}

pub(crate) const fn is_space(byte: u8) -> bool {
    matches!(byte, b'\0' | b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

const fn is_regular(byte: u8) -> bool {
    !is_space(byte) && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

/// Longest number in characters. More digits are no number that a program wrote.
const LONGEST_NUMBER: usize = 64;

fn word(bytes: &[u8]) -> Lexeme<'_> {
    let is_number = bytes.len() <= LONGEST_NUMBER
        && bytes.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.'))
        && bytes.iter().any(u8::is_ascii_digit);
    if !is_number {
        return Lexeme::Word(bytes);
    }
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    if let Ok(integer) = text.parse() {
        return Lexeme::Integer(integer);
    }
    // Some programs write two signs, or a sign within: the digits before it count.
    let start = text.rfind(['+', '-']).filter(|at| text.get(..*at).is_some_and(is_signs));
    let number = start.and_then(|at| text.get(at..)).unwrap_or(text);
    let end = number.get(1..).and_then(|rest| rest.find(['+', '-'])).map_or(number.len(), |at| at + 1);
    Lexeme::Real(number.get(..end).and_then(|number| number.parse().ok()).unwrap_or(0.0))
}

fn is_signs(text: &str) -> bool {
    text.chars().all(|c| c == '+' || c == '-')
}

/// The name that is written as `raw`: `#` and two digits are a byte.
pub(crate) fn name(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.contains(&b'#') {
        return raw.into();
    }
    let mut name = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((byte, after)) = rest.split_first() {
        let escaped = (*byte == b'#').then(|| after.split_first_chunk::<2>()).flatten();
        let escaped = escaped.and_then(|([high, low], tail)| Some((digit(*high)? << 4 | digit(*low)?, tail)));
        let (byte, tail) = escaped.unwrap_or((*byte, after));
        name.push(byte);
        rest = tail;
    }
    name.into()
}

/// The bytes of a string in parentheses.
pub(crate) fn literal(raw: &[u8]) -> Cow<'_, [u8]> {
    if !raw.contains(&b'\\') {
        return raw.into();
    }
    let mut string = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            string.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n') => string.push(b'\n'),
            Some(b'r') => string.push(b'\r'),
            Some(b't') => string.push(b'\t'),
            Some(b'b') => string.push(8),
            Some(b'f') => string.push(12),
            // A line that goes on.
            Some(b'\n') | None => {}
            Some(b'\r') => {
                bytes.next_if_eq(&b'\n');
            }
            Some(first @ b'0'..=b'7') => {
                let mut code = u32::from(first - b'0');
                for _ in 0..2 {
                    let Some(next) = bytes.next_if(|byte| (b'0'..=b'7').contains(byte)) else { break };
                    code = code * 8 + u32::from(next - b'0');
                }
                string.push(code.to_le_bytes()[0]);
            }
            Some(other) => string.push(other),
        }
    }
    string.into()
}

/// The bytes of a string in angle brackets. A missing last digit is 0.
pub(crate) fn hex(raw: &[u8]) -> Vec<u8> {
    let digits: Vec<u8> = raw.iter().filter_map(|byte| digit(*byte)).collect();
    digits.chunks(2).map(|pair| pair.first().unwrap_or(&0) << 4 | pair.get(1).unwrap_or(&0)).collect()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_lexeme_is_read() {
        let source = b"12 -3.5 +.5 4. --6 1-2 /Na#6de (a(b)\\)) <4 1> [<< >>] true% comment\n R ( open";
        let lexemes: Vec<_> = Lexer::new(source, 0).collect();
        assert_eq!(
            lexemes,
            [
                Lexeme::Integer(12),
                Lexeme::Real(-3.5),
                Lexeme::Real(0.5),
                Lexeme::Real(4.0),
                Lexeme::Real(-6.0),
                Lexeme::Real(1.0),
                Lexeme::Name(b"Na#6de"),
                Lexeme::Literal(b"a(b)\\)"),
                Lexeme::Hex(b"4 1"),
                Lexeme::ArrayStart,
                Lexeme::DictStart,
                Lexeme::DictEnd,
                Lexeme::ArrayEnd,
                Lexeme::Word(b"true"),
                Lexeme::Word(b"R"),
                Lexeme::Literal(b" open"),
            ]
        );
    }

    #[test]
    fn escapes_are_read() {
        assert_eq!(*name(b"Obj#53tm#4"), *b"ObjStm#4");
        assert_eq!(*literal(b"\\374\\7x\\\r\ny\\n\\q\\1234"), *b"\xfc\x07xy\nqS4");
        assert_eq!(hex(b"4 1 5"), b"AP");
    }
}
