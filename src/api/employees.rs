//! `GET /api/employees`: the employees that can be asked.

use super::reply::{self, ReplyOf};
use crate::account::UserCtx;
use crate::database;
use crate::error::Error;
use crate::ports::Platform;

/// Row-level security shows the active ones.
const EMPLOYEES: &str = "employee_profiles?select=slug,title,description,reads_pictures&order=slug";

/// Lists active employees.
pub(super) async fn list<P: Platform>(ctx: &UserCtx<'_, P>) -> Result<ReplyOf<P>, Error> {
    Ok(reply::envelope(&database::read(&ctx.ports.postgrest, EMPLOYEES, &ctx.user.token).await?))
}
