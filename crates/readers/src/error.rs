//! Errors of reading a document.

use std::fmt;

use passages::TooManyChunks;

/// Reasons to refuse a document. [`fmt::Display`] writes a sentence for the user that quotes nothing from the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// The kind is not supported, or the bytes are of another kind than declared.
    Unsupported,
    /// The document is damaged or protected.
    Unreadable(&'static str),
    /// The document has no text: it may be a scan.
    WithoutText(&'static str),
    /// The document has more text, pages or passages than allowed.
    TooLong(String),
}

impl ReadError {
    /// Makes an error that names the limit and a way to stay within it.
    pub(crate) fn too_long(limit: &str) -> Self {
        Self::TooLong(format!("{limit} Send it in parts."))
    }
}

impl From<TooManyChunks> for ReadError {
    fn from(error: TooManyChunks) -> Self {
        Self::TooLong(error.to_string())
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsupported => {
                "A document must be text, Markdown, CSV, HTML or PDF, and what its content-type says."
            }
            Self::Unreadable(detail) | Self::WithoutText(detail) => detail,
            Self::TooLong(detail) => detail,
        })
    }
}

impl std::error::Error for ReadError {}
