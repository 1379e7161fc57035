//! One chunk of a chat completion, read leniently: a field of another shape than expected is absent, and costs no other field.

use serde_json::value::RawValue;

use super::chunk::{Chunk, Piece};
use super::finish::WireFinish;
use super::lenient::{FirstOf, Fits, Lenient, read, wire_object};
use super::provider_error;
use super::reported_usage::ReportedUsage;
use super::requested_call::CallDelta;

/// Parts within parts that are read.
const MAX_DEPTH: u8 = 8;

wire_object! {
    /// The parts of a chunk that matter here (<https://platform.openai.com/docs/api-reference/chat-streaming>).
    struct WireChunk {
        choices: FirstOf<WireChoice<'a>> = "choices",
        error: Option<&'a RawValue> = "error",
        usage: Option<&'a RawValue> = "usage",
        /// Groq's place for the usage (<https://console.groq.com/docs/text-chat>).
        x_groq: Option<&'a RawValue> = "x_groq",
    }
}

wire_object! {
    struct WireChoice {
        index: Option<&'a RawValue> = "index",
        delta: Lenient<WireDelta<'a>> = "delta",
        /// In place of the delta where a server does not stream.
        message: Lenient<WireDelta<'a>> = "message",
        /// In place of both in the form before chats (<https://platform.openai.com/docs/api-reference/completions>).
        text: Option<&'a RawValue> = "text",
        finish_reason: Option<&'a RawValue> = "finish_reason",
        error: Option<&'a RawValue> = "error",
        /// Moonshot's place for the usage (<https://platform.moonshot.ai/docs/api/chat>).
        usage: Option<&'a RawValue> = "usage",
    }
}

wire_object! {
    struct WireDelta {
        content: Option<&'a RawValue> = "content",
        refusal: Option<&'a RawValue> = "refusal",
        reasoning: Option<&'a RawValue> = "reasoning",
        reasoning_content: Option<&'a RawValue> = "reasoning_content",
        reasoning_details: Option<&'a RawValue> = "reasoning_details",
        tool_calls: Option<&'a RawValue> = "tool_calls",
        /// The form before `tool_calls`.
        function_call: Option<&'a RawValue> = "function_call",
    }
}

wire_object! {
    struct WireUsageHolder {
        usage: Option<&'a RawValue> = "usage",
    }
}

wire_object! {
    /// A part of a content that is a list (<https://docs.mistral.ai/capabilities/reasoning/>).
    struct WirePart {
        kind: Option<&'a RawValue> = "type",
        text: Option<&'a RawValue> = "text",
        thinking: Option<&'a RawValue> = "thinking",
        refusal: Option<&'a RawValue> = "refusal",
    }
}

impl Chunk {
    /// Reads a JSON object. `None` for anything else.
    pub(super) fn read(json: &RawValue) -> Option<Self> {
        let wire: WireChunk<'_> = read(Some(json).filter(|json| json.get().starts_with('{')))?;
        // Nearly every chunk has choices and no error: it is not searched for other forms of one.
        let may_be_error = wire.error.is_some() || !wire.choices.is_there;
        let mut chunk = Self {
            error: if may_be_error { provider_error::read(json.get()) } else { None },
            is_completion: wire.choices.is_there,
            ..Self::default()
        };
        // One completion is asked for. Others, if they come, would be mixed with it.
        let choice = wire.choices.first;
        let in_choice = choice.as_ref().and_then(|choice| choice.usage);
        if let Some(choice) = choice {
            chunk.take_choice(&choice);
        }
        let in_groq = read(wire.x_groq).and_then(|holder: WireUsageHolder<'_>| holder.usage);
        chunk.usage = [wire.usage, in_choice, in_groq].into_iter().flatten().find_map(ReportedUsage::read);
        Some(chunk)
    }

    fn take_choice(&mut self, choice: &WireChoice<'_>) {
        let reason: Option<String> = read(choice.finish_reason);
        self.finish = reason.map(|reason| WireFinish::read(&reason));
        if let Some(error) = choice.error.filter(|raw| provider_error::is_something(raw)) {
            self.error = Some(provider_error::read_value(error.get()));
        }
        let Some(delta) = choice.delta.0.as_ref().or(choice.message.0.as_ref()) else {
            choice.text.into_iter().for_each(|text| self.take_parts(text, false, MAX_DEPTH));
            return;
        };
        // Some servers repeat it under the other name.
        let mut thoughts = [delta.reasoning_content, delta.reasoning].into_iter().flatten();
        if let Some(thoughts) = thoughts.find(|raw| provider_error::is_something(raw)) {
            self.take_parts(thoughts, true, MAX_DEPTH);
            self.has_thought_field = delta.reasoning_content.is_some();
        }
        if let Some(content) = delta.content {
            self.take_parts(content, false, MAX_DEPTH);
        }
        if let Some(refusal) = read(delta.refusal) {
            self.take_refusal(refusal);
        }
        let details: Vec<&RawValue> = read(delta.reasoning_details).unwrap_or_default();
        self.details.extend(details.into_iter().filter_map(|entry| read(Some(entry))));
        let calls: Vec<&RawValue> = read(delta.tool_calls).unwrap_or_default();
        self.calls.extend(calls.into_iter().filter_map(CallDelta::read));
        self.calls.extend(delta.function_call.and_then(CallDelta::of_function));
    }

    /// Takes a text, or parts of texts and thoughts, which may hold parts again.
    fn take_parts(&mut self, raw: &RawValue, is_thought: bool, depth: u8) {
        if depth == 0 {
            return;
        }
        if let Some(piece) = read(Some(raw)) {
            self.pieces.push(if is_thought { Piece::Thought(piece) } else { Piece::Answer(piece) });
        } else if let Some(parts) = read::<Vec<&RawValue>>(Some(raw)) {
            for part in parts {
                self.take_parts(part, is_thought, depth - 1);
            }
        } else if let Some(part) = read::<WirePart<'_>>(Some(raw)) {
            let kind: String = read(part.kind).unwrap_or_default();
            if let Some(thinking) = part.thinking {
                self.take_parts(thinking, true, depth - 1);
            }
            if let Some(text) = part.text {
                let is_thought = is_thought || kind.contains("think") || kind.contains("reason");
                self.take_parts(text, is_thought, depth - 1);
            }
            if let Some(refusal) = read(part.refusal) {
                self.take_refusal(refusal);
            }
        }
    }
}

impl Fits for WireChoice<'_> {
    fn fits(&self) -> bool {
        self.index.is_none_or(|index| !index.get().starts_with(|first: char| ('1'..='9').contains(&first)))
    }
}
