//! Models' APIs over HTTPS.

use std::rc::Rc;

use js_sys::Uint8Array;
use worker::wasm_bindgen::{JsCast, JsValue};

use super::database::status_and_body;
use super::platform::{Upstream, call, lines};
use crate::config::Config;
use crate::model::candidate::Provider;
use crate::ports::{Answer, Model, ModelError, Patience};
use crate::time::Millis;

/// How long vectors may take, in milliseconds: a person waits for the message's.
const EMBED_WITHIN: f64 = 3000.0;

/// Any OpenAI-compatible APIs.
pub(super) struct OpenAi(pub(super) Rc<Config>);

/// An answer that is coming in; dropping it ends the call.
pub(super) struct OpenAiAnswer(Upstream);

impl Model for OpenAi {
    type Answer = OpenAiAnswer;

    async fn embed(&self, body: &str) -> Result<String, ModelError> {
        let url = format!("{}/embeddings", self.0.model_url);
        let key = format!("Bearer {}", self.0.model_key);
        let headers = lines([("authorization", key.as_str()), ("content-type", "application/json")]);
        let answer = call("POST", &url, &headers, Some(body), EMBED_WITHIN).await;
        match answer.ok().and_then(status_and_body) {
            Some((200..=299, body)) => Ok(body),
            Some((status, _)) => Err(ModelError::Status { status, retry_after: None }),
            None => Err(ModelError::Connect),
        }
    }

    async fn ask(
        &self,
        provider: Provider,
        body: &str,
        patience: Patience,
    ) -> Result<OpenAiAnswer, ModelError> {
        let (url, key) = match (provider, &self.0.fallback) {
            (Provider::Fallback, Some(fallback)) => (&fallback.url, &fallback.key),
            _ => (&self.0.model_url, &self.0.model_key),
        };
        let url = format!("{url}/chat/completions");
        let key = format!("Bearer {key}");
        let headers = lines([
            ("authorization", key.as_str()),
            ("content-type", "application/json"),
            ("accept", "text/event-stream"),
        ]);
        let answer = OpenAiAnswer(Upstream::new());
        let opened =
            answer.0.open(&url, &headers, body, span(patience.first_byte), span(patience.idle)).await;
        opened.map_err(|kind| failure(&kind, ModelError::Connect))?;
        match answer.0.status() {
            200..=299 => Ok(answer),
            status => Err(ModelError::Status {
                status,
                retry_after: answer.0.retry_after().as_deref().and_then(wait),
            }),
        }
    }
}

impl Answer for OpenAiAnswer {
    async fn read(&mut self, gather: Millis) -> Result<Option<Vec<u8>>, ModelError> {
        let read = self.0.read(span(gather)).await.map_err(|kind| failure(&kind, ModelError::Cut))?;
        Ok(read.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec))
    }
}

impl Drop for OpenAiAnswer {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn failure(kind: &JsValue, otherwise: ModelError) -> ModelError {
    if kind.as_string().as_deref() == Some("timeout") { ModelError::Timeout } else { otherwise }
}

/// `Retry-After` in its form of seconds; the form of a date is not used by any model's API.
fn wait(header: &str) -> Option<Millis> {
    header.trim().parse::<u32>().ok().map(|seconds| Millis::from(seconds) * 1000)
}

#[expect(clippy::cast_precision_loss, reason = "spans are minutes at most")]
fn span(millis: Millis) -> f64 {
    millis as f64
}
