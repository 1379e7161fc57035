//! Forgetting: what Postgres has forgotten leaves the index at once, and no session tells it from a summary of before.

use serde::Deserialize;
use uuid::Uuid;

use super::change::change;
use super::index::{self, State, set_state, state};
use super::known_facts;
use crate::account::UserCtx;
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
    /// Messages that are not remembered any more.
    #[serde(default)]
    pub messages: Vec<Uuid>,
}

/// Removes messages from the index. From now on sessions read their summaries from Postgres again.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn forget<P: Platform>(ctx: &UserCtx<'_, P>, forgotten: &Forgotten) -> Result<(), Fault> {
    if forgotten.messages.is_empty() {
        return Ok(());
    }
    let sql = &ctx.ports.sql;
    index::remove(sql, &forgotten.messages)?;
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
    if had_all { Ok(()) } else { change(&ctx.ports.sql, known_facts::reload(ctx)).await }
}

/// Moment at which something was forgotten last; zero if nothing was.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn last_forgotten(sql: &impl Sql) -> Result<Millis, Fault> {
    state(sql, State::Forgotten)?.map_or(Ok(0), |json| from_json(&json, "forgotten"))
}
