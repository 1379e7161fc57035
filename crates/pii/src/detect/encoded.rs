//! Values in base64 or hexadecimal digits: a word that decodes to readable text with a value in it.

use super::finding::{Entity, Finding, Findings, Rank};
use super::scan::{Text, Word, is_word};

/// Characters of an encoded text: shorter ones are words by chance, longer ones are files.
const LENGTHS: std::ops::RangeInclusive<usize> = SHORTEST..=1024;
pub(super) const SHORTEST: usize = 20;

/// Characters that are decoded first, to tell text from random bytes.
const HEAD: usize = 12;

/// Adds a token whose decoded text has a value that leaves no doubt; `find` reads that text.
pub(super) fn token(text: &Text<'_>, token: Word, find: impl Fn(&str) -> Vec<Finding>, found: &mut Findings) {
    let end = text.run(token.end, |byte| is_word(byte) || matches!(byte, b'+' | b'/'));
    let bytes = text.slice(token.start, end.min(token.start + LENGTHS.end() + 1));
    if !LENGTHS.contains(&bytes.len()) || matches!(text.before(token.start), b'+' | b'/') {
        return;
    }
    let decode = if bytes.iter().all(u8::is_ascii_hexdigit) { hexadecimal } else { base64 };
    let head = decode(bytes.get(..HEAD).unwrap_or_default());
    let Some(plain) = head.filter(|head| is_readable(head)).and_then(|_| decode(bytes)) else { return };
    let Some(plain) = std::str::from_utf8(&plain).ok().filter(|plain| is_readable(plain.as_bytes())) else {
        return;
    };
    let is_sure =
        |entity| matches!(entity, Entity::Email | Entity::CreditCard | Entity::Iban | Entity::UsSsn);
    if let Some(one) = find(plain).into_iter().find(|one| is_sure(one.entity)) {
        let end = end + text.ahead(end, 2).iter().take_while(|byte| **byte == b'=').count();
        found.add(Rank::Certain, token.start, end, one.entity);
    }
}

fn is_readable(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t' | 0x80..))
}

/// The bytes of whole groups of four characters in either alphabet of base64, and of the rest.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0u32, 0);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| (*byte as char).to_digit(16);
    text.chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(high)? << 4 | digit(low)?).ok(),
            _ => None,
        })
        .collect()
}
