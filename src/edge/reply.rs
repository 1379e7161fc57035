//! Answers that are whole when they are sent.

use worker::wasm_bindgen::JsValue;
use worker::web_sys::Response;

use super::log;
use super::platform::{lines, respond};
use crate::api::problem::{self, Problem};
use crate::error::Error;

/// Headers of everything that the API answers: it is the caller's alone, and what it says it is.
pub(super) const PRIVATE: [(&str, &str); 2] =
    [("cache-control", "no-store"), ("x-content-type-options", "nosniff")];

/// A JSON body.
pub(super) fn json(status: u16, body: &str) -> Response {
    let headers = lines([("content-type", "application/json")].into_iter().chain(PRIVATE));
    respond(status, &headers, JsValue::from_str(body))
}

/// An error, as a line of its own after the first byte; a fault is logged here, once.
pub(super) fn problem_line(error: &Error) -> String {
    if let Error::Fault(fault) = error {
        log::fault(fault);
    }
    format!("{{\"error\":{}}}\n", Problem::from(error).to_json())
}

/// An error; a fault is logged here, once.
pub(super) fn problem(error: &Error) -> Response {
    if let Error::Fault(fault) = error {
        log::fault(fault);
    }
    let problem = Problem::from(error);
    let retry_after = problem::retry_after(error).map(|seconds| seconds.to_string());
    let retry_after = retry_after.as_deref().map(|seconds| ("retry-after", seconds));
    let authenticate = (problem.status() == 401).then_some(("www-authenticate", "Bearer"));
    let headers = [("content-type", problem::CONTENT_TYPE)].into_iter().chain(PRIVATE);
    let headers = lines(headers.chain(retry_after).chain(authenticate));
    respond(problem.status(), &headers, JsValue::from_str(&problem.to_json()))
}
