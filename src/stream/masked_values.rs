//! Values that a model read as placeholders, for their user: a page can tell them from the rest of a text.

use std::collections::BTreeMap;

use pii::mask::LITERAL;
use pii::placeholder::Placeholder;
use pii::unmask::PlaceholderMap;
use serde::Serialize;

/// Placeholders that a model read, each with the text that its user sees in the place of it; `None` for one that a policy leaves in
/// place. Literals and values that the model read as they are do not belong to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct MaskedValues(BTreeMap<String, Option<String>>);

impl MaskedValues {
    /// The masked values of these placeholders. A model reads the values of the `plain_kinds` as they are.
    #[must_use]
    pub fn of<'a>(
        placeholders: impl IntoIterator<Item = &'a Placeholder>,
        shown: &PlaceholderMap,
        plain_kinds: &[String],
    ) -> Self {
        let is_masked = |placeholder: &&Placeholder| {
            let kind = placeholder.kind();
            kind != LITERAL && !plain_kinds.iter().any(|plain| plain == kind)
        };
        let entry =
            |placeholder: &Placeholder| (placeholder.to_string(), shown.of(placeholder).map(str::to_owned));
        Self(placeholders.into_iter().filter(is_masked).map(entry).collect())
    }

    /// True if nothing was masked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the values of another list, and returns those that are new or have another text.
    #[must_use]
    pub fn add(&mut self, others: Self) -> Self {
        let is_new = |(name, text): &(String, Option<String>)| self.0.get(name) != Some(text);
        let new: BTreeMap<_, _> = others.0.into_iter().filter(is_new).collect();
        self.0.extend(new.clone());
        Self(new)
    }
}

#[cfg(test)]
mod tests {
    use pii::policy::Policy;

    use super::*;

    #[test]
    fn masked_values_are_those_that_no_model_read() {
        let values = [
            (Placeholder::new("EMAIL", 1), "ann@example.com"),
            (Placeholder::new("PERSON", 1), "Ada"),
            (Placeholder::new("US_SSN", 1), "078-05-1120"),
            (Placeholder::new(LITERAL, 1), "[EMAIL_7]"),
        ];
        let shown = PlaceholderMap::new(values.iter().map(|(of, value)| (of, *value)), &Policy::default());
        let masked = MaskedValues::of(values.iter().map(|(of, _)| of), &shown, &["PERSON".into()]);
        let json = serde_json::to_string(&masked).unwrap();
        assert_eq!(json, r#"{"[EMAIL_1]":"ann@example.com","[US_SSN_1]":null}"#);
    }

    #[test]
    fn a_value_is_new_once() {
        let masked = |text: &str| MaskedValues([("[EMAIL_1]".to_owned(), Some(text.to_owned()))].into());
        let mut told = MaskedValues::default();
        assert_eq!(told.add(masked("a")), masked("a"));
        assert!(told.add(masked("a")).is_empty());
        assert_eq!(told.add(masked("b")), masked("b"));
    }
}
