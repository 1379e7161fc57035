//! Vectors of texts, as the mock model makes them: enough to tell texts apart.

use base64ct::{Base64, Encoding as _};
use frontdesk::memory::vector::DIMENSIONS;

/// Numbers of a vector that are not zero.
const TELLING: usize = 4;

/// A zero after another number, as Postgres gets it.
const ZERO: &str = ",0.00000";

/// The telling numbers of a text's vector.
fn numbers_of(text: &str) -> [f32; TELLING] {
    let hash = text.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
    hash.to_le_bytes().map(|byte| f32::from(byte) / 256.0 + 0.1)
}

/// The vector of a text as the API sends it: 32-bit floats in base64.
pub fn base64_of(text: &str) -> String {
    let mut floats = vec![0; DIMENSIONS * size_of::<f32>()];
    for (bytes, number) in floats.chunks_exact_mut(size_of::<f32>()).zip(numbers_of(text)) {
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    Base64::encode_string(&floats)
}

/// Whether `stored`, as Postgres gets it, is the vector of a text.
pub fn is_stored_of(text: &str, stored: &str) -> bool {
    let [first, second, third, fourth] = numbers_of(text);
    let telling = format!("[{first:.5},{second:.5},{third:.5},{fourth:.5}");
    let zeros = stored.strip_prefix(&telling).and_then(|zeros| zeros.strip_suffix(']'));
    zeros.is_some_and(|zeros| {
        zeros.len() == (DIMENSIONS - TELLING) * ZERO.len()
            && zeros.as_bytes().chunks(ZERO.len()).all(|zero| zero == ZERO.as_bytes())
    })
}
