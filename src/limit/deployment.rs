//! Spending of all users of a deployment, as far as an object knows it: arithmetic only.

use super::quota::{Cost, allows, day};
use crate::chat::limits::Budget;
use crate::time::Millis;

/// Milliseconds after which work in the background reads the spending again.
const FRESH_FOR: Millis = 60 * 1000;

/// Milliseconds after which a turn waits for a newer report.
const USABLE_FOR: Millis = 10 * 60 * 1000;

/// Spending of a deployment today, as Postgres reported it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeploymentSpending {
    spent: Cost,
    /// Moment of the last report, or of the last try to get one.
    asked_at: Option<Millis>,
    /// Day of the report.
    day: u64,
}

impl DeploymentSpending {
    /// Takes a report of today.
    pub const fn report(&mut self, spent: Cost, now: Millis) {
        *self = Self { spent, asked_at: Some(now), day: day(now) };
    }

    /// Notes a try without a report: the earlier one counts on.
    pub const fn note_failure(&mut self, now: Millis) {
        self.asked_at = Some(now);
    }

    /// True if work in the background should read the spending again.
    #[must_use]
    pub fn is_ageing(&self, now: Millis) -> bool {
        self.is_older(FRESH_FOR, now)
    }

    /// True if a turn should not begin before the spending was read again.
    #[must_use]
    pub fn is_stale(&self, now: Millis) -> bool {
        self.is_older(USABLE_FOR, now)
    }

    fn is_older(&self, age: Millis, now: Millis) -> bool {
        self.asked_at.is_none_or(|at| now.saturating_sub(at) >= age || day(at) != day(now))
    }

    /// True if `wanted` is within the ceiling, beside what was reported today.
    #[must_use]
    pub fn allows(&self, ceiling: &Budget, wanted: Cost, now: Millis) -> bool {
        let spent = if self.day == day(now) { self.spent } else { Cost::default() };
        allows(ceiling, spent, wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Millis = 24 * 60 * 60 * 1000;
    const CEILING: Budget = Budget { daily_tokens: Some(100), daily_usd: None };

    #[test]
    fn a_report_counts_for_its_day() {
        let mut spending = DeploymentSpending::default();
        let wanted = Cost { tokens: 40, micro_usd: 0 };
        assert!(spending.is_stale(0) && spending.allows(&CEILING, wanted, 0));
        spending.report(Cost { tokens: 61, micro_usd: 0 }, DAY - 1);
        assert!(!spending.allows(&CEILING, wanted, DAY - 1));
        assert!(spending.allows(&CEILING, wanted, DAY) && spending.is_stale(DAY));
    }

    #[test]
    fn a_report_grows_old_and_a_failed_try_is_not_repeated_at_once() {
        let mut spending = DeploymentSpending::default();
        spending.report(Cost { tokens: 61, micro_usd: 0 }, 0);
        assert!(!spending.is_ageing(FRESH_FOR - 1) && spending.is_ageing(FRESH_FOR));
        assert!(!spending.is_stale(USABLE_FOR - 1) && spending.is_stale(USABLE_FOR));
        spending.note_failure(USABLE_FOR);
        assert!(!spending.is_stale(USABLE_FOR + 1));
        assert!(!spending.allows(&CEILING, Cost { tokens: 40, micro_usd: 0 }, USABLE_FOR));
    }
}
