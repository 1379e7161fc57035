//! State of the limits that hold for a turn, as its headers report it.

use super::bucket::RateLimitStatus;
use super::quota::{BudgetLeft, Cost, Scoped, until_tomorrow};
use crate::chat::limits::Budget;
use crate::time::Millis;

/// State of the limits after a turn was admitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitStatus {
    /// The nearest limit of messages a minute.
    pub messages: Option<RateLimitStatus>,
    /// Budgets of the day.
    pub budget: BudgetStatus,
}

/// Budgets of the day after a reservation: of the user, or of the user with the employee, whichever has less left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BudgetStatus {
    /// Tokens, where they are limited.
    pub tokens: Option<Remaining>,
    /// Millionths of a US dollar, where dollars are limited.
    pub micro_usd: Option<Remaining>,
    /// Seconds until the budgets are whole again.
    pub reset: u64,
}

/// A budget and its rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// The most that may be spent in a day.
    pub limit: u64,
    /// The rest of it.
    pub remaining: u64,
}

impl BudgetStatus {
    /// The state of budgets of which so much is spent and reserved.
    #[must_use]
    pub fn of(budgets: Scoped<&Budget>, spent: Scoped<Cost>, now: Millis) -> Self {
        let [user, employee] =
            [(budgets.user, spent.user), (budgets.employee, spent.employee)].map(|(budget, spent)| {
                let [whole, left] = [Cost::default(), spent].map(|spent| BudgetLeft::of(budget, spent));
                [(whole.tokens, left.tokens), (whole.micro_usd, left.micro_usd)]
                    .map(|(limit, remaining)| Some(Remaining { limit: limit?, remaining: remaining? }))
            });
        let nearer = |one: Option<Remaining>, other| {
            one.into_iter().chain(other).min_by_key(|budget| budget.remaining)
        };
        let [[user_tokens, user_usd], [tokens, usd]] = [user, employee];
        Self {
            tokens: nearer(user_tokens, tokens),
            micro_usd: nearer(user_usd, usd),
            reset: until_tomorrow(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_budgets_the_one_with_less_left_is_told() {
        let budget = |tokens, usd| Budget { daily_tokens: tokens, daily_usd: usd };
        let cost = |tokens| Cost { tokens, micro_usd: 500_000 };
        let budgets = Scoped { user: &budget(Some(1000), None), employee: &budget(Some(300), Some(2.0)) };
        let status = BudgetStatus::of(budgets, Scoped { user: cost(900), employee: cost(100) }, 0);
        assert_eq!(status.tokens, Some(Remaining { limit: 1000, remaining: 100 }));
        assert_eq!(status.micro_usd, Some(Remaining { limit: 2_000_000, remaining: 1_500_000 }));
        assert_eq!(status.reset, 24 * 60 * 60);
        let spent = Scoped { user: cost(100), employee: cost(100) };
        assert_eq!(
            BudgetStatus::of(budgets, spent, 0).tokens,
            Some(Remaining { limit: 300, remaining: 200 })
        );
    }
}
