//! Vectors of memories as the index keeps them: a code of signs by which the cosine of each is estimated, and eight bits a number for
//! the cosines of the best.

/// Numbers in a vector: as `halfvec(1536)` in the database has it.
pub const DIMENSIONS: usize = 1536;

/// Numbers in a word of a code.
const WORD_BITS: usize = 64;

/// Bytes of a code: a bit for the sign of each number.
const CODE_BYTES: usize = DIMENSIONS / 8;

/// Bytes of a place at the beginning of a record.
const PLACE_BYTES: usize = 8;

/// Bytes of a vector's [`SmallVector::evenness`].
const EVENNESS_BYTES: usize = 4;

/// Bytes of a record with a code.
pub const CODE_RECORD: usize = PLACE_BYTES + EVENNESS_BYTES + CODE_BYTES;

/// Bytes of a record with numbers of eight bits.
const VECTOR_RECORD: usize = PLACE_BYTES + DIMENSIONS;

/// Bits of each number of a question's vector when it is compared with codes.
const PLANES: usize = 4;

/// Zero in these bits, and the step between two of their numbers: the largest is 7.
const ZERO: i8 = 8;
const STEP: i8 = 18;

/// Position of a memory among its neighbours, and the number of its row.
pub type Place = u64;

/// A vector in eight bits a number, scaled so that the largest is 127. The scale is lost: only angles matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmallVector(Vec<i8>);

impl SmallVector {
    /// The vector of those numbers. `None` unless there are [`DIMENSIONS`] of them, finite and not all zero.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "scaled to 127")]
    pub fn new(numbers: &[f32]) -> Option<Self> {
        let largest = numbers.iter().fold(0_f32, |largest, number| largest.max(number.abs()));
        let is_vector =
            numbers.len() == DIMENSIONS && largest > 0.0 && numbers.iter().all(|number| number.is_finite());
        is_vector
            .then(|| Self(numbers.iter().map(|number| (number / largest * 127.0).round() as i8).collect()))
    }

    /// The record of this vector for a place.
    #[must_use]
    pub fn record(&self, place: Place) -> Vec<u8> {
        let numbers = self.0.iter().map(|number| number.cast_unsigned());
        place.to_le_bytes().into_iter().chain(numbers).collect()
    }

    /// The record of this vector's code for a place.
    #[must_use]
    pub fn code_record(&self, place: Place) -> Vec<u8> {
        let code = bits(&self.0, |number| number > 0).into_iter().flat_map(u64::to_le_bytes);
        place.to_le_bytes().into_iter().chain(self.evenness().to_le_bytes()).chain(code).collect()
    }

    /// Product of this vector and that of its signs, by its length: the larger, the more alike its numbers are in size.
    fn evenness(&self) -> f32 {
        let sum: i32 = self.0.iter().map(|number| i32::from(number.unsigned_abs())).sum();
        as_float(sum) / self.length()
    }

    fn length(&self) -> f32 {
        length(self.0.iter().map(|number| square(*number)).sum())
    }

    /// Cosines of records of codes, by place, as far as signs tell. The product with a vector's signs, divided by the evenness of
    /// that vector, has the cosine as its mean (<https://arxiv.org/abs/2405.12497>).
    #[must_use]
    pub fn estimates(&self, records: &[u8]) -> Vec<(Place, f32)> {
        let question = Planes::new(self);
        let one = |record: &[u8]| {
            let (place, rest) = split(record)?;
            let (evenness, code) = rest.split_first_chunk::<EVENNESS_BYTES>()?;
            Some((place, question.product(code) / f32::from_le_bytes(*evenness)))
        };
        records.chunks_exact(CODE_RECORD).filter_map(one).collect()
    }

    /// Cosines of records of vectors, by place.
    #[must_use]
    pub fn cosines(&self, records: &[u8]) -> Vec<(Place, f32)> {
        let own_length = self.length();
        let one = |record: &[u8]| {
            let (place, numbers) = split(record)?;
            let (mut dot, mut squares) = (0, 0);
            for (own, byte) in self.0.iter().zip(numbers) {
                let number = byte.cast_signed();
                dot += i32::from(*own) * i32::from(number);
                squares += square(number);
            }
            let lengths = own_length * length(squares);
            Some((place, if lengths > 0.0 { as_float(dot) / lengths } else { 0.0 }))
        };
        records.chunks_exact(VECTOR_RECORD).filter_map(one).collect()
    }
}

/// The vector of a question in [`PLANES`] bits a number, by bits: its product with signs is then made of counts of common bits.
struct Planes {
    /// For each 64 numbers, their bits of each plane.
    words: Vec<[u64; PLANES]>,
    /// Sum of the numbers.
    sum: i32,
    /// Size of a step, by the length of the vector.
    step: f32,
}

impl Planes {
    fn new(vector: &SmallVector) -> Self {
        let rounded =
            |number: &i8| (i16::from(*number) + i16::from(number.signum() * (STEP / 2))) / i16::from(STEP);
        let numbers: Vec<i8> =
            vector.0.iter().map(|number| i8::try_from(rounded(number)).unwrap_or(0)).collect();
        let planes: [_; PLANES] =
            std::array::from_fn(|plane| bits(&numbers, |number| (number + ZERO) >> plane & 1 == 1));
        let word = |place: usize| planes.each_ref().map(|plane| plane.get(place).copied().unwrap_or(0));
        let words = (0..numbers.len().div_ceil(WORD_BITS)).map(word).collect();
        let sum = numbers.iter().copied().map(i32::from).sum();
        Self { words, sum, step: f32::from(STEP) / vector.length() }
    }

    /// Product with the vector of signs of a code.
    fn product(&self, code: &[u8]) -> f32 {
        let mut product = 0;
        for (planes, bytes) in self.words.iter().zip(code.chunks_exact(8)) {
            let word = bytes.try_into().map_or(0, u64::from_le_bytes);
            let common = planes.iter().enumerate().map(|(bit, plane)| (word & plane).count_ones() << bit);
            product += common.sum::<u32>().cast_signed() - i32::from(ZERO) * word.count_ones().cast_signed();
        }
        self.step * as_float(2 * product - self.sum)
    }
}

/// Numbers that pass, as bits.
fn bits(numbers: &[i8], passes: impl Fn(i8) -> bool) -> Vec<u64> {
    let word = |numbers: &[i8]| {
        let bits = numbers.iter().enumerate();
        bits.fold(0, |word, (bit, number)| word | (u64::from(passes(*number)) << bit))
    };
    numbers.chunks(WORD_BITS).map(word).collect()
}

/// Place and rest of a record.
fn split(record: &[u8]) -> Option<(Place, &[u8])> {
    let (place, rest) = record.split_first_chunk::<PLACE_BYTES>()?;
    Some((Place::from_le_bytes(*place), rest))
}

fn square(number: i8) -> i32 {
    i32::from(number).pow(2)
}

fn length(squares: i32) -> f32 {
    as_float(squares).sqrt()
}

#[expect(clippy::cast_precision_loss, reason = "sums of 1,536 products of two bytes fit a float's order")]
const fn as_float(sum: i32) -> f32 {
    sum as f32
}

/// Takes the record of a place out of a block of code records.
#[must_use]
pub fn without(block: &[u8], place: Place) -> Vec<u8> {
    block
        .chunks_exact(CODE_RECORD)
        .filter(|record| split(record).is_some_and(|(known, _)| known != place))
        .flatten()
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A vector of made-up numbers, the same for the same seed; most of them are small, as in those of models.
    fn vector(seed: u64) -> Vec<f32> {
        let mut state = seed << 32;
        let mut number = || {
            // SplitMix64: vectors of two seeds have nothing in common.
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mixed = (state ^ state >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
            mixed.to_le_bytes().map(|part| f32::from(part) - 127.5).iter().sum()
        };
        (0..DIMENSIONS).map(|_| number()).collect()
    }

    fn mixed(one: &[f32], other: &[f32], part: f32) -> SmallVector {
        let numbers: Vec<_> =
            one.iter().zip(other).map(|(one, other)| part * one + (1.0 - part) * other).collect();
        SmallVector::new(&numbers).unwrap()
    }

    #[test]
    fn an_estimate_is_near_the_cosine() {
        let (one, other) = (vector(1), vector(2));
        let question = SmallVector::new(&one).unwrap();
        for part in [0.0, 0.1, 0.25, 0.5, 0.75, 1.0] {
            let memory = mixed(&one, &other, part);
            let [(place, estimate)] = question.estimates(&memory.code_record(7))[..] else {
                panic!("one record")
            };
            let [(_, cosine)] = question.cosines(&memory.record(7))[..] else { panic!("one record") };
            assert_eq!(place, 7);
            assert!((estimate - cosine).abs() < 0.06, "{part}: {estimate} for {cosine}");
        }
    }

    #[test]
    fn numbers_that_a_model_does_not_use_change_no_estimate() {
        let padded = |seed| {
            let mut numbers = vector(seed);
            numbers.get_mut(DIMENSIONS / 4..).unwrap().fill(0.0);
            numbers
        };
        let (one, other) = (padded(1), padded(2));
        let question = SmallVector::new(&one).unwrap();
        let memory = mixed(&one, &other, 0.5);
        let [(_, estimate)] = question.estimates(&memory.code_record(7))[..] else { panic!("one record") };
        let [(_, cosine)] = question.cosines(&memory.record(7))[..] else { panic!("one record") };
        assert!((estimate - cosine).abs() < 0.1, "{estimate} for {cosine}");
    }

    #[test]
    fn a_record_is_taken_out_of_its_block() {
        let vector = SmallVector::new(&vector(3)).unwrap();
        let block = [vector.code_record(1), vector.code_record(2)].concat();
        assert_eq!(without(&block, 1), vector.code_record(2));
    }
}
