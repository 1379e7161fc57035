//! Limits on the messages and the spending of a user.

use serde::{Deserialize, Serialize};

use crate::config::Ceiling;

/// Spending limits of one day (UTC); an absent limit allows everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// LLM tokens, read and written.
    #[serde(default)]
    pub daily_tokens: Option<u64>,
    /// Budget of a day in US dollars.
    #[serde(default)]
    pub daily_usd: Option<f64>,
}

impl Budget {
    /// True if neither tokens nor dollars are limited.
    #[must_use]
    pub const fn is_unlimited(&self) -> bool {
        self.daily_tokens.is_none() && self.daily_usd.is_none()
    }
}

impl From<Ceiling> for Budget {
    fn from(Ceiling { daily_tokens, daily_usd }: Ceiling) -> Self {
        Self { daily_tokens, daily_usd }
    }
}

/// Limits over all sessions of a user; an absent limit allows everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UserLimits {
    /// Messages a minute.
    #[serde(default)]
    pub messages_per_minute: Option<u32>,
    /// Spending limits of a day.
    #[serde(flatten)]
    pub budget: Budget,
}
