//! Delivery of finished turns to Postgres: in order, and for as long as it takes.

use crate::backoff::pause;
use crate::error::Fault;
use crate::ports::{Clock, Database, Journal};

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
