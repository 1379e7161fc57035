//! Keys and tokens: by how vendors begin them, or by a word before them.

use super::class::{DIGIT, LOWER, UPPER};
use super::finding::{Entity, Findings, Rank};
use super::scan::{LONG, Text, Word, is_word};
use super::vendor::PREFIXES;
use super::vocabulary::Label;

/// The shortest key that a word tells.
const SHORTEST_TOLD: usize = 20;

/// Length of AWS's secret keys, in base64.
const AWS_KEY: usize = 40;

/// The shortest value behind the bare word "key".
const SHORTEST_HEX: usize = 32;

/// Bytes before the word "key" in which its kind stands.
const OPENNESS: usize = 14;

/// Bytes of the longest name of a cookie.
const LONGEST_COOKIE: usize = 40;

/// The shortest private key in base64.
const SHORTEST_PRIVATE: usize = 120;

/// The longest value that a word tells.
const LONGEST_TOLD: usize = 512;

/// Bytes of a private key within which a line of it begins: others say how it is encrypted.
const LONGEST_HEAD: usize = 512;

pub(super) fn token(text: &Text<'_>, mut token: Word, found: &mut Findings) {
    while token.len() > 0 && text.before(token.end) == b'.' {
        token.end -= 1;
    }
    if token.len() < LONG {
        return;
    }
    let (start, end) = (token.start, token.end);
    let bytes = text.slice(start, end);
    if bytes.starts_with(b"eyJ") && is_jwt(bytes) {
        return found.add(Rank::Certain, start, end, Entity::Jwt);
    }
    let is_mixed = token.has(DIGIT) || token.has(LOWER) && token.has(UPPER);
    if is_mixed && has_prefix(bytes) || has_form(bytes) {
        return found.add(Rank::Certain, start, end, Entity::ApiKey);
    }
    if let Some((start, end)) = telegram_bot(text, start, end) {
        return found.add(Rank::Certain, start, end, Entity::ApiKey);
    }
    let is_long = bytes.len() >= SHORTEST_TOLD && token.has(DIGIT) && token.has(LOWER | UPPER);
    if is_long && text.is_labelled(start, Label::Token) && is_random(bytes) && !is_path(bytes) {
        found.add(Rank::Sure, start, end, Entity::ApiKey);
    }
}

/// The shortest piece of a key, between hyphens and the like, that is no word.
const SHORTEST_PIECE: usize = 12;

fn has_prefix(token: &[u8]) -> bool {
    let begins = |(prefix, least): &(&[u8], usize)| {
        prefix.first() == token.first() && token.len() >= prefix.len() + least && token.starts_with(prefix)
    };
    let is_piece = |piece: &[u8]| piece.len() >= SHORTEST_PIECE;
    PREFIXES.iter().any(begins) && token.split(|byte| !byte.is_ascii_alphanumeric()).any(is_piece)
}

/// Three parts in base64url; the third is empty when nothing is signed. An encrypted one has five.
fn is_jwt(token: &[u8]) -> bool {
    let mut parts = token.split(|byte| *byte == b'.');
    let (header, payload) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    match parts.count() {
        1 => header.len() >= 10 && payload.starts_with(b"eyJ"),
        3 => header.len() >= 16,
        _ => false,
    }
}

/// Tells random text from names such as `RealtimeModelV4Options`, in which capitals and digits are rarer.
fn is_random(token: &[u8]) -> bool {
    if !token.iter().any(u8::is_ascii_lowercase) && !token.contains(&b'_') {
        return true;
    }
    let changes = |pair: &[u8]| match pair {
        [one, next] => {
            one.is_ascii_digit() != next.is_ascii_digit()
                || one.is_ascii_lowercase() && next.is_ascii_uppercase()
        }
        _ => false,
    };
    token.windows(2).filter(|pair| changes(pair)).count() * 4 >= token.len()
}

/// Names that points join are code, not a key.
fn is_path(token: &[u8]) -> bool {
    token.contains(&b'.')
        && token
            .split(|byte| *byte == b'.')
            .all(|name| name.first().is_none_or(|first| !first.is_ascii_digit()) && name.len() < 24)
}

/// Keys without a word at their beginning whose form is theirs alone.
fn has_form(token: &[u8]) -> bool {
    let is_hex = |part: &[u8]| part.iter().all(u8::is_ascii_hexdigit);
    match token {
        // Twilio.
        [b'S', b'K', rest @ ..] | [b'A', b'C', rest @ ..] if token.len() == 34 => is_hex(rest),
        // Mailchimp: the data centre follows.
        _ if (36..=37).contains(&token.len()) => {
            let (key, centre) = token.split_at(32);
            is_hex(key) && centre.starts_with(b"-us") && centre.iter().skip(3).all(u8::is_ascii_digit)
        }
        // Terraform Cloud: an identifier of fourteen characters, and this sign.
        _ if token.get(14..23) == Some(b".atlasv1.") => token.len() >= 60,
        // Discord's bots: a number, a time and a signature in base64.
        [b'M' | b'N' | b'O', ..] if (59..=80).contains(&token.len()) => {
            let mut parts = token.split(|byte| *byte == b'.').map(<[u8]>::len);
            matches!(
                (parts.next(), parts.next(), parts.next(), parts.next()),
                (Some(23..=28), Some(6), Some(27..=38), None)
            )
        }
        _ => false,
    }
}

/// `123456789:AA…`: the bot's number, and 35 characters.
fn telegram_bot(text: &Text<'_>, start: usize, end: usize) -> Option<(usize, usize)> {
    if text.before(start) != b':' || end - start != 35 || !text.slice(start, end).starts_with(b"AA") {
        return None;
    }
    let before = text.slice(start.saturating_sub(12), start - 1);
    let digits = before.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    (8..=10).contains(&digits).then(|| (start - 1 - digits, end))
}

/// Finds keys with signs in their alphabet behind a label: secret keys of AWS, storage keys of Azure.
pub(super) fn told(text: &Text<'_>, found: &mut Findings) {
    let ends = [Label::Token, Label::Secret, Label::Key, Label::Session]
        .map(|label| text.ends_of(label).map(move |end| (end, label)));
    for (end, label) in ends.into_iter().flatten() {
        let (start, is_told) = value_start(text, end);
        let start =
            start + if label == Label::Session { cookie_name(text.ahead(start, LONGEST_COOKIE)) } else { 0 };
        let value = text.ahead(start, LONGEST_TOLD);
        let is_part = |byte: u8| {
            is_base64(byte) || byte == b'~' || label == Label::Session && matches!(byte, b'.' | b'%')
        };
        let length = value.iter().position(|byte| !is_part(*byte)).unwrap_or(value.len());
        let value = value.get(..length).unwrap_or_default();
        // A path has signs too, and words.
        let is_path = value.first() == Some(&b'/') && length != AWS_KEY && value.last() != Some(&b'=');
        let is_whole = length < LONGEST_TOLD && !is_word(text.at(start + length)) && !is_path;
        let follows = start > end && (is_told || label == Label::Token);
        let least = if label == Label::Key { SHORTEST_HEX } else { SHORTEST_TOLD };
        let is_public = label == Label::Key && is_public(text, end);
        let is_random = is_key(value)
            || label == Label::Session && is_random(value) && value.iter().any(u8::is_ascii_digit);
        if follows && is_whole && length >= least && is_random && !is_public {
            let entity = if label == Label::Session { Entity::Session } else { Entity::ApiKey };
            found.add(Rank::Sure, start, start + length, entity);
        }
    }
}

/// The length of a cookie's name with its sign of equality.
fn cookie_name(text: &[u8]) -> usize {
    let length = text.iter().take_while(|byte| is_word(**byte) || matches!(byte, b'.' | b'-')).count();
    if text.get(length) == Some(&b'=') { length + 1 } else { 0 }
}

/// Tells if the word before "key" that ends at a place says that it is no secret.
fn is_public(text: &Text<'_>, end: usize) -> bool {
    const OPEN: [&[u8]; 10] =
        [b"gpg", b"pgp", b"public", b"cache", b"primary", b"foreign", b"sort", b"host", b"index", b"hash"];
    let before = text.slice(end.saturating_sub(OPENNESS), end).to_ascii_lowercase();
    before.split(|byte| !byte.is_ascii_alphabetic()).any(|word| OPEN.contains(&word))
}

/// A private key without its first line, known by the version that its encoding begins with (RFC 8017, A.1.2; RFC 5208; OpenSSH).
pub(super) fn headless_key(text: &Text<'_>, token: Word, found: &mut Findings) {
    let head = text.slice(token.start, token.end);
    let is_der = head.starts_with(b"MI") && matches!(head.get(6..10), Some(b"IBAA" | b"IBAD"));
    let is_one = is_der || head.starts_with(b"b3BlbnNzaC1rZXktdjE");
    if !is_one || text.before(token.start) == b'/' || is_word(text.before(token.start)) {
        return;
    }
    let line = |start: usize| text.run(start, is_base64);
    let mut end = line(token.start);
    let width = end - token.start;
    // Lines are as long as the first, but for the last, which has capitals or digits as well.
    loop {
        let start = text.run(end, |byte| matches!(byte, b'\n' | b'\r' | b' ')).min(end + 4);
        let next = line(start);
        let has_kind = text.slice(start, next).iter().any(|byte| byte.is_ascii_digit() || *byte == b'=');
        if start == end || next == start || next - start > width || next - start < width && !has_kind {
            break;
        }
        let is_last = next - start < width;
        end = next;
        if is_last {
            break;
        }
    }
    if end - token.start >= SHORTEST_PRIVATE {
        found.add(Rank::Sure, token.start, end, Entity::PrivateKey);
    }
}

/// Digits, small letters and capitals, or hexadecimal digits of a usual length.
fn is_key(value: &[u8]) -> bool {
    let has = |kind: fn(&u8) -> bool| value.iter().filter(|byte| kind(byte)).count() >= 2;
    let is_mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let is_hex = value.len() >= 32 && value.iter().all(u8::is_ascii_hexdigit) && has(u8::is_ascii_digit);
    let has_signs = value.len() >= AWS_KEY && value.iter().any(|byte| matches!(byte, b'+' | b'/'));
    // Of forty characters in base64 one digit or none is no rarity.
    let is_long =
        has_signs && value.len() == AWS_KEY && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    is_long || (is_mixed || is_hex) && (has_signs || is_random(value))
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-')
}

/// Finds the beginning of the value that a label before `end` names, behind linking signs and words; and tells if these say
/// plainly that it is the value.
pub(super) fn value_start(text: &Text<'_>, end: usize) -> (usize, bool) {
    let signs = |at: usize| {
        let rest = text.ahead(at, 12);
        let is_sign =
            |byte: u8| matches!(byte, b' ' | b'"' | b'\'' | b':' | b'=' | b'`' | b'>' | b'*' | b'\\');
        at + rest.iter().position(|byte| !is_sign(*byte)).unwrap_or(rest.len())
    };
    let mut at = signs(end);
    let mut is_told = text.slice(end, at).iter().any(|byte| matches!(byte, b':' | b'=' | b'>'));
    for (link, tells) in LINKS {
        let next = at + link.len();
        let is_it = text.slice(at, next).eq_ignore_ascii_case(link.as_bytes());
        if is_it && (!link.is_ascii() || at > end && !is_word(text.at(next))) {
            at = signs(next);
            is_told |= tells;
        }
    }
    (at, is_told)
}

/// Words between what is named and its value, and whether a value must follow.
const LINKS: &[(&str, bool)] = &[
    ("was", false),
    ("is", true),
    ("ye", true),
    ("c'est", true),
    ("should be", true),
    ("hai", true),
    ("هي", true),
    ("هو", true),
    ("היא", true),
    ("are", true),
    ("ist", true),
    ("lautet", true),
    ("es", true),
    ("est", true),
    ("set to", true),
    ("to", false),
    ("bearer", false),
    ("basic", true),
    ("flyv1", true),
    ("jest", true),
    ("er", true),
    ("é", true),
    ("è", true),
    ("är", true),
    ("是", true),
    ("为", true),
    ("は", true),
    ("는", true),
    ("은", true),
];

/// From BEGIN to END, or as far as it goes when the end is missing.
pub(super) fn private_keys(text: &Text<'_>, found: &mut Findings) {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    if !text.has(Label::PrivateKey) {
        return;
    }
    let mut at = 0;
    let mut has_end = true;
    while let Some(offset) = text.str.get(at..).and_then(|rest| rest.find(BEGIN)) {
        let start = at + offset;
        let name = start + BEGIN.len();
        let name_end = text.run(name, |byte| byte.is_ascii_uppercase() || matches!(byte, b' ' | b'0'..=b'9'));
        at = name_end;
        let name = text.slice(name, name_end);
        if !name.ends_with(b"PRIVATE KEY") && !name.ends_with(b"PRIVATE KEY BLOCK") {
            continue;
        }
        let rest = text.str.get(name_end..).filter(|_| has_end);
        let closing = rest.and_then(|rest| rest.find(END));
        has_end = closing.is_some();
        let end = closing.map_or_else(
            || text.run(name_end, |byte| is_word(byte) || b"+/=-\\\n\r ".contains(&byte)),
            |offset| {
                let name = text.run(name_end + offset + END.len(), |byte| byte != b'-' && byte != b'\n');
                text.run(name, |byte| byte == b'-')
            },
        );
        // In code the two lines stand without a key between them.
        let body = text.slice(name_end, end.min(name_end + LONGEST_HEAD));
        if body.split(|byte| !is_base64(*byte) || *byte == b'-').any(|run| run.len() >= LONG) {
            found.add(Rank::Certain, start, end, Entity::PrivateKey);
        }
        at = end;
    }
}
