//! Requests to model providers, MCP servers and Supabase.

use crate::time::Millis;

/// HTTP methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Method `GET`, without body.
    Get,
    /// Method `POST`, with body.
    Post,
}

impl Method {
    /// The method as it stands in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// Treatment of a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// The platform follows it.
    Follow,
    /// It is returned as the response.
    Manual,
}

/// Request to another server.
#[derive(Clone, Copy, Debug)]
pub struct HttpCall<'a> {
    /// Method of the request.
    pub method: Method,
    /// An absolute URL.
    pub url: &'a str,
    /// Names and values. No value holds a line break.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body, JSON where there is one.
    pub body: Option<&'a str>,
    /// Treatment of a redirect.
    pub redirect: Redirect,
}

/// Limits on the time of a streamed response, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the first byte of the body.
    pub first_byte: Millis,
    /// Between two bytes of the body.
    pub idle: Millis,
    /// From the request to the last byte that is read; `None` for no limit.
    pub total: Option<Millis>,
}

/// Failure of a request or of its response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// No connection; the request may have arrived.
    Connect,
    /// A limit of [`Timeouts`] has passed.
    Timeout,
    /// The connection broke while the body came.
    Cut,
    /// A whole answer has more than [`MAX_ANSWER_BYTES`].
    TooLarge,
}

/// Most bytes of an answer that is read whole: an isolate holds it several times, and has 128 MB for all its users.
pub const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// A small response, complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

/// A response whose body is still coming in. Dropping the body ends the call.
#[derive(Debug)]
pub struct HttpResponse<B> {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// Body of the response.
    pub body: B,
}

impl<B> HttpResponse<B> {
    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// An HTTP client.
pub trait Http {
    /// The body of a streamed response.
    type Body: HttpBody;

    /// Sends a request and reads the whole answer, of [`MAX_ANSWER_BYTES`] at most, within `timeout` milliseconds.
    ///
    /// # Errors
    /// [`HttpError`].
    async fn send(&self, call: HttpCall<'_>, timeout: Millis) -> Result<HttpAnswer, HttpError>;

    /// Sends a request and returns with the response's status and headers.
    ///
    /// # Errors
    /// [`HttpError`].
    async fn open(
        &self,
        call: HttpCall<'_>,
        timeouts: Timeouts,
    ) -> Result<HttpResponse<Self::Body>, HttpError>;
}

/// A response body, read in pieces.
pub trait HttpBody {
    /// Waits `gather` milliseconds, or less if the body ends before, then returns all bytes that have arrived, at least one; `None`
    /// at the end of the body.
    ///
    /// # Errors
    /// [`HttpError::Timeout`] or [`HttpError::Cut`].
    async fn read(&mut self, gather: Millis) -> Result<Option<Vec<u8>>, HttpError>;
}
