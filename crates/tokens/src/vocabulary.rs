//! The tokens of o200k_base and their ranks, read in place. `build.rs` sorts them by length, then by value.

use std::cmp::Ordering;

/// Length of the longest token, in bytes.
pub(crate) const LONGEST: usize = LENGTHS.len() - 2;

/// For each length: the index of its first token among all, and its offset in bytes. The last pair is the end of all tokens.
#[allow(clippy::unreadable_literal, reason = "the numbers are generated")]
const LENGTHS: &[(usize, usize)] = &include!(concat!(env!("OUT_DIR"), "/lengths.rs"));

/// The concatenated tokens, followed by eight zero bytes so that eight bytes can be read at each token.
static TOKENS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/tokens"));

/// For each length from 1 on and each highest byte of a value: the number of tokens of this length before this byte.
///
/// 257 numbers of two bytes per length. The end of a section is the start of the next one.
static SECTIONS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/sections"));

/// The lower 16 of the 18 bits of a rank. The upper bits are stored separately, because they compress well.
static RANKS_LOW: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/ranks_low"));
static RANKS_HIGH: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/ranks_high"));

/// The rank of `token` by which pairs are merged, lowest first. `None` if it is no token.
pub(crate) fn rank(token: &[u8]) -> Option<u32> {
    let place = find(token)?;
    Some(u32::from(*RANKS_HIGH.get(place)?) << 16 | u32::from(u16_at(RANKS_LOW, place)?))
}

/// The index of `token` among all tokens, by bisection in its section.
fn find(token: &[u8]) -> Option<usize> {
    let length = token.len();
    let value = value(token);
    let (first, start) = *LENGTHS.get(length)?;
    let compare = |place: usize| {
        let stored = TOKENS.get(start + place * length..)?;
        let order = (u64::from_le_bytes(*stored.first_chunk()?) & mask(length)).cmp(&value);
        Some(if length <= 8 { order } else { order.then_with(|| stored.get(8..length).cmp(&token.get(8..))) })
    };
    let (mut low, mut high) = section(length, value)?;
    while low < high {
        let middle = usize::midpoint(low, high);
        match compare(middle)? {
            Ordering::Less => low = middle + 1,
            Ordering::Equal => return Some(first + middle),
            Ordering::Greater => high = middle,
        }
    }
    None
}

/// The range of tokens of a length that have the same highest byte as `value`.
fn section(length: usize, value: u64) -> Option<(usize, usize)> {
    let top = usize::try_from(value >> (8 * (length.min(8).checked_sub(1)?))).ok()?;
    let at = 257 * (length - 1) + top;
    Some((u16_at(SECTIONS, at)?.into(), u16_at(SECTIONS, at + 1)?.into()))
}

/// The first eight bytes of a token as a number.
fn value(token: &[u8]) -> u64 {
    match token.first_chunk() {
        Some(head) => u64::from_le_bytes(*head),
        None => token.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)),
    }
}

/// Mask for the bytes of a token among the eight bytes that are read at its offset.
fn mask(length: usize) -> u64 {
    if length < 8 { (1 << (8 * length)) - 1 } else { u64::MAX }
}

fn u16_at(table: &[u8], place: usize) -> Option<u16> {
    table.get(2 * place..)?.first_chunk().copied().map(u16::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn tokens() -> impl Iterator<Item = &'static [u8]> {
        (1..=LONGEST).flat_map(|length| TOKENS[LENGTHS[length].1..LENGTHS[length + 1].1].chunks(length))
    }

    #[test]
    fn every_token_is_found_and_has_a_rank_of_its_own() {
        let mut ranks: Vec<u32> = tokens().map(|token| rank(token).unwrap()).collect();
        ranks.sort_unstable();
        assert!(ranks.into_iter().eq(0..199_998));
    }

    #[test]
    fn nothing_else_is_found() {
        for other in ["", "\u{fffd}\u{fffd}x", "not a token", &"-".repeat(129), &"x".repeat(1000)] {
            assert_eq!(rank(other.as_bytes()), None, "{other:?}");
        }
        let all: HashSet<&[u8]> = tokens().collect();
        for near in
            tokens().flat_map(|token| [[token, b"\0"].concat(), [b" ", token].concat(), token[1..].to_vec()])
        {
            assert_eq!(rank(&near).is_some(), all.contains(near.as_slice()), "{near:?}");
        }
    }
}
