//! Extraction batch by batch, from the queue in Postgres to the saved facts.

use std::cell::Cell;

use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::check::FactExtraction;
use super::extractor::FactBatch;
use crate::account::UserCtx;
use crate::database;
use crate::error::{Code, Fault};
use crate::memory::forget::{Forgotten, forget};
use crate::memory::job::{JobOutput, mask_output, run_job};
use crate::memory::known_facts;
use crate::memory::unsaved;
use crate::ports::{Caller, Platform};

/// Messages that are read at a time.
const BATCH: u32 = 20;

#[derive(Serialize)]
struct SaveFacts<'a> {
    p_user: Uuid,
    p_extraction: &'a FactExtraction,
}

/// Unusable outputs in a row after which their messages are left alone.
const MAX_MALFORMED: u32 = 3;

/// Extracts facts from the messages that no extraction has read, batch by batch. `malformed` counts unusable outputs in a row.
///
/// # Errors
/// Failure of the model or the database: to be tried again later.
pub async fn extract_facts<P: Platform>(ctx: &UserCtx<'_, P>, malformed: &Cell<u32>) -> Result<(), Fault> {
    let (postgrest, user) = (&ctx.ports.postgrest, ctx.user.id);
    loop {
        let arguments = json!({ "p_user": user, "p_model": ctx.config.memory_model, "p_limit": BATCH });
        let batch: Option<FactBatch> =
            database::call(postgrest, Caller::Service, "unread_messages", &arguments).await?;
        let Some(batch) = batch else { return Ok(()) };
        let job = batch.job();
        let Some(output) = run_job(ctx, &job).await? else { return Ok(()) };
        let extraction = match batch.extract(&output.text, output.usage.clone()) {
            Some(extraction) => {
                malformed.set(0);
                output.or_book(ctx, extraction.masked(|fact| mask_output(ctx, &job, fact)))?
            }
            None => batch.give_up(output, malformed),
        };
        let is_last = extraction.read.len() < BATCH as usize;
        let arguments = SaveFacts { p_user: user, p_extraction: &extraction };
        follow(ctx, &unsaved::save(ctx, &extraction.usage, &arguments).await?).await?;
        if extraction.read.is_empty() {
            return Err(Fault::new(Code::ModelRejected, "facts: the model's output is malformed"));
        }
        if is_last {
            return Ok(());
        }
    }
}

/// Has the index and the known facts follow a saved extraction.
///
/// # Errors
/// `database_unavailable`, `internal`.
pub(in crate::memory) async fn follow<P: Platform>(
    ctx: &UserCtx<'_, P>,
    forgotten: &Forgotten,
) -> Result<(), Fault> {
    forget(ctx, forgotten)?;
    known_facts::reload(ctx).await
}

impl FactBatch {
    /// The extraction of an unusable output: nothing. After a few of them in a row the messages count as read, so that they do not
    /// cost for ever; they stay memories all the same.
    fn give_up(&self, output: JobOutput, malformed: &Cell<u32>) -> FactExtraction {
        let mut usage = output.usage;
        usage.mark_malformed();
        let times = malformed.get() + 1;
        let is_over = times >= MAX_MALFORMED;
        malformed.set(if is_over { 0 } else { times });
        let read = if is_over { self.message_ids() } else { Vec::new() };
        let (ended, forgotten, commands) = (Vec::new(), Vec::new(), Vec::new());
        FactExtraction { read, facts: Vec::new(), ended, forgotten, commands, usage }
    }
}
