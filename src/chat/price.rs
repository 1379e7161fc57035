//! Prices of LLM tokens.

use serde::{Deserialize, Serialize};

use super::usage::Usage;

/// One row of `chat_model_prices`: US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// US dollars per million tokens read.
    pub input: f64,
    /// US dollars per million tokens read from the provider's cache.
    pub cached_input: f64,
    /// US dollars per million tokens written.
    pub output: f64,
}

impl Price {
    /// US dollars for `usage`. Cached tokens are part of the prompt's and billed at their own rate.
    #[must_use]
    pub fn of(&self, usage: &Usage) -> f64 {
        let fresh = usage.prompt_tokens.saturating_sub(usage.cached_tokens);
        let cost = f64::from(fresh) * self.input
            + f64::from(usage.cached_tokens) * self.cached_input
            + f64::from(usage.completion_tokens) * self.output;
        cost / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::usage::UsageSource;

    #[test]
    fn cached_tokens_are_billed_at_their_own_rate() {
        let price = Price { input: 0.15, cached_input: 0.075, output: 0.60 };
        let usage = Usage {
            prompt_tokens: 1_000_000,
            cached_tokens: 400_000,
            completion_tokens: 500_000,
            source: UsageSource::Provider,
        };
        assert!((price.of(&usage) - (0.09 + 0.03 + 0.30)).abs() < 1e-12);
    }
}
