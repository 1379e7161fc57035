//! Policy for unmasking: the share of a value that a person sees again.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::mask::LITERAL;

/// Share of a value that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Show {
    /// The whole value.
    Full,
    /// Enough characters to recognise the value.
    Partial,
    /// Only the placeholder, nothing of the value.
    None,
}

/// `employee_profiles.unmask_policy`: maps a kind of value, or `default`, to the share that is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Policy(BTreeMap<String, Show>);

/// Kinds that stay hidden until a policy names them.
const HIDDEN_BY_DEFAULT: &[&str] = &["US_SSN"];

impl Policy {
    /// A policy that shows every value in full.
    #[must_use]
    pub fn full() -> Self {
        Self([("default".to_owned(), Show::Full), ("US_SSN".to_owned(), Show::Full)].into())
    }

    /// The share of a value of this kind that is shown.
    #[must_use]
    pub fn of(&self, kind: &str) -> Show {
        if kind == LITERAL {
            // A literal is text of the user that is no personal data.
            return Show::Full;
        }
        let otherwise = || {
            let default = self.0.get("default").copied().unwrap_or(Show::Full);
            if HIDDEN_BY_DEFAULT.contains(&kind) { Show::None } else { default }
        };
        self.0.get(kind).copied().unwrap_or_else(otherwise)
    }

    /// Renders the visible part of a value; `None` keeps the placeholder.
    #[must_use]
    pub fn show(&self, kind: &str, value: &str) -> Option<String> {
        match self.of(kind) {
            Show::Full => Some(value.to_owned()),
            Show::Partial => Some(partial(kind, value)),
            Show::None => None,
        }
    }
}

// Fails closed: an unknown word in a policy hides the kind, so that a typo uncovers no value.
impl<'de> Deserialize<'de> for Policy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = BTreeMap::<String, serde_json::Value>::deserialize(deserializer)?;
        let read = |value| serde_json::from_value(value).unwrap_or(Show::None);
        Ok(Self(written.into_iter().map(|(kind, value)| (kind, read(value))).collect()))
    }
}

/// Replaces the hidden part of a value.
const DOTS: &str = "••••";

fn partial(kind: &str, value: &str) -> String {
    match kind {
        "EMAIL" => match value.split_once('@') {
            Some((local, domain)) => format!("{}•••@{domain}", local.chars().take(1).collect::<String>()),
            None => DOTS.into(),
        },
        "PHONE" => format!("{DOTS} {}", last(value, 2)),
        "CREDIT_CARD" | "IBAN" | "US_BANK_ACCOUNT" | "US_SSN" => format!("{DOTS} {}", last(value, 4)),
        _ => DOTS.into(),
    }
}

/// The last letters and digits of a value, at most half of them.
fn last(value: &str, count: usize) -> String {
    let letters: Vec<char> = value.chars().filter(|c| c.is_alphanumeric()).collect();
    letters.iter().skip(letters.len() - count.min(letters.len() / 2)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(json: &str) -> Policy {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_policy_says_how_much_is_shown_and_otherwise_its_default_does() {
        let some = policy(r#"{"default":"partial","EMAIL":"full","PHONE":"none"}"#);
        assert_eq!(some.show("EMAIL", "joe@example.com").as_deref(), Some("joe@example.com"));
        assert_eq!(some.show("PHONE", "467 3395"), None);
        assert_eq!(some.show("IBAN", "GB82 WEST 1234 5698 7654 32").as_deref(), Some("•••• 5432"));
        assert_eq!(some.show("LITERAL", "[EMAIL_1]").as_deref(), Some("[EMAIL_1]"));
    }

    #[test]
    fn without_a_policy_all_is_shown_but_social_security_numbers() {
        assert_eq!(policy("{}").show("CREDIT_CARD", "4111").as_deref(), Some("4111"));
        assert_eq!(policy("{}").show("US_SSN", "078-05-1120"), None);
        assert_eq!(policy(r#"{"default":"full"}"#).show("US_SSN", "078-05-1120"), None);
        assert_eq!(
            policy(r#"{"US_SSN":"partial"}"#).show("US_SSN", "078-05-1120").as_deref(),
            Some("•••• 1120")
        );
    }

    #[test]
    fn a_slip_hides() {
        assert_eq!(policy(r#"{"EMAIL":"ful"}"#).of("EMAIL"), Show::None);
        assert_eq!(policy(r#"{"default":1}"#).of("EMAIL"), Show::None);
    }

    #[test]
    fn partial_shows_what_the_owner_recognises() {
        for (kind, value, shown) in [
            ("EMAIL", "joe@example.com", "j•••@example.com"),
            ("EMAIL", "joe (at) example (dot) com", "••••"),
            ("PHONE", "+1 415 555 2671", "•••• 71"),
            ("CREDIT_CARD", "4111-1111-1111-9010", "•••• 9010"),
            ("US_BANK_ACCOUNT", "1234", "•••• 34"),
            ("PASSWORD", "hunter2!", "••••"),
            ("PERSON", "Ada Lovelace", "••••"),
        ] {
            assert_eq!(partial(kind, value), shown);
        }
    }
}
