//! The classes of characters that o200k_base's pattern tells apart.

/// Classes of characters: `build.rs` gives each character one of them.
pub(crate) type Classes = u8;

/// `\p{Lu}` and `\p{Lt}`.
pub(crate) const UPPER: Classes = 1;
/// `\p{Ll}`.
pub(crate) const LOWER: Classes = 1 << 1;
/// `\p{Lm}` and `\p{Lo}`: letters of scripts without case, for the most part.
pub(crate) const CASELESS: Classes = 1 << 2;
/// `\p{M}`: what is put on a letter.
pub(crate) const MARK: Classes = 1 << 3;
/// `\p{N}`.
pub(crate) const NUMBER: Classes = 1 << 4;
/// `\s` without line ends.
pub(crate) const BLANK: Classes = 1 << 5;
/// `[\r\n]`.
pub(crate) const LINE_END: Classes = 1 << 6;
/// All others.
pub(crate) const SIGN: Classes = 1 << 7;

const BLOCKS: usize = 0x11_0000 / 256;

/// The number of each block of 256 characters, and then the blocks.
static TABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/classes"));

/// The class of a character.
pub(crate) fn of(c: char) -> Classes {
    let code = c as usize;
    let class = |block: &u8| TABLE.get(BLOCKS + usize::from(*block) * 256 + code % 256);
    // Each character is in the table.
    TABLE.get(code / 256).and_then(class).copied().unwrap_or(SIGN)
}
