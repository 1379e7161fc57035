//! What happens in a turn, as a client sees it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::context::receipt::Receipt;
use crate::context::source::Source;
use crate::session::record::UsageRecord;

/// One event. What is unmasked, logged for resume and sent are the same events in the same order.
#[derive(Debug, PartialEq)]
pub enum Event<'a> {
    /// The message is kept and the answer begins.
    Start(&'a Origin<'a>),
    /// What the prompt is made of.
    Receipt(&'a Receipt),
    /// A document of which something stands in the prompt.
    Source(&'a Source),
    /// More text of the answer.
    Text(&'a str),
    /// Something about a call of a tool.
    Call(Uuid, Call<'a>),
    /// The model goes on after its calls.
    Step,
    /// Another employee goes on.
    HandOver(HandOver<'a>),
    /// The answer is whole; why the model stopped, in the AI SDK's terms.
    Finish(&'a str, &'a Summary),
    /// The user stopped the answer; nothing follows.
    Stopped(&'a Summary),
    /// The answer broke off; nothing follows.
    Error(&'a str),
    /// The server restarted in the middle of the answer, and not all that was told of it is known any more; nothing follows.
    Interrupted(&'a str),
}

/// What happens with a call of a tool.
#[derive(Debug, PartialEq)]
pub enum Call<'a> {
    /// It begins to come: the tool.
    Begins(&'a str),
    /// It came: the tool, and what it is called with.
    Has(&'a str, &'a Value),
    /// The user is asked: what their answer names, and until when it counts.
    Asks(Uuid, DateTime<Utc>),
    /// What came of it.
    Output(&'a Value),
    /// Why nothing came of it.
    Error(&'a str),
    /// The user did not allow it.
    Denied,
}

/// Who goes on with an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HandOver<'a> {
    /// Who.
    pub employee: &'a str,
    /// With which model.
    pub model: &'a str,
}

/// Where an answer comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Origin<'a> {
    /// The answer's id in `chat_messages`.
    #[serde(skip)]
    pub message_id: Uuid,
    /// The question that it answers: who comes back in its middle cannot tell otherwise where in the tree it belongs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<Uuid>,
    /// The session to continue.
    pub session_id: Uuid,
    /// Who answers.
    pub employee: &'a str,
    /// With which model.
    pub model: &'a str,
}

/// What there is to say of a whole answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The model that answered, which may be another than the one that was to. A log of before has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Tokens and who counted them.
    pub usage: UsageSummary,
    /// Milliseconds from admission to the first token.
    pub ttft_ms: Option<u64>,
    /// Milliseconds from admission to the end.
    pub latency_ms: u64,
    /// US dollars, where the price is known.
    pub cost_usd: Option<f64>,
}

/// Tokens, as OpenAI spells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageSummary {
    /// Tokens read.
    pub prompt_tokens: u32,
    /// Of these, read from the provider's cache.
    pub cached_tokens: u32,
    /// Tokens written.
    pub completion_tokens: u32,
    /// Both.
    pub total_tokens: u32,
}

impl UsageRecord {
    /// What a client is told of it.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            model: Some(self.model.clone()),
            usage: self.into(),
            ttft_ms: self.ttft_ms,
            latency_ms: self.latency_ms,
            cost_usd: self.cost_usd,
        }
    }
}

impl From<&UsageRecord> for UsageSummary {
    fn from(usage: &UsageRecord) -> Self {
        Self {
            prompt_tokens: usage.prompt_tokens,
            cached_tokens: usage.cached_tokens,
            completion_tokens: usage.completion_tokens,
            total_tokens: usage.total_tokens,
        }
    }
}
