//! `/api/me`: erasure of the user, and the state of it.

use serde_json::json;

use super::reply::{self, ReplyOf};
use crate::account::erasure::Erasure;
use crate::auth::User;
use crate::error::Error;
use crate::ports::Platform;
use crate::time::timestamp;
use crate::user::Object;

/// `DELETE /api/me`: erases the user, and replies with the numbers of rows by table and of files.
pub(super) async fn erase<P: Platform>(object: &Object<P>, user: &User) -> Result<ReplyOf<P>, Error> {
    let Erasure { counts, .. } = object.erase(user).await?;
    Ok(reply::envelope(&json!(counts).to_string()))
}

/// `GET /api/me/erasure`: the state of the newest erasure. Needs neither the vault nor Postgres.
pub(super) fn erasure<P: Platform>(object: &Object<P>) -> Result<ReplyOf<P>, Error> {
    let Some((Erasure { requested_at, step, counts, finished_at }, failures)) = object.erasure()? else {
        return Ok(reply::envelope(&json!({ "state": "none" }).to_string()));
    };
    let requested_at = timestamp(requested_at);
    let state = match finished_at {
        Some(at) => json!({
            "state": "finished", "requested_at": requested_at, "finished_at": timestamp(at), "counts": counts,
        }),
        None => json!({
            "state": "running", "requested_at": requested_at, "step": step, "failures": failures, "counts": counts,
        }),
    };
    Ok(reply::envelope(&state.to_string()))
}
