//! Documents that users upload for retrieval: read into text by the readers' Worker, masked as a whole, cut into passages, stored.

mod save;
mod upload;

use passages::TooManyChunks;

pub use self::save::{
    MaskedTable, SaveOutcome, SavedDocument, TableName, save_document, tables, too_many_documents,
};
pub use self::upload::{FILE_NAME, ReadUpload, Upload, checked_name, decoded_name, too_large};
use crate::error::{Code, Error, abort};

/// Largest upload, in bytes.
pub const MAX_UPLOAD_BYTES: usize = 5 * 1024 * 1024;

/// Documents that a user may have.
pub const MAX_DOCUMENTS: u32 = 200;

impl From<TooManyChunks> for Error {
    fn from(error: TooManyChunks) -> Self {
        abort(Code::DocumentTooLong, error.to_string())
    }
}
