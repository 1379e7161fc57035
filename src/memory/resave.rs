//! Another try for outputs of background jobs that Postgres has not saved, before further ones are paid for.

use serde::de::IgnoredAny;
use uuid::Uuid;

use super::facts::save::follow;
use super::recall::Summary;
use super::summary::{SavedSummary, show_saved};
use super::unsaved::oldest;
use crate::account::UserCtx;
use crate::account::paid_call::Purpose;
use crate::error::Fault;
use crate::ports::Platform;

/// Saves all outputs that Postgres lacks, the oldest first. Returns the new summaries of sessions.
///
/// # Errors
/// That of the database: the rest waits for another try. `internal`, when the storage refuses.
pub async fn resave<P: Platform>(ctx: &UserCtx<'_, P>) -> Result<Vec<(Uuid, Summary)>, Fault> {
    let mut summaries = Vec::new();
    while let Some(output) = oldest(&ctx.ports.sql)? {
        match output.call.purpose {
            Purpose::Facts => follow(ctx, &output.send(ctx).await?).await?,
            Purpose::Summary => {
                let saved: SavedSummary = output.send(ctx).await?;
                summaries.extend(show_saved(&output, &saved)?);
            }
            _ => {
                let IgnoredAny = output.send(ctx).await?;
            }
        }
    }
    Ok(summaries)
}
