//! Documents that users upload for retrieval: read into text by the `readers` crate, masked as a whole, cut into passages, stored.

mod save;
mod upload;

use readers::error::ReadError;

pub use self::save::{
    MaskedTable, SaveOutcome, SavedDocument, TableName, save_document, tables, too_many_documents,
};
pub use self::upload::{FILE_NAME, Upload, checked_name, decoded_name, too_large};
use crate::error::{Code, Error, abort};

/// Largest upload, in bytes.
pub const MAX_UPLOAD_BYTES: usize = 5 * 1024 * 1024;

/// Documents that a user may have.
pub const MAX_DOCUMENTS: u32 = 200;

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        let code = match error {
            ReadError::Unsupported => Code::UnsupportedDocument,
            ReadError::Unreadable(_) => Code::DocumentUnreadable,
            ReadError::WithoutText(_) => Code::DocumentWithoutText,
            ReadError::TooLong(_) => Code::DocumentTooLong,
        };
        abort(code, error.to_string())
    }
}
