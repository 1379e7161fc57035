//! Identifiers that machines make: a part of one is no number of a person.

use super::finding::Findings;
use super::scan::{Text, Word};

/// Bytes of a UUID in its usual text form (RFC 9562, section 4).
const UUID: usize = 36;

/// Offsets of its hyphens.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// Keeps the UUIDs of a token whole.
pub(super) fn token(text: &Text<'_>, token: Word, found: &mut Findings) {
    let mut start = token.start;
    while start + UUID <= token.end {
        let end = start + UUID;
        if is_uuid(text.slice(start, end)) && !text.at(end).is_ascii_alphanumeric() {
            found.keep_whole(start, end);
            start = end;
        } else {
            start = text.run(start, |byte| byte.is_ascii_alphanumeric()) + 1;
        }
    }
}

fn is_uuid(bytes: &[u8]) -> bool {
    let fits = |(place, byte): (usize, &u8)| {
        if HYPHENS.contains(&place) { *byte == b'-' } else { byte.is_ascii_hexdigit() }
    };
    bytes.len() == UUID && bytes.iter().enumerate().all(fits)
}
