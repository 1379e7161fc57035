//! Public routes: sign of life, readiness, and the settings that a page needs to sign its user in.

use serde_json::json;

use super::reply;
use crate::config::Config;
use crate::database;
use crate::error::Error;
use crate::ports::{Caller, Postgrest, Reply};

/// `GET /healthz`: the Worker runs.
pub(super) fn health<R>() -> Reply<R> {
    reply::json(200, r#"{"status":"ok"}"#)
}

/// `GET /readyz`. The number of parked turns shows that PostgREST answers and takes the service key. Stalled work is told by its kind.
pub(super) async fn ready<R>(postgrest: &impl Postgrest) -> Result<Reply<R>, Error> {
    let nothing = json!({});
    let parked = database::raw(postgrest, Caller::Service, "parked_turns", &nothing).await?;
    let stalled = database::raw(postgrest, Caller::Service, "stalled_work", &nothing).await?;
    Ok(reply::json(200, format!(r#"{{"status":"ready","parked_turns":{parked},"stalled_work":{stalled}}}"#)))
}

/// `GET /config.json`: nothing in it is secret.
pub(super) fn page_config<R>(config: &Config) -> Reply<R> {
    let page = json!({
        "supabase_url": config.supabase_url,
        "supabase_anon_key": config.anon_key,
        "default_employee": config.default_employee,
    });
    reply::json(200, page.to_string())
}
