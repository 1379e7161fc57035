//! The classes of characters that o200k_base's pattern tells apart.

/// Classes of characters: `build.rs` gives each character one of them.
pub(super) type Classes = u8;

/// `\p{Lu}` and `\p{Lt}`.
pub(super) const UPPER: Classes = 1;
/// `\p{Ll}`.
pub(super) const LOWER: Classes = 1 << 1;
/// `\p{Lm}` and `\p{Lo}`: letters of scripts without case, for the most part.
pub(super) const CASELESS: Classes = 1 << 2;
/// `\p{M}`: what is put on a letter.
pub(super) const MARK: Classes = 1 << 3;
/// `\p{N}`.
pub(super) const NUMBER: Classes = 1 << 4;
/// `\s` without line ends.
pub(super) const BLANK: Classes = 1 << 5;
/// `[\r\n]`.
pub(super) const LINE_END: Classes = 1 << 6;
/// All others.
pub(super) const SIGN: Classes = 1 << 7;

const BLOCKS: usize = 0x11_0000 / 256;

/// The number of each block of 256 characters, and then the blocks.
static TABLE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/classes"));

/// The class of a character.
pub(super) fn of(c: char) -> Classes {
    let code = c as usize;
    let class = |block: &u8| TABLE.get(BLOCKS + usize::from(*block) * 256 + code % 256);
    // Each character is in the table.
    TABLE.get(code / 256).and_then(class).copied().unwrap_or(SIGN)
}
