//! Delivery of finished turns to Postgres: in order, and for as long as it takes.

use crate::error::Fault;
use crate::ports::{Clock, Database, Journal};
use crate::time::Millis;

/// The first pause after a failed delivery.
const FIRST_PAUSE: Millis = 1000;

/// The longest pause: an outage that ends is noticed within half a minute.
const LONGEST_PAUSE: Millis = 30 * 1000;

/// Records taken from storage at a time, so that a long outage does not fill memory.
const BATCH: u32 = 16;

/// Delivers what waits, oldest first. At the first failure it has the object woken later and stops: a turn
/// refers to the one before it, so order matters.
///
/// # Errors
/// Why Postgres did not take a record; the record waits on.
pub async fn deliver(
    database: &impl Database,
    journal: &impl Journal,
    clock: &impl Clock,
) -> Result<(), Fault> {
    loop {
        let waiting = journal.outbox(BATCH);
        if waiting.is_empty() {
            return Ok(());
        }
        for entry in waiting {
            let turn = entry.record.turn_id;
            if let Err(fault) = database.commit_turn(&entry.record).await {
                journal.postpone(turn);
                journal.wake_at(clock.now() + pause(entry.attempts, clock.random())).await;
                return Err(fault);
            }
            journal.delivered(turn);
        }
    }
}

/// Doubles from [`FIRST_PAUSE`] to [`LONGEST_PAUSE`], less up to half of it by chance, so that the objects that
/// one outage left behind do not all come back in the same second.
pub(crate) fn pause(attempts: u32, random: [u8; 16]) -> Millis {
    let full = FIRST_PAUSE.saturating_mul(1 << attempts.min(10)).min(LONGEST_PAUSE);
    full - full / 2 * Millis::from(random[0]) / 255
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_vary_by_at_most_half() {
        assert_eq!(pause(0, [0; 16]), 1000);
        assert_eq!(pause(0, [255; 16]), 500);
        assert_eq!(pause(3, [0; 16]), 8000);
        assert_eq!(pause(u32::MAX, [0; 16]), LONGEST_PAUSE);
        assert_eq!(pause(u32::MAX, [255; 16]), LONGEST_PAUSE / 2);
    }
}
