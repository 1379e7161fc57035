//! What a turn consumed.

use serde::{Deserialize, Serialize};

/// Who counted the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UsageSource {
    /// The provider's own usage.
    Provider,
    /// Counted here, because the provider kept silent.
    Estimated,
}

/// Tokens of one turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read.
    pub prompt_tokens: u32,
    /// Of these, read from the provider's cache.
    pub cached_tokens: u32,
    /// Tokens written.
    pub completion_tokens: u32,
    /// Who counted.
    pub source: UsageSource,
}

impl Usage {
    /// Nothing.
    pub const NONE: Self =
        Self { prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0, source: UsageSource::Provider };

    /// That, and another step's. Of two the worse source is the source of both.
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
