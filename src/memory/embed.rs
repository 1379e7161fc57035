//! Vectors of memories, made in batches after the memories are saved, until none is left without.

use std::cell::RefCell;
use std::collections::BTreeSet;

use pii::masked_text::MaskedText;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::forget::last_forgotten;
use super::index;
use super::paid_vectors::VectorRequest;
use super::vector::SmallVector;
use crate::account::UserCtx;
use crate::account::paid_call::{self, BilledAccount, CallBill, PaidCall, Purpose};
use crate::account::terms::embedding_account;
use crate::database;
use crate::error::{Code, Fault};
use crate::model::client::EmbedError;
use crate::model::embedding::Embedding;
use crate::model::model_error::ModelError;
use crate::ports::{Caller, Clock, Platform};
use crate::time::Millis;

/// Memories embedded at a time.
const BATCH: u32 = 64;

/// Longest time for a batch, in milliseconds.
const TIMEOUT: Millis = 60 * 1000;

/// Milliseconds between two batches: while an import gets its vectors, others need the database too.
const BATCH_PAUSE_MS: Millis = 250;

/// Refused memories that are skipped at most. An object that starts tries them again.
const MAX_REFUSED: usize = 500;

/// Gives up the one-by-one fallback after this many rejections without one success: the endpoint is at fault, not the texts.
const MAX_REJECTIONS: usize = 4;

/// A memory without a vector.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct PendingMemory {
    id: Uuid,
    /// Text to embed: the message with the messages before it.
    #[serde(deserialize_with = "pii::masked_text::stored")]
    text: MaskedText,
}

/// A memory with its vector.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct EmbeddedMemory {
    id: Uuid,
    embedding: Embedding,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "names of the SQL function's parameters")]
struct SaveEmbeddings<'a> {
    p_user: Uuid,
    p_embeddings: &'a [EmbeddedMemory],
    p_usage: &'a [PaidCall],
}

/// Embeds a user's memories until all have a vector but those that the model refuses, which hold up no others. It goes on where it
/// ended, since Postgres tells which have none.
///
/// # Errors
/// Failure of the model or the database: to be tried again later.
pub async fn embed_pending<P: Platform>(
    ctx: &UserCtx<'_, P>,
    refused: &RefCell<BTreeSet<Uuid>>,
) -> Result<(), Fault> {
    let (postgrest, sql, user) = (&ctx.ports.postgrest, &ctx.ports.sql, ctx.user.id);
    let mut account = None;
    loop {
        let forgotten = last_forgotten(sql)?;
        let skipped = u32::try_from(refused.borrow().len()).unwrap_or(u32::MAX);
        let arguments = json!({ "p_user": user, "p_limit": BATCH.saturating_add(skipped) });
        let mut pending: Vec<PendingMemory> =
            database::call(postgrest, Caller::Service, "pending_memories", &arguments).await?;
        // Their texts, or the texts before them, are not what they were.
        index::remove_vectors(sql, pending.iter().map(|memory| memory.id))?;
        pending.retain(|memory| !refused.borrow().contains(&memory.id));
        if pending.is_empty() {
            return save(ctx, &[]).await;
        }
        if account.is_none() {
            account = embedding_account(ctx).await?;
        }
        let Some(account) = &account else { return save(ctx, &[]).await };
        let is_last = pending.len() < BATCH as usize;
        let paid = PaidBatch { ctx, account };
        let (embedded, is_whole) = match paid.embed_beginning(&pending).await {
            // The next day has another budget; until then words find them.
            Err(EmbedError::OverBudget) => return save(ctx, &[]).await,
            Err(error) if is_refusal(&error) => (paid.embed_one_by_one(pending, refused).await?, true),
            embedded => {
                let embedded = embedded?;
                let is_whole = embedded.len() == pending.len();
                (embedded, is_whole)
            }
        };
        if last_forgotten(sql)? != forgotten {
            // The texts may have what was forgotten meanwhile.
            continue;
        }
        save(ctx, &embedded).await?;
        if is_last && is_whole || refused.borrow().len() >= MAX_REFUSED {
            return Ok(());
        }
        ctx.ports.clock.sleep(BATCH_PAUSE_MS).await;
    }
}

/// Saves vectors, and the paid calls that Postgres lacks.
async fn save<P: Platform>(ctx: &UserCtx<'_, P>, embedded: &[EmbeddedMemory]) -> Result<(), Fault> {
    let sql = &ctx.ports.sql;
    let calls = paid_call::undelivered(sql)?;
    if embedded.is_empty() && calls.is_empty() {
        return Ok(());
    }
    let arguments = SaveEmbeddings { p_user: ctx.user.id, p_embeddings: embedded, p_usage: &calls };
    database::raw(&ctx.ports.postgrest, Caller::Service, "save_embeddings", &arguments).await?;
    paid_call::mark_delivered(sql, &calls)?;
    let vector = |memory: &EmbeddedMemory| Some((memory.id, SmallVector::new(memory.embedding.numbers())?));
    index::set_vectors(sql, &embedded.iter().filter_map(vector).collect::<Vec<_>>())
}

/// Vectors of memories that an account pays for.
struct PaidBatch<'a, P: Platform> {
    ctx: &'a UserCtx<'a, P>,
    account: &'a BilledAccount,
}

impl<P: Platform> PaidBatch<'_, P> {
    /// Embeds memories; the first of them only where the model is too slow for all.
    async fn embed_beginning(&self, pending: &[PendingMemory]) -> Result<Vec<EmbeddedMemory>, EmbedError> {
        let mut batch = pending;
        loop {
            match self.embed(batch).await {
                Err(EmbedError::Model(ModelError::Timeout)) if batch.len() > 1 => {
                    batch = batch.get(..batch.len() / 2).unwrap_or_default();
                }
                embedded => return embedded,
            }
        }
    }

    async fn embed(&self, pending: &[PendingMemory]) -> Result<Vec<EmbeddedMemory>, EmbedError> {
        let texts: Vec<_> = pending.iter().map(|memory| &memory.text).collect();
        let account = self.account.clone();
        let model = self.ctx.config.embedding_model.clone();
        let bill = CallBill { purpose: Purpose::Embedding, session: None, account, model };
        let request = VectorRequest::reserve(self.ctx, bill, &texts)?;
        let vectors = request.send(self.ctx, TIMEOUT).await?;
        let embedded = pending.iter().zip(vectors);
        Ok(embedded.map(|(memory, embedding)| EmbeddedMemory { id: memory.id, embedding }).collect())
    }

    /// Finds the memories that the model refuses. When it refuses all, their texts are not at fault.
    async fn embed_one_by_one(
        &self,
        pending: Vec<PendingMemory>,
        refused: &RefCell<BTreeSet<Uuid>>,
    ) -> Result<Vec<EmbeddedMemory>, Fault> {
        let mut embedded = Vec::with_capacity(pending.len());
        let mut rejected = Vec::new();
        for memory in &pending {
            match self.embed(std::slice::from_ref(memory)).await {
                Err(error) if is_refusal(&error) => rejected.push(memory.id),
                one => embedded.extend(one?),
            }
            if rejected.len() >= MAX_REJECTIONS && embedded.is_empty() {
                return Err(Fault::new(Code::ModelRejected, "embeddings: every text is refused"));
            }
        }
        refused.borrow_mut().extend(rejected);
        Ok(embedded)
    }
}

/// True if the texts may be at fault.
const fn is_refusal(error: &EmbedError) -> bool {
    matches!(error, EmbedError::Model(ModelError::Refused { .. } | ModelError::Status { status: 413, .. }))
}
