//! Errors in the form of OpenAI's API (<https://platform.openai.com/docs/guides/error-codes>).

use serde::Serialize;

use crate::error::{Code, Error};

/// An error as clients of OpenAI's API read it.
#[derive(Debug, Serialize)]
pub struct OpenAiError<'a> {
    error: ErrorObject<'a>,
}

#[derive(Debug, Serialize)]
struct ErrorObject<'a> {
    message: &'a str,
    r#type: &'static str,
    param: Option<&'static str>,
    code: &'static str,
}

impl<'a> OpenAiError<'a> {
    /// The form of an error.
    #[must_use]
    pub fn of(error: &'a Error) -> Self {
        let code = error.code();
        let error = ErrorObject {
            // The advice for a fault tells of a message that is stored.
            message: if matches!(error, Error::Fault(_)) { code.title() } else { error.detail() },
            r#type: kind(code),
            param: error.field().map(param),
            code: known_code(code),
        };
        Self { error }
    }

    /// The error as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings alone cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The HTTP status: where a request is at fault, OpenAI's API answers 400.
#[must_use]
pub const fn status(code: Code) -> u16 {
    match code {
        Code::MessageTooLong => 400,
        code => match code.status() {
            422 => 400,
            status => status,
        },
    }
}

/// The code that clients know for a cause; else the one of every other route.
const fn known_code(code: Code) -> &'static str {
    match code {
        Code::MissingToken
        | Code::InvalidToken
        | Code::TokenExpired
        | Code::WrongAudience
        | Code::WrongIssuer
        | Code::UnknownKey
        | Code::UnsupportedAlgorithm
        | Code::NotAUser => "invalid_api_key",
        Code::UnknownEmployee => "model_not_found",
        Code::MessageTooLong => "context_length_exceeded",
        Code::RateLimited => "rate_limit_exceeded",
        Code::BudgetExceeded => "insufficient_quota",
        code => code.as_str(),
    }
}

const fn kind(code: Code) -> &'static str {
    match code {
        Code::RateLimited => "requests",
        Code::BudgetExceeded => "insufficient_quota",
        code => match code.status() {
            403 => "permission_error",
            400..=499 => "invalid_request_error",
            _ => "server_error",
        },
    }
}

/// The parameter that a field of a turn comes from.
fn param(field: &'static str) -> &'static str {
    match field {
        "employee" => "model",
        "message" => "messages",
        "session_id" => "x-session-id",
        field => field,
    }
}
