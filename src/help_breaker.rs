//! Help that a turn can do without, such as the vector of its question: where it does not come in time, it is not asked for, for a while.

use std::cell::Cell;

use crate::time::Millis;

/// Requests in a row without an answer in time, after which none is made.
const FAILURES: u32 = 3;

/// Time for which none is made, in milliseconds. Then one request tries again.
const OUT_FOR: Millis = 30 * 1000;

/// Answers that were late or failed: in memory only.
#[derive(Debug, Default)]
pub struct HelpBreaker {
    failures: Cell<u32>,
    out_until: Cell<Millis>,
}

impl HelpBreaker {
    /// True while no request is to be made.
    #[must_use]
    pub fn is_out(&self, now: Millis) -> bool {
        self.failures.get() >= FAILURES && now < self.out_until.get()
    }

    /// Notes whether help came in time.
    pub fn note(&self, has_helped: bool, now: Millis) {
        if has_helped {
            self.failures.set(0);
        } else {
            self.failures.set(self.failures.get().saturating_add(1));
            self.out_until.set(now + OUT_FOR);
        }
    }
}
