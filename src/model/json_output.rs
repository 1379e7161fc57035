//! JSON that a model was asked for, in whatever it wrote around it.

use serde::de::IgnoredAny;
use serde_json::Deserializer;

/// True if a text is or has a whole JSON object.
pub(super) fn whole(text: &str) -> bool {
    object(text).is_some()
}

/// The JSON object in a text: the whole text, what stands in a fence, or the first object in prose. An object that breaks off is
/// none, nor is one inside of it.
#[must_use]
pub fn object(text: &str) -> Option<&str> {
    for (at, _) in text.match_indices('{').take(MAX_STARTS) {
        let text = text.get(at..)?;
        let mut values = Deserializer::from_str(text).into_iter::<IgnoredAny>();
        match values.next()? {
            Ok(_) => return text.get(..values.byte_offset()),
            Err(error) if error.is_eof() => return None,
            // A brace in prose.
            Err(_) => {}
        }
    }
    None
}

/// Braces that are tried: each may read the rest of the text.
const MAX_STARTS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_found_in_what_models_write_around_it() {
        for (text, json) in [
            (r#"{"a":1}"#, Some(r#"{"a":1}"#)),
            ("```json\n{\"a\":{}}\n```", Some("{\"a\":{}}")),
            ("Here it is:\n{\"a\":\"}\"} Anything else?", Some("{\"a\":\"}\"}")),
            ("Use {braces} like {\"a\":1}", Some("{\"a\":1}")),
            ("{\"a\":[{\"b\":1}", None),
            ("none", None),
            ("", None),
        ] {
            assert_eq!(object(text), json, "{text}");
        }
    }
}
