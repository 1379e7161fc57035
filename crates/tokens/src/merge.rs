//! Byte-pair merging. A piece starts as single bytes; the neighbours that form the token of the lowest rank are joined, the
//! first pair first, until no neighbours form a token.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::vocabulary;

/// Rank and position of a pair in one number. One comparison is faster than two, and comparisons are most of the work.
type Key = u64;

/// Key of neighbours that form no token.
const NONE: Key = Key::MAX;

/// Bits of the position in a key. Ranks have 18 bits, so 46 would be free.
const PLACE_BITS: u32 = 40;

/// Merges pieces. Its buffers are reused for all pieces of a text.
#[derive(Default)]
pub(crate) struct Merger {
    /// Parts by the offset of their first byte.
    parts: Vec<Part>,
    /// Pairs that form a token. Outdated entries are skipped.
    queue: BinaryHeap<Reverse<Key>>,
}

/// A part of a piece: bytes that form a token.
struct Part {
    /// Start of the part before.
    previous: usize,
    /// End of this part and start of the next.
    end: usize,
    /// Key of the pair of this part and the next.
    pair: Key,
}

impl Merger {
    /// Counts the tokens of `piece` in `O(n log n)` time for any content.
    pub(crate) fn count(&mut self, piece: &[u8]) -> u32 {
        // A shortcut: merging would yield the same token.
        if vocabulary::rank(piece).is_some() {
            return 1;
        }
        let part = |start: usize| Part { previous: start.wrapping_sub(1), end: start + 1, pair: NONE };
        self.parts.clear();
        self.parts.extend((0..piece.len()).map(part));
        self.queue.clear();
        for start in 0..piece.len() {
            self.rate(piece, start);
        }
        let mut parts = piece.len();
        while let Some(Reverse(key)) = self.queue.pop() {
            parts -= usize::from(self.join(piece, key).is_some());
        }
        u32::try_from(parts).unwrap_or(u32::MAX)
    }

    /// Joins two parts, unless one of them has changed since the pair got this key.
    fn join(&mut self, piece: &[u8], key: Key) -> Option<()> {
        let start = usize::try_from(key & ((1 << PLACE_BITS) - 1)).ok()?;
        let middle = self.parts.get(start).filter(|part| part.pair == key)?.end;
        let next = self.parts.get_mut(middle)?;
        next.pair = NONE;
        let end = next.end;
        let joined = self.parts.get_mut(start)?;
        joined.end = end;
        let previous = joined.previous;
        if let Some(after) = self.parts.get_mut(end) {
            after.previous = start;
        }
        self.rate(piece, start);
        self.rate(piece, previous);
        Some(())
    }

    /// Queues the part at `start` and the next, if both exist and form a token.
    fn rate(&mut self, piece: &[u8], start: usize) {
        let Some(part) = self.parts.get(start) else { return };
        let pair = self.parts.get(part.end).and_then(|next| piece.get(start..next.end));
        let key = pair.and_then(vocabulary::rank).map(|rank| u64::from(rank) << PLACE_BITS | start as u64);
        if let Some(part) = self.parts.get_mut(start) {
            part.pair = key.unwrap_or(NONE);
        }
        if let Some(key) = key {
            self.queue.push(Reverse(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Counts naively: checks every pair again after each merge.
    fn simple(piece: &[u8]) -> u32 {
        let mut parts: Vec<&[u8]> = piece.chunks(1).collect();
        loop {
            let rank = |start: usize| {
                let pair = [parts[start], parts[start + 1]].concat();
                vocabulary::rank(&pair).map(|rank| (rank, start))
            };
            let Some((_, start)) = (0..parts.len().saturating_sub(1)).filter_map(rank).min() else {
                return u32::try_from(parts.len()).unwrap();
            };
            let from: usize = parts[..start].iter().map(|part| part.len()).sum();
            let joined = &piece[from..from + parts[start].len() + parts[start + 1].len()];
            parts.splice(start..=start + 1, [joined]);
        }
    }

    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let letters = prop::collection::vec(prop::sample::select(b"aeinrst ".to_vec()), 0..80);
        let scripts = "[а-яε-ω漢字かな한ا-ي]{0,20}".prop_map(String::into_bytes);
        let run = (any::<u8>(), 0usize..400).prop_map(|(byte, length)| vec![byte; length]);
        prop_oneof![letters, scripts, run, prop::collection::vec(any::<u8>(), 0..60)]
    }

    proptest! {
        #[test]
        fn the_queue_counts_as_the_naive_way(piece in pieces()) {
            prop_assert_eq!(Merger::default().count(&piece), simple(&piece));
        }
    }
}
