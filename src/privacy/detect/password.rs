//! Passwords: what stands after a word that says so, if it looks like one.

use super::finding::{Entity, Findings, Rank};
use super::scan::{Text, is_word};
use super::secret::value_start;
use super::vocabulary::Label;

/// Lengths of a password.
const SHORTEST: usize = 6;
const LONGEST: usize = 128;

pub(super) fn find(text: &Text<'_>, found: &mut Findings) {
    for end in text.ends_of(Label::Password) {
        if let Some((from, to)) = value(text, end) {
            found.add(Rank::Certain, from, to, Entity::Password);
        }
    }
    for end in text.ends_of(Label::Mysql) {
        if let Some((from, to)) = option(text, end) {
            found.add(Rank::Certain, from, to, Entity::Password);
        }
    }
}

/// The value after the word that ends at a place.
fn value(text: &Text<'_>, place: usize) -> Option<(usize, usize)> {
    let (from, is_told) = value_start(text, place);
    if from == place {
        return None;
    }
    let to = value_end(text, from, text.before(from));
    let word = text.slice(from, to);
    let kinds = [
        word.iter().any(u8::is_ascii_lowercase),
        word.iter().any(u8::is_ascii_uppercase),
        word.iter().any(u8::is_ascii_digit),
        word.iter().any(|byte| !is_word(*byte)),
    ];
    let mix = kinds.into_iter().filter(|kind| *kind).count();
    let [small, capital, digit, sign] = kinds;
    let is_mixed = (digit || sign && (small || capital)) && mix >= if is_told { 2 } else { 3 };
    let is_number = is_told && word.iter().all(u8::is_ascii_digit);
    (word.len() >= SHORTEST && word.len() < LONGEST && (is_mixed || is_number) && !is_code(word))
        .then_some((from, to))
}

/// Where a password ends that begins at a place behind `before`, a quote perhaps.
fn value_end(text: &Text<'_>, from: usize, before: u8) -> usize {
    let quote = if matches!(before, b'"' | b'\'' | b'`') { before } else { 0 };
    let bytes = text.ahead(from, LONGEST);
    let ends = |at: usize, byte: u8| {
        let next = bytes.get(at + 1).copied().unwrap_or(b' ');
        match byte {
            _ if quote != 0 && byte == quote => true,
            0..=b' ' | 0x7f.. | b'"' | b'\'' | b'`' | b'<' | b',' => true,
            // The next part of a connection string, of a query, of a shell's line.
            b';' | b'&' => {
                next <= b' '
                    || next.is_ascii_alphabetic() && is_named(bytes.get(at + 1..).unwrap_or_default())
            }
            b'\\' => matches!(next, b'n' | b'"' | b'r'),
            _ => false,
        }
    };
    let length = bytes.iter().enumerate().position(|(at, byte)| ends(at, *byte)).unwrap_or(bytes.len());
    let mut to = from + length;
    while to > from && matches!(text.before(to), b'.' | b';' | b'}' | b')' | b':') && quote == 0 {
        to -= 1;
    }
    to
}

/// `name=` begins it.
fn is_named(bytes: &[u8]) -> bool {
    let name = bytes.iter().position(|byte| !is_word(*byte) && *byte != b' ').unwrap_or(bytes.len());
    bytes.get(name) == Some(&b'=')
}

/// `mysql -pSECRET`: the value is joined to the option.
fn option(text: &Text<'_>, end: usize) -> Option<(usize, usize)> {
    let line = text.ahead(end, LONGEST);
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let at = line.windows(3).position(|window| window == b" -p")? + 3;
    let rest = line.get(at..).unwrap_or_default();
    let quote = usize::from(matches!(rest.first(), Some(b'\'' | b'"')))
        + usize::from(matches!(rest, [b' ', b'\'' | b'"', ..])) * 2;
    let from = end + at + quote;
    let to = value_end(text, from, text.before(from));
    let word = text.slice(from, to);
    (word.len() >= 4 && !is_code(word) && (word.len() >= SHORTEST || quote > 0)).then_some((from, to))
}

/// `hex::decode(`, `auth[1]`, `${PASSWORD}`, `config.password` and `--flag` are code, `<secret>` and `[PASSWORD_1]` stand for one.
fn is_code(word: &[u8]) -> bool {
    let name = word.iter().position(|byte| !is_word(*byte)).unwrap_or(word.len());
    // With what it is called with, or as much of that as stands before a comma.
    let is_call = name > 0
        && matches!(word.get(name), Some(b'(' | b'['))
        && (matches!(word.last(), Some(b')' | b']'))
            || word
                .iter()
                .skip(name + 1)
                .all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'.' | b'_')));
    let is_path = word.contains(&b'.')
        && word.split(|byte| matches!(byte, b'.' | b'?' | b'!')).all(|part| {
            part.first().is_none_or(|first| first.is_ascii_alphabetic() || *first == b'_')
                && part.iter().all(|byte| is_word(*byte))
                && !part.iter().any(u8::is_ascii_digit)
        });
    is_call
        || is_path
        || matches!(word, [b'-' | b'<' | b'{' | b'%' | b'[' | b'(' | b'/', ..])
        || matches!(word, [b'$', b'{' | b'(' | b'A'..=b'Z' | b'_', rest @ ..] if rest.iter().all(|b| is_word(*b) || matches!(b, b'}' | b')' | b'{' | b'.')))
        || word.windows(2).any(|pair| pair == b"::" || pair == b"==" || pair == b"=>")
}
