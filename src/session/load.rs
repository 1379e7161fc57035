//! `load_session`: the messages that a cold session reads.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::path::PathEnd;
use crate::account::UserCtx;
use crate::chat::message::Message;
use crate::database;
use crate::error::Fault;
use crate::memory::recall::Summary;
use crate::ports::{Caller, Platform};

/// Messages that a cold session reads at most. More than fit any budget in practice, and a bound that keeps the read the same size
/// for any length of the history.
pub const RECENT_MESSAGES: u32 = 100;

/// Arguments of `load_session`.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "names of the SQL function's parameters")]
struct LoadSession {
    p_session: Uuid,
    p_limit: u32,
    p_leaf: PathEnd,
}

/// Result of `load_session`.
#[derive(Clone, Debug, Deserialize)]
pub struct LoadedSession {
    /// True if the session exists and belongs to another user.
    pub foreign: bool,
    /// The newest messages of the path, oldest first.
    pub messages: Vec<Message>,
    /// Summary of the messages before the recent ones.
    #[serde(default)]
    pub summary: Option<Summary>,
}

/// Reads the newest messages of a path in a session, under the user's access token.
///
/// # Errors
/// `database_unavailable`.
pub async fn load_session<P: Platform>(
    ctx: &UserCtx<'_, P>,
    session: Uuid,
    path_end: PathEnd,
) -> Result<LoadedSession, Fault> {
    let arguments = LoadSession { p_session: session, p_limit: RECENT_MESSAGES, p_leaf: path_end };
    database::call(&ctx.ports.postgrest, Caller::User(&ctx.user.token), "load_session", &arguments).await
}
