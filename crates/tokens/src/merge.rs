//! Byte-pair merging: a piece begins as its bytes, and of all neighbours that make a token together those with the lowest
//! rank are joined, the first ones first, until there are none.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::vocabulary;

/// A rank above the place where the pair begins: one number is compared faster than two, and comparing is most of the work.
type Key = u64;

/// Neighbours that make no token together.
const NONE: Key = Key::MAX;

/// Ranks have 18 bits, so there are more than enough for a place.
const PLACE_BITS: u32 = 40;

/// Merges pieces; what it allocates serves all of a text.
#[derive(Default)]
pub(crate) struct Merger {
    /// By the first byte of each.
    parts: Vec<Part>,
    /// Pairs that make a token. One that is not what begins there any more is passed over.
    queue: BinaryHeap<Reverse<Key>>,
}

/// A part of a piece: some bytes that are a token.
struct Part {
    /// Where the part before begins.
    previous: usize,
    /// Where this one ends, and the next begins.
    end: usize,
    /// Of what this part and the next make together.
    pair: Key,
}

impl Merger {
    /// How many tokens `piece` is. Takes time that is, but for a logarithm, in proportion to its length, whatever it is.
    pub(crate) fn count(&mut self, piece: &[u8]) -> u32 {
        // Nothing but a shorter way: merging would come to the same.
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

    /// Makes one of two parts, if they still are what they were when they got this key.
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

    /// Puts the part at `start` and the next into the queue, if both are there and make a token together.
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

    /// The same by looking at every pair again after each merge.
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
        fn the_queue_finds_what_looking_everywhere_finds(piece in pieces()) {
            prop_assert_eq!(Merger::default().count(&piece), simple(&piece));
        }
    }
}
