//! `load_session`: the one read that a cold session makes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::path::PathEnd;
use crate::account::UserCtx;
use crate::chat::employee::{Employee, PricedEmployee};
use crate::chat::limits::UserLimits;
use crate::chat::message::Message;
use crate::chat::price::Price;
use crate::database;
use crate::error::Fault;
use crate::memory::recall::Summary;
use crate::ports::{Caller, Platform};

/// Messages that a cold session reads at most. More than fit any budget in practice, and a bound that keeps the read the same size
/// for any length of the history.
pub const RECENT_MESSAGES: u32 = 100;

/// Part of a session to load.
#[derive(Clone, Copy, Debug)]
pub struct LoadRequest<'a> {
    /// Id of the session.
    pub session: Uuid,
    /// Slug of the employee that the request names, if it does.
    pub employee: Option<&'a str>,
    /// Messages to return at most.
    pub limit: u32,
    /// End of the path that is returned.
    pub path_end: PathEnd,
}

/// Arguments of `load_session`.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "names of the SQL function's parameters")]
struct LoadSession<'a> {
    p_session: Uuid,
    p_employee: Option<&'a str>,
    /// Slug of the employee of a new session that names none.
    p_default_employee: &'a str,
    /// Default model: its price is returned for an employee without a model of its own.
    p_default_model: &'a str,
    p_limit: u32,
    p_leaf: PathEnd,
}

/// Result of `load_session`.
#[derive(Clone, Debug, Deserialize)]
pub struct LoadedSession {
    /// True if the session exists and belongs to another user.
    pub foreign: bool,
    /// The employee; `None` when no active employee has that slug.
    pub employee: Option<Employee>,
    /// Price of the employee's model, if it is known.
    pub price: Option<Price>,
    /// Prices of its fallback models, as far as they are known.
    #[serde(default)]
    pub prices: BTreeMap<String, Price>,
    /// Limits of the user over all sessions.
    #[serde(default)]
    pub limits: Option<UserLimits>,
    /// The newest messages of the path, oldest first.
    pub messages: Vec<Message>,
    /// Summary of the messages before the recent ones.
    #[serde(default)]
    pub summary: Option<Summary>,
}

impl LoadedSession {
    /// Takes the employee with its prices; `None` when no active employee has that slug.
    pub fn take_employee(&mut self) -> Option<PricedEmployee> {
        let employee = self.employee.take()?;
        Some(PricedEmployee { employee, price: self.price, prices: std::mem::take(&mut self.prices) })
    }
}

/// Reads a session under the user's access token, in one round trip.
///
/// # Errors
/// `database_unavailable`.
pub async fn load_session<P: Platform>(
    ctx: &UserCtx<'_, P>,
    request: &LoadRequest<'_>,
) -> Result<LoadedSession, Fault> {
    let arguments = LoadSession {
        p_session: request.session,
        p_employee: request.employee,
        p_default_employee: &ctx.config.default_employee,
        p_default_model: &ctx.config.default_model,
        p_limit: request.limit,
        p_leaf: request.path_end,
    };
    database::call(&ctx.ports.postgrest, Caller::User(&ctx.user.token), "load_session", &arguments).await
}
