//! Vectors of texts, as the model's API gives them and as Postgres takes and returns them.

use std::fmt::{self, Write as _};

use base64ct::{Base64, Encoding};
use pii::masked_text::MaskedText;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::dialect::Dialect;
use crate::error::{Code, Fault};
use crate::wire_form::Parameter;

/// Numbers in a vector: as `halfvec(1536)` in the database has it.
const DIMENSIONS: u32 = 1536;

/// Longest text that is embedded, in bytes: safely under the 8,192 tokens that the API takes
/// (<https://platform.openai.com/docs/guides/embeddings>).
const MAX_BYTES: usize = 16 * 1024;

/// Bytes of a number between -1 and 1 as text, with its comma.
const NUMBER_BYTES: usize = 9;

/// A vector of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding(Vec<f32>);

/// As pgvector reads it: a text with the numbers in brackets, as exact as half precision is.
impl Serialize for Embedding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(2 + self.0.len() * NUMBER_BYTES);
        text.push('[');
        for (place, number) in self.0.iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            push_number(&mut text, *number).map_err(S::Error::custom)?;
        }
        text.push(']');
        serializer.serialize_str(&text)
    }
}

/// Appends a number with five decimals. As a whole number of steps it takes a fifth of the time that the formatter of floats takes,
/// and a vector has 1,536 of them.
fn push_number(text: &mut String, number: f32) -> fmt::Result {
    const STEPS: f64 = 100_000.0;
    if !number.is_finite() || number.abs() >= 100.0 {
        // Not a number of a vector: as it is, so that Postgres refuses what it cannot store.
        return write!(text, "{number:.5}");
    }
    #[expect(clippy::cast_possible_truncation, reason = "below 10,000,000 steps")]
    let steps = (f64::from(number) * STEPS).round_ties_even() as i32;
    let (sign, steps) = (if steps < 0 { "-" } else { "" }, steps.unsigned_abs());
    let (whole, mut part) = (steps / 100_000, steps % 100_000);
    let mut digits = [b'0'; 5];
    for digit in digits.iter_mut().rev() {
        *digit += u8::try_from(part % 10).unwrap_or(0);
        part /= 10;
    }
    write!(text, "{sign}{whole}.")?;
    text.extend(digits.map(char::from));
    Ok(())
}

impl Embedding {
    /// A vector of those numbers.
    #[must_use]
    pub const fn new(numbers: Vec<f32>) -> Self {
        Self(numbers)
    }

    /// The numbers of the vector.
    #[must_use]
    pub fn numbers(&self) -> &[f32] {
        &self.0
    }

    /// Reads the binary form of pgvector's `halfvec` in base64: the number of dimensions and a reserved number, 16 bits each, then
    /// a half-precision float for each dimension, all in network order
    /// (<https://github.com/pgvector/pgvector/blob/master/src/halfvec.c>, `halfvec_send`).
    #[must_use]
    pub fn from_halves(base64: &str) -> Option<Self> {
        // Postgres breaks base64 into lines.
        let base64: String = base64.split_ascii_whitespace().collect();
        let bytes = Base64::decode_vec(&base64).ok()?;
        let (dimensions, rest) = bytes.split_first_chunk::<2>()?;
        let halves = rest.get(2..)?.chunks_exact(2);
        let is_whole = halves.len() == usize::from(u16::from_be_bytes(*dimensions));
        let numbers =
            halves.map(|half| half.try_into().map_or(0.0, |half| from_half(u16::from_be_bytes(half))));
        is_whole.then(|| Self(numbers.collect()))
    }

    /// Reads 32-bit floats in base64, as providers send them for `encoding_format: "base64"`.
    fn from_floats(base64: &str) -> Option<Self> {
        let bytes = Base64::decode_vec(base64).ok()?;
        let floats = bytes.chunks_exact(4);
        let is_whole = floats.remainder().is_empty();
        let numbers = floats.map(|float| float.try_into().map_or(0.0, f32::from_le_bytes));
        is_whole.then(|| Self(numbers.collect()))
    }
}

/// The value of a half-precision float, IEEE 754 binary16.
fn from_half(half: u16) -> f32 {
    let (exponent, fraction) = (i32::from(half >> 10 & 0x1f), f32::from(half & 0x3ff) / 1024.0);
    let size = match exponent {
        0 => fraction * 2_f32.powi(-14),
        0x1f => f32::NAN,
        _ => (1.0 + fraction) * 2_f32.powi(exponent - 15),
    };
    if half & 0x8000 == 0 { size } else { -size }
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_format: Option<&'static str>,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Item>,
    #[serde(default, deserialize_with = "lenient")]
    usage: Option<AnswerUsage>,
}

/// Some providers report no tokens of the prompt, but of all.
#[derive(Deserialize)]
struct AnswerUsage {
    #[serde(default)]
    prompt_tokens: Option<u32>,
    #[serde(default)]
    total_tokens: Option<u32>,
}

/// Usage of an odd shape is none.
fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<AnswerUsage>, D::Error> {
    Ok(serde_json::from_value(serde_json::Value::deserialize(deserializer)?).ok())
}

/// Vectors of texts, in their order, and the usage for them.
#[derive(Clone, Debug, PartialEq)]
pub struct Embeddings {
    /// One vector for each text.
    pub vectors: Vec<Embedding>,
    /// Tokens that were read, if the provider reports them.
    pub tokens: Option<u32>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default, deserialize_with = "place")]
    index: Option<usize>,
    embedding: Numbers,
}

/// An index, also as a text. Of another shape it is none.
fn place<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(value.to_string().trim_matches('"').parse().ok())
}

/// Some providers send an array whatever is asked for.
#[derive(Deserialize)]
#[serde(untagged)]
enum Numbers {
    Base64(String),
    Array(Vec<f32>),
}

impl Numbers {
    fn read(self) -> Option<Embedding> {
        match self {
            Self::Base64(base64) => Embedding::from_floats(&base64),
            Self::Array(numbers) => Some(Embedding(numbers)),
        }
    }
}

/// Tokens of texts, as far as they are embedded.
#[must_use]
pub fn tokens(texts: &[&MaskedText]) -> u32 {
    texts.iter().map(|text| tokens::count(read_part(text))).fold(0, u32::saturating_add)
}

fn read_part(text: &MaskedText) -> &str {
    text.get(..text.floor_char_boundary(MAX_BYTES)).unwrap_or(text.as_str())
}

/// The body of a request for the vectors of texts; of a long text, its beginning's.
///
/// # Errors
/// `internal`, when it is no JSON.
pub(super) fn body(model: &str, texts: &[&MaskedText], dialect: Dialect) -> Result<String, Fault> {
    let input = texts.iter().map(|text| read_part(text));
    let has = |parameter| !dialect.left_out.has(parameter);
    let request = Request {
        model,
        input: input.collect(),
        dimensions: has(Parameter::Dimensions).then_some(DIMENSIONS),
        encoding_format: has(Parameter::EncodingFormat).then_some("base64"),
    };
    serde_json::to_string(&request).map_err(|error| Fault::new(Code::Internal, format!("embedding: {error}")))
}

/// The vectors of `count` texts, in their order.
///
/// # Errors
/// `model_rejected`, if the answer holds anything else.
pub(super) fn read(answer: &str, count: usize) -> Result<Embeddings, Fault> {
    let malformed = || Fault::new(Code::ModelRejected, "embeddings are not as they must be");
    let Answer { mut data, usage } = serde_json::from_str(answer).map_err(|_| malformed())?;
    if data.len() != count || !sort(&mut data) {
        return Err(malformed());
    }
    let vectors = data.into_iter().map(|item| item.embedding.read()).collect::<Option<_>>();
    let vectors = vectors.ok_or_else(malformed)?;
    // No text has no tokens.
    let tokens =
        usage.and_then(|usage| usage.prompt_tokens.or(usage.total_tokens)).filter(|tokens| *tokens > 0);
    Ok(Embeddings { vectors, tokens })
}

/// Puts items into the order of their texts. False if their indices do not tell it.
fn sort(data: &mut [Item]) -> bool {
    let first = data.first().map(|item| item.index);
    // Some servers leave the index out, or write the same one everywhere, and keep the order.
    if data.iter().all(|item| Some(item.index) == first) {
        return true;
    }
    data.sort_by_key(|item| item.index);
    // Some count from one.
    let from = data.first().and_then(|item| item.index);
    from.is_some_and(|from| from <= 1 && (from..).zip(data.iter()).all(|(n, item)| item.index == Some(n)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_come_in_the_order_of_their_texts() {
        let answer =
            r#"{"data":[{"index":1,"embedding":[0.5, 1e-3]},{"index":0,"embedding":[1,0]}],"usage":{}}"#;
        assert_eq!(read(answer, 2).unwrap().vectors, [Embedding(vec![1.0, 0.0]), Embedding(vec![0.5, 1e-3])]);
        let base64 = r#"{"data":[{"index":0,"embedding":"AACAPwAAAL8="}]}"#;
        assert_eq!(read(base64, 1).unwrap().vectors, [Embedding(vec![1.0, -0.5])]);
        for odd in [
            r#"{"data":[{"index":"1","embedding":[0.5, 1e-3]},{"index":"0","embedding":[1,0]}]}"#,
            r#"{"data":[{"index":2,"embedding":[0.5, 1e-3]},{"index":1,"embedding":[1,0]}]}"#,
            r#"{"data":[{"index":0,"embedding":[1,0]},{"index":0,"embedding":[0.5, 1e-3]}]}"#,
            r#"{"data":[{"index":-1,"embedding":[1,0]},{"index":null,"embedding":[0.5, 1e-3]}]}"#,
        ] {
            assert_eq!(read(odd, 2).unwrap().vectors[0], Embedding(vec![1.0, 0.0]), "{odd}");
        }
        let no_index = r#"{"data":[{"embedding":[1,0]},{"embedding":[0.5, 1e-3]}]}"#;
        assert_eq!(
            read(no_index, 2).unwrap().vectors,
            [Embedding(vec![1.0, 0.0]), Embedding(vec![0.5, 1e-3])]
        );
    }

    #[test]
    fn usage_is_read_where_it_is_believable() {
        for (usage, tokens) in [
            (r#","usage":{"prompt_tokens":7,"total_tokens":7}"#, Some(7)),
            (r#","usage":{"total_tokens":9}"#, Some(9)),
            (r#","usage":{"prompt_tokens":0,"total_tokens":0}"#, None),
            (r#","usage":{"prompt_tokens":-1}"#, None),
            (r#","usage":null"#, None),
            (r#","usage":"free""#, None),
            ("", None),
        ] {
            let answer = format!(r#"{{"data":[{{"index":0,"embedding":[1]}}]{usage}}}"#);
            assert_eq!(read(&answer, 1).unwrap().tokens, tokens, "{usage}");
        }
    }

    #[test]
    fn halves_of_postgres_are_read() {
        // 1, -2, 0.00006103515625 (the smallest normal number), 0.1 as a half.
        let halves = "AAQAADwAwAAEAC5m";
        let numbers = Embedding::from_halves(halves).unwrap();
        assert_eq!(numbers.numbers()[..3], [1.0, -2.0, 0.000_061_035_156]);
        assert!((numbers.numbers()[3] - 0.1).abs() < 0.0001);
        for malformed in ["", "AAQ=", "AAQAADwA", "%"] {
            assert_eq!(Embedding::from_halves(malformed), None, "{malformed}");
        }
        assert_eq!(
            serde_json::to_string(&Embedding(vec![1.0, -0.000_021])).unwrap(),
            "\"[1.00000,-0.00002]\""
        );
    }

    #[test]
    fn numbers_are_written_as_the_formatter_of_floats_writes_them() {
        for step in -20_000_i16..20_000 {
            for number in [f32::from(step) / 256.0 + 0.1, f32::from(step) * 0.0037, f32::from(step)] {
                let mut text = String::new();
                push_number(&mut text, number).unwrap();
                let expected = format!("{number:.5}");
                assert!(text == expected || expected == format!("-{text}"), "{text} for {expected}");
            }
        }
    }

    #[test]
    fn what_is_no_vector_for_each_text_is_refused() {
        for answer in [
            "",
            "{}",
            r#"{"data":[]}"#,
            r#"{"data":[{"index":0,"embedding":"AAA="}]}"#,
            r#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}"#,
        ] {
            assert_eq!(read(answer, 1).unwrap_err().code, Code::ModelRejected, "{answer}");
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = MaskedText::from_storage("é".repeat(MAX_BYTES));
        let body = body("m", &[&long], Dialect::known("", "m")).unwrap();
        assert!(body.len() < MAX_BYTES + 100 && body.contains("\"dimensions\":1536"));
    }
}
