//! Ids that clients give to their messages and chats.

use uuid::Uuid;

use crate::account::UserCtx;
use crate::account::vault::VaultError;
use crate::error::{Code, Error, abort_field};
use crate::ports::Platform;

/// Longest id, in bytes.
const MAX_BYTES: usize = 128;

/// Checks an id; `field` is the field of the request that holds it.
///
/// # Errors
/// `invalid_field`.
pub(super) fn checked(field: &'static str, id: String) -> Result<String, Error> {
    if id.is_empty() || id.len() > MAX_BYTES || id.contains('\0') {
        let detail = format!("{field} must have 1 to {MAX_BYTES} bytes and no NUL.");
        return Err(abort_field(Code::InvalidField, field, detail));
    }
    Ok(id)
}

/// The session that a message begins which names none: the same each time that the message comes. `names` is the user's namespace.
#[must_use]
pub(super) fn session_of_message(message: &str, names: Uuid) -> Uuid {
    let messages = Uuid::new_v5(&names, b"client_message_id");
    Uuid::new_v5(&messages, message.as_bytes())
}

/// The session of a chat: a UUID is its id, any other name stands for one session of the user whose namespace is `names`.
///
/// # Errors
/// `invalid_field`, for an empty name or one that is too long.
pub(super) fn session(chat: &str, names: Uuid) -> Result<Uuid, Error> {
    let name = checked("id", chat.to_owned())?;
    Ok(Uuid::try_parse(&name).unwrap_or_else(|_| Uuid::new_v5(&names, name.as_bytes())))
}

/// The session of a chat that exists; `None` for a name of a user without a vault, who has no session of any name.
///
/// # Errors
/// As [`session`]; `privacy_unavailable`, `database_unavailable`.
pub(super) async fn known_session<P: Platform>(
    chat: &str,
    ctx: &UserCtx<'_, P>,
) -> Result<Option<Uuid>, Error> {
    if Uuid::try_parse(chat).is_err() {
        ctx.restore().await.map_err(VaultError::into_fault)?;
    }
    stored_session(chat, ctx)
}

/// As [`known_session`], without asking Postgres for a vault.
///
/// # Errors
/// As [`session`]; `privacy_unavailable`.
pub(super) fn stored_session<P: Platform>(chat: &str, ctx: &UserCtx<'_, P>) -> Result<Option<Uuid>, Error> {
    if Uuid::try_parse(chat).is_ok() {
        return session(chat, Uuid::nil()).map(Some);
    }
    checked("id", chat.to_owned())?;
    let names = ctx.known_names().map_err(VaultError::into_fault)?;
    names.map(|names| session(chat, names)).transpose()
}
