//! Classes of bytes, one bit each.

/// An ASCII digit.
pub(super) const DIGIT: u8 = 1;
/// An uppercase ASCII letter.
pub(super) const UPPER: u8 = 2;
/// A lowercase ASCII letter.
pub(super) const LOWER: u8 = 4;
/// The underscore alone.
const UNDERSCORE: u8 = 8;
/// Bytes of a word.
pub(super) const WORD: u8 = DIGIT | UPPER | LOWER | UNDERSCORE;
/// Joins words to a token: a hyphen or a point.
const JOINT: u8 = 16;
/// Bytes of a token.
pub(super) const TOKEN: u8 = WORD | JOINT;
/// A sign that a detector begins from: an at sign, a colon, an opening bracket.
pub(super) const SIGN: u8 = 32;
/// A sign that may disguise a value.
pub(super) const TRICK: u8 = 64;

/// The class of each byte.
static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut rest: &mut [u8] = &mut classes;
    let mut byte = 0u8;
    while let Some((class, next)) = rest.split_first_mut() {
        *class = match byte {
            b'0'..=b'9' => DIGIT,
            b'A'..=b'Z' => UPPER,
            b'a'..=b'z' => LOWER,
            b'_' => UNDERSCORE,
            b'-' | b'.' => JOINT,
            b'@' | b':' | b'(' | b'[' => SIGN,
            b'&' | b'\\' | b'%' | b'=' | b'<' => TRICK,
            _ => 0,
        };
        rest = next;
        byte = byte.wrapping_add(1);
    }
    classes
};

pub(super) fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or_default()
}
