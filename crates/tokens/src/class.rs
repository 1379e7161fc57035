//! The classes of characters that o200k_base's pattern distinguishes.

/// A set of character classes as bits. `build.rs` assigns one class to each character.
pub(crate) type Classes = u8;

/// Upper-case letters: `\p{Lu}` and `\p{Lt}`.
pub(crate) const UPPER: Classes = 1;
/// Lower-case letters: `\p{Ll}`.
pub(crate) const LOWER: Classes = 1 << 1;
/// Letters without case: `\p{Lm}` and `\p{Lo}`.
pub(crate) const CASELESS: Classes = 1 << 2;
/// Combining marks on letters: `\p{M}`.
pub(crate) const MARK: Classes = 1 << 3;
/// Digits and other numbers: `\p{N}`.
pub(crate) const NUMBER: Classes = 1 << 4;
/// White space without line ends.
pub(crate) const BLANK: Classes = 1 << 5;
/// Line ends: `[\r\n]`.
pub(crate) const LINE_END: Classes = 1 << 6;
/// All other characters.
pub(crate) const SIGN: Classes = 1 << 7;

const BLOCKS: usize = 0x11_0000 / 256;

/// The index of each block of 256 characters, followed by the distinct blocks.
static TABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/classes"));

/// The class of a character.
pub(crate) fn of(c: char) -> Classes {
    let code = c as usize;
    let class = |block: &u8| TABLE.get(BLOCKS + usize::from(*block) * 256 + code % 256);
    // The table contains all characters, so the default is never used.
    TABLE.get(code / 256).and_then(class).copied().unwrap_or(SIGN)
}
