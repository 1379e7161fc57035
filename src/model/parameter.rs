//! Parameters of requests that not every server takes.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient::read;

/// A parameter of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// The older name of the limit on the completion's tokens.
    MaxTokens,
    /// Its newer name.
    MaxCompletionTokens,
    /// Asks for the usage of a stream.
    StreamOptions,
    /// Randomness of the answer.
    Temperature,
    /// Forbids tool calls.
    ToolChoice,
    /// Strict mode of a tool's schema.
    Strict,
    /// Schema of the answer.
    ResponseFormat,
    /// Number of an embedding's dimensions.
    Dimensions,
    /// Encoding of embeddings.
    EncodingFormat,
    /// Share of the likeliest tokens that are drawn from.
    TopP,
    /// Penalty of tokens that occurred.
    PresencePenalty,
    /// Penalty of tokens by how often they occurred.
    FrequencyPenalty,
    /// Seed of the sampling.
    Seed,
    /// Name of the end user.
    User,
    /// Effort of thinking.
    ReasoningEffort,
    /// Length of the answer in a word.
    Verbosity,
    /// Permission of several calls in one step.
    ParallelToolCalls,
}

/// Names in refusals.
const NAMES: [(&str, Parameter); 15] = [
    ("max_tokens", Parameter::MaxTokens),
    ("max_completion_tokens", Parameter::MaxCompletionTokens),
    ("stream_options", Parameter::StreamOptions),
    ("temperature", Parameter::Temperature),
    ("tool_choice", Parameter::ToolChoice),
    ("strict", Parameter::Strict),
    ("response_format", Parameter::ResponseFormat),
    ("json_schema", Parameter::ResponseFormat),
    ("dimensions", Parameter::Dimensions),
    ("encoding_format", Parameter::EncodingFormat),
    ("top_p", Parameter::TopP),
    ("presence_penalty", Parameter::PresencePenalty),
    ("frequency_penalty", Parameter::FrequencyPenalty),
    ("reasoning_effort", Parameter::ReasoningEffort),
    ("parallel_tool_calls", Parameter::ParallelToolCalls),
];

/// Names that are words as well: a refusal names them in its field only.
const WORDS: [(&str, Parameter); 3] =
    [("seed", Parameter::Seed), ("user", Parameter::User), ("verbosity", Parameter::Verbosity)];

/// Words by which a refusal is about a value, not about the parameter: without it the completion would have no limit.
const TOO_LARGE: [&str; 5] = ["too large", "at most", "less than", "exceed", "maximum"];

#[derive(Deserialize)]
struct Holder<'a> {
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    param: Option<&'a RawValue>,
}

impl Parameter {
    /// The parameter of that name.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        NAMES.iter().chain(&WORDS).find(|(known, _)| *known == name).map(|(_, parameter)| *parameter)
    }

    /// The parameter that a refusal names: in OpenAI's `param` field, or else the first one in its text.
    pub(super) fn refused_by(body: &str) -> Option<Self> {
        let body = body.to_ascii_lowercase();
        let parameter = Self::in_field(&body).or_else(|| Self::in_text(&body))?;
        let is_limit = matches!(parameter, Self::MaxTokens | Self::MaxCompletionTokens);
        (!is_limit || !TOO_LARGE.iter().any(|words| body.contains(words))).then_some(parameter)
    }

    fn in_field(body: &str) -> Option<Self> {
        let outer: Holder<'_> = serde_json::from_str(body).ok()?;
        let inner = read(outer.error).and_then(|inner: Holder<'_>| inner.param);
        let name: String = read(inner.or(outer.param))?;
        // Of a path such as `tools[0].function.strict` the last name counts.
        let last = name.rsplit(['.', ']']).find(|part| !part.is_empty())?;
        Self::of_name(last).or_else(|| Self::of_name(&name))
    }

    fn in_text(body: &str) -> Option<Self> {
        let named = NAMES.iter().filter_map(|(name, parameter)| Some((position(body, name)?, *parameter)));
        named.min_by_key(|(at, _)| *at).map(|(_, parameter)| parameter)
    }
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
            ("this model does not take temperature", Some(Parameter::Temperature)),
            ("", None),
        ] {
            assert_eq!(Parameter::refused_by(body), parameter, "{body}");
        }
    }
}
