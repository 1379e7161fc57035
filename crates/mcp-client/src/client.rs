//! A client of one MCP server: order of requests, timeouts, and retries of those that certainly did nothing.

use std::cell::{Cell, RefCell};

use serde::Serialize;
use serde_json::value::RawValue;

use super::error::{Loss, McpError};
use super::server::{Bearer, Bearers, Server};
use super::session::{Session, Version};
use super::tool::{MAX_TOOLS, Page, RemoteResult, RemoteTool, WireResult, name_for_model};
use super::transport::{Millis, PostRequest, PostResponse, ResponseBody, Transport};
use super::wire::{
    CallTool, Initialized, ListTools, Received, ResponseReader, RpcResponse, error_code, initialize,
    initialized, request,
};

/// Time limit for the start of a session, and again for all pages of tools, in milliseconds.
const LIST_TIMEOUT: Millis = 5000;

/// Time limit for a call of a tool, in milliseconds.
const CALL_TIMEOUT: Millis = 30_000;

/// Most pages of tools that are requested. It bounds a server that never ends its list.
const MAX_PAGES: usize = 16;

/// Longest page cursor, in bytes.
const MAX_CURSOR: usize = 4096;

/// Size in bytes after which no more of an error response is read for its JSON-RPC code.
const MAX_ERROR_BODY: usize = 16 * 1024;

/// Most requests from the server that get a reply while the client waits for one response.
const MAX_REPLIES: u32 = 4;

/// Effect of a tool on its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only reads: a call may be repeated.
    Reads,
    /// It may change something.
    Writes,
}

/// A method of the protocol, with the tool that it calls.
#[derive(Clone, Copy)]
struct Method<'a> {
    name: &'static str,
    tool: Option<&'a str>,
    effect: Effect,
}

/// A client of one server. Its methods may run concurrently.
#[derive(Debug)]
pub struct Client<'a, T> {
    transport: &'a T,
    server: &'a Server,
    bearer: Option<&'a Bearer>,
    session: RefCell<Option<Session>>,
    /// Tools of the last list that no model can be given.
    dropped: Cell<usize>,
}

/// A JSON-RPC request with its deadline.
struct RpcRequest<'a> {
    id: u64,
    method: &'a str,
    tool: Option<&'a str>,
    body: &'a str,
    until: Millis,
}

impl<'a, T: Transport> Client<'a, T> {
    /// Makes a client of a server that passed [`Server::check`]; it continues `session` if one is given.
    ///
    /// # Errors
    /// [`McpError::NoToken`] if the deployment lacks the server's bearer token.
    pub fn new(
        transport: &'a T,
        server: &'a Server,
        bearers: &'a Bearers,
        session: Option<Session>,
    ) -> Result<Self, McpError> {
        let bearer = match &server.token {
            Some(name) => Some(bearers.get(name).ok_or(McpError::NoToken)?),
            None => None,
        };
        Ok(Self { transport, server, bearer, session: RefCell::new(session), dropped: Cell::default() })
    }

    /// The session that the next client of this server can continue.
    #[must_use]
    pub fn session(&self) -> Option<Session> {
        self.session.borrow().clone()
    }

    /// Number of tools of the last list that were left out although the profile allows them.
    #[must_use]
    pub const fn dropped(&self) -> usize {
        self.dropped.get()
    }

    /// Lists the tools that the profile allows and a model's API accepts.
    ///
    /// # Errors
    /// [`McpError`] if a page could not be requested or read.
    pub async fn list(&self) -> Result<Vec<RemoteTool>, McpError> {
        self.ensure_session().await?;
        let until = self.transport.now().saturating_add(LIST_TIMEOUT);
        let mut tools = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let params = ListTools { cursor: cursor.as_deref() };
            let (session, response) = self
                .send(Method { name: "tools/list", tool: None, effect: Effect::Reads }, &params, until)
                .await?;
            let page: Page = match response {
                RpcResponse::Result(result) => {
                    serde_json::from_str(result.get()).map_err(|_| Loss::Malformed)?
                }
                RpcResponse::Error { code, .. } => {
                    return Err(McpError::Refused { status: 200, code: Some(code) });
                }
            };
            self.dropped.set(self.dropped.get() + page.add_to(&mut tools, self.server, &session));
            cursor = page.next_cursor.filter(|cursor| !cursor.is_empty());
            if cursor.as_ref().is_some_and(|cursor| cursor.len() > MAX_CURSOR) {
                return Err(Loss::Malformed.into());
            }
            if cursor.is_none() || tools.len() >= MAX_TOOLS {
                break;
            }
        }
        Ok(tools)
    }

    /// Calls a tool by its name on the server, once: a call that may have arrived is repeated only if it reads.
    ///
    /// A JSON-RPC error is a result too, because a model can correct its arguments by the message.
    ///
    /// # Errors
    /// [`McpError`] if there is no result to pass on.
    pub async fn call(
        &self,
        tool: &str,
        arguments: &RawValue,
        effect: Effect,
    ) -> Result<RemoteResult, McpError> {
        if !self.server.allows(tool) || name_for_model(&self.server.name, tool).is_none() {
            return Err(McpError::NotAllowed);
        }
        self.ensure_session().await?;
        let until = self.transport.now().saturating_add(CALL_TIMEOUT);
        let params = CallTool { name: tool, arguments };
        let method = Method { name: "tools/call", tool: Some(tool), effect };
        let (_, response) = self.send(method, &params, until).await?;
        match response {
            RpcResponse::Error { message, .. } => Ok(RemoteResult { text: message, is_error: true }),
            RpcResponse::Result(result) => {
                let result: WireResult = serde_json::from_str(result.get()).map_err(|_| Loss::Malformed)?;
                if result.is_incomplete() { Err(McpError::NeedsInput) } else { Ok(result.read()) }
            }
        }
    }

    /// Sends a request in the present session. A 404 means that the server forgot the session and did nothing: one retry follows.
    /// Some servers send 400 in its place, which may mean anything: only what reads is sent again.
    async fn send(
        &self,
        Method { name: method, tool, effect }: Method<'_>,
        params: impl Serialize,
        until: Millis,
    ) -> Result<(Session, RpcResponse), McpError> {
        let mut is_first = true;
        loop {
            self.ensure_session().await?;
            let (session, id) = self.next().ok_or(McpError::Unopened(Loss::Broken))?;
            let body = request(&session, id, method, &params).ok_or(Loss::Malformed)?;
            let request = RpcRequest { id, method, tool, body: &body, until };
            let error = match self.exchange(Some(&session), &request).await {
                Ok((_, response)) => return Ok((session, response)),
                Err(error) => error,
            };
            if matches!(error, McpError::Refused { status: 400 | 404, .. }) {
                self.drop_session(&session);
            }
            let is_unknown = match error {
                McpError::Refused { status: 404, .. } => true,
                McpError::Refused { status: 400, .. } => effect == Effect::Reads,
                _ => false,
            };
            if !is_unknown || !is_first || session.id().is_none() {
                return Err(error);
            }
            is_first = false;
        }
    }

    /// Starts a session if there is none.
    async fn ensure_session(&self) -> Result<(), McpError> {
        let is_known = self.session.borrow().is_some();
        if !is_known {
            let until = self.transport.now().saturating_add(LIST_TIMEOUT);
            let session = self.start_session(until).await.map_err(McpError::before_request)?;
            self.session.replace(Some(session));
        }
        Ok(())
    }

    /// The session and the id of its next request.
    fn next(&self) -> Option<(Session, u64)> {
        let mut session = self.session.borrow_mut();
        let session = session.as_mut()?;
        let id = session.next();
        Some((session.clone(), id))
    }

    fn drop_session(&self, session: &Session) {
        let mut current = self.session.borrow_mut();
        if current.as_ref().is_some_and(|current| current.id() == session.id()) {
            *current = None;
        }
    }

    /// Starts a session (<https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle>).
    async fn start_session(&self, until: Millis) -> Result<Session, McpError> {
        let body = initialize().ok_or(Loss::Malformed)?;
        let request = RpcRequest { id: 0, method: "initialize", tool: None, body: &body, until };
        let (id, response) = match self.exchange(None, &request).await {
            Err(McpError::Refused { code: Some(code), .. }) if lacks_initialize(code) => {
                return Ok(Session::stateless());
            }
            exchanged => exchanged?,
        };
        let result = match response {
            RpcResponse::Result(result) => result,
            RpcResponse::Error { code, .. } if lacks_initialize(code) => return Ok(Session::stateless()),
            RpcResponse::Error { code, .. } => {
                return Err(McpError::Refused { status: 200, code: Some(code) });
            }
        };
        let result: Initialized = serde_json::from_str(result.get()).map_err(|_| Loss::Malformed)?;
        let version = Version::agreed(&result.version).ok_or(McpError::Version)?;
        let session = Session::new(version, id).ok_or(Loss::Malformed)?;
        self.post_one_way(&session, &initialized().ok_or(Loss::Malformed)?, until).await?;
        Ok(session)
    }

    /// Posts a message without a response: a notification, or a reply to the server.
    async fn post_one_way(&self, session: &Session, body: &str, until: Millis) -> Result<(), McpError> {
        let message = RpcRequest { id: 0, method: "", tool: None, body, until };
        let posted = self.post(Some(session), &message).await?;
        accept(posted).await.map(drop)
    }

    /// Posts a request and reads until its response has come, even if the server keeps the stream open.
    ///
    /// Returns the `Mcp-Session-Id` header and the response.
    async fn exchange(
        &self,
        session: Option<&Session>,
        request: &RpcRequest<'_>,
    ) -> Result<(Option<String>, RpcResponse), McpError> {
        let mut posted = accept(self.post(session, request).await?).await?;
        let mut reader = ResponseReader::new(&posted.content_type, request.id).ok_or(Loss::Malformed)?;
        let mut replies = 0;
        loop {
            let piece = posted.body.read().await?;
            let messages = match &piece {
                Some(piece) => reader.feed(piece)?,
                None => reader.end()?,
            };
            for received in messages {
                match (received, session) {
                    (Received::Response(response), _) => return Ok((posted.session, response)),
                    (Received::Reply(reply), Some(session)) if replies < MAX_REPLIES => {
                        replies += 1;
                        // Only the server needs this reply: the response may come without it.
                        let _ = self.post_one_way(session, &reply, request.until).await;
                    }
                    (Received::Reply(_), _) => {}
                }
            }
            if piece.is_none() {
                return Err(Loss::Broken.into());
            }
        }
    }

    async fn post(
        &self,
        session: Option<&Session>,
        request: &RpcRequest<'_>,
    ) -> Result<PostResponse<T::Body>, McpError> {
        let timeout = request.until.saturating_sub(self.transport.now());
        if timeout == 0 {
            return Err(Loss::Timeout.into());
        }
        let mut headers =
            vec![("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
        let bearer = self.bearer.map(Bearer::header);
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        if let Some(session) = session {
            headers.push(("mcp-protocol-version", session.version.as_str()));
            headers.extend(session.id().map(|id| ("mcp-session-id", id)));
            if session.is_stateless() {
                headers.push(("mcp-method", request.method));
                headers.extend(request.tool.map(|tool| ("mcp-name", tool)));
            }
        }
        let mut post = PostRequest { url: &self.server.url, headers, body: request.body, timeout };
        let posted = self.transport.post(&post).await?;
        let moved = posted.location.as_deref().filter(|_| matches!(posted.status, 307 | 308));
        let Some(url) = moved.and_then(|location| at_same_origin(&self.server.url, location)) else {
            return Ok(posted);
        };
        // The server did nothing yet, and the token stays where it belongs.
        post.url = &url;
        Ok(self.transport.post(&post).await?)
    }
}

/// The address that a redirect leads to, if it is of the same server.
fn at_same_origin(url: &str, location: &str) -> Option<String> {
    let path = url.find("://").map_or(0, |at| at + 3);
    let origin = url.get(..url.get(path..)?.find('/').map_or(url.len(), |at| path + at))?;
    let path = location.strip_prefix(origin).unwrap_or(location);
    let is_path = path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    is_path.then(|| format!("{origin}{path}"))
}

/// Returns true for errors of `initialize` by which a server shows that it has only revisions without `initialize`.
///
/// Headers or fields are missing, or the revision or the method is unknown
/// (<https://modelcontextprotocol.io/specification/2026-07-28/basic/versioning>).
const fn lacks_initialize(code: i64) -> bool {
    matches!(code, -32022..=-32020 | -32601 | -32602)
}

/// Passes on responses with a 2xx status, turns all others into errors.
async fn accept<B: ResponseBody>(mut posted: PostResponse<B>) -> Result<PostResponse<B>, McpError> {
    match posted.status {
        200..=299 => Ok(posted),
        300..=399 => Err(McpError::Redirected),
        401 | 403 => Err(McpError::Unauthorized),
        status => {
            let mut body = Vec::new();
            while let Ok(Some(piece)) = posted.body.read().await
                && body.len() < MAX_ERROR_BODY
            {
                body.extend_from_slice(&piece);
            }
            Err(McpError::Refused { status, code: error_code(&body) })
        }
    }
}

#[cfg(test)]
mod tests;
