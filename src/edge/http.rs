//! HTTP by `fetch`.

use js_sys::{Array, Uint8Array};
use worker::wasm_bindgen::{JsCast, JsValue};

use super::platform::{Upstream, lines, send};
use crate::ports::{
    Http, HttpAnswer, HttpBody, HttpCall, HttpError, HttpResponse, MAX_ANSWER_BYTES, Redirect, Timeouts,
};
use crate::time::Millis;

/// The platform's HTTP client.
#[derive(Clone, Copy, Debug)]
pub(super) struct FetchClient;

/// A body that is still coming in.
pub(super) struct FetchBody(Upstream);

impl Http for FetchClient {
    type Body = FetchBody;

    async fn send(&self, call: HttpCall<'_>, timeout: Millis) -> Result<HttpAnswer, HttpError> {
        let head = head(&call);
        let answer = send(&head, call.body, span(timeout), MAX_ANSWER_BYTES).await;
        answer.map(self::answer).map_err(|kind| failure(&kind))
    }

    async fn open(
        &self,
        call: HttpCall<'_>,
        timeouts: Timeouts,
    ) -> Result<HttpResponse<FetchBody>, HttpError> {
        let Timeouts { first_byte, idle, total } = timeouts;
        let body = FetchBody(Upstream::new(span(first_byte), span(idle), total.map(span)));
        body.0.open(&head(&call), call.body).await.map_err(|kind| failure(&kind))?;
        let headers = body.0.headers();
        let mut headers = headers.split('\n').map(ToOwned::to_owned);
        let pairs = std::iter::from_fn(|| Some((headers.next()?, headers.next()?))).collect();
        Ok(HttpResponse { status: body.0.status(), headers: pairs, body })
    }
}

impl HttpBody for FetchBody {
    async fn read(&mut self, gather: Millis) -> Result<Option<Vec<u8>>, HttpError> {
        let read = self.0.read(span(gather)).await.map_err(|kind| failure(&kind))?;
        Ok(read.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec))
    }
}

impl Drop for FetchBody {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Everything of a request but its body, a line each: method, URL, redirect, then names and values of headers.
fn head(call: &HttpCall<'_>) -> String {
    let redirect = match call.redirect {
        Redirect::Follow => "follow",
        Redirect::Manual => "manual",
    };
    let headers = lines(call.headers.iter().copied());
    let separator = if headers.is_empty() { "" } else { "\n" };
    format!("{}\n{}\n{redirect}{separator}{headers}", call.method.as_str(), call.url)
}

/// Reads `[status, body]`.
pub(super) fn answer(answer: JsValue) -> HttpAnswer {
    let answer: Array = answer.unchecked_into();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an HTTP status")]
    let status = answer.get(0).as_f64().unwrap_or_default() as u16;
    HttpAnswer { status, body: answer.get(1).as_string().unwrap_or_default() }
}

pub(super) fn failure(kind: &JsValue) -> HttpError {
    match kind.as_string().as_deref() {
        Some("timeout") => HttpError::Timeout,
        Some("cut") => HttpError::Cut,
        Some("large") => HttpError::TooLarge,
        _ => HttpError::Connect,
    }
}

#[expect(clippy::cast_precision_loss, reason = "spans are minutes at most")]
pub(super) fn span(millis: Millis) -> f64 {
    millis as f64
}
