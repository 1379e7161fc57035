//! JSON strings as text that Postgres can store, whole or in pieces.
//!
//! In scope: NUL and lone surrogates, which JSON strings may contain but Postgres or UTF-8 cannot. Out of scope: other checks.

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Text from a JSON string in which NUL and lone surrogates are replaced by U+FFFD. All other text is unchanged.
///
/// JavaScript leaves a lone surrogate when it cuts an emoji in two. The WHATWG encoders replace surrogates in the same way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WireText(pub String);

/// A JSON string as it stands on the wire: one piece of a text that may have been cut between the halves of a character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WirePiece(Vec<u8>);

/// Puts pieces of one text together, among them the halves of a surrogate pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PieceJoiner {
    /// A leading surrogate that ended the last piece.
    lead: Option<u32>,
}

const REPLACEMENT: char = '\u{fffd}';

impl<'de> Deserialize<'de> for WireText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let piece = WirePiece::deserialize(deserializer)?;
        let mut joiner = PieceJoiner::default();
        let mut text = String::new();
        joiner.push(&piece, &mut text);
        joiner.end(&mut text);
        Ok(Self(text))
    }
}

impl<'de> Deserialize<'de> for WirePiece {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // serde_json passes lone surrogates on as WTF-8 if bytes are requested, and fails if a string is requested.
        deserializer.deserialize_byte_buf(PieceVisitor)
    }
}

struct PieceVisitor;

impl Visitor<'_> for PieceVisitor {
    type Value = WirePiece;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<WirePiece, E> {
        Ok(WirePiece(bytes.to_vec()))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<WirePiece, E> {
        Ok(WirePiece(bytes))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<WirePiece, E> {
        self.visit_bytes(text.as_bytes())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<WirePiece, E> {
        Ok(WirePiece(text.into_bytes()))
    }
}

impl WirePiece {
    /// True for a string without a character.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PieceJoiner {
    /// Appends a piece to `text`. A leading surrogate at its end waits for the next piece.
    pub fn push(&mut self, piece: &WirePiece, text: &mut String) {
        let mut bytes = piece.0.as_slice();
        while !bytes.is_empty() {
            let valid = match std::str::from_utf8(bytes) {
                Ok(valid) => valid,
                Err(error) => bytes
                    .get(..error.valid_up_to())
                    .and_then(|valid| std::str::from_utf8(valid).ok())
                    .unwrap_or_default(),
            };
            if !valid.is_empty() {
                self.end(text);
                push_storable(valid, text);
                bytes = bytes.get(valid.len()..).unwrap_or_default();
            }
            let [first, rest @ ..] = bytes else { return };
            bytes = rest;
            // A surrogate in WTF-8 is ED, A0..BF, 80..BF.
            let ([0xed], Some(([second, third], rest))) = ([*first], rest.split_first_chunk::<2>()) else {
                self.end(text);
                text.push(REPLACEMENT);
                continue;
            };
            bytes = rest;
            self.push_surrogate(0xd000 | u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f), text);
        }
    }

    /// Ends the text: a leading surrogate that still waits is replaced.
    pub fn end(&mut self, text: &mut String) {
        if self.lead.take().is_some() {
            text.push(REPLACEMENT);
        }
    }

    fn push_surrogate(&mut self, surrogate: u32, text: &mut String) {
        if surrogate < 0xdc00 {
            self.end(text);
            self.lead = Some(surrogate);
            return;
        }
        let pair = self.lead.take().map(|lead| 0x1_0000 + ((lead - 0xd800) << 10) + (surrogate - 0xdc00));
        text.push(pair.and_then(char::from_u32).unwrap_or(REPLACEMENT));
    }
}

fn push_storable(valid: &str, text: &mut String) {
    if valid.contains('\0') {
        text.extend(valid.chars().map(|c| if c == '\0' { REPLACEMENT } else { c }));
    } else {
        text.push_str(valid);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(json: &str) -> String {
        serde_json::from_str::<WireText>(json).unwrap().0
    }

    #[test]
    fn only_nul_and_lone_surrogates_are_replaced() {
        assert_eq!(read(r#""a\u0000b""#), "a\u{fffd}b");
        assert_eq!(read(r#""cut \ud83d here""#), "cut \u{fffd} here");
        assert_eq!(read(r#""\ude00\ud83d""#), "\u{fffd}\u{fffd}");
        assert_eq!(read(r#""\ud83d\ude00 whole \u0000""#), "😀 whole \u{fffd}");
    }

    #[test]
    fn other_json_values_are_refused() {
        for json in ["1", "null", "[]", "{}", "true"] {
            assert!(serde_json::from_str::<WireText>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn halves_of_a_character_come_together_over_pieces() {
        let join = |pieces: &[&str]| {
            let (mut joiner, mut text) = (PieceJoiner::default(), String::new());
            for piece in pieces {
                joiner.push(&serde_json::from_str(piece).unwrap(), &mut text);
            }
            joiner.end(&mut text);
            text
        };
        assert_eq!(join(&[r#""Hi \ud83d""#, r#""\udc4b!""#]), "Hi 👋!");
        assert_eq!(join(&[r#""\ud83d""#, r#""""#, r#""\udc4b""#]), "👋");
        assert_eq!(join(&[r#""\ud83d""#, r#""a\udc4b""#]), "\u{fffd}a\u{fffd}");
        assert_eq!(join(&[r#""\ud83d""#, r#""\ud83d\udc4b""#]), "\u{fffd}👋");
        assert_eq!(join(&[r#""\ud83d""#]), "\u{fffd}");
    }

    proptest! {
        #[test]
        fn any_cut_between_units_gives_the_same_text(units in prop::collection::vec(any::<u16>(), 0..40), at in 0usize..40) {
            let json = |units: &[u16]| format!("\"{}\"", units.iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>());
            let (first, second) = units.split_at(at.min(units.len()));
            let (mut joiner, mut text) = (PieceJoiner::default(), String::new());
            for piece in [first, second] {
                joiner.push(&serde_json::from_str(&json(piece)).unwrap(), &mut text);
            }
            joiner.end(&mut text);
            prop_assert_eq!(text, String::from_utf16_lossy(&units).replace('\0', "\u{fffd}"));
        }

        #[test]
        fn any_text_without_nul_comes_through_unchanged(text in "[^\0]*") {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(read(&json), text);
        }

        #[test]
        fn any_sequence_of_utf16_units_is_read(units in prop::collection::vec(any::<u16>(), 0..40)) {
            let json = format!("\"{}\"", units.iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>());
            let expected = String::from_utf16_lossy(&units).replace('\0', "\u{fffd}");
            prop_assert_eq!(read(&json), expected);
        }
    }
}
