//! `/api/admin/overview` and `/api/admin/health`: figures of hourly sums, and what needs an operator.

use serde_json::json;

use super::ctx::{AdminCtx, number};
use crate::api::query::Query;
use crate::api::reply;
use crate::error::Error;
use crate::ports::{Reply, WorkerPorts};

/// Hours of an overview by default.
const DEFAULT_HOURS: i32 = 24;

/// Hours of an overview at most: ninety days.
const MAX_HOURS: i32 = 90 * 24;

/// `GET /api/admin/overview`: figures of the last `hours`, of one `employee` and one `model` or of all.
pub(super) async fn get<W: WorkerPorts>(
    ctx: &AdminCtx<'_, W>,
    query: &Query,
) -> Result<Reply<W::Readable>, Error> {
    let hours = number(query, "hours", 1..=MAX_HOURS)?.unwrap_or(DEFAULT_HOURS);
    // Postgres takes no NUL, and no name has one.
    let name = |name| query.get(name).map(|value| value.replace('\0', "\u{fffd}"));
    let arguments = json!({ "p_hours": hours, "p_employee": name("employee"), "p_model": name("model") });
    Ok(reply::json(200, ctx.call("admin_overview", &arguments).await?))
}

/// `GET /api/admin/health`: parked turns, stalled work, the outbox, models, and the day's spending beside the ceiling.
pub(super) async fn health<W: WorkerPorts>(ctx: &AdminCtx<'_, W>) -> Result<Reply<W::Readable>, Error> {
    let health = ctx.call("admin_health", &json!({})).await?;
    let ceiling = ctx.config.ceiling;
    let ceiling = json!({ "daily_tokens": ceiling.daily_tokens, "daily_usd": ceiling.daily_usd });
    Ok(reply::json(200, format!(r#"{{"database":{health},"ceiling":{ceiling}}}"#)))
}
