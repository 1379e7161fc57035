//! Decoding of a chat completion without I/O: bytes in, pieces of the completion out. Each chunk is read on its own.

use serde_json::value::RawValue;
use serde_json::{Deserializer, Map, Value};
use sse::{Event, EventStream};
use wire_text::PieceJoiner;

use super::chunk::{Chunk, Piece};
use super::finish::{Finish, WireFinish};
use super::lenient::read;
use super::model_error::ModelError;
use super::provider_error;
use super::reported_usage::ReportedUsage;
use super::requested_call::CallDelta;
use super::responses;
use super::thoughts::ThoughtSplitter;

/// Longest body of a server that does not stream, in bytes.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Bytes that may stand before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Values within values that are read.
const MAX_DEPTH: u8 = 4;

/// The pieces of one read, however many chunks it brought.
#[derive(Debug, Default, PartialEq)]
pub struct DeltaBatch {
    /// Next piece of text.
    pub text: String,
    /// Next piece of thoughts.
    pub thoughts: String,
    /// True if thoughts came in `reasoning_content`.
    pub has_thought_field: bool,
    /// Thoughts in the provider's own form, whole or in pieces.
    pub details: Vec<Map<String, Value>>,
    /// New pieces of tool calls.
    pub calls: Vec<CallDelta>,
    /// Finish reason, once there is one.
    pub finish: Option<Finish>,
    /// Usage, once the provider reports it.
    pub usage: Option<ReportedUsage>,
    /// Failure after these pieces: nothing that comes later counts.
    pub failure: Option<ModelError>,
    /// True if `[DONE]` has arrived.
    pub done: bool,
}

/// The decoder's state between reads.
#[derive(Debug, Default)]
pub struct CompletionDecoder {
    form: Form,
    answer: PieceJoiner,
    thought: PieceJoiner,
    splitter: ThoughtSplitter,
    api: Api,
    /// True once a chunk before the finish reason was no JSON: text may be lost.
    is_damaged: bool,
    has_finished: bool,
    is_refusal: bool,
}

/// API that the objects so far belong to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Api {
    /// None that is known.
    #[default]
    Unknown,
    /// Chat completions: one of them had choices.
    Completions,
    /// None of them had choices, an error or usage.
    Other,
}

/// Form of the body.
#[derive(Debug, Default)]
enum Form {
    /// Not told by the bytes so far.
    #[default]
    Unknown,
    /// Events, as asked for.
    Events(EventStream),
    /// One JSON value, from a server that ignores `stream`.
    Json(Vec<u8>),
}

impl CompletionDecoder {
    /// Decodes the bytes of one read.
    pub fn feed(&mut self, bytes: &[u8]) -> DeltaBatch {
        let mut batch = DeltaBatch::default();
        if matches!(self.form, Form::Unknown) {
            // No field of an event begins with a brace.
            let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
            let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
            self.form = match first {
                None => return batch,
                Some(b'{' | b'[') => Form::Json(Vec::new()),
                Some(_) => Form::Events(EventStream::default()),
            };
        }
        match std::mem::take(&mut self.form) {
            Form::Unknown => {}
            Form::Events(mut events) => {
                let fed = events.feed(bytes, |event| self.take_event(event, &mut batch));
                if fed.is_err() {
                    batch.fail(ModelError::Cut);
                }
                self.form = Form::Events(events);
            }
            Form::Json(mut body) => {
                body.extend_from_slice(bytes);
                if body.len() > MAX_BODY_BYTES {
                    batch.fail(ModelError::Cut);
                }
                self.form = Form::Json(body);
            }
        }
        batch
    }

    /// Decodes the bytes left at the end of the body.
    pub fn end(&mut self) -> DeltaBatch {
        let mut batch = DeltaBatch::default();
        match std::mem::take(&mut self.form) {
            Form::Unknown => {}
            Form::Events(mut events) => {
                // Only the size of a line can be wrong, and no line is added.
                let _ = events.end(|event| self.take_event(event, &mut batch));
            }
            Form::Json(body) => {
                let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&body);
                self.take_event(Event::Data(&String::from_utf8_lossy(body)), &mut batch);
            }
        }
        self.flush(&mut batch);
        batch
    }

    /// True if a part of the answer may be missing.
    #[must_use]
    pub const fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    /// True if objects came, and none of a chat completion: the URL is another API's.
    #[must_use]
    pub const fn is_other_api(&self) -> bool {
        matches!(self.api, Api::Other)
    }

    fn take_event(&mut self, event: Event<'_>, batch: &mut DeltaBatch) {
        if batch.done || batch.failure.is_some() {
            return;
        }
        match event {
            Event::Error(error) => batch.fail(provider_error::read_value(error)),
            Event::Data(data) => self.take_data(data, batch),
        }
    }

    /// Takes the data of an event: one value, or several where the empty line between events is missing.
    fn take_data(&mut self, data: &str, batch: &mut DeltaBatch) {
        // Some gateways write the name of the field twice.
        let mut rest = data.trim_start().trim_start_matches("data:").trim_start();
        while !rest.is_empty() && !batch.done && batch.failure.is_none() {
            if rest.starts_with("[DONE]") {
                batch.done = true;
                self.flush(batch);
                return;
            }
            let mut values = Deserializer::from_str(rest).into_iter::<&RawValue>();
            let Some(Ok(value)) = values.next() else {
                // A word such as `ping` keeps the connection alive. Anything else may have been a part of the answer.
                let is_word = rest.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
                self.is_damaged |= !is_word && !self.has_finished;
                return;
            };
            self.take_any(value, MAX_DEPTH, batch);
            rest = rest.get(values.byte_offset()..).unwrap_or_default().trim_start();
        }
    }

    /// Takes a value: an object, a list of them, or a text that has one.
    fn take_any(&mut self, value: &RawValue, depth: u8, batch: &mut DeltaBatch) {
        match value.get().as_bytes().first() {
            _ if depth == 0 => {}
            Some(b'[') => {
                let values: Vec<&RawValue> = read(Some(value)).unwrap_or_default();
                for value in values {
                    self.take_any(value, depth - 1, batch);
                }
            }
            Some(b'"') => {
                let text: String = read(Some(value)).unwrap_or_default();
                if let Some(object) =
                    RawValue::from_string(text).ok().filter(|text| text.get().starts_with('{'))
                {
                    self.take_value(&object, batch);
                }
            }
            _ => self.take_value(value, batch),
        }
    }

    fn take_value(&mut self, value: &RawValue, batch: &mut DeltaBatch) {
        let Some(mut chunk) = Chunk::read(value) else { return };
        if !chunk.is_completion {
            chunk = responses::read(value).unwrap_or(chunk);
        }
        let is_neutral = chunk.usage.is_some() || chunk.error.is_some();
        if chunk.is_completion {
            self.api = Api::Completions;
        } else if self.api == Api::Unknown && !is_neutral {
            self.api = Api::Other;
        }
        for piece in chunk.pieces {
            self.take_piece(piece, batch);
        }
        batch.has_thought_field |= chunk.has_thought_field;
        batch.details.extend(chunk.details);
        batch.calls.extend(chunk.calls);
        batch.usage = chunk.usage.or(batch.usage);
        self.is_refusal |= chunk.is_refusal;
        match chunk.finish {
            Some(WireFinish::Finished(finish)) if chunk.error.is_none() => {
                let is_refusal = self.is_refusal && finish == Finish::Stop;
                batch.finish = Some(if is_refusal { Finish::ContentFilter } else { finish });
                self.has_finished = true;
            }
            Some(WireFinish::Failed) => {
                batch.fail(chunk.error.unwrap_or(ModelError::Status { status: 502, retry_after: None }));
            }
            Some(WireFinish::Finished(_) | WireFinish::Unknown) | None => {}
        }
        if let Some(error) = chunk.error {
            batch.fail(error);
        }
    }

    fn take_piece(&mut self, piece: Piece, batch: &mut DeltaBatch) {
        match piece {
            Piece::Thought(piece) => self.thought.push(&piece, &mut batch.thoughts),
            Piece::Answer(piece) => {
                let mut text = String::new();
                self.answer.push(&piece, &mut text);
                self.splitter.push(&text, &mut batch.thoughts, &mut batch.text);
            }
        }
    }

    /// Gives out what was held back for a piece that does not come.
    fn flush(&mut self, batch: &mut DeltaBatch) {
        let mut text = String::new();
        self.answer.end(&mut text);
        self.thought.end(&mut batch.thoughts);
        self.splitter.push(&text, &mut batch.thoughts, &mut batch.text);
        self.splitter.end(&mut batch.thoughts, &mut batch.text);
    }
}

impl DeltaBatch {
    fn fail(&mut self, error: ModelError) {
        self.failure.get_or_insert(error);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chat::usage::Usage;

    fn decode(stream: &str) -> DeltaBatch {
        CompletionDecoder::default().feed(stream.as_bytes())
    }

    fn text(text: &str) -> String {
        format!("data: {}\n\n", serde_json::json!({"choices": [{"delta": {"content": text}}]}))
    }

    #[test]
    fn a_whole_answer() {
        let batch = decode(concat!(
            "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}]}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"Hé\"}}],\"usage\":null}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"llo \\ud83d\"}}]}\n\n",
            "data: {\"choices\":[{\"delta\":{\"content\":\"\\udc4b\"}}]}\n\n",
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n",
            "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,",
            "\"prompt_tokens_details\":{\"cached_tokens\":4}}}\n\n",
            "data: [DONE]\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"after the end\"}}]}\n\n",
        ));
        assert_eq!(batch.text, "Héllo 👋");
        assert_eq!(batch.finish, Some(Finish::ContentFilter));
        assert!(batch.done);
        let usage = batch.usage.unwrap().or(&Usage::NONE);
        assert_eq!((usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens), (9, 4, 2));
    }

    #[test]
    fn texts_and_thoughts_are_read_wherever_they_stand() {
        for (chunk, text, thoughts) in [
            (r#"{"delta":{"content":[{"type":"text","text":"Good"}]}}"#, "Good", ""),
            (r#"{"delta":{"content":{"type":"text","text":"Good"}}}"#, "Good", ""),
            (
                r#"{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Hm"}]},{"type":"text","text":"Good"}]}}"#,
                "Good",
                "Hm",
            ),
            (r#"{"delta":{"content":"Good","reasoning_content":"Hm"}}"#, "Good", "Hm"),
            (r#"{"delta":{"content":"Good","reasoning":"Hm","reasoning_content":""}}"#, "Good", "Hm"),
            (r#"{"delta":{"content":"Good","reasoning":"Hm","reasoning_content":"Hm"}}"#, "Good", "Hm"),
            (r#"{"delta":{"content":"<think>Hm</think>Good"}}"#, "Good", "Hm"),
            (r#"{"message":{"content":"Good"}}"#, "Good", ""),
            (r#"{"delta":null,"message":{"content":"Good"}}"#, "Good", ""),
            (r#"{"delta":{"content":null,"refusal":"Good"}}"#, "Good", ""),
            (r#"{"delta":{"content":7}}"#, "", ""),
            (
                r#"{"delta":{"content":"","content":"Good","role":"assistant","role":"assistant"}}"#,
                "Good",
                "",
            ),
            (r#"{"delta":7,"message":{"content":"Good"}}"#, "Good", ""),
            (r#"{"delta":{"content":"Good"},"delta":{"content":"Good"}}"#, "Good", ""),
        ] {
            let mut decoder = CompletionDecoder::default();
            let batch =
                decoder.feed(format!("data: {{\"choices\":[{chunk}]}}\n\ndata: [DONE]\n\n").as_bytes());
            assert_eq!((batch.text.as_str(), batch.thoughts.as_str()), (text, thoughts), "{chunk}");
        }
    }

    #[test]
    fn a_chunk_is_read_in_whatever_it_is_wrapped() {
        let chunk = r#"{"choices":[{"delta":{"content":"Good"},"finish_reason":"stop"}]}"#;
        let in_text = serde_json::to_string(chunk).unwrap();
        let one_object = chunk.replace("[{", "{").replace("}]}", "}}");
        let completion = r#"{"choices":[{"text":"Good","index":0,"finish_reason":"stop"}]}"#;
        for data in
            [chunk, &format!("[{chunk}]"), &format!("data: {chunk}"), &in_text, &one_object, completion]
        {
            let batch = decode(&format!("data: {data}\n\ndata: [DONE]\n\n"));
            assert_eq!((batch.text.as_str(), batch.finish), ("Good", Some(Finish::Stop)), "{data}");
        }
        for body in [format!("\u{feff}{chunk}"), format!("[{chunk}]"), format!("{chunk}\n{chunk}")] {
            let mut decoder = CompletionDecoder::default();
            decoder.feed(body.as_bytes());
            let batch = decoder.end();
            assert!(batch.text.starts_with("Good") && batch.finish == Some(Finish::Stop), "{body}");
        }
    }

    #[test]
    fn a_refusal_finishes_as_one() {
        let batch = decode(concat!(
            "data: {\"choices\":[{\"delta\":{\"refusal\":\"I cannot\"}}]}\n\n",
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
        ));
        assert_eq!((batch.text.as_str(), batch.finish), ("I cannot", Some(Finish::ContentFilter)));
    }

    #[test]
    fn an_error_keeps_what_came_before_it() {
        for (event, status) in [
            ("data: {\"error\":{\"message\":\"secret\",\"code\":529}}\n\n", 529),
            ("error: {\"code\":400,\"message\":\"too long\"}\n\n", 400),
            (
                "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"error\",\"error\":{\"code\":503}}]}\n\n",
                503,
            ),
            ("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"error\"}]}\n\n", 502),
            ("event: error\ndata: {\"error\":{\"message\":\"busy\",\"code\":503}}\ndata: [DONE]\n\n", 503),
        ] {
            let batch = decode(&[&text("Good"), event, &text("lost")].concat());
            assert_eq!(batch.text, "Good", "{event}");
            assert_eq!(batch.failure, Some(ModelError::Status { status, retry_after: None }), "{event}");
        }
    }

    #[test]
    fn a_body_without_events_is_one_chunk() {
        let mut decoder = CompletionDecoder::default();
        let body = r#" {"choices":[{"message":{"content":"Good"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2}}"#;
        let (first, second) = body.split_at(40);
        assert_eq!(decoder.feed(first.as_bytes()), DeltaBatch::default());
        assert_eq!(decoder.feed(second.as_bytes()), DeltaBatch::default());
        let batch = decoder.end();
        assert_eq!((batch.text.as_str(), batch.finish), ("Good", Some(Finish::Stop)));
        for (body, status) in
            [(r#"{"code":"exhausted","error":"no credit left"}"#, 402), (r#"[{"error":{"code":400}}]"#, 400)]
        {
            let mut decoder = CompletionDecoder::default();
            decoder.feed(body.as_bytes());
            assert_eq!(
                decoder.end().failure,
                Some(ModelError::Status { status, retry_after: None }),
                "{body}"
            );
        }
    }

    #[test]
    fn another_api_is_told_by_its_objects() {
        let mut decoder = CompletionDecoder::default();
        decoder.feed(b"data: {\"response\":\"Hel\",\"p\":\"abc\"}\n\ndata: [DONE]\n\n");
        assert!(decoder.is_other_api());
        decoder.feed(b"data: {\"choices\":[]}\n\n");
        assert!(!decoder.is_other_api());
    }

    #[test]
    fn a_chunk_that_breaks_off_is_a_damage() {
        for (data, is_damaged) in [
            ("{\"choices\":[{\"del", true),
            ("<html>", true),
            ("\u{fffd}", true),
            ("[1", true),
            ("\"x\"", false),
            ("null", false),
            ("", false),
            ("keep-alive", false),
        ] {
            let mut decoder = CompletionDecoder::default();
            let batch = decoder.feed(format!("data: {data}\n\n{}", text("Good")).as_bytes());
            assert_eq!(
                (batch.text.as_str(), batch.failure, decoder.is_damaged()),
                ("Good", None, is_damaged),
                "{data}"
            );
        }
    }

    /// Chunks that say nothing of the answer, each odd in another way.
    const ODD: &[&str] = &[
        "data:\n\n",
        "data: null\n\n",
        "data: {\"choices\":null}\n\n",
        "data: {\"choices\":[null]}\n\n",
        "data: {\"choices\":{}}\n\n",
        "data: {\"choices\":[{\"delta\":null}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":null,\"tool_calls\":{}}}]}\n\n",
        "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"another choice\"}}]}\n\n",
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":null,\"completion_tokens\":-1.5}}\n\n",
        "data: {\"choices\":[{\"delta\":{\"tool_calls\":[null,7,{\"index\":-1,\"function\":\"x\"}]}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":[]},\"finish_reason\":7}]}\n\n",
        "data: {\"error\":null,\"choices\":[]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"conte\n\n",
        ": ping\n\n",
        "event: ping\ndata: {\"type\":\"ping\"}\n\n",
        "data: 7\n\n",
        "data: {\"choices\":[],\"choices\":[]}\n\n",
        "data: {\"choices\":[[{\"delta\":{\"content\":\"too deep\"}}]]}\n\n",
        "data: {\"choices\":\"none\",\"usage\":[]}\n\n",
        "data: {\"choices\":[{\"delta\":[{\"content\":\"no object\"}],\"finish_reason\":{}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"reasoning_details\":[7,null]}}]}\n\n",
        "data: {\"type\":\"response.in_progress\",\"response\":null}\n\n",
        "data: {\"type\":\"response.output_item.added\",\"item\":[]}\n\n",
    ];

    proptest! {
        #[test]
        fn odd_chunks_leave_the_text_of_the_good_ones(
            texts in prop::collection::vec("[a-zé👋 ]{0,12}", 1..8),
            odd in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..12),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let mut events: Vec<_> = texts.iter().map(|one| text(one)).collect();
            for (which, at) in odd {
                events.insert(at.index(events.len() + 1), which.get(ODD).to_string());
            }
            let stream = events.concat();
            let bytes = stream.as_bytes();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut decoder = CompletionDecoder::default();
            let mut batches: Vec<_> = cuts.windows(2).map(|pair| decoder.feed(&bytes[pair[0]..pair[1]])).collect();
            batches.push(decoder.end());
            prop_assert!(batches.iter().all(|batch| batch.failure.is_none()));
            prop_assert_eq!(batches.iter().map(|batch| batch.text.as_str()).collect::<String>(), texts.concat());
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), prefix in "(data: |\\{|error: |)(\\{\"choices\":\\[\\{)?") {
            let mut decoder = CompletionDecoder::default();
            decoder.feed(prefix.as_bytes());
            decoder.feed(&bytes);
            decoder.end();
        }
    }
}
