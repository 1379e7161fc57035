//! The deployment's own model for personal data, which is asked about every text from outside before it is masked. Its values join those
//! that our rules find. It speaks the API of Presidio's analyzer: a text in, spans out.

use futures::stream::{self, StreamExt};
use pii::detect::Recognized;
use pii::mask::Author;
use pii::masked_text::MaskedText;
use pii::vault::MAX_NEW_VALUES;
use serde::{Deserialize, Serialize};

use super::UserCtx;
use super::vault::VaultError;
use crate::config::RecognizerSettings;
use crate::error::{Code, Fault};
use crate::log;
use crate::ports::{Clock, Http, HttpCall, Method, Platform, Redirect};

/// Longest text of one request, in bytes; a longer one is sent in parts.
const MAX_TEXT_BYTES: usize = 32 * 1024;

/// Requests for one text at a time.
const CONCURRENCY: usize = 4;

/// A request (<https://microsoft.github.io/presidio/api-docs/api-docs.html>).
#[derive(Serialize)]
struct Analyze<'a> {
    text: &'a str,
    language: &'a str,
    entities: &'a [String],
}

/// A span of a text, in characters (Unicode scalar values).
#[derive(Deserialize)]
struct Span {
    start: usize,
    end: usize,
    entity_type: String,
}

/// Texts that are sent in one request.
struct Batch {
    text: String,
    /// Places of the texts that it has, or has a part of.
    members: Vec<usize>,
}

impl<P: Platform> UserCtx<'_, P> {
    /// Masks a text from outside, after the deployment's recognizer has seen it. The vault must be open.
    ///
    /// # Errors
    /// As [`UserCtx::mask_with`] and [`UserCtx::recognize`].
    pub async fn mask_outside(&self, text: &str) -> Result<MaskedText, VaultError> {
        let recognized = self.recognize(&[text]).await?.concat();
        self.mask_with(text, Author::Outside, &recognized)
    }

    /// Values that the deployment's recognizer finds, for each text; none where there is no recognizer. Short texts share a request, and
    /// what is found in one of them counts for the others too.
    ///
    /// # Errors
    /// [`VaultError::Failed`], if it gives no answer in time and texts may not be masked without it; [`VaultError::TooManyValues`].
    pub async fn recognize(&self, texts: &[&str]) -> Result<Vec<Vec<Recognized>>, VaultError> {
        let none = vec![Vec::new(); texts.len()];
        let Some(settings) = &self.config.recognizer else { return Ok(none) };
        let (clock, breaker) = (&self.ports.clock, &self.account.recognizer);
        if !settings.options.required && breaker.is_out(clock.now()) {
            return Ok(none);
        }
        let found = self.ask_recognizer(settings, texts).await;
        breaker.note(found.is_ok(), clock.now());
        match found {
            Ok(values) if values.iter().any(|values| values.len() > MAX_NEW_VALUES) => {
                Err(VaultError::TooManyValues)
            }
            Ok(values) => Ok(values),
            Err(fault) if settings.options.required => Err(VaultError::Failed(fault.cause)),
            Err(fault) => {
                log::fault(&self.ports.host, &fault);
                Ok(none)
            }
        }
    }

    async fn ask_recognizer(
        &self,
        settings: &RecognizerSettings,
        texts: &[&str],
    ) -> Result<Vec<Vec<Recognized>>, Fault> {
        let asked = batches(texts).into_iter().map(|batch| async move {
            let answer = self.analyze(settings, &batch.text).await;
            (batch, answer)
        });
        let mut answers = stream::iter(asked).buffer_unordered(CONCURRENCY);
        let mut found = vec![Vec::new(); texts.len()];
        while let Some((batch, answer)) = answers.next().await {
            let values = answer?;
            for place in batch.members {
                if let Some(of_text) = found.get_mut(place) {
                    add_new(of_text, values.iter().cloned());
                }
            }
        }
        Ok(found)
    }

    /// Asks about one part of a text.
    async fn analyze(&self, settings: &RecognizerSettings, text: &str) -> Result<Vec<Recognized>, Fault> {
        let failed = |why: &str| Fault::new(Code::PrivacyUnavailable, format!("PII_MODEL_URL: {why}"));
        let options = &settings.options;
        let request = Analyze { text, language: &options.language, entities: &options.kinds };
        let body = serde_json::to_string(&request).map_err(|_| failed("no JSON"))?;
        let bearer = settings.key.as_ref().map(|key| format!("Bearer {key}"));
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        let call = HttpCall {
            method: Method::Post,
            url: &settings.url,
            headers: &headers,
            body: Some(&body),
            redirect: Redirect::Manual,
        };
        let answer = self.ports.http.send(call, options.deadline_ms).await;
        let answer = answer.map_err(|error| failed(&format!("{error:?}")))?;
        if answer.status != 200 {
            return Err(failed(&format!("status {}", answer.status)));
        }
        let spans: Vec<Span> =
            serde_json::from_str(&answer.body).map_err(|_| failed("the answer is no list of spans"))?;
        values(text, &spans, &options.kinds).ok_or_else(|| failed("a span is outside of the text"))
    }
}

/// Puts texts into requests: each on lines of its own, and a long one in parts. Texts without a letter or a digit are left out.
fn batches(texts: &[&str]) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        for part in parts(text).filter(|part| part.chars().any(char::is_alphanumeric)) {
            match batches.last_mut() {
                Some(batch) if batch.text.len() + part.len() < MAX_TEXT_BYTES => {
                    batch.text.push('\n');
                    batch.text.push_str(part);
                    batch.members.push(place);
                }
                _ => batches.push(Batch { text: part.to_owned(), members: vec![place] }),
            }
        }
    }
    batches
}

/// Cuts a text into parts of [`MAX_TEXT_BYTES`] at most: between lines, or else between words.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let most = rest.floor_char_boundary(MAX_TEXT_BYTES);
        let (head, tail) = rest.split_at(most);
        let end = if tail.is_empty() { None } else { head.rfind('\n').or_else(|| head.rfind(' ')) };
        let (part, others) = rest.split_at(end.map_or(most, |end| end + 1));
        rest = others;
        Some(part)
    })
}

/// The values of spans, each once. `None` if a span is no part of the text. Spans of other kinds than were asked for do not count.
fn values(text: &str, spans: &[Span], kinds: &[String]) -> Option<Vec<Recognized>> {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mut values: Vec<Recognized> = Vec::new();
    for span in spans.iter().filter(|span| kinds.contains(&span.entity_type)) {
        let value = text.get(*starts.get(span.start)?..*starts.get(span.end)?)?;
        // A span over several lines is a value on each.
        add_new(&mut values, value.lines().filter_map(|line| Recognized::new(&span.entity_type, line)));
    }
    Some(values)
}

/// Adds values that are not there yet.
fn add_new(values: &mut Vec<Recognized>, others: impl Iterator<Item = Recognized>) {
    for value in others {
        if !values.contains(&value) {
            values.push(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(start: usize, end: usize, kind: &str) -> Span {
        Span { start, end, entity_type: kind.into() }
    }

    #[test]
    fn spans_count_characters() {
        let kinds = ["PERSON".to_owned()];
        let text = "Grüße von Żaneta 👋 Öz";
        let found =
            values(text, &[span(10, 16, "PERSON"), span(19, 21, "PERSON"), span(0, 5, "NRP")], &kinds);
        let expected = ["Żaneta", "Öz"].map(|name| Recognized::new("PERSON", name).unwrap());
        assert_eq!(found.unwrap(), expected);
        assert_eq!(values(text, &[span(10, 99, "PERSON")], &kinds), None);
        assert_eq!(values(text, &[span(5, 2, "PERSON")], &kinds), None);
    }

    proptest! {
        #[test]
        fn parts_are_the_text(text in "[a-zé \n]{0,300}", times in 1usize..800) {
            let text = text.repeat(times);
            prop_assert!(parts(&text).all(|part| !part.is_empty() && part.len() <= MAX_TEXT_BYTES));
            prop_assert_eq!(parts(&text).collect::<String>(), text);
        }

        #[test]
        fn each_text_is_in_a_request(texts in prop::collection::vec("[a-z ]{0,40}", 0..40), times in 1usize..2000) {
            let texts: Vec<String> = texts.iter().map(|text| text.repeat(times)).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let batches = batches(&texts);
            prop_assert!(batches.iter().all(|batch| batch.text.len() <= MAX_TEXT_BYTES));
            for (place, text) in texts.iter().enumerate() {
                let sent: usize = batches.iter().filter(|batch| batch.members.contains(&place)).map(|batch| batch.text.len()).sum();
                prop_assert!(text.trim().is_empty() || sent > 0, "text {} is in no request", place);
            }
        }
    }
}
