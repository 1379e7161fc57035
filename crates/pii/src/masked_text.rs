//! Text without personal data, told apart from raw text by its type.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize};

/// Text in which every value has been replaced by a placeholder or taken out.
///
/// Only the masker and the redactor of this crate make one of raw text. It implements neither `From<String>` nor
/// `Deserialize`, so raw text cannot become one by accident. The other constructors each name the one origin that they are for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct MaskedText(String);

impl MaskedText {
    /// Empty text, to borrow.
    pub const EMPTY: &Self = &Self(String::new());

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

    /// Text of an operator, from an employee's profile. It is the same for all users and holds nothing of any of them.
    #[must_use]
    pub const fn of_operator(text: String) -> Self {
        Self(text)
    }

    /// Text that a model writes, as it streams. The model reads masked text only, so it holds no value of the user; what the model
    /// makes up itself is masked when the answer is complete.
    #[must_use]
    pub const fn from_model(text: String) -> Self {
        Self(text)
    }

    /// Text for a model whose operator has it read values of some kinds as they are. It goes into a request and nowhere else.
    #[must_use]
    pub const fn for_model(text: String) -> Self {
        Self(text)
    }

    /// Text put together from masked text, text of the program, dates and counts, or cut out of masked text.
    #[must_use]
    pub const fn composed(text: String) -> Self {
        Self(text)
    }

    /// Appends masked text.
    pub fn push(&mut self, text: &Self) {
        self.0.push_str(&text.0);
    }

    /// Appends text of the program itself.
    pub fn push_fixed(&mut self, text: &'static str) {
        self.0.push_str(text);
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

/// Reads text back that was stored masked, for `#[serde(deserialize_with)]`. See [`MaskedText::from_storage`].
///
/// # Errors
/// The deserializer's own.
pub fn stored<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MaskedText, D::Error> {
    String::deserialize(deserializer).map(MaskedText::from_storage)
}

/// Reads text back that was stored masked and may be absent, for `#[serde(deserialize_with)]`.
///
/// # Errors
/// The deserializer's own.
pub fn stored_option<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<MaskedText>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(MaskedText::from_storage))
}

impl From<MaskedText> for Cow<'_, MaskedText> {
    fn from(text: MaskedText) -> Self {
        Cow::Owned(text)
    }
}

impl<'a> From<&'a MaskedText> for Cow<'a, MaskedText> {
    fn from(text: &'a MaskedText) -> Self {
        Cow::Borrowed(text)
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
