//! Random numbers that one seed decides: SplitMix64 (<https://prng.di.unimi.it/splitmix64.c>).

use std::cell::Cell;

pub struct Rng(Cell<u64>);

impl Rng {
    /// A generator. Seeds that lie side by side begin far apart.
    pub fn new(seed: u64) -> Self {
        let rng = Self(Cell::new(seed));
        rng.0.set(rng.next() ^ seed.rotate_left(32));
        rng
    }

    pub fn next(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below `bound`.
    pub fn below(&self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub fn one_in(&self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    pub fn index(&self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("below a length")
    }

    pub fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[self.index(from.len())]
    }

    /// The state: two runs that were the same have the same.
    pub fn state(&self) -> u64 {
        self.0.get()
    }
}
