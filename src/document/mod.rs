//! Documents that users upload for retrieval: read where they arrive, then masked and stored by the User object.
//!
//! The crate `readers` makes text of bytes and cuts it, [`upload`] checks what arrives, [`keep`] masks and stores.

pub mod keep;
pub mod upload;

use readers::error::ReadError;

use crate::error::{Code, Error, abort};

/// Largest upload, in bytes.
pub const MAX_UPLOAD_BYTES: usize = 5 * 1024 * 1024;

/// Most documents that a user may have.
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
