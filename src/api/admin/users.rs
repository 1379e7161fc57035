//! `/api/admin/users`: usage and limits of users. Nothing that they wrote is in it.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::ctx::AdminCtx;
use super::profile_fields::{is_count_or_null, is_tokens_or_null, is_usd_or_null};
use crate::api::page::{Page, Position};
use crate::api::query::Query;
use crate::api::reply;
use crate::database::malformed;
use crate::error::{Code, Error, abort, abort_field};
use crate::limit::plan::StoredLimits;
use crate::ports::{Reply, WorkerPorts};

/// Longest text that users are looked for by, in characters: that of an address.
const MAX_QUERY_CHARS: usize = 320;

/// `GET /api/admin/users`: the last active first; with `q`, those whose id it is or whose address begins with it.
pub(super) async fn list<W: WorkerPorts>(
    ctx: &AdminCtx<'_, W>,
    query: &Query,
) -> Result<Reply<W::Readable>, Error> {
    let Page { limit, before } = Page::parse(query)?;
    let text = query.get("q").map(str::trim).filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.chars().count() > MAX_QUERY_CHARS || text.contains('\0')) {
        let rule = format!("q must have at most {MAX_QUERY_CHARS} characters.");
        return Err(abort_field(Code::InvalidField, "q", rule));
    }
    let arguments = json!({
        "p_query": text, "p_before_at": before.map(Position::time), "p_before_id": before.map(|position| position.id),
        "p_limit": limit,
    });
    Ok(reply::json(200, ctx.call("list_users", &arguments).await?))
}

/// `GET /api/admin/users/{id}/limits`: those of the user alone, and those that apply.
pub(super) async fn limits<W: WorkerPorts>(
    ctx: &AdminCtx<'_, W>,
    user: Uuid,
) -> Result<Reply<W::Readable>, Error> {
    let stored = ctx.call("user_limits", &json!({ "p_user": user })).await?;
    limits_body(ctx, &stored)
}

/// `PATCH /api/admin/users/{id}/limits`: changes those of the user alone; null leaves one to the plan.
pub(super) async fn update_limits<W: WorkerPorts>(
    ctx: &AdminCtx<'_, W>,
    user: Uuid,
    body: &[u8],
) -> Result<Reply<W::Readable>, Error> {
    let changes = parse_limits(body)?;
    let arguments = json!({ "p_admin": ctx.admin, "p_user": user, "p_changes": changes });
    let stored = ctx.call("update_user_limits", &arguments).await?;
    limits_body(ctx, &stored)
}

/// Notes in the audit log that a user is about to be erased.
pub(super) async fn note_erasure<W: WorkerPorts>(ctx: &AdminCtx<'_, W>, user: Uuid) -> Result<(), Error> {
    ctx.call("note_erasure", &json!({ "p_admin": ctx.admin, "p_user": user })).await.map(drop)
}

fn limits_body<W: WorkerPorts>(ctx: &AdminCtx<'_, W>, stored: &str) -> Result<Reply<W::Readable>, Error> {
    let read = |error: serde_json::Error| malformed("limits", &error);
    let mut own: Map<String, Value> = serde_json::from_str(stored).map_err(read)?;
    let effective = serde_json::from_str::<StoredLimits>(stored).map_err(read)?.resolve(ctx.config);
    let plan = own.remove("plan");
    Ok(reply::json(200, json!({ "plan": plan, "own": own, "effective": effective }).to_string()))
}

/// Reads the limits of a body.
fn parse_limits(body: &[u8]) -> Result<Map<String, Value>, Error> {
    let fields: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|_| abort(Code::InvalidJson, "The body must be a JSON object in UTF-8."))?;
    for (name, value) in &fields {
        let (name, is_valid, rule) = match name.as_str() {
            "messages_per_minute" => {
                ("messages_per_minute", is_count_or_null(value), "null or a whole number above 0")
            }
            "daily_tokens" => ("daily_tokens", is_tokens_or_null(value), "null or a whole number above 0"),
            "daily_usd" => ("daily_usd", is_usd_or_null(value), "null or 0.000001 to 999,999"),
            _ => {
                let detail = "Limits are messages_per_minute, daily_tokens and daily_usd alone.";
                return Err(abort(Code::InvalidField, detail));
            }
        };
        if !is_valid {
            return Err(abort_field(Code::InvalidField, name, format!("{name} must be {rule}.")));
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_positive_or_left_to_the_plan() {
        let refused =
            |body: &str| parse_limits(body.as_bytes()).err().map(|error| error.field().unwrap_or("?"));
        assert_eq!(refused(r#"{"messages_per_minute":6,"daily_tokens":3000000000,"daily_usd":null}"#), None);
        assert_eq!(refused("{}"), None);
        assert_eq!(refused(r#"{"messages_per_minute":0}"#), Some("messages_per_minute"));
        assert_eq!(refused(r#"{"daily_tokens":1.5}"#), Some("daily_tokens"));
        assert_eq!(refused(r#"{"daily_usd":-1}"#), Some("daily_usd"));
        assert_eq!(refused(r#"{"plan":"pro"}"#), Some("?"));
        assert_eq!(refused("[]"), Some("?"));
    }
}
