//! Requests and responses, of the Worker and of its objects.

use js_sys::Uint8Array;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::web_sys::{ReadableStream, Request, Response};

use super::platform::{BodyReader, lines, respond};
use crate::ports::{BodyError, IncomingRequest, Reply, ReplyBody, RequestBody};

/// A request that came in.
pub(super) struct EdgeRequest {
    request: Request,
    /// Reader of the body, once it is read.
    body: Option<BodyReader>,
}

impl EdgeRequest {
    pub(super) const fn new(request: Request) -> Self {
        Self { request, body: None }
    }

    /// The body, unread.
    pub(super) fn into_body(self) -> JsValue {
        self.request.body().map_or(JsValue::NULL, JsValue::from)
    }
}

impl RequestBody for EdgeRequest {
    async fn read(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        let reader = self.body.get_or_insert_with(|| BodyReader::new(&self.request));
        let piece = reader.read().await.map_err(|_| BodyError)?;
        Ok(piece.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec))
    }
}

impl IncomingRequest for EdgeRequest {
    fn method(&self) -> String {
        self.request.method()
    }

    fn url(&self) -> String {
        self.request.url()
    }

    fn header(&self, name: &str) -> Option<String> {
        self.request.headers().get(name).ok().flatten()
    }
}

impl Drop for EdgeRequest {
    fn drop(&mut self) {
        if let Some(reader) = &self.body {
            reader.cancel();
        }
    }
}

/// Makes a response of a reply.
pub(super) fn response(reply: Reply<ReadableStream>) -> Response {
    let headers = header_lines(&reply.headers);
    let body = match reply.body {
        ReplyBody::Empty => JsValue::NULL,
        ReplyBody::Text(text) => text.into(),
        ReplyBody::Stream(stream) => stream.into(),
    };
    respond(reply.status, &headers, body)
}

/// Headers as `platform.js` takes them.
pub(super) fn header_lines(headers: &[(&'static str, String)]) -> String {
    lines(headers.iter().map(|(name, value)| (*name, value.as_str())))
}
