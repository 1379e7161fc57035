//! One chunk of a chat completion, read leniently: a field of another shape than expected is absent, and costs no other field.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::chunk::{Chunk, Piece};
use super::finish::WireFinish;
use super::lenient::read;
use super::provider_error;
use super::reported_usage::ReportedUsage;
use super::requested_call::CallDelta;

/// Parts within parts that are read.
const MAX_DEPTH: u8 = 8;

/// The parts of a chunk that matter here (<https://platform.openai.com/docs/api-reference/chat-streaming>).
#[derive(Deserialize)]
struct WireChunk<'a> {
    #[serde(borrow, default)]
    choices: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    /// Groq's place for the usage (<https://console.groq.com/docs/text-chat>).
    #[serde(borrow, default)]
    x_groq: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireChoice<'a> {
    #[serde(borrow, default)]
    index: Option<&'a RawValue>,
    #[serde(borrow, default)]
    delta: Option<&'a RawValue>,
    /// In place of the delta where a server does not stream.
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    finish_reason: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
    /// Moonshot's place for the usage (<https://platform.moonshot.ai/docs/api/chat>).
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireDelta<'a> {
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reasoning: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reasoning_content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    reasoning_details: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_calls: Option<&'a RawValue>,
    /// The form before `tool_calls`.
    #[serde(borrow, default)]
    function_call: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireUsageHolder<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

/// A part of a content that is a list (<https://docs.mistral.ai/capabilities/reasoning/>).
#[derive(Deserialize)]
struct WirePart<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    thinking: Option<&'a RawValue>,
    #[serde(borrow, default)]
    refusal: Option<&'a RawValue>,
}

impl Chunk {
    /// Reads a JSON object. `None` for anything else.
    pub(super) fn read(json: &RawValue) -> Option<Self> {
        let wire: WireChunk<'_> = read(Some(json).filter(|json| json.get().starts_with('{')))?;
        // Nearly every chunk has choices and no error: it is not searched for other forms of one.
        let may_be_error = wire.error.is_some() || wire.choices.is_none();
        let mut chunk = Self {
            error: if may_be_error { provider_error::read(json.get()) } else { None },
            is_completion: wire.choices.is_some(),
            ..Self::default()
        };
        // One completion is asked for. Others, if they come, would be mixed with it.
        let choices: Vec<&RawValue> = read(wire.choices).unwrap_or_default();
        let choice = choices.into_iter().filter_map(|raw| read(Some(raw))).find(WireChoice::is_first);
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
        let Some(delta) = read::<WireDelta<'_>>(choice.delta).or_else(|| read(choice.message)) else {
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

impl WireChoice<'_> {
    fn is_first(&self) -> bool {
        self.index.is_none_or(|index| !index.get().starts_with(|first: char| ('1'..='9').contains(&first)))
    }
}
