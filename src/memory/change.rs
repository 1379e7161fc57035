//! Changes of memories in Postgres that the index must follow. Where nobody knows if one took effect, the index is built anew.

use super::index::{State, remove_state, set_state, state};
use super::rebuild_progress::{begin_anew, settles_at};
use crate::account::UserCtx;
use crate::account::agenda::{Agenda, Job};
use crate::error::{Code, Fault};
use crate::ports::{Clock, Platform, Sql};
use crate::storage::from_json;
use crate::time::Millis;

/// Makes a call that changes memories in Postgres. The caller applies its result to the index, without an `await` in between.
///
/// # Errors
/// That of the call; `internal`, when the storage refuses.
pub async fn change<P: Platform, T>(
    ctx: &UserCtx<'_, P>,
    call: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let sql = &ctx.ports.sql;
    add_to_pending(sql, 1)?;
    let result = call.await;
    add_to_pending(sql, -1)?;
    let is_unknown = |fault: &Fault| !matches!(fault.code, Code::DatabaseRefused | Code::DatabaseTimeout);
    if result.as_ref().is_err_and(is_unknown) {
        distrust(&ctx.account.agenda, sql, ctx.ports.clock.now())?;
    }
    result
}

/// Builds the index anew if the object died during a change. To be called once, when an object starts.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn recover(agenda: &Agenda, sql: &impl Sql, now: Millis) -> Result<(), Fault> {
    if pending(sql)? == 0 {
        return Ok(());
    }
    remove_state(sql, State::PendingChanges)?;
    distrust(agenda, sql, now)
}

/// Builds the index anew. A call that reaches Postgres late may still take vectors away, so there is background work after it.
fn distrust(agenda: &Agenda, sql: &impl Sql, now: Millis) -> Result<(), Fault> {
    begin_anew(sql, now)?;
    if agenda.is_planned(Job::Background, sql)? {
        // It plans itself again, as long as a call may be on its way.
        return Ok(());
    }
    agenda.plan(Job::Background, settles_at(sql)?, sql)
}

fn pending(sql: &impl Sql) -> Result<u32, Fault> {
    state(sql, State::PendingChanges)?.map_or(Ok(0), |json| from_json(&json, "pending changes"))
}

fn add_to_pending(sql: &impl Sql, one: i32) -> Result<(), Fault> {
    match pending(sql)?.saturating_add_signed(one) {
        0 => remove_state(sql, State::PendingChanges),
        count => set_state(sql, State::PendingChanges, &count.to_string()),
    }
}
