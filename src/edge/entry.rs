//! The Worker: its fetch event.

use uuid::Uuid;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::web_sys::{ReadableStream, Request, Response};
use worker::{Context, Env, console_log, event};

use super::clock::IsolateClock;
use super::http::FetchClient;
use super::platform::{add_headers, forward, lines};
use super::readers::ReadersService;
use super::serve::{EdgeRequest, header_lines, response};
use crate::api::entry::handle;
use crate::ports::{CALL_HEADER, ForwardedBody, Reply, WorkerPorts};

/// The binding of the users' objects in `wrangler.toml`.
const USERS: &str = "USER";

/// The binding of the rate gate in `wrangler.toml`.
const IP_GATE: &str = "IP_GATE";

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> worker::Result<Response> {
    let isolate = super::isolate(&env);
    Ok(handle(
        &isolate,
        &EdgeWorker { readers: ReadersService(Clone::clone(&env)), env },
        EdgeRequest::new(request),
    )
    .await)
}

/// The platform of one request.
struct EdgeWorker {
    env: Env,
    readers: ReadersService,
}

impl WorkerPorts for EdgeWorker {
    type Request = EdgeRequest;
    type Response = Response;
    type Readable = ReadableStream;
    type Clock = IsolateClock;
    type Http = FetchClient;
    type Readers = ReadersService;

    fn clock(&self) -> &IsolateClock {
        &IsolateClock
    }

    fn http(&self) -> &FetchClient {
        &FetchClient
    }

    fn readers(&self) -> &ReadersService {
        &self.readers
    }

    async fn allows(&self, key: &str) -> bool {
        let Ok(gate) = self.env.rate_limiter(IP_GATE) else { return true };
        // A gate that does not answer is no reason to refuse: the limits behind it hold.
        gate.limit(key.to_owned()).await.map_or(true, |outcome| outcome.success)
    }

    async fn forward(
        &self,
        user: Uuid,
        call: &str,
        body: ForwardedBody<EdgeRequest>,
    ) -> Result<Response, String> {
        let stub = self.env.durable_object(USERS).and_then(|users| users.get_by_name(&user.to_string()));
        let stub = stub.map_err(|error| error.to_string())?.into_rpc::<JsValue>();
        let body = match body {
            ForwardedBody::Unread(request) => request.into_body(),
            ForwardedBody::Bytes(bytes) => js_sys::Uint8Array::from(bytes.as_slice()).into(),
        };
        let answer = forward(&stub, &lines([(CALL_HEADER, call)]), body).await;
        // The thrown error is left out: it may quote the header, and with it the access token.
        answer.ok().and_then(|answer| answer.dyn_into().ok()).ok_or_else(|| "no answer".to_owned())
    }

    fn respond(&self, reply: Reply<ReadableStream>) -> Response {
        response(reply)
    }

    fn add_headers(&self, response: Response, headers: &[(&'static str, String)]) -> Response {
        add_headers(response, &header_lines(headers))
    }

    fn log(&self, line: &str) {
        console_log!("{line}");
    }
}
