//! Errors of a call. They hold nothing that the server said, so that they can be logged.

use std::fmt;

use super::transport::TransportError;

/// How an answer gets lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// There was no connection, or it broke.
    Broken,
    /// The time was over.
    Timeout,
    /// It is larger than it may be.
    TooLarge,
    /// It cannot be read.
    Malformed,
}

/// Why there is no list or no result. It holds nothing that the server said, so that it can be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum McpError {
    /// The profile names a token that the deployment does not have.
    NoToken,
    /// The profile does not allow the tool.
    NotAllowed,
    /// The server could not even be greeted.
    Unopened(Loss),
    /// The request may have arrived, and perhaps was done.
    Lost(Loss),
    /// The server does not take the token, or wants one.
    Unauthorized,
    /// The server sends elsewhere, where nobody goes.
    Redirected,
    /// The server refused, with this HTTP status and JSON-RPC code.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The code of JSON-RPC's error, if there is one.
        code: Option<i64>,
    },
    /// The server speaks no revision that is spoken here.
    Version,
    /// The server wants to know something first that only a person can say.
    NeedsInput,
}

impl McpError {
    /// What a model is told.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NotAllowed => "This tool may not be used.",
            Self::NoToken | Self::Unauthorized => {
                "The tool's server does not accept this deployment's credentials. Nothing was done."
            }
            Self::Unopened(_) => "The tool's server is out of reach. Nothing was done.",
            Self::Lost(Loss::Timeout) => {
                "The tool did not answer in time. It is not known whether it did what it was asked; do not call it again unasked."
            }
            Self::Lost(Loss::TooLarge) => {
                "The tool's answer is too large to be read. It may have done what it was asked; ask it for less."
            }
            // A gateway's 502 or 504 says nothing of the server behind it.
            Self::Lost(Loss::Broken | Loss::Malformed) | Self::Refused { status: 500.., .. } => {
                "The tool's answer was lost. It is not known whether it did what it was asked; do not call it again unasked."
            }
            Self::Redirected | Self::Refused { .. } | Self::Version => {
                "The tool's server refused the request. Nothing was done."
            }
            Self::NeedsInput => "The tool wants to ask a person something, which is not possible here.",
        }
    }

    /// What was lost before anything was asked did nothing.
    pub(crate) const fn before(self) -> Self {
        match self {
            Self::Lost(loss) => Self::Unopened(loss),
            other => other,
        }
    }
}

impl From<Loss> for McpError {
    fn from(loss: Loss) -> Self {
        Self::Lost(loss)
    }
}

impl From<TransportError> for McpError {
    fn from(error: TransportError) -> Self {
        Self::Lost(match error {
            TransportError::Broken => Loss::Broken,
            TransportError::Timeout => Loss::Timeout,
        })
    }
}

impl fmt::Display for McpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl std::error::Error for McpError {}
