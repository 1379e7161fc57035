//! Delivery of finished turns to Postgres: in order, and for as long as it takes.

use crate::backoff::pause;
use crate::error::{Code, Fault};
use crate::memory::facts::may_be_command;
use crate::ports::{Clock, Database, Journal, Undelivered, UserObject};
use crate::session::load::Role;
use crate::session::record::TurnRecord;
use crate::time::Millis;
use crate::user::chores::Saved;

/// Records taken from storage at a time, so that a long outage does not fill memory.
const BATCH: u32 = 16;

/// How often a record is refused before it is parked. What an operator or a restart mends in a minute never is.
const REFUSALS: u32 = 6;

/// How long a parked record stays away.
pub const PARKED_FOR: Millis = 60 * 60 * 1000;

/// Books what the user's object has not, then delivers what is due, oldest first. At the first failure it has the object woken
/// later and stops: a turn refers to the one before it, so order matters. Only a record that Postgres refuses again and again,
/// which would hold up the others for ever, is parked and tried again every hour.
///
/// # Errors
/// Why a record was not taken; it waits on.
pub async fn deliver(
    database: &impl Database,
    user: &impl UserObject,
    journal: &impl Journal,
    clock: &impl Clock,
) -> Result<(), Fault> {
    journal.unpark(clock.now().saturating_sub(PARKED_FOR));
    loop {
        let due = journal.due(BATCH);
        if due.is_empty() {
            return Ok(());
        }
        // First, and of all: what was spent counts though Postgres is out of reach.
        for entry in due.iter().filter(|entry| !entry.is_settled) {
            if let Err(fault) = settle(entry, user, journal).await {
                return postpone(entry, fault, journal, clock).await;
            }
        }
        for entry in due {
            if let Err(fault) = commit(&entry, database, user, journal, clock).await {
                return postpone(&entry, fault, journal, clock).await;
            }
        }
    }
}

async fn settle(entry: &Undelivered, user: &impl UserObject, journal: &impl Journal) -> Result<(), Fault> {
    let record = &entry.record;
    let settled = user.settle(record.user_id, &record.books()).await;
    settled.map_err(|refused| Fault::new(Code::Internal, format!("settle: {refused:?}")))?;
    journal.settled(record.turn_id)
}

/// Delivers a record, or parks it.
async fn commit(
    entry: &Undelivered,
    database: &impl Database,
    user: &impl UserObject,
    journal: &impl Journal,
    clock: &impl Clock,
) -> Result<(), Fault> {
    let turn = entry.record.turn_id;
    match database.commit_turn(&entry.record).await {
        Ok(()) => {
            journal.delivered(turn)?;
            if entry.record.remember {
                // If nobody hears of it now, they will with the next turn.
                let _ = user.remember(entry.record.user_id, saved(&entry.record)).await;
            }
            Ok(())
        }
        Err(fault) if fault.code == Code::DatabaseRefused && entry.attempts >= REFUSALS => {
            // First there, where operators look.
            database.park_turn(&entry.record, &fault.cause).await?;
            journal.park(turn, clock.now())
        }
        Err(fault) => Err(fault),
    }
}

fn saved(record: &TurnRecord) -> Saved {
    let said = record.messages.iter().find(|message| message.role == Role::User);
    let may_be_command = said.is_some_and(|message| may_be_command(&message.content));
    Saved { session: record.session_id, may_be_command }
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
