//! Errors of a call. They contain no text from the server, so that they can be logged.

use std::fmt;

use super::transport::TransportError;

/// Ways in which a response is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// There was no connection, or it broke.
    Broken,
    /// The time limit has passed.
    Timeout,
    /// The response exceeds the size limit.
    TooLarge,
    /// The response cannot be parsed.
    Malformed,
}

/// Failure of a list or a call. It contains no text from the server, so that it can be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum McpError {
    /// The deployment lacks the bearer token that the profile names.
    NoToken,
    /// The profile does not allow the tool.
    NotAllowed,
    /// No session could be started, so that the request was never sent.
    Unopened(Loss),
    /// The response was lost: the server may have done what the request asked for.
    Lost(Loss),
    /// The server rejects the bearer token or requires one.
    Unauthorized,
    /// The server redirects. Redirects are not followed.
    Redirected,
    /// The server refused with an HTTP status or a JSON-RPC error.
    Refused {
        /// The HTTP status; 200 for a JSON-RPC error in a successful response.
        status: u16,
        /// The code of the JSON-RPC error, if the body has one.
        code: Option<i64>,
    },
    /// The server has no revision of the protocol that the client has.
    Version,
    /// The server asks for input that only a person can give.
    NeedsInput,
}

impl McpError {
    /// The message for the model.
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
            // A 502 or 504 of a gateway does not show if the server behind it ran the tool.
            Self::Lost(Loss::Broken | Loss::Malformed) | Self::Refused { status: 500.., .. } => {
                "The tool's answer was lost. It is not known whether it did what it was asked; do not call it again unasked."
            }
            Self::Redirected | Self::Refused { .. } | Self::Version => {
                "The tool's server refused the request. Nothing was done."
            }
            Self::NeedsInput => "The tool wants to ask a person something, which is not possible here.",
        }
    }

    /// Turns a loss during the start of a session into [`Self::Unopened`]: nothing was requested yet.
    pub(crate) const fn before_request(self) -> Self {
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
