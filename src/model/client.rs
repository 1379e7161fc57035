//! Requests to OpenAI-compatible providers, each with its own URL and key.

use chrono::DateTime;

use super::candidate::Provider;
use super::model_error::ModelError;
use super::provider_error;
use crate::config::Config;
use crate::ports::{
    Clock, Http, HttpBody, HttpCall, HttpResponse, Method, Platform, Ports, Redirect, Timeouts,
};
use crate::time::Millis;

/// Longest time for vectors, in milliseconds: a person waits for the one of their message.
const EMBEDDING_TIMEOUT: Millis = 3000;

/// Most bytes of an error's body that are read.
const MAX_ERROR_BYTES: usize = 16 * 1024;

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
        if let 200..=299 = response.status {
            return Ok(response.body);
        }
        let retry_after = retry_after(&response, self.clock.now());
        let mut rejected = response.body;
        let body = beginning(&mut rejected).await;
        Err(ModelError::Status { status: provider_error::status(response.status, &body), retry_after })
    }
}

/// The beginning of an error's body; empty if it does not come.
async fn beginning(body: &mut impl HttpBody) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(piece)) = body.read(0).await {
        bytes.extend_from_slice(&piece);
        if bytes.len() >= MAX_ERROR_BYTES {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

const fn post<'a>(url: &'a str, headers: &'a [(&'a str, &'a str)], body: &'a str) -> HttpCall<'a> {
    HttpCall { method: Method::Post, url, headers, body: Some(body), redirect: Redirect::Follow }
}

/// Milliseconds until the provider may be asked again, by its headers: OpenAI's in milliseconds, or the standard one as seconds,
/// with or without a fraction, or as a date (<https://www.rfc-editor.org/rfc/rfc9110#field.retry-after>).
fn retry_after<B>(response: &HttpResponse<B>, now: Millis) -> Option<Millis> {
    let exact = response.header("retry-after-ms").and_then(|header| span(header, 1.0));
    exact.or_else(|| {
        let header = response.header("retry-after")?;
        span(header, 1000.0).or_else(|| {
            let date = DateTime::parse_from_rfc2822(header.trim()).ok()?;
            Some(Millis::try_from(date.timestamp_millis()).unwrap_or(0).saturating_sub(now))
        })
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts of floats saturate")]
fn span(header: &str, unit: f64) -> Option<Millis> {
    header
        .trim()
        .parse::<f64>()
        .ok()
        .filter(|number| !number.is_nan())
        .map(|number| (number * unit).ceil() as Millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_wait_is_read_in_every_form() {
        // 2026-11-29 12:00:00 UTC
        let now = 1_795_953_600_000;
        for (name, value, wait) in [
            ("retry-after", "3", Some(3000)),
            ("retry-after", " 0.25 ", Some(250)),
            ("retry-after", "-1", Some(0)),
            ("retry-after", "1e300", Some(Millis::MAX)),
            ("retry-after", "Sun, 29 Nov 2026 12:00:03 GMT", Some(3000)),
            ("retry-after", "Sun, 29 Nov 2026 11:00:03 GMT", Some(0)),
            ("retry-after", "soon", None),
            ("retry-after-ms", "1500", Some(1500)),
            ("x-other", "3", None),
        ] {
            let headers = vec![(name.to_owned(), value.to_owned())];
            let response = HttpResponse { status: 429, headers, body: () };
            assert_eq!(retry_after(&response, now), wait, "{name}: {value}");
        }
    }
}
