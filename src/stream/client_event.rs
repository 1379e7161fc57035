//! Events of a turn as one client sees them: unmasked by the user's policy.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::masked_values::MaskedValues;
use crate::chat::usage::UsageRecord;
use crate::prompt::receipt::Receipt;
use crate::prompt::source::Source;

/// Event for the client.
#[derive(Debug, PartialEq)]
pub enum ClientEvent<'a> {
    /// The message is durable and the answer begins.
    Start(&'a Origin<'a>),
    /// Composition of the prompt.
    Receipt(&'a Receipt),
    /// A document with a passage in the prompt.
    Source(&'a Source),
    /// Values that the text has from here on, and that the model read as placeholders.
    Masked(&'a MaskedValues),
    /// More text of the answer.
    Text(&'a str),
    /// More thoughts before the text.
    Thought(&'a str),
    /// Progress of a tool call.
    Call(Uuid, CallProgress<'a>),
    /// The end of a step: the model goes on after its calls.
    StepFinished,
    /// Another employee goes on with the answer.
    HandedOff(HandOff<'a>),
    /// The answer is complete; the finish reason, in the AI SDK's terms.
    Finish(&'a str, &'a AnswerSummary),
    /// The user stopped the answer; nothing follows.
    Stopped(&'a AnswerSummary),
    /// The answer broke off; nothing follows.
    Error(&'a str),
    /// The server restarted in the middle of the answer and lost a part of its log; nothing follows.
    Interrupted(&'a str),
}

/// Progress of a tool call.
#[derive(Debug, PartialEq)]
pub enum CallProgress<'a> {
    /// The model began it: name of the tool.
    Started(&'a str),
    /// It is complete: name of the tool, and the arguments.
    Requested(&'a str, &'a Value),
    /// The user is asked: id of the approval, and its expiry.
    ApprovalRequested(Uuid, DateTime<Utc>),
    /// Result of the call.
    Output(&'a Value),
    /// The failure, for people.
    Error(&'a str),
    /// The user denied it.
    Denied,
}

/// The employee that goes on with an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HandOff<'a> {
    /// Slug of the employee.
    pub employee: &'a str,
    /// Model of the employee.
    pub model: &'a str,
}

/// Origin of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Origin<'a> {
    /// Id of the answer in `chat_messages`.
    #[serde(skip)]
    pub message_id: Uuid,
    /// Id of the question: a reader that resumes in the middle cannot place the answer in the tree otherwise.
    pub parent_id: Uuid,
    /// Session to continue.
    pub session_id: Uuid,
    /// Slug of the employee.
    pub employee: &'a str,
    /// Model that answered.
    pub model: &'a str,
    /// Masked values of the question.
    #[serde(skip_serializing_if = "MaskedValues::is_empty")]
    pub parent_masked: MaskedValues,
}

/// Usage, cost and times of a whole answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AnswerSummary {
    /// The model that answered, which may differ from the one that was asked first.
    pub model: String,
    /// Tokens of the turn.
    pub usage: UsageSummary,
    /// Milliseconds from admission to the first token.
    pub ttft_ms: Option<u64>,
    /// Milliseconds from admission to the end.
    pub latency_ms: u64,
    /// US dollars, where the price is known.
    pub cost_usd: Option<f64>,
}

/// Tokens, in OpenAI's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageSummary {
    /// Tokens read by the model.
    pub prompt_tokens: u32,
    /// Of these, tokens read from the provider's cache.
    pub cached_tokens: u32,
    /// Tokens written by the model.
    pub completion_tokens: u32,
    /// Tokens read and written.
    pub total_tokens: u32,
}

impl From<&UsageRecord> for AnswerSummary {
    fn from(usage: &UsageRecord) -> Self {
        Self {
            model: usage.model.clone(),
            usage: UsageSummary {
                prompt_tokens: usage.prompt_tokens,
                cached_tokens: usage.cached_tokens,
                completion_tokens: usage.completion_tokens,
                total_tokens: usage.total_tokens,
            },
            ttft_ms: usage.ttft_ms,
            latency_ms: usage.latency_ms,
            cost_usd: usage.cost_usd,
        }
    }
}
