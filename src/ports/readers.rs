//! The readers of files: they run apart from everything else, so that a file that takes too much memory or time ends its own reading
//! alone.

use super::{HttpAnswer, HttpError};
use crate::time::Millis;

/// Header of a request to the readers that says what is wanted of the file, as JSON in printable ASCII.
pub const READ_HEADER: &str = "x-frontdesk-read";

/// Failure to reach the readers, or of the readers themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadersError {
    /// The deployment has none.
    NoReaders,
    /// They ended before they answered, or took too long.
    Failed(HttpError),
}

/// The readers of files.
pub trait Readers {
    /// Has a file read within `timeout` milliseconds, as `request` says: JSON in printable ASCII. The answer is JSON.
    ///
    /// # Errors
    /// [`ReadersError`].
    async fn read(&self, request: &str, file: &[u8], timeout: Millis) -> Result<HttpAnswer, ReadersError>;
}
