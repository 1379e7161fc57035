//! A client of one MCP server: what is asked, in which order, for how long, and what is never asked twice.

use std::cell::RefCell;

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

/// How long beginning a session may take, and how long listing all tools.
const LIST_WITHIN: Millis = 5000;

/// How long a call may take.
const CALL_WITHIN: Millis = 30_000;

/// Pages of tools that are asked for: a server may make them small, but not without end.
const MAX_PAGES: usize = 16;

/// Longest mark of a page, in bytes.
const MAX_CURSOR: usize = 4096;

/// Bytes of a refusal that are looked at for its code.
const MAX_REFUSAL: usize = 16 * 1024;

/// Requests of the server's own that are answered while it answers one of ours.
const MAX_REPLIES: u32 = 4;

/// A client of one server. Its methods may run beside each other.
#[derive(Debug)]
pub struct Client<'a, T> {
    transport: &'a T,
    server: &'a Server,
    bearer: Option<&'a Bearer>,
    session: RefCell<Option<Session>>,
}

/// A request as it is sent.
struct RpcRequest<'a> {
    id: u64,
    method: &'a str,
    tool: Option<&'a str>,
    body: &'a str,
    until: Millis,
}

impl<'a, T: Transport> Client<'a, T> {
    /// A client of a server that was checked, with a session of before if there is one.
    ///
    /// # Errors
    /// [`McpError::NoToken`].
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
        Ok(Self { transport, server, bearer, session: RefCell::new(session) })
    }

    /// What to keep for the next client of this server.
    #[must_use]
    pub fn session(&self) -> Option<Session> {
        self.session.borrow().clone()
    }

    /// The tools that the employee may use and a model can.
    ///
    /// # Errors
    /// [`McpError`].
    pub async fn list(&self) -> Result<Vec<RemoteTool>, McpError> {
        self.begin().await?;
        let until = self.transport.now().saturating_add(LIST_WITHIN);
        let mut tools = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let params = ListTools { cursor: cursor.as_deref() };
            let (session, answer) = self.ask("tools/list", None, &params, until).await?;
            let page: Page = match answer {
                RpcResponse::Result(result) => {
                    serde_json::from_str(result.get()).map_err(|_| Loss::Malformed)?
                }
                RpcResponse::Error { code, .. } => {
                    return Err(McpError::Refused { status: 200, code: Some(code) });
                }
            };
            page.add_to(&mut tools, self.server, &session);
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

    /// Calls a tool by the server's name for it, once: a call that may have arrived is never repeated. What the server says
    /// against it is a result too, for a model may mend its arguments by that.
    ///
    /// # Errors
    /// [`McpError`].
    pub async fn call(&self, tool: &str, arguments: &RawValue) -> Result<RemoteResult, McpError> {
        if !self.server.allows(tool) || name_for_model(&self.server.name, tool).is_none() {
            return Err(McpError::NotAllowed);
        }
        self.begin().await?;
        let until = self.transport.now().saturating_add(CALL_WITHIN);
        let params = CallTool { name: tool, arguments };
        let (_, answer) = self.ask("tools/call", Some(tool), &params, until).await?;
        match answer {
            RpcResponse::Error { message, .. } => Ok(RemoteResult { text: message, is_error: true }),
            RpcResponse::Result(result) => {
                let result: WireResult = serde_json::from_str(result.get()).map_err(|_| Loss::Malformed)?;
                if result.is_incomplete() { Err(McpError::NeedsInput) } else { Ok(result.read()) }
            }
        }
    }

    /// Asks in the session there is. A server that does not know it any more did nothing, so it is asked once more in a new one.
    async fn ask(
        &self,
        method: &str,
        tool: Option<&str>,
        params: impl Serialize,
        until: Millis,
    ) -> Result<(Session, RpcResponse), McpError> {
        let mut is_first = true;
        loop {
            self.begin().await?;
            let (session, id) = self.next().ok_or(McpError::Unopened(Loss::Broken))?;
            let body = request(&session, id, method, &params).ok_or(Loss::Malformed)?;
            let request = RpcRequest { id, method, tool, body: &body, until };
            let failed = match self.exchange(Some(&session), &request).await {
                Ok((_, answer)) => return Ok((session, answer)),
                Err(failed) => failed,
            };
            // Some servers say 400 where the specification has 404: then the next request begins anew, but not this one.
            if matches!(failed, McpError::Refused { status: 400 | 404, .. }) {
                self.forget(&session);
            }
            let is_unknown =
                matches!(failed, McpError::Refused { status: 404, .. }) && session.id().is_some();
            if !is_unknown || !is_first {
                return Err(failed);
            }
            is_first = false;
        }
    }

    /// Begins a session if there is none.
    async fn begin(&self) -> Result<(), McpError> {
        let is_known = self.session.borrow().is_some();
        if !is_known {
            let until = self.transport.now().saturating_add(LIST_WITHIN);
            let session = self.greet(until).await.map_err(McpError::before)?;
            self.session.replace(Some(session));
        }
        Ok(())
    }

    /// The session with the number of its next request.
    fn next(&self) -> Option<(Session, u64)> {
        let mut session = self.session.borrow_mut();
        let session = session.as_mut()?;
        let id = session.next();
        Some((session.clone(), id))
    }

    fn forget(&self, session: &Session) {
        let mut current = self.session.borrow_mut();
        if current.as_ref().is_some_and(|current| current.id() == session.id()) {
            *current = None;
        }
    }

    /// Begins a session (<https://modelcontextprotocol.io/specification/2025-11-25/basic/lifecycle>).
    async fn greet(&self, until: Millis) -> Result<Session, McpError> {
        let body = initialize().ok_or(Loss::Malformed)?;
        let request = RpcRequest { id: 0, method: "initialize", tool: None, body: &body, until };
        let (id, answer) = match self.exchange(None, &request).await {
            Err(McpError::Refused { code: Some(code), .. }) if is_newer(code) => {
                return Ok(Session::stateless());
            }
            exchanged => exchanged?,
        };
        let result = match answer {
            RpcResponse::Result(result) => result,
            RpcResponse::Error { code, .. } if is_newer(code) => return Ok(Session::stateless()),
            RpcResponse::Error { code, .. } => {
                return Err(McpError::Refused { status: 200, code: Some(code) });
            }
        };
        let result: Initialized = serde_json::from_str(result.get()).map_err(|_| Loss::Malformed)?;
        let version = Version::agreed(&result.version).ok_or(McpError::Version)?;
        let session = Session::new(version, id).ok_or(Loss::Malformed)?;
        self.tell(&session, &initialized().ok_or(Loss::Malformed)?, until).await?;
        Ok(session)
    }

    /// Posts what has no answer.
    async fn tell(&self, session: &Session, body: &str, until: Millis) -> Result<(), McpError> {
        let telling = RpcRequest { id: 0, method: "", tool: None, body, until };
        let posted = self.post(Some(session), &telling).await?;
        accept(posted).await.map(drop)
    }

    /// Posts a request and listens until its answer has come, however long the server keeps the stream open; with the answer
    /// the name of the session that it comes with.
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
            let all = match &piece {
                Some(piece) => reader.feed(piece)?,
                None => reader.end()?,
            };
            for received in all {
                match (received, session) {
                    (Received::Response(answer), _) => return Ok((posted.session, answer)),
                    (Received::Reply(reply), Some(session)) if replies < MAX_REPLIES => {
                        replies += 1;
                        // A reply that is lost is the server's loss.
                        let _ = self.tell(session, &reply, request.until).await;
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
        let post = PostRequest { url: &self.server.url, headers, body: request.body, timeout };
        Ok(self.transport.post(&post).await?)
    }
}

/// Whether an error says to `initialize` that the server speaks only revisions without it
/// (<https://modelcontextprotocol.io/specification/2026-07-28/basic/versioning>): headers or fields are missing, the revision
/// or the method is unknown.
const fn is_newer(code: i64) -> bool {
    matches!(code, -32022..=-32020 | -32601 | -32602)
}

/// An answer with a status that lets its body be read.
async fn accept<B: ResponseBody>(mut posted: PostResponse<B>) -> Result<PostResponse<B>, McpError> {
    match posted.status {
        200..=299 => Ok(posted),
        300..=399 => Err(McpError::Redirected),
        401 | 403 => Err(McpError::Unauthorized),
        status => {
            let mut refusal = Vec::new();
            while let Ok(Some(piece)) = posted.body.read().await
                && refusal.len() < MAX_REFUSAL
            {
                refusal.extend_from_slice(&piece);
            }
            Err(McpError::Refused { status, code: error_code(&refusal) })
        }
    }
}

#[cfg(test)]
mod tests;
