//! Errors as `application/problem+json` (RFC 9457).

use serde::Serialize;

use crate::error::{Abort, Code, Error};

/// The media type.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// What a client gets instead of an answer.
#[derive(Debug, Serialize)]
pub struct Problem<'a> {
    /// No page explains a code further: RFC 9457 then wants this.
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
}

impl<'a> From<&'a Error> for Problem<'a> {
    fn from(error: &'a Error) -> Self {
        let code = error.code();
        Self {
            r#type: "about:blank",
            title: code.title(),
            status: code.status(),
            detail: error.detail(),
            code: code.as_str(),
            field: error.field(),
        }
    }
}

impl Problem<'_> {
    /// The status it is sent with.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The body.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// `Retry-After` in seconds, for what passes by itself.
#[must_use]
pub const fn retry_after(error: &Error) -> Option<u64> {
    if let Error::Abort(Abort { retry_after: Some(seconds), .. }) = error {
        return Some(*seconds);
    }
    match error.code() {
        Code::TurnInProgress => Some(1),
        Code::AuthUnavailable
        | Code::DatabaseUnavailable
        | Code::ModelUnavailable
        | Code::PrivacyUnavailable => Some(5),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Fault, abort_field};

    #[test]
    fn an_abort_names_its_field() {
        let error = abort_field(Code::InvalidField, "message", "message must not be empty.");
        insta::assert_snapshot!(Problem::from(&error).to_json());
    }

    #[test]
    fn the_cause_of_a_fault_stays_here() {
        let error = Error::from(Fault::new(Code::DatabaseUnavailable, "relation secret does not exist"));
        let json = Problem::from(&error).to_json();
        assert!(!json.contains("secret") && json.contains("database_unavailable"), "{json}");
    }
}
