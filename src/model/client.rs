//! Requests to OpenAI-compatible providers, each with its own URL and key.

use super::candidate::Provider;
use crate::config::Config;
use crate::ports::{Clock, Http, HttpCall, HttpError, Method, Platform, Ports, Redirect, Timeouts};
use crate::time::Millis;

/// Longest time for vectors, in milliseconds: a person waits for the one of their message.
const EMBEDDING_TIMEOUT: Millis = 3000;

/// Failure of a request. The provider's own text is left behind where this is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelError {
    /// Connection not established.
    Connect,
    /// Nothing came in the time allowed.
    Timeout,
    /// An answer with a status other than 2xx.
    Status {
        /// The HTTP status.
        status: u16,
        /// `Retry-After`, in milliseconds.
        retry_after: Option<Millis>,
    },
    /// The connection broke while the answer came.
    Cut,
}

impl From<HttpError> for ModelError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Connect => Self::Connect,
            HttpError::Timeout => Self::Timeout,
            HttpError::Cut | HttpError::TooLarge => Self::Cut,
        }
    }
}

/// A client of the deployment's providers.
#[derive(Debug)]
pub struct ModelClient<'a, H, C> {
    /// The HTTP client.
    pub http: &'a H,
    /// The clock that retries and deadlines go by.
    pub clock: &'a C,
    /// URLs and keys.
    pub config: &'a Config,
}

/// A client over an object's ports.
pub fn client<'a, P: Platform>(
    ports: &'a Ports<P>,
    config: &'a Config,
) -> ModelClient<'a, P::Http, P::Clock> {
    ModelClient { http: &ports.http, clock: &ports.clock, config }
}

impl<H: Http, C: Clock> ModelClient<'_, H, C> {
    /// Posts an embeddings request; the result is the answer's JSON.
    ///
    /// # Errors
    /// [`ModelError`], one for every answer but a 2xx.
    pub async fn embed(&self, body: &str) -> Result<String, ModelError> {
        let url = format!("{}/embeddings", self.config.model_url);
        let bearer = format!("Bearer {}", self.config.model_key);
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let answer = self.http.send(post(&url, &headers, body), EMBEDDING_TIMEOUT).await?;
        match answer.status {
            200..=299 => Ok(answer.body),
            status => Err(ModelError::Status { status, retry_after: None }),
        }
    }

    /// Posts a chat completion request and returns the body of the streamed answer.
    ///
    /// # Errors
    /// [`ModelError`], one for every answer but a 2xx.
    pub(super) async fn open(
        &self,
        provider: Provider,
        body: &str,
        timeouts: Timeouts,
    ) -> Result<H::Body, ModelError> {
        let (url, key) = match (provider, &self.config.fallback) {
            (Provider::Fallback, Some(fallback)) => (&fallback.url, &fallback.key),
            (Provider::Primary, _) | (Provider::Fallback, None) => {
                (&self.config.model_url, &self.config.model_key)
            }
        };
        let url = format!("{url}/chat/completions");
        let bearer = format!("Bearer {key}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
            ("accept", "text/event-stream"),
        ];
        let response = self.http.open(post(&url, &headers, body), timeouts).await?;
        match response.status {
            200..=299 => Ok(response.body),
            status => {
                Err(ModelError::Status { status, retry_after: response.header("retry-after").and_then(wait) })
            }
        }
    }
}

const fn post<'a>(url: &'a str, headers: &'a [(&'a str, &'a str)], body: &'a str) -> HttpCall<'a> {
    HttpCall { method: Method::Post, url, headers, body: Some(body), redirect: Redirect::Follow }
}

/// `Retry-After` in its form of seconds; no provider is known to send a date.
fn wait(header: &str) -> Option<Millis> {
    header.trim().parse::<u32>().ok().map(|seconds| Millis::from(seconds) * 1000)
}
