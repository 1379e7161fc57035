//! LLM tokens that requests consumed.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::time::Millis;

/// Origin of a token count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UsageSource {
    /// The provider's own usage.
    Provider,
    /// Counted here, because the provider reported none.
    Estimated,
}

/// Tokens of one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read by the model.
    pub prompt_tokens: u32,
    /// Of these, tokens read from the provider's cache.
    pub cached_tokens: u32,
    /// Tokens written by the model.
    pub completion_tokens: u32,
    /// Origin of the counts.
    pub source: UsageSource,
}

impl Usage {
    /// No tokens at all.
    pub const NONE: Self =
        Self { prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0, source: UsageSource::Provider };

    /// Tokens counted here, none of them cached.
    #[must_use]
    pub const fn estimated(prompt_tokens: u32, completion_tokens: u32) -> Self {
        Self { prompt_tokens, cached_tokens: 0, completion_tokens, source: UsageSource::Estimated }
    }

    /// Adds another step's tokens. The sum is estimated if one of the two is.
    pub const fn add(&mut self, other: &Self) {
        self.prompt_tokens = self.prompt_tokens.saturating_add(other.prompt_tokens);
        self.cached_tokens = self.cached_tokens.saturating_add(other.cached_tokens);
        self.completion_tokens = self.completion_tokens.saturating_add(other.completion_tokens);
        if matches!(other.source, UsageSource::Estimated) {
            self.source = UsageSource::Estimated;
        }
    }

    /// Tokens read and written.
    #[must_use]
    pub const fn total(&self) -> u32 {
        self.prompt_tokens.saturating_add(self.completion_tokens)
    }
}

/// One row of `chat_usage_log`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsageRecord {
    /// Version of the employee's profile, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employee_version: Option<u32>,
    /// The model that answered or should have.
    pub model: String,
    /// Tokens read by the model.
    pub prompt_tokens: u32,
    /// Of these, tokens read from the provider's cache.
    pub cached_tokens: u32,
    /// Tokens written by the model.
    pub completion_tokens: u32,
    /// Tokens read and written.
    pub total_tokens: u32,
    /// Tokens of the earlier messages in the prompt, counted here. Beside the tokens of the whole session they show what the
    /// budget saved.
    #[serde(default)]
    pub history_tokens: u32,
    /// US dollars, where the price is known.
    pub cost_usd: Option<f64>,
    /// Milliseconds from admission to the end.
    pub latency_ms: Millis,
    /// Milliseconds from admission to the first token.
    pub ttft_ms: Option<Millis>,
    /// True if the answer is complete.
    pub success: bool,
    /// The error's code, where the answer is not complete.
    pub error_code: Option<String>,
    /// Origin of the counts.
    pub usage_source: UsageSource,
    /// End of the turn.
    pub created_at: DateTime<Utc>,
}
