//! HTTP as it is served: requests that come in, replies, and the platform of the stateless Worker.

use uuid::Uuid;

use super::{Clock, Http, Readers};

/// Header of a request to a user's object that holds the call, as ASCII.
pub const CALL_HEADER: &str = "x-frontdesk-call";

/// Failure to read a request's body: it broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyError;

/// The body of a request, read in pieces.
pub trait RequestBody {
    /// Reads the next piece; `None` at the end.
    ///
    /// # Errors
    /// [`BodyError`].
    async fn read(&mut self) -> Result<Option<Vec<u8>>, BodyError>;

    /// Reads the whole body; `None` when it is longer than `limit` bytes.
    ///
    /// # Errors
    /// [`BodyError`].
    async fn read_all(&mut self, limit: usize) -> Result<Option<Vec<u8>>, BodyError> {
        let mut whole = Vec::new();
        while let Some(piece) = self.read().await? {
            if whole.len() + piece.len() > limit {
                return Ok(None);
            }
            // Most bodies come in one piece, which is not copied.
            if whole.is_empty() {
                whole = piece;
            } else {
                whole.extend_from_slice(&piece);
            }
        }
        Ok(Some(whole))
    }
}

/// A request as it arrives at the Worker.
pub trait IncomingRequest: RequestBody {
    /// The method, in capital letters.
    fn method(&self) -> String;
    /// The absolute URL, normalized as the URL standard says.
    fn url(&self) -> String;
    /// The value of a header, by its name in lower case.
    fn header(&self, name: &str) -> Option<String>;
}

/// The body of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyBody<R> {
    /// There is none.
    Empty,
    /// A text, complete.
    Text(String),
    /// A stream that is written while it is read.
    Stream(R),
}

/// The reply to a request. `R` is the reading end of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply<R> {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, with their values. No value holds a line break.
    pub headers: Vec<(&'static str, String)>,
    /// The body, complete or streamed.
    pub body: ReplyBody<R>,
}

/// The body of a request that is passed on to a user's object.
#[derive(Debug)]
pub enum ForwardedBody<R> {
    /// That of the incoming request, which streams through.
    Unread(R),
    /// Bytes made here.
    Bytes(Vec<u8>),
}

/// The platform of the stateless Worker.
pub trait WorkerPorts {
    /// A request that came in.
    type Request: IncomingRequest;
    /// A response on its way out.
    type Response;
    /// The reading end of a stream.
    type Readable;
    /// Time and randomness.
    type Clock: Clock;
    /// Supabase over HTTP.
    type Http: Http + Clone;
    /// Readers of files.
    type Readers: Readers;

    /// Time and randomness.
    fn clock(&self) -> &Self::Clock;

    /// Supabase over HTTP.
    fn http(&self) -> &Self::Http;

    /// Readers of files.
    fn readers(&self) -> &Self::Readers;

    /// Counts a request for the rate gate; returns whether it may pass. A deployment without a gate lets all pass.
    async fn allows(&self, key: &str) -> bool;

    /// Passes a request on to the object of a user, with `call` in the header [`CALL_HEADER`]. The error is for the log.
    ///
    /// # Errors
    /// The object did not answer.
    async fn forward(
        &self,
        user: Uuid,
        call: &str,
        body: ForwardedBody<Self::Request>,
    ) -> Result<Self::Response, String>;

    /// Makes a response of a reply.
    fn respond(&self, reply: Reply<Self::Readable>) -> Self::Response;

    /// Adds headers to a response, whose body is not touched.
    fn add_headers(&self, response: Self::Response, headers: &[(&'static str, String)]) -> Self::Response;

    /// Writes one line of JSON to the deployment's log.
    fn log(&self, line: &str);
}
