//! Network access that the client requires: POST requests and a clock.
//!
//! The caller implements [`Transport`] over its HTTP client. The traits are used through generics in one thread, so their
//! futures need not be `Send`.

use std::fmt;

/// Milliseconds: a time since 1970, or a duration.
pub type Millis = u64;

/// An HTTPS client with a clock.
#[allow(async_fn_in_trait, reason = "used through generics in one thread")]
pub trait Transport {
    /// The body of a response.
    type Body: ResponseBody;

    /// The present time, in milliseconds since 1970.
    fn now(&self) -> Millis;

    /// Posts a request and returns as soon as the status and the headers are known. It must not follow redirects.
    ///
    /// # Errors
    /// [`TransportError`] if there is no response within the timeout.
    async fn post(&self, request: &PostRequest<'_>) -> Result<PostResponse<Self::Body>, TransportError>;
}

/// The body of a response in chunks. Dropping it must end the call, because a server may never close a stream.
#[allow(async_fn_in_trait, reason = "used through generics in one thread")]
pub trait ResponseBody {
    /// Reads the next chunk; `None` at the end.
    ///
    /// # Errors
    /// [`TransportError`] if the body breaks off or the timeout passes.
    async fn read(&mut self) -> Result<Option<Vec<u8>>, TransportError>;
}

/// A request to an MCP server.
#[derive(Clone, Debug)]
pub struct PostRequest<'a> {
    /// The server's URL.
    pub url: &'a str,
    /// Names and values. No value contains a line break.
    pub headers: Vec<(&'a str, &'a str)>,
    /// The body as JSON.
    pub body: &'a str,
    /// Time limit in milliseconds for the whole call, including the body of the response.
    pub timeout: Millis,
}

/// A response with a body that is still to be read.
#[derive(Debug)]
pub struct PostResponse<B> {
    /// The HTTP status. Redirects are passed on as 3xx.
    pub status: u16,
    /// The header `Content-Type`; empty if absent.
    pub content_type: String,
    /// The header `Mcp-Session-Id`.
    pub session: Option<String>,
    /// The header `Location`.
    pub location: Option<String>,
    /// Reader of the body.
    pub body: B,
}

/// Failure of a call without a complete response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// No connection, or a broken one: the request may have arrived.
    Broken,
    /// The timeout has passed.
    Timeout,
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Broken => "the connection broke",
            Self::Timeout => "the timeout has passed",
        })
    }
}

impl std::error::Error for TransportError {}
