//! Internet and hardware addresses.

use std::net::Ipv6Addr;

use super::class::DIGIT;
use super::finding::{Entity, Findings, Rank};
use super::scan::{Text, Word, is_word};
use super::vocabulary::Label;

/// The longest Internet address: six groups and one of version 4 behind them.
const LONGEST: usize = 45;

/// Four numbers up to 255 without leading zeros, not a part of a longer row of numbers: no version, no OID. The first is the
/// word.
pub(super) fn ipv4(text: &Text<'_>, word: Word, found: &mut Findings) {
    let start = word.start;
    if !word.is_number() || text.at(word.end) != b'.' || text.before(start) == b'.' {
        return;
    }
    let mut at = start;
    for place in 0..4 {
        if place > 0 {
            if text.at(at) != b'.' {
                return;
            }
            at += 1;
        }
        let Some(end) = octet_end(text, at) else { return };
        at = end;
    }
    let is_longer = match text.at(at) {
        b'.' => text.at(at + 1).is_ascii_alphanumeric(),
        // A range goes on with an address, a version with a word.
        b'-' => is_word(text.at(at + 1)) && octet_end(text, at + 1).is_none_or(|end| text.at(end) != b'.'),
        next => is_word(next),
    };
    let address = text.slice(start, at);
    // Every machine's own, masks of networks, and the addresses that routers come with.
    let is_nobodys =
        matches!(address, b"127.0.0.1" | b"0.0.0.0" | b"192.168.0.1" | b"192.168.1.1" | b"10.0.0.1")
            || address.starts_with(b"255.");
    if !is_longer && !is_nobodys && !is_version(text, start) {
        found.add(Rank::Distinct, start, at, Entity::IpAddress);
    }
}

/// The end of a number up to 255 at a place.
fn octet_end(text: &Text<'_>, start: usize) -> Option<usize> {
    let digits = text.ahead(start, 4).iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value =
        text.slice(start, start + digits).iter().fold(0, |value, byte| value * 10 + u32::from(byte - b'0'));
    let is_one = matches!(digits, 1..=3) && value <= 255 && (digits == 1 || text.at(start) != b'0');
    is_one.then_some(start + digits)
}

fn is_version(text: &Text<'_>, start: usize) -> bool {
    text.is_labelled(start, Label::NotAddress)
        || text.slice(start.saturating_sub(6), start).eq_ignore_ascii_case(b" .net ")
        || earlier(text, start).is_some_and(|other| text.is_labelled(other, Label::NotAddress))
        || text.slice(start.saturating_sub(2), start) == b"=="
        || matches!(text.before(start), b'^' | b'~')
        || text.before(start) == b'-' && text.before(start - 1).is_ascii_alphabetic()
        || text.slice(start.saturating_sub(2), start) == "§".as_bytes()
        || text.slice(start.saturating_sub(3), start) == "§ ".as_bytes()
        || text.slice(start.saturating_sub(2), start) == b"# "
}

/// Words between two versions.
const JOINTS: &[&[u8]] = &[b" to ", b" -> ", b" and ", b" auf ", b" a "];

/// The beginning of the version that this one replaces: `1.2.3.4 to 1.2.3.5`.
fn earlier(text: &Text<'_>, start: usize) -> Option<usize> {
    let before = text.slice(start.saturating_sub(LONGEST), start);
    let joint = JOINTS.iter().find(|joint| before.ends_with(joint))?;
    let other = before.get(..before.len() - joint.len())?;
    let length = other.iter().rev().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    (length >= 7).then_some(start - joint.len() - length)
}

/// Groups of hexadecimal digits that colons join.
pub(super) fn ipv6(text: &Text<'_>, found: &mut Findings) {
    let mut done = 0;
    for colon in text.signs.colons.iter().copied() {
        if colon < done {
            continue;
        }
        let is_part = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
        let first = text.slice(colon.saturating_sub(4), colon).iter().rev();
        let start = colon - first.take_while(|byte| byte.is_ascii_hexdigit()).count();
        let end = text.run(colon, is_part);
        done = end;
        let mut stop = end;
        while stop > start
            && (text.before(stop) == b'.' || text.before(stop) == b':' && text.before(stop - 1) != b':')
        {
            stop -= 1;
        }
        if is_ipv6(text, start, stop) {
            found.add(Rank::Sure, start, stop, Entity::IpAddress);
        }
    }
}

fn is_ipv6(text: &Text<'_>, start: usize, end: usize) -> bool {
    let span = text.slice(start, end);
    if !matches!(span.len(), 6..=LONGEST) || is_word(text.before(start)) || is_word(text.at(end)) {
        return false;
    }
    let colons = span.split(|byte| *byte == b':').count() - 1;
    // `a::b::c` is no address, nor is a path in code such as `c::B110`; `::1` is every machine's own.
    let first = span.iter().position(|byte| *byte == b':').unwrap_or(0);
    let is_path = colons == 2 && first < 3 && span.get(first) == Some(&b':') && !span.contains(&b'.');
    colons >= 2
        && !is_path
        && span.iter().any(u8::is_ascii_digit)
        && std::str::from_utf8(span).is_ok_and(|span| span.parse::<Ipv6Addr>().is_ok())
}

/// Six pairs joined by colons or hyphens, or three groups of four joined by points. The first is the word.
pub(super) fn mac(text: &Text<'_>, word: Word, found: &mut Findings) {
    let separator = text.at(word.end);
    if word.len() == 12 && word.has(DIGIT) && text.is_labelled(word.start, Label::Mac) {
        let is_hexadecimal = text.slice(word.start, word.end).iter().all(u8::is_ascii_hexdigit);
        if is_hexadecimal && !is_word(separator) {
            found.add(Rank::Sure, word.start, word.end, Entity::MacAddress);
        }
    }
    let end = match (word.len(), separator) {
        (2, b':' | b'-') => groups_end(text, word.start, separator, 2, 6),
        (4, b'.') => groups_end(text, word.start, b'.', 4, 3),
        _ => None,
    };
    let is_nobodys =
        |end| text.slice(word.start, end).iter().all(|byte| matches!(byte, b'0' | b':' | b'-' | b'.'));
    if let Some(end) = end.filter(|end| !is_nobodys(*end)) {
        found.add(Rank::Certain, word.start, end, Entity::MacAddress);
    }
}

/// The end of `count` groups of `width` hexadecimal digits from `start`, if they stand alone.
fn groups_end(text: &Text<'_>, start: usize, separator: u8, width: usize, count: usize) -> Option<usize> {
    let mut at = start;
    for group in 0..count {
        if group > 0 {
            (text.at(at) == separator).then_some(())?;
            at += 1;
        }
        let digits = text.slice(at, at + width);
        (digits.len() == width && digits.iter().all(u8::is_ascii_hexdigit)).then_some(())?;
        at += width;
    }
    let next = text.at(at);
    let touches =
        text.before(start) == separator || next == separator && is_word(text.at(at + 1)) || is_word(next);
    (!touches).then_some(at)
}
