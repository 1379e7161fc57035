//! Encodings of the codes of a PDF's fonts. Two of the three are of PDF alone.

/// Windows-1252 from 0x80 to 0x9f; the rest is Latin-1.
const WINDOWS_80: &str = "€\u{fffd}‚ƒ„…†‡ˆ‰Š‹Œ\u{fffd}Ž\u{fffd}\u{fffd}‘’“”•–—˜™š›œ\u{fffd}žŸ";

/// Mac OS Roman from 0x80 on.
const MAC_80: &str = "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø¿¡¬√ƒ≈∆«»…\u{a0}ÀÃÕŒœ–—“”‘’÷◊ÿŸ⁄€‹›ﬁﬂ‡·‚„‰ÂÊÁËÈÍÎÏÌÓÔ\u{f8ff}ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ";

/// Adobe's standard encoding from 0xa0 on.
const ADOBE_A0: &str = "\u{fffd}¡¢£⁄¥ƒ§¤'“«‹›ﬁﬂ\u{fffd}–†‡·\u{fffd}¶•‚„”»…‰\u{fffd}¿\u{fffd}`´ˆ˜¯˘˙¨\u{fffd}˚¸\u{fffd}˝˛ˇ—\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}Æ\u{fffd}ª\u{fffd}\u{fffd}\u{fffd}\u{fffd}ŁØŒº\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}æ\u{fffd}\u{fffd}\u{fffd}ı\u{fffd}\u{fffd}łøœß";

/// Encodings with one byte per character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Latin {
    Windows,
    Mac,
    Adobe,
}

impl Latin {
    /// The character of a byte, if the encoding defines one.
    pub(crate) fn char(self, byte: u8) -> Option<char> {
        let (table, from) = match self {
            Self::Windows => (WINDOWS_80, 0x80),
            Self::Mac => (MAC_80, 0x80),
            Self::Adobe => (ADOBE_A0, 0xa0),
        };
        let c = match (self, byte) {
            (Self::Adobe, b'\'') => '’',
            (Self::Adobe, b'`') => '‘',
            (_, ..0x80) | (Self::Windows, 0xa0..) => char::from(byte),
            _ => table.chars().nth(usize::from(byte.checked_sub(from)?))?,
        };
        (c != char::REPLACEMENT_CHARACTER).then_some(c)
    }
}

/// Decodes UTF-16. A lone surrogate becomes U+FFFD.
pub(crate) fn utf16(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> String {
    let units = bytes.as_chunks().0.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_whole() {
        assert_eq!(WINDOWS_80.chars().count(), 0x20);
        assert_eq!(MAC_80.chars().count(), 0x80);
        assert_eq!(ADOBE_A0.chars().count(), 0x5c);
        for (latin, byte, c) in [
            (Latin::Windows, 0x80, '€'),
            (Latin::Windows, 0xfc, 'ü'),
            (Latin::Mac, 0x9f, 'ü'),
            (Latin::Mac, 0xff, 'ˇ'),
            (Latin::Mac, 0xde, 'ﬁ'),
            (Latin::Adobe, 0xae, 'ﬁ'),
            (Latin::Adobe, 0xfb, 'ß'),
            (Latin::Adobe, 0xd0, '—'),
            (Latin::Adobe, 0xe1, 'Æ'),
            (Latin::Adobe, b'\'', '’'),
            (Latin::Adobe, b'A', 'A'),
        ] {
            assert_eq!(latin.char(byte), Some(c), "{latin:?} {byte:x}");
        }
        assert_eq!(
            (Latin::Windows.char(0x81), Latin::Adobe.char(0xff), Latin::Adobe.char(0x90)),
            (None, None, None)
        );
    }
}
