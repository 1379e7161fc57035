//! Ids that clients give to their messages and chats.

use uuid::Uuid;

use crate::error::{Code, Error, abort_field};

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

/// The session that a message begins which names none: the same each time that the message comes.
#[must_use]
pub(super) fn session_of_message(message: &str, user: Uuid) -> Uuid {
    let messages = Uuid::new_v5(&user, b"client_message_id");
    Uuid::new_v5(&messages, message.as_bytes())
}

/// The session of a chat: a UUID is its id, any other name stands for one session of that user.
///
/// # Errors
/// `invalid_field`, for an empty name or one that is too long.
pub(super) fn session(chat: &str, user: Uuid) -> Result<Uuid, Error> {
    let name = checked("id", chat.to_owned())?;
    Ok(Uuid::try_parse(&name).unwrap_or_else(|_| Uuid::new_v5(&user, name.as_bytes())))
}
