//! Memories get their vectors after they are saved: in batches, by the User object, until none is left without.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::config::Config;
use crate::error::{Code, Fault};
use crate::model::embedding::{self, Embedding};
use crate::ports::{Clock, Database, Model, ModelError};
use crate::time::Millis;

/// Memories embedded at a time.
const BATCH: u32 = 64;

/// The pause between two batches: while an import gets its vectors, others want the database too.
const BREATH: Millis = 250;

/// A memory without a vector.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Pending {
    /// Its row.
    pub id: Uuid,
    /// What is embedded: the message with what was said before it.
    pub text: String,
}

/// A memory with its vector.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Embedded {
    /// Its row.
    pub id: Uuid,
    /// The vector.
    pub embedding: Embedding,
}

/// Gives a user's memories their vectors, until all have one. It goes on where it ended, for what has none is in Postgres.
///
/// # Errors
/// Why it could not go on: to be tried again later.
pub async fn embed_pending(
    user: Uuid,
    config: &Config,
    database: &impl Database,
    model: &impl Model,
    clock: &impl Clock,
) -> Result<(), Fault> {
    loop {
        let pending = database.pending_memories(user, BATCH).await?;
        if pending.is_empty() {
            return Ok(());
        }
        let texts: Vec<_> = pending.iter().map(|memory| memory.text.as_str()).collect();
        let answer =
            model.embed(&embedding::body(&config.embedding_model, &texts)?).await.map_err(refused)?;
        let vectors = embedding::read(&answer, pending.len())?;
        let embedded = pending.into_iter().zip(vectors);
        let embedded: Vec<_> =
            embedded.map(|(memory, embedding)| Embedded { id: memory.id, embedding }).collect();
        database.save_embeddings(user, &embedded).await?;
        if embedded.len() < BATCH as usize {
            return Ok(());
        }
        clock.sleep(BREATH).await;
    }
}

fn refused(error: ModelError) -> Fault {
    Fault::new(Code::ModelUnavailable, format!("embeddings: {error:?}"))
}
