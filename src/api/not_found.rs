//! Errors for ids that name nothing of the user's: they are the same for ids that exist nowhere.

use crate::error::{Code, Error, abort};

/// The error for a document that does not exist, or is another user's.
pub(super) fn no_such_document() -> Error {
    abort(Code::DocumentNotFound, "There is no such document of yours. GET /api/documents lists them.")
}

/// The error for a file that does not exist, or is another user's.
pub(super) fn no_such_file() -> Error {
    abort(Code::FileNotFound, "There is no such file of yours. GET /api/files lists them.")
}
