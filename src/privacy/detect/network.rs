//! Internet and hardware addresses.

use std::net::Ipv6Addr;

use super::finding::{Entity, Findings, Rank};
use super::scan::{Clues, Text, is_word};

pub(super) fn find(text: &Text<'_>, clues: &Clues, found: &mut Findings) {
    if clues.digits >= 4 {
        ipv4(text, found);
    }
    if clues.colon {
        ipv6(text, found);
    }
    mac(text, found);
}

/// Four numbers up to 255 without leading zeros, not a part of a longer row of numbers: no version, no OID.
fn ipv4(text: &Text<'_>, found: &mut Findings) {
    let mut at = 0;
    while let Some(offset) = text.slice(at, text.bytes.len()).iter().position(u8::is_ascii_digit) {
        let start = at + offset;
        let end = text.run(start, |byte| byte.is_ascii_digit() || byte == b'.');
        at = end;
        let mut stop = end;
        while text.before(stop) == b'.' {
            stop -= 1;
        }
        let parts = text.slice(start, stop).split(|byte| *byte == b'.');
        let is_part = |part: &[u8]| {
            matches!(part.len(), 1..=3)
                && (part.len() == 1 || part.first() != Some(&b'0'))
                && super::check::value(&part.iter().map(|b| b - b'0').collect::<Vec<_>>()) <= 255
        };
        let before = text.before(start);
        let touches = is_word(before) || before == b'.' || is_word(text.at(stop)) || text.at(stop) == b'-';
        let is_nobodys = matches!(text.slice(start, stop), b"127.0.0.1" | b"0.0.0.0" | b"255.255.255.255");
        if !touches
            && !is_nobodys
            && parts.clone().count() == 4
            && parts.into_iter().all(is_part)
            && !is_version(text, start)
        {
            found.add(Rank::Distinct, start, stop, Entity::IpAddress);
        }
    }
}

fn is_version(text: &Text<'_>, start: usize) -> bool {
    text.is_labelled(start, &["version", "ver", "v", "release", "released", "oid", "section", "§"])
        || text.before(start) == b'=' && text.slice(start.saturating_sub(2), start) == b"=="
}

fn ipv6(text: &Text<'_>, found: &mut Findings) {
    let mut at = 0;
    while at < text.bytes.len() {
        let end = text.run(at, |byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
        if end == at {
            at += 1;
            continue;
        }
        let (start, mut stop) = (at, end);
        at = end;
        while stop > start
            && (text.before(stop) == b'.'
                || (text.before(stop) == b':' && text.slice(start, stop - 1).last() != Some(&b':')))
        {
            stop -= 1;
        }
        let span = text.slice(start, stop);
        let colons = span.split(|byte| *byte == b':').count() - 1;
        if colons < 2 || span.len() < 6 || is_word(text.before(start)) || is_word(text.at(stop)) {
            continue;
        }
        let address = std::str::from_utf8(span).ok().and_then(|span| span.parse::<Ipv6Addr>().ok());
        // `a::b::c` is no address, nor is a path in code such as `c::B110`; `::1` is every machine's own.
        let first = span.iter().position(|byte| *byte == b':').unwrap_or(0);
        let is_path = colons == 2 && first < 3;
        if address.is_some() && !is_path && span.iter().any(u8::is_ascii_digit) {
            found.add(Rank::Sure, start, stop, Entity::IpAddress);
        }
    }
}

/// Six pairs joined by colons or hyphens, or three groups of four joined by points.
fn mac(text: &Text<'_>, found: &mut Findings) {
    let mut at = 0;
    while at + 14 <= text.bytes.len() {
        if !text.at(at).is_ascii_hexdigit() || is_word(text.before(at)) {
            at += 1;
            continue;
        }
        let separator = text.at(at + 2);
        let length = match separator {
            b':' | b'-' => pairs(text, at, separator, 2, 6),
            _ if text.at(at + 4) == b'.' => pairs(text, at, b'.', 4, 3),
            _ => None,
        };
        match length {
            Some(end) => {
                found.add(Rank::Certain, at, end, Entity::MacAddress);
                at = end;
            }
            None => at = text.run(at, is_word).max(at + 1),
        }
    }
}

/// The end of `count` groups of `width` hexadecimal digits from `start`, if they stand alone.
fn pairs(text: &Text<'_>, start: usize, separator: u8, width: usize, count: usize) -> Option<usize> {
    let mut at = start;
    for group in 0..count {
        if group > 0 {
            if text.at(at) != separator {
                return None;
            }
            at += 1;
        }
        if !text.slice(at, at + width).iter().all(u8::is_ascii_hexdigit)
            || text.slice(at, at + width).len() < width
        {
            return None;
        }
        at += width;
    }
    let next = text.at(at);
    let touches =
        text.before(start) == separator || next == separator && is_word(text.at(at + 1)) || is_word(next);
    (!touches).then_some(at)
}
