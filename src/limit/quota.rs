//! Daily budgets of tokens and dollars: arithmetic only. The ledger itself is `account::ledger`.

use std::iter::Sum;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chat::limits::Budget;
use crate::time::Millis;

/// Milliseconds of a day; days begin at midnight UTC.
const DAY: Millis = 24 * 60 * 60 * 1000;

/// LLM tokens and their cost in US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Tokens read and written.
    pub tokens: u64,
    /// Millionths of a US dollar; 0 where no price is known.
    pub micro_usd: u64,
}

impl Cost {
    /// `tokens` at a cost in US dollars, rounded up to a millionth.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cost is neither negative nor huge"
    )]
    pub fn new(tokens: u32, cost_usd: Option<f64>) -> Self {
        // Less than a billionth is a rounding error of floating point, not spending.
        let micro_usd = (cost_usd.unwrap_or(0.0) * 1e6 - 1e-3).ceil().max(0.0);
        Self { tokens: tokens.into(), micro_usd: micro_usd as u64 }
    }

    /// Sum of two costs.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(other.tokens),
            micro_usd: self.micro_usd.saturating_add(other.micro_usd),
        }
    }
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Self::plus)
    }
}

/// True if `spent` and `wanted` together are within a budget.
pub(super) fn allows(budget: &Budget, spent: Cost, wanted: Cost) -> bool {
    let both = spent.plus(wanted);
    let limit = budget.daily_usd.map(|usd| Cost::new(0, Some(usd)).micro_usd);
    budget.daily_tokens.is_none_or(|limit| both.tokens <= limit)
        && limit.is_none_or(|limit| both.micro_usd <= limit)
}

/// A value for the user over all employees, and one for the user with one employee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scoped<T> {
    /// Over all employees.
    pub user: T,
    /// With the employee in question.
    pub employee: T,
}

/// One row of the ledger: a turn or a background request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    /// Id of the turn or of the request, which makes settling idempotent.
    pub id: Uuid,
    /// Slug of the employee.
    pub employee: String,
    /// Days since 1970.
    pub day: u64,
    /// Cost, at most while it is reserved and exact once it is settled.
    pub cost: Cost,
}

/// Rest of a budget of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetLeft {
    /// Tokens that are left; `None` where they are not limited.
    pub tokens: Option<u64>,
    /// Millionths of a US dollar that are left; `None` where they are not limited.
    pub micro_usd: Option<u64>,
}

impl BudgetLeft {
    /// The rest of a budget after `spent`.
    #[must_use]
    pub fn of(budget: &Budget, spent: Cost) -> Self {
        let left = |limit: u64, spent| limit.saturating_sub(spent);
        let micro_usd = budget.daily_usd.map(|usd| Cost::new(0, Some(usd)).micro_usd);
        Self {
            tokens: budget.daily_tokens.map(|limit| left(limit, spent.tokens)),
            micro_usd: micro_usd.map(|limit| left(limit, spent.micro_usd)),
        }
    }
}

/// Number of the day of a moment, in days since 1970.
#[must_use]
pub const fn day(at: Millis) -> u64 {
    at / DAY
}

/// First moment of a day.
#[must_use]
pub const fn start_of_day(day: u64) -> Millis {
    day * DAY
}

/// Seconds until the next day.
#[must_use]
pub const fn until_tomorrow(now: Millis) -> u64 {
    (DAY - now % DAY).div_ceil(1000)
}

/// Owner of the budget that does not suffice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exceeded {
    /// The user, over all employees.
    User,
    /// The user, with this employee.
    Employee,
    /// All users of the deployment together.
    Deployment,
}

/// Checks a wanted cost against the budgets of the day, given the earlier spending and reservations.
///
/// # Errors
/// [`Exceeded`].
pub fn check(wanted: Cost, spent: Scoped<Cost>, budgets: Scoped<&Budget>) -> Result<(), Exceeded> {
    if !allows(budgets.user, spent.user, wanted) {
        return Err(Exceeded::User);
    }
    if allows(budgets.employee, spent.employee, wanted) { Ok(()) } else { Err(Exceeded::Employee) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn tokens(tokens: u64) -> Cost {
        Cost { tokens, micro_usd: 0 }
    }

    #[test]
    fn a_budget_is_used_to_the_token_and_not_past_it() {
        let budget = Budget { daily_tokens: Some(100), daily_usd: None };
        assert!(allows(&budget, tokens(60), tokens(40)));
        assert!(!allows(&budget, tokens(60), tokens(41)));
        let dollars = Budget { daily_tokens: None, daily_usd: Some(0.01) };
        assert!(allows(&dollars, Cost::new(5, Some(0.004)), Cost::new(5, Some(0.006))));
        assert!(!allows(&dollars, Cost::new(5, Some(0.004)), Cost::new(5, Some(0.006_001))));
        assert!(allows(&Budget::default(), tokens(u64::MAX), tokens(u64::MAX)));
    }

    #[test]
    fn what_is_left_of_a_budget_is_what_it_would_still_allow() {
        let budget = Budget { daily_tokens: Some(100), daily_usd: Some(0.01) };
        let left = BudgetLeft::of(&budget, Cost { tokens: 60, micro_usd: 4000 });
        assert_eq!(left, BudgetLeft { tokens: Some(40), micro_usd: Some(6000) });
        assert!(allows(&budget, Cost { tokens: 60, micro_usd: 4000 }, Cost { tokens: 40, micro_usd: 6000 }));
        let overspent = BudgetLeft::of(&budget, Cost { tokens: 101, micro_usd: 20_000 });
        assert_eq!(overspent, BudgetLeft { tokens: Some(0), micro_usd: Some(0) });
        let unlimited = BudgetLeft::of(&Budget::default(), tokens(5));
        assert_eq!(unlimited, BudgetLeft { tokens: None, micro_usd: None });
    }

    #[test]
    fn the_budget_that_is_used_up_is_named() {
        let (tight, wide) = (Budget { daily_tokens: Some(10), daily_usd: None }, Budget::default());
        assert_eq!(
            check(
                tokens(5),
                Scoped { user: tokens(8), employee: tokens(0) },
                Scoped { user: &tight, employee: &wide }
            ),
            Err(Exceeded::User)
        );
        assert_eq!(
            check(
                tokens(5),
                Scoped { user: tokens(8), employee: tokens(8) },
                Scoped { user: &wide, employee: &tight }
            ),
            Err(Exceeded::Employee)
        );
        assert_eq!(
            check(
                tokens(2),
                Scoped { user: tokens(8), employee: tokens(8) },
                Scoped { user: &tight, employee: &tight }
            ),
            Ok(())
        );
    }

    #[test]
    fn costs_are_rounded_up_to_a_millionth_and_not_by_noise() {
        assert_eq!(Cost::new(0, Some(0.1 + 0.2)).micro_usd, 300_000);
        assert_eq!(Cost::new(0, Some(0.000_000_15)).micro_usd, 1);
        assert_eq!(Cost::new(0, None).micro_usd, 0);
    }

    #[test]
    fn days_begin_at_midnight_utc() {
        assert_eq!((day(DAY - 1), day(DAY)), (0, 1));
        assert_eq!((until_tomorrow(DAY), until_tomorrow(2 * DAY - 1)), (86_400, 1));
    }
}
