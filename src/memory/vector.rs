//! Vectors of memories as the index keeps them: a code of signs to choose candidates, and eight bits a number to order them.

/// Numbers in a vector: as `halfvec(1536)` in the database has it.
pub const DIMENSIONS: usize = 1536;

/// Bytes of a code: a bit for the sign of each number.
const CODE_BYTES: usize = DIMENSIONS / 8;

/// Bytes of a place at the beginning of a record.
const PLACE_BYTES: usize = 8;

/// Bytes of a record with a code.
pub const CODE_RECORD: usize = PLACE_BYTES + CODE_BYTES;

/// Bytes of a record with numbers of eight bits.
pub const VECTOR_RECORD: usize = PLACE_BYTES + DIMENSIONS;

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
        let code = self.code().into_iter().flat_map(u64::to_le_bytes);
        place.to_le_bytes().into_iter().chain(code).collect()
    }

    /// Signs of the numbers, 64 in a word.
    fn code(&self) -> Vec<u64> {
        let word = |numbers: &[i8]| {
            numbers
                .iter()
                .enumerate()
                .fold(0_u64, |word, (bit, number)| word | (u64::from(*number > 0) << bit))
        };
        self.0.chunks(64).map(word).collect()
    }

    /// Places of the records whose codes are nearest, at most `most`.
    #[must_use]
    pub fn nearest(&self, records: &[u8], most: usize) -> Vec<Place> {
        let code = self.code();
        let distance = |record: &[u8]| -> Option<(u32, Place)> {
            let (place, signs) = split(record)?;
            let words = signs.chunks_exact(8).map(|bytes| bytes.try_into().map_or(0, u64::from_le_bytes));
            Some((code.iter().zip(words).map(|(one, other)| (one ^ other).count_ones()).sum(), place))
        };
        let mut all: Vec<_> = records.chunks_exact(CODE_RECORD).filter_map(distance).collect();
        if all.len() > most {
            all.select_nth_unstable(most);
            all.truncate(most);
        }
        all.into_iter().map(|(_, place)| place).collect()
    }

    /// Cosines of records of vectors, by place.
    #[must_use]
    pub fn cosines(&self, records: &[u8]) -> Vec<(Place, f32)> {
        let own_length = length(self.0.iter().map(|number| square(*number)).sum());
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
