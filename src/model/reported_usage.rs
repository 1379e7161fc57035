//! Usage as providers report it, as far as it can be believed.

use serde_json::value::RawValue;

use super::lenient::wire_object;
use crate::chat::usage::{Usage, UsageSource};

/// Tokens that a provider has reported. A count that is missing, zero or no number is absent: it is counted here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportedUsage {
    prompt: Option<u32>,
    cached: Option<u32>,
    completion: Option<u32>,
}

wire_object! {
    /// OpenAI's object (<https://platform.openai.com/docs/api-reference/completions/object>) and the names of the
    /// Responses API and of Anthropic. Some servers send both.
    struct WireUsage {
        prompt_tokens: Option<&'a RawValue> = "prompt_tokens",
        input_tokens: Option<&'a RawValue> = "input_tokens",
        completion_tokens: Option<&'a RawValue> = "completion_tokens",
        output_tokens: Option<&'a RawValue> = "output_tokens",
        total_tokens: Option<&'a RawValue> = "total_tokens",
        prompt_tokens_details: Option<&'a RawValue> = "prompt_tokens_details",
        completion_tokens_details: Option<&'a RawValue> = "completion_tokens_details",
        input_tokens_details: Option<&'a RawValue> = "input_tokens_details",
        output_tokens_details: Option<&'a RawValue> = "output_tokens_details",
        /// DeepSeek's count of cached tokens (<https://api-docs.deepseek.com/guides/kv_cache>).
        prompt_cache_hit_tokens: Option<&'a RawValue> = "prompt_cache_hit_tokens",
    }
}

wire_object! {
    /// Details of the prompt's or of the completion's tokens.
    struct Details {
        cached_tokens: Option<&'a RawValue> = "cached_tokens",
        reasoning_tokens: Option<&'a RawValue> = "reasoning_tokens",
    }
}

impl<'a> Details<'a> {
    fn read(raw: Option<&'a RawValue>) -> Self {
        raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }
}

impl ReportedUsage {
    /// Reads a usage object. `None` if it has no count.
    pub(super) fn read(raw: &RawValue) -> Option<Self> {
        let wire: WireUsage<'_> = serde_json::from_str(raw.get()).ok()?;
        let prompt = tokens(wire.prompt_tokens).or_else(|| tokens(wire.input_tokens));
        let total = tokens(wire.total_tokens);
        let written = tokens(wire.completion_tokens).or_else(|| tokens(wire.output_tokens));
        let of_answer = wire.completion_tokens_details.or(wire.output_tokens_details);
        let reasoning = tokens(Details::read(of_answer).reasoning_tokens);
        // Some report reasoning beside the completion: it is in the total, or more than the whole.
        let beside = reasoning.filter(|reasoning| *reasoning > written.unwrap_or(0));
        let with_reasoning = beside.map(|reasoning| reasoning.saturating_add(written.unwrap_or(0)));
        let rest = total.zip(prompt).map(|(total, prompt)| total.saturating_sub(prompt));
        let completion = match rest.filter(|rest| *rest > 0) {
            Some(rest) => written.max(Some(rest)),
            None => written.max(with_reasoning),
        };
        let of_prompt = wire.prompt_tokens_details.or(wire.input_tokens_details);
        let cached =
            tokens(Details::read(of_prompt).cached_tokens).or_else(|| tokens(wire.prompt_cache_hit_tokens));
        let read = Self { prompt, cached, completion };
        (read.prompt.is_some() || read.completion.is_some()).then_some(read)
    }

    /// The usage of a completion, with our own counts where the provider reports none.
    #[must_use]
    pub fn or(self, estimated: &Usage) -> Usage {
        let prompt_tokens = self.prompt.unwrap_or(estimated.prompt_tokens);
        let is_whole =
            self.prompt.is_some() && (self.completion.is_some() || estimated.completion_tokens == 0);
        Usage {
            prompt_tokens,
            cached_tokens: self.cached.unwrap_or(0).min(prompt_tokens),
            completion_tokens: self.completion.unwrap_or(estimated.completion_tokens),
            source: if is_whole { UsageSource::Provider } else { UsageSource::Estimated },
        }
    }
}

/// A count, written as a number or as a string of one. Fractions are rounded up.
fn tokens(raw: Option<&RawValue>) -> Option<u32> {
    let number = raw?.get().trim_matches('"').parse::<f64>().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within the range, and saturating"
    )]
    (number >= 1.0).then_some(number.ceil() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<(u32, u32, u32, UsageSource)> {
        let raw = RawValue::from_string(json.to_owned()).unwrap();
        let usage = ReportedUsage::read(&raw)?.or(&Usage::estimated(200, 3));
        Some((usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens, usage.source))
    }

    #[test]
    fn counts_are_believed_where_there_are_any() {
        use UsageSource::{Estimated, Provider};
        for (json, expected) in [
            (
                r#"{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}"#,
                Some((9, 4, 2, Provider)),
            ),
            (
                r#"{"prompt_tokens":20,"completion_tokens":5,"total_tokens":825}"#,
                Some((20, 0, 805, Provider)),
            ),
            (
                r#"{"prompt_tokens":20,"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":800}}"#,
                Some((20, 0, 805, Provider)),
            ),
            (
                r#"{"prompt_tokens":20,"completion_tokens":805,"completion_tokens_details":{"reasoning_tokens":800}}"#,
                Some((20, 0, 805, Provider)),
            ),
            (r#"{"prompt_tokens":20,"completion_tokens":5,"total_tokens":0}"#, Some((20, 0, 5, Provider))),
            (
                r#"{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":-1}}"#,
                Some((9, 0, 1, Provider)),
            ),
            (
                r#"{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":99}}"#,
                Some((9, 9, 1, Provider)),
            ),
            (r#"{"prompt_tokens":9.0,"completion_tokens":"2"}"#, Some((9, 0, 2, Provider))),
            (r#"{"input_tokens":9,"output_tokens":2}"#, Some((9, 0, 2, Provider))),
            (
                r#"{"prompt_tokens":9,"completion_tokens":2,"input_tokens":9,"output_tokens":2,"input_tokens_details":{"cached_tokens":3}}"#,
                Some((9, 3, 2, Provider)),
            ),
            (
                r#"{"prompt_tokens":9,"prompt_cache_hit_tokens":8,"completion_tokens":1,"prompt_tokens_details":null}"#,
                Some((9, 8, 1, Provider)),
            ),
            (r#"{"prompt_tokens":9,"completion_tokens":null}"#, Some((9, 0, 3, Estimated))),
            (r#"{"prompt_tokens":0,"completion_tokens":800}"#, Some((200, 0, 800, Estimated))),
            (r#"{"prompt_tokens":-5,"completion_tokens":1e99}"#, Some((200, 0, u32::MAX, Estimated))),
            (r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#, None),
            (r#"{"prompt_tokens":null,"completion_tokens":null}"#, None),
            ("{}", None),
            ("7", None),
            ("[]", None),
        ] {
            assert_eq!(read(json), expected, "{json}");
        }
    }
}
