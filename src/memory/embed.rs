//! Memories get their vectors after they are saved: in batches, by the User object, until none is left without.

use std::cell::RefCell;
use std::collections::BTreeSet;

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

/// Memories that are passed over at most; an object that wakes tries them again.
const MOST_REFUSED: usize = 500;

/// After so many refusals and no vector it is not for the texts.
const MOST_IN_A_ROW: usize = 4;

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

/// Gives a user's memories their vectors, until all have one but those that the model refuses, which hold up no others. It goes on
/// where it ended, for what has none is in Postgres.
///
/// # Errors
/// Why it could not go on: to be tried again later.
pub async fn embed_pending(
    user: Uuid,
    refused: &RefCell<BTreeSet<Uuid>>,
    config: &Config,
    database: &impl Database,
    model: &impl Model,
    clock: &impl Clock,
) -> Result<(), Fault> {
    loop {
        let passed_over = u32::try_from(refused.borrow().len()).unwrap_or(u32::MAX);
        let mut pending = database.pending_memories(user, BATCH.saturating_add(passed_over)).await?;
        pending.retain(|memory| !refused.borrow().contains(&memory.id));
        if pending.is_empty() {
            return Ok(());
        }
        let is_all = pending.len() < BATCH as usize;
        let embedded = match embed(&pending, config, model).await {
            Err(Refusal::Model(ModelError::Status { status: 400 | 413 | 422, .. })) => {
                one_by_one(pending, refused, config, model).await?
            }
            embedded => embedded?,
        };
        if !embedded.is_empty() {
            database.save_embeddings(user, &embedded).await?;
        }
        if is_all || refused.borrow().len() >= MOST_REFUSED {
            return Ok(());
        }
        clock.sleep(BREATH).await;
    }
}

/// Why there are no vectors.
enum Refusal {
    Model(ModelError),
    Fault(Fault),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Model(error) => Self::new(Code::ModelUnavailable, format!("embeddings: {error:?}")),
            Refusal::Fault(fault) => fault,
        }
    }
}

async fn embed(pending: &[Pending], config: &Config, model: &impl Model) -> Result<Vec<Embedded>, Refusal> {
    let texts: Vec<_> = pending.iter().map(|memory| memory.text.as_str()).collect();
    let body = embedding::body(&config.embedding_model, &texts).map_err(Refusal::Fault)?;
    let answer = model.embed(&body).await.map_err(Refusal::Model)?;
    let vectors = embedding::read(&answer, pending.len()).map_err(Refusal::Fault)?;
    let embedded = pending.iter().zip(vectors);
    Ok(embedded.map(|(memory, embedding)| Embedded { id: memory.id, embedding }).collect())
}

/// Finds those that are refused. When all are, it is not for their text.
async fn one_by_one(
    pending: Vec<Pending>,
    refused: &RefCell<BTreeSet<Uuid>>,
    config: &Config,
    model: &impl Model,
) -> Result<Vec<Embedded>, Fault> {
    let mut embedded = Vec::with_capacity(pending.len());
    let mut found = Vec::new();
    for memory in &pending {
        match embed(std::slice::from_ref(memory), config, model).await {
            Err(Refusal::Model(ModelError::Status { status: 400 | 413 | 422, .. })) => found.push(memory.id),
            one => embedded.extend(one?),
        }
        if found.len() >= MOST_IN_A_ROW && embedded.is_empty() {
            return Err(Fault::new(Code::ModelUnavailable, "embeddings: every text is refused"));
        }
    }
    refused.borrow_mut().extend(found);
    Ok(embedded)
}
