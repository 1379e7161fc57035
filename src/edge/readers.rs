//! The readers of files: a Worker of its own, behind a service binding.

use js_sys::Uint8Array;
use worker::Env;
use worker::wasm_bindgen::JsValue;

use super::http::{answer, failure, span};
use super::platform::{FileService, lines};
use crate::ports::{HttpAnswer, MAX_ANSWER_BYTES, READ_HEADER, Readers, ReadersError};
use crate::time::Millis;

/// The binding of the readers in `wrangler.toml`.
const READERS: &str = "READERS";

/// The deployment's readers.
pub(super) struct ReadersService(pub(super) Env);

impl Readers for ReadersService {
    async fn read(&self, request: &str, file: &[u8], timeout: Millis) -> Result<HttpAnswer, ReadersError> {
        let service = self.0.service(READERS).map_err(|_| ReadersError::NoReaders)?;
        let service = FileService::new(&service.into_rpc::<JsValue>(), MAX_ANSWER_BYTES);
        let headers = lines([(READ_HEADER, request)]);
        let sent = service.send(&headers, Uint8Array::from(file), span(timeout)).await;
        sent.map(answer).map_err(|kind| ReadersError::Failed(failure(&kind)))
    }
}
