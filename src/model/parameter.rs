//! Parameters that refusals name.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient::read;
use crate::wire_form::{NAMES, Parameter};

/// Words by which a refusal is about a value, not about the parameter: without it the completion would have no limit.
const TOO_LARGE: [&str; 5] = ["too large", "at most", "less than", "exceed", "maximum"];

#[derive(Deserialize)]
struct Holder<'a> {
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    param: Option<&'a RawValue>,
}

/// The parameter that a refusal names: in OpenAI's `param` field, or else the first one in its text. Another API that the text names
/// counts before both.
pub(super) fn refused_by(body: &str) -> Option<Parameter> {
    let body = body.to_ascii_lowercase();
    let in_text = in_text(&body);
    let other_api = in_text.filter(|parameter| *parameter == Parameter::ChatCompletions);
    let parameter = other_api.or_else(|| in_field(&body)).or(in_text)?;
    let is_limit = matches!(parameter, Parameter::MaxTokens | Parameter::MaxCompletionTokens);
    (!is_limit || !TOO_LARGE.iter().any(|words| body.contains(words))).then_some(parameter)
}

fn in_field(body: &str) -> Option<Parameter> {
    let outer: Holder<'_> = serde_json::from_str(body).ok()?;
    let inner = read(outer.error).and_then(|inner: Holder<'_>| inner.param);
    let name: String = read(inner.or(outer.param))?;
    // Of a path such as `tools[0].function.strict` the last name counts.
    let last = name.rsplit(['.', ']']).find(|part| !part.is_empty())?;
    Parameter::of_name(&name).or_else(|| Parameter::of_name(last))
}

fn in_text(body: &str) -> Option<Parameter> {
    let named = NAMES.iter().filter_map(|(name, parameter)| {
        let at = position(body, name)?;
        // To be told to use another API weighs more than what is wrong with this one.
        Some((if *parameter == Parameter::ChatCompletions { 0 } else { at + 1 }, *parameter))
    });
    named.min_by_key(|(at, _)| *at).map(|(_, parameter)| parameter)
}

/// The position of a whole word.
fn position(text: &str, word: &str) -> Option<usize> {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = text.as_bytes();
    text.match_indices(word).map(|(at, _)| at).find(|at| {
        !is_part(at.checked_sub(1).and_then(|before| bytes.get(before)))
            && !is_part(bytes.get(at + word.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_their_parameter() {
        for (body, parameter) in [
            (
                r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","param":"max_tokens"}}"#,
                Some(Parameter::MaxTokens),
            ),
            (
                r#"{"error":{"message":"Unrecognized request argument supplied: stream_options"}}"#,
                Some(Parameter::StreamOptions),
            ),
            (
                r#"{"detail":[{"type":"extra_forbidden","loc":["body","max_completion_tokens"],"msg":"Extra inputs are not permitted"}]}"#,
                Some(Parameter::MaxCompletionTokens),
            ),
            (r#"{"error":{"message":"x","param":"tools[0].function.strict"}}"#, Some(Parameter::Strict)),
            (r#"{"error":{"message":"max_tokens is too large: 50000"}}"#, None),
            (r#"{"error":{"message":"the instructions are too strictly worded"}}"#, None),
            (r#"{"error":"Bad request"}"#, None),
            (
                r#"{"error":{"message":"This model is only supported in v1/responses and not in v1/chat/completions.","param":"model"}}"#,
                Some(Parameter::ChatCompletions),
            ),
            (r#"{"error":{"message":"x","param":"reasoning.summary"}}"#, Some(Parameter::ReasoningSummary)),
            ("this model does not take temperature", Some(Parameter::Temperature)),
            ("", None),
        ] {
            assert_eq!(refused_by(body), parameter, "{body}");
        }
    }
}
