//! Building the index from Postgres, newest memories first: an object that starts without one has a user with a past.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::forget::last_forgotten;
use super::index::{self, End, State, set_state, state};
use super::known_facts;
use super::recalled_memory::RecalledMemory;
use super::vector::SmallVector;
use crate::account::UserCtx;
use crate::database;
use crate::error::Fault;
use crate::model::embedding::Embedding;
use crate::ports::{Caller, Platform, Sql};
use crate::storage::{from_json, to_json};
use chrono::{DateTime, Utc};

/// Memories read at a time: with their vectors about two megabytes.
const PAGE: u32 = 400;

/// Progress of the rebuild.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    /// True once all memories are here.
    is_done: bool,
    /// Moment and id of the oldest memory so far.
    before: Option<(DateTime<Utc>, Uuid)>,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "names of the SQL function's parameters")]
struct ReadMemories {
    p_limit: u32,
    p_before_at: Option<DateTime<Utc>>,
    p_before_id: Option<Uuid>,
}

/// A memory with its vector, if it has one.
#[derive(Deserialize)]
struct StoredMemory {
    #[serde(flatten)]
    memory: RecalledMemory,
    /// Base64 of the vector's binary form.
    embedding: Option<String>,
}

/// True if memories in Postgres may be missing here.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn is_due(sql: &impl Sql) -> Result<bool, Fault> {
    Ok(!progress(sql)?.is_done)
}

/// Reads what is missing, under the user's token, page by page. It goes on where it ended.
///
/// # Errors
/// `database_unavailable`, `internal`: to be tried again later.
pub async fn rebuild<P: Platform>(ctx: &UserCtx<'_, P>) -> Result<(), Fault> {
    let sql = &ctx.ports.sql;
    let mut progress = progress(sql)?;
    if progress.is_done {
        return Ok(());
    }
    if progress.before.is_none() {
        known_facts::reload(ctx).await?;
    }
    while !progress.is_done {
        let forgotten = last_forgotten(sql)?;
        let (at, id) = progress.before.unzip();
        let arguments = ReadMemories { p_limit: PAGE, p_before_at: at, p_before_id: id };
        let caller = Caller::User(&ctx.user.token);
        let page: Vec<StoredMemory> =
            database::call(&ctx.ports.postgrest, caller, "memories", &arguments).await?;
        if last_forgotten(sql)? != forgotten {
            // The page may have what was forgotten meanwhile.
            continue;
        }
        for stored in &page {
            index::add(sql, End::Oldest, std::slice::from_ref(&stored.memory))?;
            let vector = stored.embedding.as_deref().and_then(Embedding::from_halves);
            if let Some(vector) = vector.and_then(|vector| SmallVector::new(vector.numbers())) {
                index::set_vector(sql, stored.memory.id, &vector)?;
            }
        }
        progress.is_done = page.len() < PAGE as usize;
        if let Some(oldest) = page.last() {
            progress.before = Some((oldest.memory.occurred_at, oldest.memory.id));
        }
        set_state(sql, State::Rebuild, &to_json(&progress)?)?;
    }
    Ok(())
}

fn progress(sql: &impl Sql) -> Result<Progress, Fault> {
    state(sql, State::Rebuild)?.map_or(Ok(Progress::default()), |json| from_json(&json, "rebuild"))
}
