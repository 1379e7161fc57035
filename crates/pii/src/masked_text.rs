//! Text without personal data, told apart from raw text by its type.

use std::fmt;
use std::ops::Deref;

use serde::Serialize;

/// Text in which every value has been replaced by a placeholder or taken out.
///
/// Only the masker and the redactor of this crate make one of raw text. It implements neither `From<String>` nor
/// `Deserialize`, so raw text cannot become one by accident: see [`MaskedText::from_storage`] and [`MaskedText::fixed`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct MaskedText(String);

impl MaskedText {
    /// Text that the masker or the redactor has just made.
    pub(crate) const fn new(text: String) -> Self {
        Self(text)
    }

    /// Text read back from a place that only ever receives masked text: rows, logs, SQLite.
    ///
    /// Never pass text that a user, a model, a tool or a file has just delivered.
    #[must_use]
    pub const fn from_storage(text: String) -> Self {
        Self(text)
    }

    /// Text of the program itself, which holds nothing of any user.
    #[must_use]
    pub fn fixed(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// The text as a string slice.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes the text out. The result no longer proves that it is masked.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl AsRef<str> for MaskedText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Deref for MaskedText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MaskedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq<str> for MaskedText {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for MaskedText {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_text_is_a_plain_string_on_the_wire() {
        let text = MaskedText::from_storage("Write to [EMAIL_1]".into());
        assert_eq!(serde_json::to_string(&text).unwrap(), r#""Write to [EMAIL_1]""#);
        assert_eq!(format!("{text}"), text.as_str());
        assert_eq!(text.into_string(), "Write to [EMAIL_1]");
    }
}
