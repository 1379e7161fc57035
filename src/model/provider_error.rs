//! Errors that providers report in a body or inside a stream, in whichever form. Their text stays here.

use serde_json::Value;
use serde_json::value::RawValue;

use super::lenient::wire_object;
use super::model_error::ModelError;
use super::parameter::refused_by;
use crate::time::Millis;
use crate::wire_form::Parameter;

/// Statuses for words in codes, types and, where those are missing, messages of errors; the first that fits counts. Names of gRPC
/// statuses are among them, since Google's servers report those.
const STATUSES: [(u16, &[&str]); 8] = [
    (429, &["rate_limit", "rate limit", "ratelimit", "too_many", "too many", "resource_exhausted"]),
    (402, &["quota", "credit", "billing", "exhausted", "balance", "payment", "arrears"]),
    (401, &["authentication", "unauthorized", "unauthenticated", "api_key", "api key"]),
    (403, &["permission", "forbidden"]),
    (404, &["not_found", "not found", "does not exist"]),
    (
        503,
        &[
            "overloaded",
            "unavailable",
            "server_error",
            "servererror",
            "server error",
            "internal",
            "timeout",
            "timed out",
            "deadline",
            "capacity",
            "busy",
            "try again",
            "api_error",
        ],
    ),
    (413, &["context_length", "context length", "context window", "too long", "too_long", "too large"]),
    (
        400,
        &[
            "invalid",
            "unsupported",
            "bad_request",
            "badrequest",
            "bad request",
            "unprocessable",
            "policy",
            "moderation",
            "safety",
        ],
    ),
];

/// Errors inside of errors that are read.
const MAX_DEPTH: u8 = 4;

wire_object! {
    /// The fields that tell about an error. Their types differ among providers.
    struct Fields {
        code: Option<&'a RawValue> = "code",
        status: Option<&'a RawValue> = "status",
        status_code: Option<&'a RawValue> = "status_code",
        kind: Option<&'a RawValue> = "type",
        error_type: Option<&'a RawValue> = "error_type",
        error_code: Option<&'a RawValue> = "error_code",
        object: Option<&'a RawValue> = "object",
        message: Option<&'a RawValue> = "message",
        error_message: Option<&'a RawValue> = "error_message",
        detail: Option<&'a RawValue> = "detail",
        error: Option<&'a RawValue> = "error",
        errors: Option<&'a RawValue> = "errors",
    }
}

/// An error as a provider describes it.
#[derive(Debug, Default)]
struct Description {
    /// A number that is an HTTP status of failure.
    status: Option<u16>,
    /// Codes and types.
    words: String,
    /// Message for people.
    message: String,
}

/// Reads the error in an object of a stream or in the body of a response. `None` if it reports none.
pub(super) fn read(json: &str) -> Option<ModelError> {
    let fields: Fields<'_> = serde_json::from_str(json).ok()?;
    if !fields.report_an_error() {
        return None;
    }
    let mut error = Description::default();
    error.add(&fields, MAX_DEPTH);
    Some(error.classify())
}

/// Reads an error that stands where only an error can: a string, an object, or a list of them.
pub(super) fn read_value(json: &str) -> ModelError {
    let mut error = Description::default();
    match serde_json::from_str::<&RawValue>(json) {
        Ok(raw) => error.add_value(raw, MAX_DEPTH),
        Err(_) => error.message = json.to_ascii_lowercase(),
    }
    error.classify()
}

/// The failure of a response that is no 2xx. Used-up credit is often reported as 429, which asking again does not mend, and a prompt
/// that is too long as 400.
pub(super) fn of_response(status: u16, retry_after: Option<Millis>, body: &str) -> ModelError {
    let status = match read(body) {
        Some(ModelError::Status { status: 402, .. }) if status == 429 => 402,
        Some(ModelError::Status { status: 413, .. }) if status == 400 => 413,
        _ => status,
    };
    match status {
        400 | 422 => ModelError::Refused { status, parameter: refused_by(body) },
        // OpenAI's word for a model that another API serves.
        404 if refused_by(body) == Some(Parameter::ChatCompletions) => {
            ModelError::Refused { status, parameter: Some(Parameter::ChatCompletions) }
        }
        _ => ModelError::Status { status, retry_after },
    }
}

/// True for a value that reports something: neither null nor false nor empty.
pub(super) fn is_something(raw: &RawValue) -> bool {
    !matches!(raw.get(), "null" | "false" | "\"\"" | "{}" | "[]" | "0")
}

impl<'a> Fields<'a> {
    fn report_an_error(&self) -> bool {
        let is_error = |raw: Option<&RawValue>| raw.and_then(text).as_deref() == Some("error");
        let named = [self.error_type, self.error_message, self.error_code, self.detail];
        let beside = [self.code, self.status, self.kind];
        self.nested().next().is_some()
            || is_error(self.object)
            || is_error(self.kind)
            || named.into_iter().flatten().any(is_something)
            || (self.message.and_then(text).is_some() && beside.iter().any(Option::is_some))
    }

    fn nested(&self) -> impl Iterator<Item = &'a RawValue> {
        [self.error, self.errors].into_iter().flatten().filter(|raw| is_something(raw))
    }
}

impl Description {
    fn add(&mut self, fields: &Fields<'_>, depth: u8) {
        let codes = [fields.code, fields.status, fields.status_code, fields.error_code];
        for code in codes.into_iter().flatten() {
            let number = code.get().trim_matches('"').parse::<u16>().ok();
            self.status = self.status.or(number.filter(|status| (400..600).contains(status)));
        }
        let words = codes.into_iter().chain([fields.kind, fields.error_type]).flatten().filter_map(text);
        for word in words.filter(|word| word != "error") {
            self.words.push(' ');
            self.words.push_str(&word);
        }
        let messages = [fields.message, fields.error_message, fields.detail].into_iter().flatten();
        self.message.extend(messages.filter_map(text));
        for nested in fields.nested() {
            self.add_value(nested, depth - 1);
        }
    }

    /// Adds an error that may stand in others, up to a depth.
    fn add_value(&mut self, raw: &RawValue, depth: u8) {
        if depth == 0 {
            return;
        }
        if let Some(message) = text(raw) {
            self.message.push_str(&message);
        } else if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) {
            list.first().into_iter().for_each(|first| self.add_value(first, depth - 1));
        } else if let Ok(fields) = serde_json::from_str::<Fields<'_>>(raw.get()) {
            self.add(&fields, depth);
        }
    }

    fn classify(&self) -> ModelError {
        let of = |text: &str| {
            let fits = |(_, words): &&(u16, &[&str])| words.iter().any(|word| text.contains(word));
            STATUSES.iter().find(fits).map(|(status, _)| *status)
        };
        let status = self.status.or_else(|| of(&self.words)).or_else(|| of(&self.message));
        status.map_or(ModelError::Unexplained, |status| ModelError::Status { status, retry_after: None })
    }
}

fn text(raw: &RawValue) -> Option<String> {
    match serde_json::from_str::<Value>(raw.get()) {
        Ok(Value::String(text)) => Some(text.to_ascii_lowercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn status(status: u16) -> ModelError {
        ModelError::Status { status, retry_after: None }
    }

    #[test]
    fn errors_are_read_in_every_form() {
        for (json, error) in [
            (r#"{"error":{"message":"secret","code":529}}"#, status(529)),
            (r#"{"error":{"message":"too long","code":"400"}}"#, status(400)),
            (r#"{"error":{"code":"context_length_exceeded","type":"invalid_request_error"}}"#, status(413)),
            (r#"{"type":"error","error":{"type":"overloaded_error"}}"#, status(503)),
            (r#"{"type":"error","error":{"type":"invalid_request_error"}}"#, status(400)),
            (r#"{"object":"error","message":"too long","type":"BadRequestError","code":400}"#, status(400)),
            (r#"{"choices":null,"error_type":"invalid_request_error","error_message":"x"}"#, status(400)),
            (r#"{"code":"exhausted","error":"no credit left"}"#, status(402)),
            (r#"[{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}]"#, status(429)),
            (r#"{"error":[{"code":429,"status":"RESOURCE_EXHAUSTED"}]}"#, status(429)),
            (r#"{"detail":"Model not found"}"#, status(404)),
            (r#"{"error":"worker is gone"}"#, ModelError::Unexplained),
            (r#"{"error":{"code":1234}}"#, ModelError::Unexplained),
            (r#"{"error":{"error":{"error":{"code":400}}}}"#, status(400)),
        ] {
            let read = read(json).unwrap_or_else(|| read_value(json));
            assert_eq!(read, error, "{json}");
        }
    }

    #[test]
    fn chunks_without_an_error_report_none() {
        for json in [
            r#"{"choices":[],"error":null}"#,
            r#"{"object":"chat.completion.chunk","choices":[]}"#,
            r#"{"error":false,"code":0}"#,
            r#"{"error":""}"#,
            r#""error""#,
            "[]",
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    #[test]
    fn used_up_credit_is_no_matter_of_waiting() {
        let of = |status, body| of_response(status, None, body);
        assert_eq!(of(429, r#"{"error":{"code":"insufficient_quota"}}"#), status(402));
        assert_eq!(of(429, r#"{"error":{"code":"rate_limit_exceeded"}}"#), status(429));
        assert_eq!(of(500, "<html>quota"), status(500));
        assert_eq!(of(400, r#"{"error":{"code":"context_length_exceeded"}}"#), status(413));
        assert_eq!(of(422, "?"), ModelError::Refused { status: 422, parameter: None });
    }

    #[test]
    fn errors_within_errors_have_an_end() {
        let deep = format!("{}1{}", r#"{"error":"#.repeat(10_000), "}".repeat(10_000));
        assert_eq!(read(&deep), Some(ModelError::Unexplained));
    }
}
