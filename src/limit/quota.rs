//! Tokens and dollars a day: reserved before a model is asked, settled once with what it took.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::time::Millis;

/// Milliseconds of a day; days begin at midnight UTC.
const DAY: Millis = 24 * 60 * 60 * 1000;

/// How long a reservation stands that nobody settles: longer than any turn takes.
pub const RESERVED_FOR: Millis = 15 * 60 * 1000;

/// Output that is reserved for an employee that sets no limit of its own, in tokens.
pub const DEFAULT_OUTPUT: u32 = 4096;

/// Tokens and what they cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    /// Tokens read and written.
    pub tokens: u64,
    /// Millionths of a US dollar; 0 where no price is known.
    pub micro_usd: u64,
}

impl Spend {
    /// So many tokens at that cost in US dollars, rounded up to a millionth.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cost is neither negative nor huge"
    )]
    pub fn new(tokens: u32, cost_usd: Option<f64>) -> Self {
        // Less than a billionth is what floating point leaves, not what was spent.
        let micro_usd = (cost_usd.unwrap_or(0.0) * 1e6 - 1e-3).ceil().max(0.0);
        Self { tokens: tokens.into(), micro_usd: micro_usd as u64 }
    }

    /// Both.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(other.tokens),
            micro_usd: self.micro_usd.saturating_add(other.micro_usd),
        }
    }
}

/// What may be spent in a day; nothing bounds what is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Tokens.
    #[serde(default)]
    pub daily_tokens: Option<u64>,
    /// US dollars.
    #[serde(default)]
    pub daily_usd: Option<f64>,
}

impl Budget {
    /// Whether `spent` and `wanted` together are within it.
    fn allows(&self, spent: Spend, wanted: Spend) -> bool {
        let both = spent.plus(wanted);
        let limit = self.daily_usd.map(|usd| Spend::new(0, Some(usd)).micro_usd);
        self.daily_tokens.is_none_or(|limit| both.tokens <= limit)
            && limit.is_none_or(|limit| both.micro_usd <= limit)
    }

    /// Whether nothing bounds anything.
    #[must_use]
    pub const fn is_unlimited(&self) -> bool {
        self.daily_tokens.is_none() && self.daily_usd.is_none()
    }
}

/// One turn in the books: reserved until it is settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The turn.
    pub turn_id: Uuid,
    /// With whom.
    pub employee: String,
    /// Days since 1970.
    pub day: u64,
    /// What it takes, at most or exactly.
    pub spend: Spend,
}

/// The day of a moment, in days since 1970.
#[must_use]
pub const fn day(at: Millis) -> u64 {
    at / DAY
}

/// Seconds until the next day.
#[must_use]
pub const fn until_tomorrow(now: Millis) -> u64 {
    (DAY - now % DAY).div_ceil(1000)
}

/// Whose budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exceeded {
    /// That of the user for everybody.
    User,
    /// That of the user for this employee.
    Employee,
}

/// Whether a turn may be reserved, given what was spent today: with everybody, and with its employee.
///
/// # Errors
/// [`Exceeded`].
pub fn check(
    wanted: Spend,
    (all, all_budget): (Spend, &Budget),
    (own, own_budget): (Spend, &Budget),
) -> Result<(), Exceeded> {
    if !all_budget.allows(all, wanted) {
        return Err(Exceeded::User);
    }
    if own_budget.allows(own, wanted) { Ok(()) } else { Err(Exceeded::Employee) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn tokens(tokens: u64) -> Spend {
        Spend { tokens, micro_usd: 0 }
    }

    #[test]
    fn a_budget_is_used_to_the_token_and_not_past_it() {
        let budget = Budget { daily_tokens: Some(100), daily_usd: None };
        assert!(budget.allows(tokens(60), tokens(40)));
        assert!(!budget.allows(tokens(60), tokens(41)));
        let dollars = Budget { daily_tokens: None, daily_usd: Some(0.01) };
        assert!(dollars.allows(Spend::new(5, Some(0.004)), Spend::new(5, Some(0.006))));
        assert!(!dollars.allows(Spend::new(5, Some(0.004)), Spend::new(5, Some(0.006_001))));
        assert!(Budget::default().allows(tokens(u64::MAX), tokens(u64::MAX)));
    }

    #[test]
    fn the_budget_that_is_used_up_is_named() {
        let (tight, wide) = (Budget { daily_tokens: Some(10), daily_usd: None }, Budget::default());
        assert_eq!(check(tokens(5), (tokens(8), &tight), (tokens(0), &wide)), Err(Exceeded::User));
        assert_eq!(check(tokens(5), (tokens(8), &wide), (tokens(8), &tight)), Err(Exceeded::Employee));
        assert_eq!(check(tokens(2), (tokens(8), &tight), (tokens(8), &tight)), Ok(()));
    }

    #[test]
    fn costs_are_rounded_up_to_a_millionth_and_not_by_noise() {
        assert_eq!(Spend::new(0, Some(0.1 + 0.2)).micro_usd, 300_000);
        assert_eq!(Spend::new(0, Some(0.000_000_15)).micro_usd, 1);
        assert_eq!(Spend::new(0, None).micro_usd, 0);
    }

    #[test]
    fn days_begin_at_midnight_utc() {
        assert_eq!((day(DAY - 1), day(DAY)), (0, 1));
        assert_eq!((until_tomorrow(DAY), until_tomorrow(2 * DAY - 1)), (86_400, 1));
    }
}
