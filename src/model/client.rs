//! Requests to OpenAI-compatible providers, each with its own URL and key.

use std::cell::RefCell;

use chrono::DateTime;
use pii::masked_text::MaskedText;

use super::candidate::Provider;
use super::dialect::Dialect;
use super::embedding::{self, Embeddings};
use super::known_models::KnownModels;
use super::model_error::ModelError;
use super::provider_error;
use super::retry;
use crate::config::Config;
use crate::error::{Code, Fault};
use crate::ports::{Clock, Http, HttpBody, HttpCall, HttpResponse, Method, Redirect, Timeouts};
use crate::time::Millis;
use crate::wire_form::{Parameter, Protocol};

/// Most bytes of an error's body that are read.
const MAX_ERROR_BYTES: usize = 16 * 1024;

/// Failure to get vectors.
#[derive(Debug)]
pub enum EmbedError {
    /// The model failed.
    Model(ModelError),
    /// The day's budget does not suffice, or is in dollars while the model has no price.
    OverBudget,
    /// The request or the answer is not as it must be, or the storage refuses.
    Fault(Fault),
}

impl From<ModelError> for EmbedError {
    fn from(error: ModelError) -> Self {
        Self::Model(error)
    }
}

impl From<EmbedError> for Fault {
    fn from(error: EmbedError) -> Self {
        match error {
            EmbedError::Model(error) => {
                let code = match retry::give_up(error, 1).code {
                    Code::ModelRejected => Code::ModelRejected,
                    _ => Code::ModelUnavailable,
                };
                Self::new(code, format!("embeddings: {error:?}"))
            }
            EmbedError::OverBudget => Self::new(Code::BudgetExceeded, "embeddings"),
            EmbedError::Fault(fault) => fault,
        }
    }
}

/// API of a provider.
#[derive(Clone, Copy, Debug)]
pub(super) struct Endpoint {
    /// Provider that is asked.
    pub(super) provider: Provider,
    /// API that it is asked through.
    pub(super) protocol: Protocol,
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
    /// Health and dialects of the models.
    pub models: &'a RefCell<KnownModels>,
}

impl<H: Http, C: Clock> ModelClient<'_, H, C> {
    /// Asks the primary provider for the vectors of texts, in their order, within `timeout` milliseconds for each request; at once
    /// again without what it refuses.
    ///
    /// # Errors
    /// [`EmbedError`].
    pub async fn embed(&self, texts: &[&MaskedText], timeout: Millis) -> Result<Embeddings, EmbedError> {
        let embedding_model = &self.config.embedding_model;
        let known = self.dialect(Provider::Primary, embedding_model);
        let mut dialect = known;
        loop {
            let body = embedding::body(embedding_model, texts, dialect).map_err(EmbedError::Fault)?;
            let refusal = match self.post_embeddings(&body, timeout).await {
                Err(ModelError::Refused { parameter, status }) => (parameter, status),
                answer => {
                    let read = embedding::read(&answer?, texts.len()).map_err(EmbedError::Fault)?;
                    if dialect != known {
                        let mut models = self.models.borrow_mut();
                        models.dialects.learn(Provider::Primary, embedding_model, dialect);
                    }
                    return Ok(read);
                }
            };
            let (parameter, status) = refusal;
            // The only field that servers are known to refuse without a word.
            let refused = parameter.unwrap_or(Parameter::Dimensions);
            let refused_again = EmbedError::Model(ModelError::Refused { parameter, status });
            dialect = dialect.without(refused).ok_or(refused_again)?;
        }
    }

    async fn post_embeddings(&self, body: &str, timeout: Millis) -> Result<String, ModelError> {
        let (base_url, key) = self.address(Provider::Primary);
        let (url, bearer) = (format!("{base_url}/embeddings"), format!("Bearer {key}"));
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let answer = self.http.send(post(&url, &headers, body), timeout).await?;
        match answer.status {
            200..=299 => Ok(answer.body),
            status => Err(provider_error::of_response(status, None, &answer.body)),
        }
    }

    /// Base URL and key of a provider.
    pub(super) fn address(&self, provider: Provider) -> (&str, &str) {
        match (provider, &self.config.fallback) {
            (Provider::Fallback, Some(fallback)) => (&fallback.url, &fallback.key),
            (Provider::Primary, _) | (Provider::Fallback, None) => {
                (&self.config.model_url, &self.config.model_key)
            }
        }
    }

    /// The dialect of a model of a provider: as it was learned, or else as it is set or known.
    pub(super) fn dialect(&self, provider: Provider, model: &str) -> Dialect {
        let settings = match (provider, &self.config.fallback) {
            (Provider::Fallback, Some(fallback)) => &fallback.dialects,
            (Provider::Primary, _) | (Provider::Fallback, None) => &self.config.dialects,
        };
        let learned = self.models.borrow().dialects.learned(provider, model);
        learned.unwrap_or_else(|| {
            let known = Dialect::known(self.address(provider).0, model);
            settings.get(model).map_or(known, |setting| known.with(setting))
        })
    }

    /// Posts a request for a completion and returns the body of the streamed answer.
    ///
    /// # Errors
    /// [`ModelError`], one for every answer but a 2xx.
    pub(super) async fn open(
        &self,
        endpoint: Endpoint,
        body: &str,
        timeouts: Timeouts,
    ) -> Result<H::Body, ModelError> {
        let (base_url, key) = self.address(endpoint.provider);
        let path = match endpoint.protocol {
            Protocol::ChatCompletions => "chat/completions",
            Protocol::Responses => "responses",
        };
        let url = format!("{base_url}/{path}");
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
        Err(provider_error::of_response(response.status, retry_after, &body))
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
