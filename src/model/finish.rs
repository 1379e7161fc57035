//! Finish reasons of completions.

/// Reason for the end of a completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// The model came to its end.
    Stop,
    /// The completion came to its longest.
    Length,
    /// The provider withheld the rest, or the model refused.
    ContentFilter,
    /// The model requests tool calls.
    ToolCalls,
}

/// Reason on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WireFinish {
    /// A known one.
    Finished(Finish),
    /// The provider failed.
    Failed,
    /// Empty, or none that is known: the completion has not finished.
    Unknown,
}

impl Finish {
    /// The reason in the AI SDK's terms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ContentFilter => "content-filter",
            Self::ToolCalls => "tool-calls",
        }
    }
}

impl WireFinish {
    /// Reads a reason, in any case of letters: OpenAI's, and those that servers pass on from Anthropic, Gemini, Mistral, Cohere,
    /// DeepSeek and from inference engines.
    pub(super) fn read(reason: &str) -> Self {
        // Gemini's endpoint adds its own word behind a colon: `content_filter: SAFETY`.
        let reason = reason.split(':').next().unwrap_or_default();
        match reason.trim().to_ascii_lowercase().as_str() {
            "stop" | "end_turn" | "stop_sequence" | "eos" | "eos_token" | "end_of_turn" | "end"
            | "complete" | "completed" | "finished" | "done" | "normal" | "pause_turn" => {
                Self::Finished(Finish::Stop)
            }
            "length"
            | "max_tokens"
            | "model_length"
            | "max_length"
            | "max_output_tokens"
            | "token_limit"
            | "model_context_window_exceeded" => Self::Finished(Finish::Length),
            "content_filter"
            | "content_filtered"
            | "content-filter"
            | "safety"
            | "refusal"
            | "recitation"
            | "blocklist"
            | "prohibited_content"
            | "spii"
            | "language"
            | "guardrail_intervened"
            | "sensitive" => Self::Finished(Finish::ContentFilter),
            "tool_calls" | "tool_call" | "tool-calls" | "function_call" | "tool_use" => {
                Self::Finished(Finish::ToolCalls)
            }
            "error"
            | "network_error"
            | "insufficient_system_resource"
            | "abort"
            | "aborted"
            | "cancelled"
            | "canceled"
            | "failed"
            | "internal_error"
            | "server_error"
            | "timeout"
            | "overloaded"
            | "engine_overloaded"
            | "function_call_filter"
            | "malformed_function_call" => Self::Failed,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_of_all_providers_are_read() {
        for (reason, finish) in [
            ("stop", WireFinish::Finished(Finish::Stop)),
            ("STOP", WireFinish::Finished(Finish::Stop)),
            ("end_turn", WireFinish::Finished(Finish::Stop)),
            ("MAX_TOKENS", WireFinish::Finished(Finish::Length)),
            ("model_length", WireFinish::Finished(Finish::Length)),
            ("content_filter", WireFinish::Finished(Finish::ContentFilter)),
            ("tool_use", WireFinish::Finished(Finish::ToolCalls)),
            ("insufficient_system_resource", WireFinish::Failed),
            ("content_filter: SAFETY", WireFinish::Finished(Finish::ContentFilter)),
            ("function_call_filter: MALFORMED_FUNCTION_CALL", WireFinish::Failed),
            ("error", WireFinish::Failed),
            ("", WireFinish::Unknown),
            ("null", WireFinish::Unknown),
            ("whatever", WireFinish::Unknown),
        ] {
            assert_eq!(WireFinish::read(reason), finish, "{reason}");
        }
    }
}
