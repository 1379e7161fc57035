//! Vectors of questions that do not come in time are not asked for, for a while.

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use crate::time::Millis;

/// Questions in a row without a vector in time, after which none is asked for.
const FAILURES: u32 = 3;

/// Time for which no vector is asked for, in milliseconds. Then one question tries again.
const OUT_FOR: Millis = 30 * 1000;

/// Vectors that were late or failed: in memory only.
#[derive(Debug, Default)]
pub struct VectorBreaker {
    failures: Cell<u32>,
    out_until: Cell<Millis>,
}

impl VectorBreaker {
    /// True while no vector is to be asked for.
    #[must_use]
    pub fn is_out(&self, now: Millis) -> bool {
        self.failures.get() >= FAILURES && now < self.out_until.get()
    }

    /// Notes the outcome of a question.
    pub fn note(&self, vector: VectorUse, now: Millis) {
        if vector == VectorUse::Used {
            self.failures.set(0);
        } else {
            self.failures.set(self.failures.get().saturating_add(1));
            self.out_until.set(now + OUT_FOR);
        }
    }
}

/// Part of a question's vector in what was recalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VectorUse {
    /// It came in time.
    Used,
    /// It did not come within the deadline.
    Late,
    /// The provider gave none, or was not asked because it has failed before.
    Absent,
}
