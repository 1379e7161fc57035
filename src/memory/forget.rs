//! Forgetting: what Postgres has forgotten leaves the index at once, and no session tells it from a summary of before.

use serde::Deserialize;
use uuid::Uuid;

use super::change::change;
use super::index::{self, State, set_state, state};
use super::known_facts;
use super::unsaved::abandon_all;
use crate::account::UserCtx;
use crate::account::agenda::Job;
use crate::error::Fault;
use crate::ports::{Clock, Platform, Sql};
use crate::storage::from_json;
use crate::time::Millis;

/// Everything that a function of Postgres has forgotten.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Forgotten {
    /// Number of facts.
    #[serde(default)]
    pub facts: u64,
    /// Number of messages that had the words to forget.
    #[serde(default)]
    pub found: u64,
    /// Messages that are not remembered any more.
    #[serde(default)]
    pub messages: Vec<Uuid>,
    /// True if the words fit more messages than one call may forget: nothing was forgotten.
    #[serde(default)]
    pub too_many: bool,
}

/// Removes messages from the index. From now on sessions read their summaries from Postgres again, and memories that were embedded
/// with a forgotten message are embedded again.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn forget<P: Platform>(ctx: &UserCtx<'_, P>, forgotten: &Forgotten) -> Result<(), Fault> {
    if forgotten.messages.is_empty() {
        return Ok(());
    }
    let sql = &ctx.ports.sql;
    index::remove(sql, &forgotten.messages)?;
    abandon_all(sql)?;
    let now = ctx.ports.clock.now();
    set_state(sql, State::Forgotten, &now.to_string())?;
    // Later than now: work that began now and ends now must not count it as done.
    ctx.account.agenda.plan(Job::Background, now + 1, sql)
}

/// Removes a deleted session from the index. A page of memories that is being read may still have it.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn forget_session<P: Platform>(ctx: &UserCtx<'_, P>, session: Uuid) -> Result<(), Fault> {
    let sql = &ctx.ports.sql;
    index::remove_thread(sql, session)?;
    abandon_all(sql)?;
    set_state(sql, State::Forgotten, &ctx.ports.clock.now().to_string())
}

/// As [`forget`], with the facts that are named.
///
/// # Errors
/// `database_unavailable`, `internal`.
pub async fn forget_with_facts<P: Platform>(
    ctx: &UserCtx<'_, P>,
    facts: &[Uuid],
    forgotten: &Forgotten,
) -> Result<(), Fault> {
    let had_all = known_facts::remove(&ctx.ports.sql, facts)?;
    forget(ctx, forgotten)?;
    if had_all { Ok(()) } else { change(ctx, known_facts::reload(ctx)).await }
}

/// Moment at which something was forgotten last; zero if nothing was.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn last_forgotten(sql: &impl Sql) -> Result<Millis, Fault> {
    state(sql, State::Forgotten)?.map_or(Ok(0), |json| from_json(&json, "forgotten"))
}
