//! Bodies of requests, within their limits.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::error::{Code, Error, Fault, abort};
use crate::ports::RequestBody;

/// Largest body of a request that is no upload, in bytes.
pub const MAX_BODY_BYTES: usize = 256 * 1024;

/// Reads the body of a request that is no upload.
pub(super) async fn read(body: &mut impl RequestBody) -> Result<Vec<u8>, Error> {
    let too_large = || {
        let detail = "The body may have 256 KiB (262144 bytes). An AI SDK client sends only its newest message \
                      by prepareSendMessagesRequest.";
        abort(Code::BodyTooLarge, detail)
    };
    read_within(body, MAX_BODY_BYTES, too_large).await
}

/// Reads a body that the stateless Worker made.
pub(super) async fn read_from_worker(body: &mut impl RequestBody, limit: usize) -> Result<Vec<u8>, Error> {
    let too_large = || Fault::new(Code::Internal, "call: longer than the Worker makes it").into();
    read_within(body, limit, too_large).await
}

/// Reads a whole body, if it has no more than `limit` bytes.
pub(super) async fn read_within(
    body: &mut impl RequestBody,
    limit: usize,
    too_large: impl FnOnce() -> Error,
) -> Result<Vec<u8>, Error> {
    let body = body.read_all(limit).await.map_err(|_| abort(Code::InvalidJson, "The body broke off."))?;
    body.ok_or_else(too_large)
}

/// Reads a field of a JSON body, so that an error names it. `null` counts as absent.
pub(super) fn field<T: DeserializeOwned>(
    raw: Option<&RawValue>,
    rule: impl FnOnce() -> Error,
) -> Result<Option<T>, Error> {
    raw.map(|raw| serde_json::from_str(raw.get())).transpose().map_err(|_| rule())
}
