//! What is written to the Worker's log: one line of JSON for what happened, never what was said.

use serde::Serialize;
use uuid::Uuid;
use worker::console_log;

use crate::error::{Code, Error, Fault};
use crate::model::usage::UsageSource;
use crate::turn::Answered;

#[derive(Serialize)]
struct FaultLine<'a> {
    event: &'static str,
    code: &'static str,
    cause: &'a str,
}

#[derive(Serialize)]
struct TurnLine<'a> {
    event: &'static str,
    turn: Uuid,
    session: Uuid,
    user: Uuid,
    employee: &'a str,
    model: &'a str,
    success: bool,
    error: Option<&'a str>,
    cause: Option<&'a str>,
    attempts: u32,
    calls: usize,
    prompt_tokens: u32,
    cached_tokens: u32,
    completion_tokens: u32,
    usage_source: UsageSource,
    cost_usd: Option<f64>,
    ttft_ms: Option<u64>,
    latency_ms: u64,
}

/// A fault, where it is caught.
pub(super) fn fault(fault: &Fault) {
    line(&FaultLine { event: "fault", code: fault.code.as_str(), cause: &fault.cause });
}

/// A turn, when it is settled.
pub(super) fn turn(answered: &Answered) {
    let record = &answered.record;
    if let Some(refused) = &answered.blanked {
        fault(&Fault::new(
            Code::PrivacyUnavailable,
            format!("turn {} is kept without: {refused:?}", record.turn_id),
        ));
    }
    let usage = &record.usage;
    line(&TurnLine {
        event: "turn",
        turn: record.turn_id,
        session: record.session_id,
        user: record.user_id,
        employee: &record.employee_slug,
        model: &usage.model,
        success: usage.success,
        error: usage.error_code.as_deref(),
        cause: answered.fault.as_ref().map(|fault| fault.cause.as_str()),
        attempts: answered.attempts,
        calls: record.tool_runs.len(),
        prompt_tokens: usage.prompt_tokens,
        cached_tokens: usage.cached_tokens,
        completion_tokens: usage.completion_tokens,
        usage_source: usage.usage_source,
        cost_usd: usage.cost_usd,
        ttft_ms: usage.ttft_ms,
        latency_ms: usage.latency_ms,
    });
}

fn line(line: &impl Serialize) {
    if let Ok(json) = serde_json::to_string(line) {
        console_log!("{json}");
    }
}

/// What was refused, to be looked at if it comes often: somebody tries.
pub(super) fn refused(what: &str, session: Uuid, error: &Error) {
    if let Error::Abort(abort) = error {
        line(
            &serde_json::json!({ "event": "refused", "what": what, "session": session, "code": abort.code.as_str() }),
        );
    }
}
