//! Failures of requests to models.

use crate::ports::HttpError;
use crate::time::Millis;
use crate::wire_form::Parameter;

/// Failure of a request. The provider's own text is left behind where this is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelError {
    /// Connection not established.
    Connect,
    /// Nothing came in the time allowed.
    Timeout,
    /// An answer with a status other than 2xx.
    Status {
        /// The HTTP status.
        status: u16,
        /// `Retry-After`, in milliseconds.
        retry_after: Option<Millis>,
    },
    /// The provider refuses the request, with status 400 or 422.
    Refused {
        /// The HTTP status.
        status: u16,
        /// Parameter that it names.
        parameter: Option<Parameter>,
    },
    /// The connection broke while the answer came, or it ended without a finish reason.
    Cut,
    /// The answer finished, and nothing was said in it.
    Nothing,
    /// The answer came to its longest before its first word: thoughts took all of it.
    Spent,
    /// An error in the answer, of an unknown kind.
    Unexplained,
    /// The answer is of another API than chat completions.
    OtherApi,
}

impl From<HttpError> for ModelError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Connect => Self::Connect,
            HttpError::Timeout => Self::Timeout,
            HttpError::Cut | HttpError::TooLarge => Self::Cut,
        }
    }
}
