//! Building the index from Postgres, newest memories first: an object that starts without one has a user with a past.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::forget::last_forgotten;
use super::index::{self, End, State, set_state};
use super::known_facts;
use super::rebuild_progress::progress;
use super::recalled_memory::RecalledMemory;
use super::vector::SmallVector;
use crate::account::UserCtx;
use crate::database;
use crate::error::Fault;
use crate::model::embedding::Embedding;
use crate::ports::{Caller, Clock, Platform};
use crate::storage::to_json;

/// Memories read at a time: with their vectors about two megabytes.
const PAGE: u32 = 400;

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

impl StoredMemory {
    /// Its vector, by its id.
    fn vector(&self) -> Option<(Uuid, SmallVector)> {
        let embedding = Embedding::from_halves(self.embedding.as_deref()?)?;
        Some((self.memory.id, SmallVector::new(embedding.numbers())?))
    }
}

/// Reads what is missing, under the user's token, page by page. It goes on where it ended.
///
/// # Errors
/// `database_unavailable`, `internal`: to be tried again later.
pub async fn rebuild<P: Platform>(ctx: &UserCtx<'_, P>) -> Result<(), Fault> {
    let (sql, clock) = (&ctx.ports.sql, &ctx.ports.clock);
    let mut now = progress(sql)?;
    if now.is_due(clock.now()) && now.before.is_none() {
        known_facts::reload(ctx).await?;
        now = progress(sql)?;
    }
    while now.is_due(clock.now()) {
        let forgotten = last_forgotten(sql)?;
        let (at, id) = now.before.unzip();
        let arguments = ReadMemories { p_limit: PAGE, p_before_at: at, p_before_id: id };
        let caller = Caller::User(&ctx.user.token);
        let page: Vec<StoredMemory> =
            database::call(&ctx.ports.postgrest, caller, "memories", &arguments).await?;
        let before = std::mem::replace(&mut now, progress(sql)?);
        if now != before || last_forgotten(sql)? != forgotten {
            // The page may have what was forgotten meanwhile, or belong to an index that was emptied.
            continue;
        }
        for stored in &page {
            index::add(sql, End::Oldest, std::slice::from_ref(&stored.memory))?;
        }
        index::set_vectors(sql, &page.iter().filter_map(StoredMemory::vector).collect::<Vec<_>>())?;
        now.is_done = page.len() < PAGE as usize;
        if let Some(oldest) = page.last() {
            now.before = Some((oldest.memory.occurred_at, oldest.memory.id));
        }
        set_state(sql, State::Rebuild, &to_json(&now)?)?;
    }
    Ok(())
}
