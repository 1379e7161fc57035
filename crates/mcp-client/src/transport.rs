//! The network as the client needs it: one POST at a time, and the present time.
//!
//! The caller implements [`Transport`] over whatever HTTP client it has. The traits are used through generics in one thread,
//! so their futures need not be `Send`.

use std::fmt;

/// Milliseconds: a moment since 1970, or a span.
pub type Millis = u64;

/// An HTTPS client with a clock.
#[allow(async_fn_in_trait, reason = "used through generics in one thread")]
pub trait Transport {
    /// The body of a response.
    type Body: ResponseBody;

    /// The present moment.
    fn now(&self) -> Millis;

    /// Posts a request, and returns as soon as the status and the headers are known. Redirects are not followed.
    ///
    /// # Errors
    /// [`TransportError`].
    async fn post(&self, request: &PostRequest<'_>) -> Result<PostResponse<Self::Body>, TransportError>;
}

/// The body of a response, piece by piece. Dropping it ends the call, since a server may keep a stream open for ever.
#[allow(async_fn_in_trait, reason = "used through generics in one thread")]
pub trait ResponseBody {
    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`TransportError`].
    async fn read(&mut self) -> Result<Option<Vec<u8>>, TransportError>;
}

/// A request to an MCP server.
#[derive(Clone, Debug)]
pub struct PostRequest<'a> {
    /// The server's URL.
    pub url: &'a str,
    /// Names and values. A value has no line break in it.
    pub headers: Vec<(&'a str, &'a str)>,
    /// JSON.
    pub body: &'a str,
    /// Time for the whole call, to the last byte of the response that is read.
    pub timeout: Millis,
}

/// A response whose body is still coming in.
#[derive(Debug)]
pub struct PostResponse<B> {
    /// The HTTP status; 3xx for a redirect, which is not followed.
    pub status: u16,
    /// `Content-Type`; empty when there is none.
    pub content_type: String,
    /// `Mcp-Session-Id`.
    pub session: Option<String>,
    /// The body.
    pub body: B,
}

/// A call that got no response, or not all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// No connection, or one that broke: the request may have arrived.
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
