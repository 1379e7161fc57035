//! Limits of a user: their own, else those of their plan.

use serde::Deserialize;

use crate::chat::limits::{Budget, UserLimits};
use crate::config::Config;

/// Stored facts that decide the limits of a user.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct StoredLimits {
    /// Plan of the user, `anonymous` for an anonymous one without another; `None` for all others.
    #[serde(default)]
    plan: Option<String>,
    /// Row of `chat_user_limits`; the plan decides what is absent.
    #[serde(flatten)]
    own: UserLimits,
}

impl StoredLimits {
    /// The limits that apply in a deployment: nobody alone may spend more than all together.
    #[must_use]
    pub fn resolve(&self, config: &Config) -> UserLimits {
        let plan = config.plans.get(self.plan.as_deref());
        let (own, ceiling) = (&self.own, config.ceiling);
        UserLimits {
            messages_per_minute: own.messages_per_minute.or(plan.messages_per_minute),
            budget: Budget {
                daily_tokens: within(own.budget.daily_tokens.or(plan.daily_tokens), ceiling.daily_tokens),
                daily_usd: within(own.budget.daily_usd.or(plan.daily_usd), ceiling.daily_usd),
            },
        }
    }
}

/// The lower one of two limits.
fn within<T: PartialOrd>(limit: Option<T>, ceiling: Option<T>) -> Option<T> {
    match (limit, ceiling) {
        (Some(limit), Some(ceiling)) => Some(if limit < ceiling { limit } else { ceiling }),
        (limit, ceiling) => limit.or(ceiling),
    }
}
