//! JSON as text to be masked, and back.
//!
//! Personal data stands in strings, keys and long numbers, so these become the text.

use serde_json::{Map, Value};

/// Separates the texts of a value by a line, so that no detector reads two of them as one.
const BETWEEN: &str = "\n\u{1e}\n";

/// Separates a key from its text. They are read together, because a key labels its value.
const LABEL: &str = ": ";

/// Characters from which on a number is searched like a text: it may be a phone or card number.
const LONG_NUMBER: usize = 7;

/// Masked text that was not made of this value. Nothing of it may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapeError;

impl std::fmt::Display for ShapeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the masked text does not fit the value")
    }
}

impl std::error::Error for ShapeError {}

/// Gathers all that may be personal in a value into one text.
#[must_use]
pub fn text(value: &Value) -> String {
    let mut texts = Vec::new();
    gather(value, None, &mut texts);
    texts.join(BETWEEN)
}

/// Rebuilds the value from the text that [`text`] made of it and that was masked since.
///
/// # Errors
/// [`ShapeError`] when the parts do not fit the value.
pub fn masked(value: &Value, text: &str) -> Result<Value, ShapeError> {
    let mut parts = text.split(BETWEEN);
    let masked = put_back(value, None, &mut parts)?;
    // Splitting the empty text of an empty value yields one part.
    let is_over = parts.next().is_none_or(str::is_empty) && parts.next().is_none();
    if is_over { Ok(masked) } else { Err(ShapeError) }
}

fn gather(value: &Value, key: Option<&str>, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(labelled(key, text)),
        Value::Number(number) => {
            if let Some(number) = long(number) {
                texts.push(labelled(key, &number));
            }
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, key, texts)),
        Value::Object(fields) => {
            for (key, value) in fields {
                texts.push(plain(key));
                gather(value, Some(key), texts);
            }
        }
        Value::Null | Value::Bool(_) => {}
    }
}

fn put_back<'a>(
    value: &Value,
    key: Option<&str>,
    parts: &mut impl Iterator<Item = &'a str>,
) -> Result<Value, ShapeError> {
    let mut next = || parts.next().ok_or(ShapeError);
    Ok(match value {
        Value::String(_) => Value::String(unlabelled(key, next()?)?.to_owned()),
        Value::Number(number) => match long(number) {
            Some(before) => {
                let after = unlabelled(key, next()?)?;
                if after == before { value.clone() } else { Value::String(after.to_owned()) }
            }
            None => value.clone(),
        },
        Value::Array(values) => {
            let values = values.iter().map(|value| put_back(value, key, parts));
            Value::Array(values.collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => {
            let mut object = Map::new();
            for (key, value) in fields {
                let masked = parts.next().ok_or(ShapeError)?.to_owned();
                object.insert(masked, put_back(value, Some(key), parts)?);
            }
            Value::Object(object)
        }
        Value::Null | Value::Bool(_) => value.clone(),
    })
}

fn long(number: &serde_json::Number) -> Option<String> {
    let digits = number.to_string();
    (digits.len() >= LONG_NUMBER).then_some(digits)
}

fn labelled(key: Option<&str>, text: &str) -> String {
    let text = plain(text);
    key.map_or_else(|| text.clone(), |key| [&plain(key), LABEL, &text].concat())
}

/// Removes the label of a text. Fails where the label itself was masked, because its end is unknown then.
fn unlabelled<'a>(key: Option<&str>, text: &'a str) -> Result<&'a str, ShapeError> {
    let Some(key) = key else { return Ok(text) };
    text.strip_prefix(&*plain(key)).and_then(|text| text.strip_prefix(LABEL)).ok_or(ShapeError)
}

/// Replaces the separator character, so that a text cannot forge a boundary.
fn plain(text: &str) -> String {
    if text.contains('\u{1e}') { text.replace('\u{1e}', " ") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::detect::Patterns;
    use crate::mask::{Author, redact};

    fn redacted(value: &Value) -> Result<Value, ShapeError> {
        masked(value, &redact(&text(value), Author::Outside, &Patterns::default()))
    }

    #[test]
    fn what_is_personal_is_taken_out_wherever_it_stands() {
        let value = json!({
            "to": "ada@example.com",
            "cards": [4_111_111_111_111_111_u64, "x"],
            "ada@example.com": true,
            "note": "line\nada@example.com\nend",
            "n": 12, "none": null,
        });
        let redacted = redacted(&value).unwrap();
        let text = redacted.to_string();
        assert!(!text.contains("ada@") && !text.contains("4111"), "{text}");
        assert_eq!(
            (&redacted["n"], &redacted["none"], &redacted["cards"][1]),
            (&json!(12), &Value::Null, &json!("x"))
        );
        assert!(redacted["note"].as_str().unwrap().starts_with("line\n"));
    }

    #[test]
    fn a_text_of_another_value_is_none() {
        assert_eq!(masked(&json!(["a", "b"]), "a"), Err(ShapeError));
        assert_eq!(masked(&json!(["a"]), &text(&json!(["a", "b"]))), Err(ShapeError));
        assert_eq!(masked(&json!({"k": "a"}), &["k", "other: a"].join(BETWEEN)), Err(ShapeError));
        assert_eq!(masked(&json!([]), ""), Ok(json!([])));
    }

    #[test]
    fn neighbours_are_not_read_together() {
        let value = json!(["4111 1111", "1111 1111", "call me at +49 30", "901820 now"]);
        assert_eq!(redacted(&value).unwrap(), value);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[^\u{1e}]{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[^\u{1e}]{0,8}", inner, 0..5)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_comes_back_as_it_was(value in any_json()) {
            prop_assert_eq!(masked(&value, &text(&value)), Ok(value));
        }
    }
}
