//! Decoding of a streamed chat completion without I/O: bytes in, pieces of the completion out.

use serde::Deserialize;

use super::client::ModelError;
use super::requested_call::CallDelta;
use crate::chat::usage::{Usage, UsageSource};
use sse::EventStream;
use wire_text::WireText;

/// The pieces of one read, however many chunks it brought.
#[derive(Debug, Default, PartialEq)]
pub struct DeltaBatch {
    /// Next piece of text.
    pub text: String,
    /// New pieces of tool calls.
    pub calls: Vec<CallDelta>,
    /// Finish reason, in the AI SDK's terms, once there is one.
    pub finish: Option<&'static str>,
    /// Usage, once the provider reports it.
    pub usage: Option<Usage>,
    /// True if `[DONE]` has arrived.
    pub done: bool,
}

/// The decoder's state between reads.
#[derive(Debug, Default)]
pub struct CompletionDecoder {
    events: EventStream,
}

impl CompletionDecoder {
    /// Decodes the bytes of one read.
    ///
    /// # Errors
    /// [`ModelError::Cut`] if the stream is not one of chat completions, [`ModelError::Status`] for an error that the
    /// provider reports inside the stream.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<DeltaBatch, ModelError> {
        self.collect(|events, on_data| events.feed(bytes, on_data))
    }

    /// Decodes the bytes left at the end of the body.
    ///
    /// # Errors
    /// As [`CompletionDecoder::feed`].
    pub fn end(&mut self) -> Result<DeltaBatch, ModelError> {
        self.collect(|events, on_data| events.end(on_data))
    }

    fn collect(
        &mut self,
        read: impl FnOnce(&mut EventStream, &mut dyn FnMut(&str)) -> Result<(), sse::Malformed>,
    ) -> Result<DeltaBatch, ModelError> {
        let mut batch = DeltaBatch::default();
        let mut outcome = Ok(());
        let read = read(&mut self.events, &mut |data| {
            if outcome.is_ok() && !batch.done {
                outcome = batch.take(data);
            }
        });
        read.map_err(|_| ModelError::Cut).and(outcome).map(|()| batch)
    }
}

impl DeltaBatch {
    fn take(&mut self, data: &str) -> Result<(), ModelError> {
        if data == "[DONE]" {
            self.done = true;
            return Ok(());
        }
        let chunk: Chunk = serde_json::from_str(data).map_err(|_| ModelError::Cut)?;
        if let Some(error) = chunk.error {
            return Err(error.into());
        }
        for choice in chunk.choices.into_iter().take(1) {
            let delta = choice.delta.unwrap_or_default();
            for text in [delta.content, delta.refusal].into_iter().flatten() {
                self.text.push_str(&text.0);
            }
            self.calls.extend(delta.tool_calls.unwrap_or_default());
            self.finish = choice.finish_reason.as_deref().map(finish_reason).or(self.finish);
        }
        self.usage = chunk.usage.map(Usage::from).or(self.usage);
        Ok(())
    }
}

/// OpenAI's reason in the AI SDK's spelling.
fn finish_reason(openai: &str) -> &'static str {
    match openai {
        "stop" => "stop",
        "length" => "length",
        "content_filter" => "content-filter",
        "tool_calls" | "function_call" => "tool-calls",
        _ => "other",
    }
}

/// The parts of a chunk that matter here
/// (<https://platform.openai.com/docs/api-reference/chat-streaming>).
#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<WireUsage>,
    #[serde(default)]
    error: Option<WireError>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Option<Delta>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Delta {
    #[serde(default)]
    content: Option<WireText>,
    #[serde(default)]
    refusal: Option<WireText>,
    #[serde(default)]
    tool_calls: Option<Vec<CallDelta>>,
}

#[derive(Deserialize)]
struct WireUsage {
    #[serde(default)]
    prompt_tokens: u32,
    #[serde(default)]
    completion_tokens: u32,
    #[serde(default)]
    prompt_tokens_details: Option<PromptDetails>,
}

#[derive(Default, Deserialize)]
struct PromptDetails {
    #[serde(default)]
    cached_tokens: Option<u32>,
}

impl From<WireUsage> for Usage {
    fn from(wire: WireUsage) -> Self {
        Self {
            prompt_tokens: wire.prompt_tokens,
            cached_tokens: wire.prompt_tokens_details.and_then(|details| details.cached_tokens).unwrap_or(0),
            completion_tokens: wire.completion_tokens,
            source: UsageSource::Provider,
        }
    }
}

/// Providers report an overload in mid-stream as an object with a code that may be a status.
#[derive(Deserialize)]
struct WireError {
    #[serde(default)]
    code: Option<serde_json::Value>,
}

impl From<WireError> for ModelError {
    fn from(error: WireError) -> Self {
        let status = error.code.and_then(|code| code.as_u64()).and_then(|code| u16::try_from(code).ok());
        Self::Status { status: status.unwrap_or(502), retry_after: None }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(stream: &str) -> Result<DeltaBatch, ModelError> {
        CompletionDecoder::default().feed(stream.as_bytes())
    }

    #[test]
    fn a_whole_answer() {
        let batch = decode(concat!(
            "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"Hé\"}}],\"usage\":null}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"llo \\ud83d\"}}]}\n\n",
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n",
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,",
            "\"prompt_tokens_details\":{\"cached_tokens\":4}}}\n\n",
            "data: [DONE]\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"after the end\"}}]}\n\n",
        ))
        .unwrap();
        assert_eq!(batch.text, "Héllo \u{fffd}");
        assert_eq!(batch.finish, Some("content-filter"));
        assert!(batch.done);
        let usage = batch.usage.unwrap();
        assert_eq!((usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens), (9, 4, 2));
    }

    #[test]
    fn an_error_inside_the_stream_is_an_error() {
        let error = decode("data: {\"error\":{\"message\":\"secret\",\"code\":529}}\n\n").unwrap_err();
        assert_eq!(error, ModelError::Status { status: 529, retry_after: None });
        let error = decode("data: {\"error\":{\"code\":\"server_error\"}}\n\n").unwrap_err();
        assert_eq!(error, ModelError::Status { status: 502, retry_after: None });
    }

    #[test]
    fn what_is_no_chunk_is_a_cut() {
        for stream in ["data: {\"choices\":[{\"del\n\n", "data: <html>\n\n", "data: \"x\"\n\n"] {
            assert_eq!(decode(stream), Err(ModelError::Cut), "{stream}");
        }
    }

    proptest! {
        #[test]
        fn every_split_gives_the_same_text(
            texts in prop::collection::vec("[^\0]{0,12}", 1..8),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let chunk = |text: &String| {
                let json = serde_json::json!({"choices": [{"delta": {"content": text}}]});
                format!("data: {json}\n\n")
            };
            let stream: String = texts.iter().map(chunk).collect();
            let bytes = stream.as_bytes();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut decoder = CompletionDecoder::default();
            let text: String =
                cuts.windows(2).map(|pair| decoder.feed(&bytes[pair[0]..pair[1]]).unwrap().text).collect();
            prop_assert_eq!(text, texts.concat());
        }
    }
}
