//! Delivery of finished turns to Postgres, in order within a session, and for as long as it takes.
//!
//! Sessions do not wait for each other. Within a session a turn refers to the one before it, so order matters: a failure puts the
//! whole session off. Only a record that Postgres refuses again and again is parked, so that it does not hold up the others.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::record::TurnRecord;
use super::store::{SessionStore, UndeliveredTurn, mark_delivered, park, postpone};
use crate::account::UserCtx;
use crate::backoff::pause;
use crate::database;
use crate::error::{Code, Fault};
use crate::ports::{Caller, Clock, Platform};
use crate::time::Millis;

/// Refusals after which a record is parked. Failures that an operator or a restart repairs within a minute never reach it.
const MAX_REFUSALS: u32 = 6;

/// Time-outs after which a record is parked: they are about ten minutes, in which an overload may end.
const MAX_TIMEOUTS: u32 = 25;

/// Milliseconds after which a parked record is tried again.
pub const PARKED_FOR: Millis = 60 * 60 * 1000;

#[derive(Serialize)]
struct CommitTurn<'a> {
    p_turn: &'a TurnRecord,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "names of the SQL function's parameters")]
struct ParkTurn<'a> {
    p_turn: Uuid,
    p_user: Uuid,
    p_session: Uuid,
    p_started_at: DateTime<Utc>,
    p_reason: &'a str,
}

/// Delivers a session's due records, oldest first, and calls `on_delivered` after each. A failure plans the next try.
///
/// # Errors
/// Failure of a delivery; the record stays in the outbox.
pub async fn deliver_session<P: Platform>(
    ctx: &UserCtx<'_, P>,
    session: Uuid,
    on_delivered: impl Fn(&TurnRecord),
) -> Result<(), Fault> {
    let (sql, clock) = (&ctx.ports.sql, &ctx.ports.clock);
    let store = SessionStore::new(sql, session);
    while let Some(next) = store.next_delivery(clock.now())? {
        match deliver(ctx, &next).await {
            Ok(Delivered::Committed) => on_delivered(&next.record),
            Ok(Delivered::Parked) => {}
            Err(fault) => {
                let retry_at = clock.now() + pause(next.attempts, clock.random());
                postpone(sql, next.record.turn_id, retry_at)?;
                ctx.account.agenda.wake_by(retry_at, sql);
                return Err(fault);
            }
        }
    }
    Ok(())
}

enum Delivered {
    Committed,
    Parked,
}

async fn deliver<P: Platform>(ctx: &UserCtx<'_, P>, next: &UndeliveredTurn) -> Result<Delivered, Fault> {
    let UndeliveredTurn { record, attempts } = next;
    let (sql, postgrest) = (&ctx.ports.sql, &ctx.ports.postgrest);
    if record.continues && is_answer_parked(ctx, record)? {
        // Postgres has no answer yet that this one could replace: it waits for the record that brings it.
        return park(sql, record.turn_id, ctx.ports.clock.now()).map(|()| Delivered::Parked);
    }
    match database::save(postgrest, "commit_turn", &CommitTurn { p_turn: record }).await {
        Ok(()) => mark_delivered(sql, record.turn_id).map(|()| Delivered::Committed),
        Err(fault) if is_hopeless(&fault, *attempts) => {
            let turn_id = record.turn_id;
            let arguments = ParkTurn {
                p_turn: turn_id,
                p_user: record.user_id,
                p_session: record.session_id,
                p_started_at: record.started_at,
                p_reason: &fault.cause,
            };
            // Postgres first: operators look there.
            database::raw(postgrest, Caller::Service, "park_turn", &arguments).await?;
            park(sql, turn_id, ctx.ports.clock.now()).map(|()| Delivered::Parked)
        }
        Err(fault) => Err(fault),
    }
}

/// True if a record that failed so often is parked.
const fn is_hopeless(fault: &Fault, attempts: u32) -> bool {
    match fault.code {
        Code::DatabaseRefused => attempts >= MAX_REFUSALS,
        Code::DatabaseTimeout => attempts >= MAX_TIMEOUTS,
        _ => false,
    }
}

/// True if an earlier record of the answer is parked. Later ones do not count: two records would wait for each other.
fn is_answer_parked<P: Platform>(ctx: &UserCtx<'_, P>, record: &TurnRecord) -> Result<bool, Fault> {
    let answer = |record: &TurnRecord| record.messages.last().map(|message| message.id);
    let parked = SessionStore::new(&ctx.ports.sql, record.session_id).parked_before(record.turn_id)?;
    Ok(parked.iter().any(|parked| answer(&parked.record) == answer(record)))
}
