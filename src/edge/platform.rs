//! The typed face of `platform.js`.

use wasm_bindgen::prelude::*;
use worker::wasm_bindgen;
use worker::web_sys::{ReadableStream, Request, Response};

#[wasm_bindgen(module = "/src/edge/platform.js")]
extern "C" {
    /// The whole body as bytes, or `undefined` past `limit`.
    #[wasm_bindgen(js_name = readBody, catch)]
    pub(super) async fn read_body(request: &Request, limit: u32) -> Result<JsValue, JsValue>;

    /// A request's body, piece by piece.
    pub(super) type Incoming;
    #[wasm_bindgen(constructor)]
    pub(super) fn of(request: &Request) -> Incoming;
    /// The next piece as bytes, or `undefined` at the end.
    #[wasm_bindgen(method, catch)]
    pub(super) async fn read(this: &Incoming) -> Result<JsValue, JsValue>;

    /// `[status, body]` of a request whose answer is small.
    #[wasm_bindgen(catch)]
    pub(super) async fn call(
        method: &str,
        url: &str,
        headers: &str,
        body: Option<&str>,
        timeout: f64,
    ) -> Result<JsValue, JsValue>;

    /// A response with that body: a stream, a string or nothing.
    pub(super) fn respond(status: u16, headers: &str, body: JsValue) -> Response;

    /// The same response with more headers.
    #[wasm_bindgen(js_name = withHeaders)]
    pub(super) fn with_headers(response: Response, headers: &str) -> Response;

    /// Posts `body` to a Durable Object.
    #[wasm_bindgen(catch)]
    pub(super) async fn forward(stub: &JsValue, body: &str) -> Result<JsValue, JsValue>;

    /// Posts `body` to a Durable Object and reads what it answers.
    #[wasm_bindgen(catch)]
    pub(super) async fn ask(stub: &JsValue, body: &str) -> Result<JsValue, JsValue>;

    /// A response body that is written without waiting for its reader.
    pub(super) type Frames;
    #[wasm_bindgen(constructor)]
    pub(super) fn new() -> Frames;
    #[wasm_bindgen(method, getter)]
    pub(super) fn readable(this: &Frames) -> ReadableStream;
    #[wasm_bindgen(method)]
    pub(super) fn write(this: &Frames, bytes: &[u8]);
    #[wasm_bindgen(method)]
    pub(super) fn close(this: &Frames);
    /// Ends it as what is broken off.
    #[wasm_bindgen(method)]
    pub(super) fn abort(this: &Frames);

    /// A streaming request with a watch over silence.
    pub(super) type Upstream;
    #[wasm_bindgen(constructor)]
    pub(super) fn new() -> Upstream;
    #[wasm_bindgen(method, catch)]
    pub(super) async fn open(
        this: &Upstream,
        url: &str,
        headers: &str,
        body: &str,
        first_byte: f64,
        idle: f64,
    ) -> Result<(), JsValue>;
    #[wasm_bindgen(method, getter)]
    pub(super) fn status(this: &Upstream) -> u16;
    #[wasm_bindgen(method, getter, js_name = retryAfter)]
    pub(super) fn retry_after(this: &Upstream) -> Option<String>;
    #[wasm_bindgen(method, catch)]
    pub(super) async fn read(this: &Upstream, gather: f64) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method)]
    pub(super) fn close(this: &Upstream);

    /// A request to a server of somebody else's.
    pub(super) type Errand;
    #[wasm_bindgen(constructor)]
    pub(super) fn new() -> Errand;
    #[wasm_bindgen(method, catch)]
    pub(super) async fn open(
        this: &Errand,
        url: &str,
        headers: &str,
        body: &str,
        timeout: f64,
    ) -> Result<(), JsValue>;
    #[wasm_bindgen(method, getter)]
    pub(super) fn status(this: &Errand) -> u16;
    #[wasm_bindgen(method, getter, js_name = contentType)]
    pub(super) fn content_type(this: &Errand) -> String;
    #[wasm_bindgen(method, getter)]
    pub(super) fn session(this: &Errand) -> Option<String>;
    #[wasm_bindgen(method, catch)]
    pub(super) async fn read(this: &Errand) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method)]
    pub(super) fn close(this: &Errand);
}

/// Headers as `platform.js` takes them: names and values, a line each. A value cannot hold a line break: those
/// that come from outside are variables of the deployment and verified tokens.
pub(super) fn lines<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let flat: Vec<_> = headers.into_iter().flat_map(|(name, value)| [name, value]).collect();
    flat.join("\n")
}
