//! `/api/admin/employees`: profiles with their versions.

use serde_json::{Value, json};

use super::ctx::{AdminCtx, number};
use super::profile_fields::ProfileFields;
use crate::api::fields::Fields;
use crate::api::page;
use crate::api::query::Query;
use crate::api::reply;
use crate::error::{Code, Error, abort_field};
use crate::ports::{Reply, WorkerPorts};
use crate::tools::toolbox::tool_names;

/// Versions of a page at most: a profile may have a prompt of 32,000 characters.
const MAX_VERSIONS: u32 = 100;

/// `GET /api/admin/employees`: all employees, the tools that they can have, and the defaults of the deployment.
pub(super) async fn list<W: WorkerPorts>(ctx: &AdminCtx<'_, W>) -> Result<Reply<W::Readable>, Error> {
    let employees = ctx.call("all_employees", &json!({})).await?;
    let config = ctx.config;
    let defaults = json!({
        "employee": config.default_employee, "model": config.default_model, "token_budget": config.token_budget,
        "top_k": config.top_k,
    });
    let tools = json!(tool_names());
    Ok(reply::json(200, format!(r#"{{"data":{employees},"tools":{tools},"defaults":{defaults}}}"#)))
}

/// `POST /api/admin/employees`: a new employee.
pub(super) async fn create<W: WorkerPorts>(
    ctx: &AdminCtx<'_, W>,
    body: &[u8],
) -> Result<Reply<W::Readable>, Error> {
    let mut fields = ProfileFields::parse(body)?;
    // Postgres counts.
    fields.take("version");
    fields.require(&["slug", "title", "system_prompt"])?;
    let arguments = json!({ "p_admin": ctx.admin, "p_employee": fields.into_json() });
    Ok(reply::json(201, ctx.call("create_employee", &arguments).await?))
}

/// `PATCH /api/admin/employees/{slug}`: changes the fields that are sent. `version` is the one that the admin saw.
pub(super) async fn update<W: WorkerPorts>(
    ctx: &AdminCtx<'_, W>,
    slug: &str,
    body: &[u8],
) -> Result<Reply<W::Readable>, Error> {
    let mut fields = ProfileFields::parse(body)?;
    let version = fields.take("version");
    if fields.get("slug").is_some() {
        return Err(abort_field(Code::InvalidField, "slug", "slug never changes: sessions refer to it."));
    }
    if slug == ctx.config.default_employee && fields.get("is_active") == Some(&Value::Bool(false)) {
        let detail =
            "This is DEFAULT_EMPLOYEE_SLUG, who answers where no employee is named: it stays active.";
        return Err(abort_field(Code::InvalidField, "is_active", detail));
    }
    let arguments = json!({ "p_admin": ctx.admin, "p_slug": slug, "p_version": version, "p_changes": fields.into_json() });
    Ok(reply::json(200, ctx.call("update_employee", &arguments).await?))
}

/// `GET /api/admin/employees/{slug}/versions`: the newest versions, or those before a number.
pub(super) async fn versions<W: WorkerPorts>(
    ctx: &AdminCtx<'_, W>,
    slug: &str,
    query: &Query,
) -> Result<Reply<W::Readable>, Error> {
    let before = number(query, "before", 1..=i32::MAX)?;
    let limit = page::limit(query)?.min(MAX_VERSIONS);
    let arguments = json!({ "p_slug": slug, "p_before": before, "p_limit": limit });
    Ok(reply::envelope(&ctx.call("employee_versions", &arguments).await?))
}

/// `POST /api/admin/employees/{slug}/rollback`: a new version that is like an earlier one.
pub(super) async fn roll_back<W: WorkerPorts>(
    ctx: &AdminCtx<'_, W>,
    slug: &str,
    body: &[u8],
) -> Result<Reply<W::Readable>, Error> {
    const RULE: &str = "must be the number of a version";
    let version: Option<i32> = Fields::parse(body)?.get("version", RULE)?;
    let version = version.filter(|version| *version > 0);
    let version =
        version.ok_or_else(|| abort_field(Code::InvalidField, "version", format!("version {RULE}.")))?;
    let arguments = json!({ "p_admin": ctx.admin, "p_slug": slug, "p_version": version });
    Ok(reply::json(200, ctx.call("roll_back_employee", &arguments).await?))
}
