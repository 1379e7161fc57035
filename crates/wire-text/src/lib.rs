//! JSON strings as text that Postgres can store.
//!
//! In scope: NUL and lone surrogates, which JSON strings may contain but Postgres or UTF-8 cannot. Out of scope: other checks.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Text from a JSON string in which NUL and lone surrogates are replaced by U+FFFD. All other text is unchanged.
///
/// JavaScript leaves a lone surrogate when it cuts an emoji in two. The WHATWG encoders replace surrogates in the same way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WireText(pub String);

const REPLACEMENT: char = '\u{fffd}';

impl<'de> Deserialize<'de> for WireText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // serde_json passes lone surrogates on as WTF-8 if bytes are requested, and fails if a string is requested.
        deserializer.deserialize_bytes(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = WireText;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<WireText, E> {
        Ok(WireText(storable(bytes).into_owned()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<WireText, E> {
        self.visit_bytes(text.as_bytes())
    }
}

fn storable(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Cow::Borrowed(text),
        Ok(text) => Cow::Owned(text.replace('\0', "\u{fffd}")),
        Err(_) => Cow::Owned(replace_surrogates(bytes)),
    }
}

fn replace_surrogates(wtf8: &[u8]) -> String {
    let mut text = String::with_capacity(wtf8.len());
    for chunk in wtf8.utf8_chunks() {
        text.extend(chunk.valid().chars().map(|c| if c == '\0' { REPLACEMENT } else { c }));
        // A lone surrogate is ED A0..BF 80..BF, and each of the three bytes is an invalid chunk of its own.
        if chunk.invalid().first().is_some_and(|byte| !(0x80..=0xbf).contains(byte)) {
            text.push(REPLACEMENT);
        }
    }
    text
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

    proptest! {
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
