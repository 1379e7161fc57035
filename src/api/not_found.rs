//! Errors for ids that name nothing of the user's: they are the same for ids that exist nowhere.

use crate::error::{Code, Error, abort, abort_field};

/// The error for a document that does not exist, or is another user's.
pub(super) fn no_such_document() -> Error {
    abort(Code::DocumentNotFound, "There is no such document of yours. GET /api/documents lists them.")
}

/// The error for a file that does not exist, or is another user's.
pub(super) fn no_such_file() -> Error {
    abort(Code::FileNotFound, "There is no such file of yours. GET /api/files lists them.")
}

/// The error for work that Postgres refuses because the user was erased after it began, or has no account any more.
pub(super) fn user_erased() -> Error {
    abort(Code::UserErased, "Your data was erased while this was on its way: nothing of it is stored.")
}

/// The error for a session that does not exist, is being deleted, or is another user's.
pub(super) fn no_such_session() -> Error {
    let detail = "There is no such session of yours. GET /api/sessions lists them.";
    abort_field(Code::SessionNotFound, "session_id", detail)
}

/// The error for an approval of a chat that does not exist.
pub(super) fn no_approval() -> Error {
    abort(Code::ApprovalNotFound, "Nothing in this chat waits for an approval.")
}
