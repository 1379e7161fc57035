//! Vectors of texts, passed from the model's API to Postgres without parsing their numbers.

use pii::masked_text::MaskedText;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::{Code, Fault};

/// Numbers in a vector: as `halfvec(1536)` in the database has it.
const DIMENSIONS: u32 = 1536;

/// Longest text that is embedded, in bytes: safely under the 8,192 tokens that the API takes
/// (<https://platform.openai.com/docs/guides/embeddings>).
const MAX_BYTES: usize = 16 * 1024;

/// A vector in JSON, which is how pgvector writes it too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Embedding(String);

impl Embedding {
    /// A vector of that text.
    #[must_use]
    pub fn new(json: impl Into<String>) -> Self {
        Self(json.into())
    }
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: Vec<&'a str>,
    dimensions: u32,
    encoding_format: &'static str,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    index: usize,
    #[serde(borrow)]
    embedding: &'a RawValue,
}

/// The body of a request for the vectors of texts; of a long text, its beginning's.
///
/// # Errors
/// `internal`, when it is no JSON.
pub fn body(model: &str, texts: &[&MaskedText]) -> Result<String, Fault> {
    let input =
        texts.iter().map(|text| text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or(text.as_str()));
    let request = Request { model, input: input.collect(), dimensions: DIMENSIONS, encoding_format: "float" };
    serde_json::to_string(&request).map_err(|error| Fault::new(Code::Internal, format!("embedding: {error}")))
}

/// The vectors of `count` texts, in their order.
///
/// # Errors
/// `model_rejected`, if the answer holds anything else.
pub fn read(answer: &str, count: usize) -> Result<Vec<Embedding>, Fault> {
    let malformed = || Fault::new(Code::ModelRejected, "embeddings are not as they must be");
    let Answer { mut data } = serde_json::from_str(answer).map_err(|_| malformed())?;
    data.sort_by_key(|item| item.index);
    let is_each_once = data.len() == count && data.iter().enumerate().all(|(n, item)| item.index == n);
    let is_vector = |item: &Item<'_>| item.embedding.get().starts_with('[');
    if !is_each_once || !data.iter().all(is_vector) {
        return Err(malformed());
    }
    Ok(data.iter().map(|item| Embedding::new(item.embedding.get())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_come_in_the_order_of_their_texts() {
        let answer =
            r#"{"data":[{"index":1,"embedding":[0.5, 1e-3]},{"index":0,"embedding":[1,0]}],"usage":{}}"#;
        assert_eq!(read(answer, 2).unwrap(), [Embedding::new("[1,0]"), Embedding::new("[0.5, 1e-3]")]);
    }

    #[test]
    fn what_is_no_vector_for_each_text_is_refused() {
        for answer in [
            "",
            "{}",
            r#"{"data":[]}"#,
            r#"{"data":[{"index":1,"embedding":[1]}]}"#,
            r#"{"data":[{"index":0,"embedding":"AAAA"}]}"#,
            r#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}"#,
        ] {
            assert_eq!(read(answer, 1).unwrap_err().code, Code::ModelRejected, "{answer}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = MaskedText::from_storage("é".repeat(MAX_BYTES));
        let body = body("m", &[&long]).unwrap();
        assert!(body.len() < MAX_BYTES + 100 && body.contains("\"dimensions\":1536"));
    }
}
