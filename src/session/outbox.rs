//! Delivery of finished turns to Postgres: in order, and for as long as it takes.

use crate::backoff::pause;
use crate::error::{Code, Fault};
use crate::ports::{Clock, Database, Journal, Undelivered, UserObject};

/// Records taken from storage at a time, so that a long outage does not fill memory.
const BATCH: u32 = 16;

/// Books what the user's object has not, then delivers what waits, oldest first. At the first failure it has the object woken
/// later and stops: a turn refers to the one before it, so order matters.
///
/// # Errors
/// Why a record was not taken; it waits on.
pub async fn deliver(
    database: &impl Database,
    user: &impl UserObject,
    journal: &impl Journal,
    clock: &impl Clock,
) -> Result<(), Fault> {
    loop {
        let waiting = journal.outbox(BATCH);
        if waiting.is_empty() {
            return Ok(());
        }
        // First, and of all: what was spent counts though Postgres is out of reach.
        for entry in waiting.iter().filter(|entry| !entry.is_settled) {
            let record = &entry.record;
            let settled = user.settle(record.user_id, &record.books()).await;
            if let Err(refused) = settled {
                return postpone(
                    entry,
                    Fault::new(Code::Internal, format!("settle: {refused:?}")),
                    journal,
                    clock,
                )
                .await;
            }
            journal.settled(record.turn_id);
        }
        for entry in waiting {
            if let Err(fault) = database.commit_turn(&entry.record).await {
                return postpone(&entry, fault, journal, clock).await;
            }
            journal.delivered(entry.record.turn_id);
        }
    }
}

/// Leaves a record for later.
async fn postpone(
    entry: &Undelivered,
    fault: Fault,
    journal: &impl Journal,
    clock: &impl Clock,
) -> Result<(), Fault> {
    journal.postpone(entry.record.turn_id);
    journal.wake_at(clock.now() + pause(entry.attempts, clock.random())).await;
    Err(fault)
}
