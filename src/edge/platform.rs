//! The typed face of `platform.js`.

use js_sys::{JsString, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::wasm_bindgen;
use worker::web_sys::{ReadableStream, Request, Response};

#[wasm_bindgen(module = "/src/edge/platform.js")]
extern "C" {
    /// Reader of a request's body.
    pub(super) type BodyReader;
    #[wasm_bindgen(constructor)]
    pub(super) fn new(request: &Request) -> BodyReader;
    /// The next piece as bytes, or `undefined` at the end.
    #[wasm_bindgen(method, catch)]
    pub(super) async fn read(this: &BodyReader) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method)]
    pub(super) fn cancel(this: &BodyReader);

    /// A response with that body: a stream, a string or null.
    pub(super) fn respond(status: u16, headers: &str, body: JsValue) -> Response;

    /// The same response with more headers.
    #[wasm_bindgen(js_name = addHeaders)]
    pub(super) fn add_headers(response: Response, headers: &str) -> Response;

    /// Posts a body to a Durable Object. The result is its `Response`.
    #[wasm_bindgen(catch)]
    pub(super) async fn forward(stub: &JsValue, headers: &str, body: JsValue) -> Result<JsValue, JsValue>;

    /// Runs a statement; `values` is a JSON array.
    #[wasm_bindgen(js_name = sqlExec, catch)]
    pub(super) fn sql_exec(storage: &JsValue, statement: &JsString, values: &str) -> Result<(), JsValue>;

    /// Deletes the database, and the alarm.
    #[wasm_bindgen(js_name = sqlWipe, catch)]
    pub(super) fn sql_wipe(storage: &JsValue) -> Result<(), JsValue>;

    /// Runs a query. The result is a JSON array of its rows.
    #[wasm_bindgen(js_name = sqlRows, catch)]
    pub(super) fn sql_rows(storage: &JsValue, query: &JsString, values: &str) -> Result<String, JsValue>;

    /// Runs a query for blobs: those of its only column, one after another.
    #[wasm_bindgen(js_name = sqlBytes, catch)]
    pub(super) fn sql_bytes(storage: &JsValue, query: &JsString, values: &str) -> Result<Vec<u8>, JsValue>;

    /// Sets the alarm, or removes it.
    #[wasm_bindgen(js_name = setAlarm)]
    pub(super) fn set_alarm(storage: &JsValue, at: Option<f64>);

    /// `[status, body]` of a response of at most `most` bytes. Rejects with "timeout", "connect", "cut" or "large".
    #[wasm_bindgen(catch)]
    pub(super) async fn send(
        head: &str,
        body: Option<&str>,
        timeout: f64,
        most: usize,
    ) -> Result<JsValue, JsValue>;

    /// Another Worker behind a service binding, to which files are posted.
    pub(super) type FileService;
    #[wasm_bindgen(constructor)]
    pub(super) fn new(stub: &JsValue, most: usize) -> FileService;
    /// As [`send`] does.
    #[wasm_bindgen(method, catch)]
    pub(super) async fn send(
        this: &FileService,
        headers: &str,
        file: Uint8Array,
        timeout: f64,
    ) -> Result<JsValue, JsValue>;

    /// A request whose response is read in pieces.
    pub(super) type Upstream;
    #[wasm_bindgen(constructor)]
    pub(super) fn new(first_byte: f64, idle: f64, total: Option<f64>) -> Upstream;
    #[wasm_bindgen(method, catch)]
    pub(super) async fn open(this: &Upstream, head: &str, body: Option<&str>) -> Result<(), JsValue>;
    #[wasm_bindgen(method, getter)]
    pub(super) fn status(this: &Upstream) -> u16;
    /// Names and values, a line each.
    #[wasm_bindgen(method, getter)]
    pub(super) fn headers(this: &Upstream) -> String;
    #[wasm_bindgen(method, catch)]
    pub(super) async fn read(this: &Upstream, gather: f64) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method)]
    pub(super) fn close(this: &Upstream);

    /// A response body that is written without waiting for its reader.
    pub(super) type Frames;
    #[wasm_bindgen(constructor)]
    pub(super) fn new() -> Frames;
    #[wasm_bindgen(method, getter)]
    pub(super) fn readable(this: &Frames) -> ReadableStream;
    #[wasm_bindgen(method, js_name = write)]
    pub(super) fn write_bytes(this: &Frames, bytes: &[u8]);
    /// Resolves once the reader has taken everything, to false if it is gone.
    #[wasm_bindgen(method, js_name = drained)]
    pub(super) async fn drained_stream(this: &Frames) -> JsValue;
    #[wasm_bindgen(method, js_name = close)]
    pub(super) fn close_stream(this: &Frames);
    #[wasm_bindgen(method, js_name = abort)]
    pub(super) fn abort_stream(this: &Frames);
}

/// Headers as `platform.js` takes them: names and values, a line each. No value holds a line break.
pub(super) fn lines<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let flat: Vec<_> = headers.into_iter().flat_map(|(name, value)| [name, value]).collect();
    flat.join("\n")
}
