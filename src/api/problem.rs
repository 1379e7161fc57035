//! Errors as `application/problem+json` (RFC 9457).

use serde::Serialize;

use super::reply::with_body;
use crate::error::{Abort, Code, Error};
use crate::ports::{Reply, ReplyBody};

const CONTENT_TYPE: &str = "application/problem+json";

#[derive(Debug, Serialize)]
struct Problem<'a> {
    /// No page explains a code further: RFC 9457 then wants this.
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
}

/// An error as JSON.
pub(super) fn to_json(error: &Error) -> String {
    let code = error.code();
    let problem = Problem {
        r#type: "about:blank",
        title: code.title(),
        status: code.status(),
        detail: error.detail(),
        code: code.as_str(),
        field: error.field(),
    };
    serde_json::to_string(&problem).unwrap_or_default()
}

/// The reply for an error. The cause of a fault stays here.
#[must_use]
pub fn reply<R>(error: &Error) -> Reply<R> {
    let status = error.code().status();
    let mut reply = with_body(status, CONTENT_TYPE, ReplyBody::Text(to_json(error)));
    reply.headers.extend(headers(error));
    reply
}

/// Headers that belong to an error in any form.
pub(super) fn headers(error: &Error) -> impl Iterator<Item = (&'static str, String)> {
    let retry_after = retry_after(error).map(|seconds| ("retry-after", seconds.to_string()));
    let authenticate = (error.code().status() == 401).then(|| ("www-authenticate", "Bearer".to_owned()));
    retry_after.into_iter().chain(authenticate)
}

/// A line of NDJSON for an error after the first byte of a stream.
#[must_use]
pub fn line(error: &Error) -> String {
    format!("{{\"error\":{}}}\n", to_json(error))
}

/// `Retry-After` in seconds, for errors that pass by themselves.
const fn retry_after(error: &Error) -> Option<u64> {
    if let Error::Abort(Abort { retry_after: Some(seconds), .. }) = error {
        return Some(*seconds);
    }
    match error.code() {
        Code::TurnInProgress => Some(1),
        Code::AuthUnavailable
        | Code::DatabaseUnavailable
        | Code::DatabaseTimeout
        | Code::ModelUnavailable
        | Code::PrivacyUnavailable => Some(5),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Fault, abort, abort_field, abort_for};

    fn header(error: &Error, name: &str) -> Option<String> {
        let Reply { headers, .. } = reply::<()>(error);
        headers.into_iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    #[test]
    fn an_abort_names_its_field() {
        let error = abort_field(Code::InvalidField, "message", "message must not be empty.");
        insta::assert_snapshot!(to_json(&error));
    }

    #[test]
    fn the_cause_of_a_fault_stays_here() {
        let error = Error::from(Fault::new(Code::DatabaseUnavailable, "relation secret does not exist"));
        let json = to_json(&error);
        assert!(!json.contains("secret") && json.contains("database_unavailable"), "{json}");
        assert_eq!(line(&error), format!("{{\"error\":{json}}}\n"));
    }

    #[test]
    fn headers_say_when_to_retry_and_how_to_sign_in() {
        let unknown = abort(Code::InvalidToken, "x");
        assert_eq!(header(&unknown, "www-authenticate").as_deref(), Some("Bearer"));
        assert_eq!(header(&unknown, "retry-after"), None);
        assert_eq!(header(&abort_for(Code::RateLimited, 7, "x"), "retry-after").as_deref(), Some("7"));
        let away = Fault::new(Code::DatabaseUnavailable, "x").into();
        assert_eq!(header(&away, "retry-after").as_deref(), Some("5"));
        for (name, value) in [("cache-control", "no-store"), ("x-content-type-options", "nosniff")] {
            assert_eq!(header(&away, name).as_deref(), Some(value));
        }
    }
}
