//! Calls of the database functions for admins.

use std::ops::RangeInclusive;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api::query::Query;
use crate::config::Config;
use crate::database;
use crate::database::client::PostgrestClient;
use crate::error::{Code, Error, abort, abort_field};
use crate::ports::{Caller, WorkerPorts};

/// An admin, and what their requests need.
pub(in crate::api) struct AdminCtx<'a, W> {
    /// Id of the admin, for the audit log.
    pub(in crate::api) admin: Uuid,
    pub(in crate::api) config: &'a Rc<Config>,
    pub(in crate::api) worker: &'a W,
}

/// Result of a function that refused.
#[derive(Deserialize)]
struct Refusal {
    refused: Code,
}

impl<W: WorkerPorts> AdminCtx<'_, W> {
    /// Calls a database function with the service key, and returns its JSON.
    ///
    /// # Errors
    /// The code that the function refuses with; as [`database::raw`].
    pub(super) async fn call(&self, function: &str, arguments: &impl Serialize) -> Result<String, Error> {
        let postgrest = PostgrestClient::new(Rc::clone(self.config), self.worker.http().clone());
        let json = database::raw(&postgrest, Caller::Service, function, arguments).await?;
        match serde_json::from_str(&json) {
            Ok(Refusal { refused }) if json.starts_with('{') => Err(refusal(refused)),
            _ => Ok(json),
        }
    }
}

/// The error for a refusal of the database.
fn refusal(code: Code) -> Error {
    let detail = match code {
        Code::UnknownEmployee => "There is no employee with that slug. GET /api/admin/employees lists them.",
        Code::EmployeeExists => "There is an employee with that slug. PATCH changes it.",
        Code::EditConflict => {
            "There is a later version than the one that was sent. Read it, and change that one."
        }
        Code::VersionNotFound => {
            "There is no such version. GET /api/admin/employees/{slug}/versions lists them."
        }
        Code::UserNotFound => "There is no account with that id. GET /api/admin/users lists them.",
        _ => code.title(),
    };
    abort(code, detail)
}

/// Reads a whole number of the query.
///
/// # Errors
/// `invalid_field`.
pub(super) fn number(
    query: &Query,
    name: &'static str,
    allowed: RangeInclusive<i32>,
) -> Result<Option<i32>, Error> {
    let Some(text) = query.get(name) else { return Ok(None) };
    let number = text.parse().ok().filter(|number| allowed.contains(number));
    let rule = || {
        let detail = format!("{name} must be a whole number from {} to {}.", allowed.start(), allowed.end());
        abort_field(Code::InvalidField, name, detail)
    };
    number.ok_or_else(rule).map(Some)
}
