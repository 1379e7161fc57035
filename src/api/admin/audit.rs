//! `GET /api/admin/audit`: changes that admins made.

use serde_json::json;

use super::ctx::AdminCtx;
use crate::api::page;
use crate::api::query::Query;
use crate::api::reply;
use crate::error::{Code, Error, abort_field};
use crate::ports::{Reply, WorkerPorts};

/// Changes of a page at most: one may have two prompts of 32,000 characters.
const MAX_CHANGES: u32 = 100;

/// Lists the newest changes, or those before an id, of one `target` or of all.
pub(super) async fn list<W: WorkerPorts>(
    ctx: &AdminCtx<'_, W>,
    query: &Query,
) -> Result<Reply<W::Readable>, Error> {
    let rule = || abort_field(Code::InvalidField, "before", "before must be the id of a change.");
    let before = query.get("before").map(|id| id.parse::<i64>().map_err(|_| rule())).transpose()?;
    let target = query.get("target").map(|target| target.replace('\0', "\u{fffd}"));
    let limit = page::limit(query)?.min(MAX_CHANGES);
    let arguments = json!({ "p_target": target, "p_before": before, "p_limit": limit });
    Ok(reply::envelope(&ctx.call("admin_changes", &arguments).await?))
}
