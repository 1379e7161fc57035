//! Servers of somebody else's over HTTPS.

use js_sys::Uint8Array;
use worker::wasm_bindgen::{JsCast, JsValue};

use super::platform::{Errand, lines};
use crate::ports::{Outside, OutsideBody, OutsideError, Post, Posted};

/// The internet.
pub(super) struct Internet;

/// An answer that is coming in; dropping it ends the call.
pub(super) struct InternetBody(Errand);

impl Outside for Internet {
    type Body = InternetBody;

    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    async fn post(&self, request: &Post<'_>) -> Result<Posted<InternetBody>, OutsideError> {
        let body = InternetBody(Errand::new());
        let headers = lines(request.headers.iter().copied());
        let opened = body.0.open(request.url, &headers, request.body, request.timeout as f64).await;
        opened.map_err(|kind| failure(&kind))?;
        let (status, content_type, session) = (body.0.status(), body.0.content_type(), body.0.session());
        Ok(Posted { status, content_type, session, body })
    }
}

impl OutsideBody for InternetBody {
    async fn read(&mut self) -> Result<Option<Vec<u8>>, OutsideError> {
        let read = self.0.read().await.map_err(|kind| failure(&kind))?;
        Ok(read.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec))
    }
}

impl Drop for InternetBody {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn failure(kind: &JsValue) -> OutsideError {
    if kind.as_string().as_deref() == Some("timeout") { OutsideError::Timeout } else { OutsideError::Broken }
}
