//! Answers in the form of OpenAI's chat completions, whole or as chunks
//! (<https://platform.openai.com/docs/api-reference/chat/object>, <https://platform.openai.com/docs/api-reference/chat/streaming>).
//!
//! Calls of the employee's own tools are no part of them: a client sees its own calls alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::client_event::{AnswerSummary, CallProgress, ClientEvent, UsageSummary};
use super::openai_error::OpenAiError;
use super::turn_event::TurnEnding;
use crate::error::{Error, Fault};
use crate::time::Millis;

/// Last line of every stream that ended well.
const END: &str = "data: [DONE]\n\n";

/// Text between two steps of an answer.
const STEP_SEPARATOR: &str = "\n\n";

/// Prefix of the id of a call.
const CALL_PREFIX: &str = "call_";

/// A piece of an answer for such a client.
#[derive(Debug, PartialEq)]
enum Piece {
    Start,
    Text(String),
    Thought(String),
    Call(WireCall),
}

/// A call of a client's tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct WireCall {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    id: String,
    r#type: &'static str,
    function: WireFunction,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct WireFunction {
    name: String,
    arguments: String,
}

/// Identity of a completion.
#[derive(Clone, Debug, Serialize)]
struct Head {
    id: String,
    object: &'static str,
    /// Seconds since 1970.
    created: Millis,
    model: String,
}

/// Usage in OpenAI's form.
#[derive(Clone, Copy, Debug, Serialize)]
struct WireUsage {
    prompt_tokens: u32,
    completion_tokens: u32,
    total_tokens: u32,
    prompt_tokens_details: PromptDetails,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct PromptDetails {
    cached_tokens: u32,
}

#[derive(Serialize)]
struct Chunk<'a> {
    #[serde(flatten)]
    head: &'a Head,
    choices: Vec<ChunkChoice<'a>>,
    /// Null in every chunk but the last one, and absent unless it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Value>,
}

#[derive(Serialize)]
struct ChunkChoice<'a> {
    index: u32,
    delta: Delta<'a>,
    logprobs: Option<()>,
    finish_reason: Option<&'static str>,
}

#[derive(Default, Serialize)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    /// As DeepSeek and others name the thoughts of a model.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[&'a WireCall; 1]>,
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    head: &'a Head,
    choices: [WholeChoice<'a>; 1],
    usage: WireUsage,
}

#[derive(Serialize)]
struct WholeChoice<'a> {
    index: u32,
    message: WholeMessage<'a>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct WholeMessage<'a> {
    role: &'static str,
    content: Option<&'a str>,
    refusal: Option<()>,
    #[serde(skip_serializing_if = "str::is_empty")]
    reasoning_content: &'a str,
    #[serde(skip_serializing_if = "<[WireCall]>::is_empty")]
    tool_calls: &'a [WireCall],
}

/// Reads the events of a turn as an OpenAI client is told of them.
#[derive(Debug)]
struct Reader {
    head: Head,
    /// Name and arguments of calls that are not known to be the client's.
    requested: BTreeMap<Uuid, WireFunction>,
    /// Calls of the client's tools so far.
    calls: usize,
    has_text: bool,
    is_after_step: bool,
}

impl Reader {
    fn new(object: &'static str, now: Millis) -> Self {
        let head = Head { id: String::new(), object, created: now / 1000, model: String::new() };
        Self { head, requested: BTreeMap::new(), calls: 0, has_text: false, is_after_step: false }
    }

    fn read(&mut self, event: &ClientEvent<'_>) -> Option<Piece> {
        match event {
            ClientEvent::Start(origin) => {
                self.head.id = format!("chatcmpl-{}", origin.message_id.simple());
                origin.employee.clone_into(&mut self.head.model);
                Some(Piece::Start)
            }
            ClientEvent::Text(text) => {
                let is_next_step = std::mem::take(&mut self.is_after_step) && self.has_text;
                self.has_text = true;
                let separator = if is_next_step { STEP_SEPARATOR } else { "" };
                Some(Piece::Text([separator, text].concat()))
            }
            ClientEvent::Thought(thought) => Some(Piece::Thought((*thought).to_owned())),
            ClientEvent::Call(id, CallProgress::Requested(name, arguments)) => {
                let function = WireFunction { name: (*name).to_owned(), arguments: arguments.to_string() };
                self.requested.insert(*id, function);
                None
            }
            // Only a client's tool is waited for: other tools that ask are not offered to its model.
            ClientEvent::Call(id, CallProgress::ApprovalRequested(..)) => {
                let function = self.requested.remove(id)?;
                let index = Some(self.calls);
                self.calls += 1;
                Some(Piece::Call(WireCall { index, id: call_name(*id), r#type: "function", function }))
            }
            ClientEvent::StepFinished => {
                self.is_after_step = true;
                None
            }
            ClientEvent::Call(..)
            | ClientEvent::Receipt(_)
            | ClientEvent::Source(_)
            | ClientEvent::Masked(_)
            | ClientEvent::HandedOff(_)
            | ClientEvent::Finish(..)
            | ClientEvent::Stopped(_)
            | ClientEvent::Error(_)
            | ClientEvent::Interrupted(_) => None,
        }
    }

    fn finish_reason(&self, reason: &str) -> &'static str {
        match reason {
            _ if self.calls > 0 => "tool_calls",
            "length" => "length",
            "content-filter" => "content_filter",
            _ => "stop",
        }
    }
}

/// Encodes a turn as chunks of server-sent events.
#[derive(Debug)]
pub struct ChunkEncoder {
    reader: Reader,
    has_usage: UsageChunk,
}

/// Decision of a client on the chunk with the usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsageChunk {
    /// It comes last, as `stream_options.include_usage` asks for.
    Last,
    /// There is none.
    Absent,
}

impl ChunkEncoder {
    /// An encoder of a completion that begins at that moment.
    #[must_use]
    pub fn new(has_usage: UsageChunk, now: Millis) -> Self {
        Self { reader: Reader::new("chat.completion.chunk", now), has_usage }
    }

    /// The chunks of an event; empty for most events but text.
    #[must_use]
    pub fn encode(&mut self, event: &ClientEvent<'_>) -> String {
        let piece = self.reader.read(event);
        piece.map_or_else(String::new, |piece| self.piece(&piece))
    }

    /// The last chunks. A failure is an error without `[DONE]`.
    #[must_use]
    pub fn end(&self, ending: &TurnEnding) -> String {
        match outcome(ending) {
            Ok((reason, summary)) => {
                let finish_reason = Some(self.reader.finish_reason(reason));
                let mut out = self.chunk(vec![choice(Delta::default(), finish_reason)], None);
                if self.has_usage == UsageChunk::Last {
                    out.push_str(&self.chunk(Vec::new(), Some(wire_usage(&summary.usage))));
                }
                out.push_str(END);
                out
            }
            Err(error) => data(&OpenAiError::of(&error)),
        }
    }

    fn piece(&self, piece: &Piece) -> String {
        let delta = match piece {
            Piece::Start => Delta { role: Some("assistant"), content: Some(""), ..Delta::default() },
            Piece::Text(text) => Delta { content: Some(text), ..Delta::default() },
            Piece::Thought(thought) => Delta { reasoning_content: Some(thought), ..Delta::default() },
            Piece::Call(call) => Delta { tool_calls: Some([call]), ..Delta::default() },
        };
        self.chunk(vec![choice(delta, None)], None)
    }

    fn chunk(&self, choices: Vec<ChunkChoice<'_>>, usage: Option<WireUsage>) -> String {
        // Numbers alone cannot fail.
        let usage = (self.has_usage == UsageChunk::Last).then(|| json!(usage));
        data(&Chunk { head: &self.reader.head, choices, usage })
    }
}

/// Collects a turn as one completion.
#[derive(Debug)]
pub struct CompletionCollector {
    reader: Reader,
    text: String,
    thoughts: String,
    calls: Vec<WireCall>,
}

impl CompletionCollector {
    /// A collector of a completion that begins at that moment.
    #[must_use]
    pub fn new(now: Millis) -> Self {
        let reader = Reader::new("chat.completion", now);
        Self { reader, text: String::new(), thoughts: String::new(), calls: Vec::new() }
    }

    /// Takes an event.
    pub fn take(&mut self, event: &ClientEvent<'_>) {
        match self.reader.read(event) {
            Some(Piece::Text(text)) => self.text.push_str(&text),
            Some(Piece::Thought(thought)) => self.thoughts.push_str(&thought),
            Some(Piece::Call(call)) => self.calls.push(WireCall { index: None, ..call }),
            Some(Piece::Start) | None => {}
        }
    }

    /// The completion as JSON.
    ///
    /// # Errors
    /// The failure of the turn.
    pub fn end(&self, ending: &TurnEnding) -> Result<String, Error> {
        let (reason, summary) = outcome(ending)?;
        let message = WholeMessage {
            role: "assistant",
            content: Some(self.text.as_str()).filter(|text| !text.is_empty() || self.calls.is_empty()),
            refusal: None,
            reasoning_content: &self.thoughts,
            tool_calls: &self.calls,
        };
        let finish_reason = self.reader.finish_reason(reason);
        let choice = WholeChoice { index: 0, message, logprobs: None, finish_reason };
        let usage = wire_usage(&summary.usage);
        let whole = Whole { head: &self.reader.head, choices: [choice], usage };
        // Strings and numbers alone cannot fail.
        Ok(serde_json::to_string(&whole).unwrap_or_default())
    }
}

/// The id of a call as clients know it.
fn call_name(id: Uuid) -> String {
    format!("{CALL_PREFIX}{}", id.simple())
}

/// Reads the id of a call that was made here.
#[must_use]
pub fn call_id(name: &str) -> Option<Uuid> {
    Uuid::try_parse(name.strip_prefix(CALL_PREFIX)?).ok()
}

/// The finish reason and the usage, or the failure.
fn outcome(ending: &TurnEnding) -> Result<(&str, &AnswerSummary), Error> {
    match ending {
        TurnEnding::Finished { reason, summary } => Ok((reason, summary)),
        TurnEnding::Stopped { summary } => Ok(("stop", summary)),
        TurnEnding::Failed { code } => Err(Fault::new(*code, "completion").into()),
    }
}

const fn choice<'a>(delta: Delta<'a>, finish_reason: Option<&'static str>) -> ChunkChoice<'a> {
    ChunkChoice { index: 0, delta, logprobs: None, finish_reason }
}

const fn wire_usage(usage: &UsageSummary) -> WireUsage {
    let UsageSummary { prompt_tokens, cached_tokens, completion_tokens, total_tokens } = *usage;
    let prompt_tokens_details = PromptDetails { cached_tokens };
    WireUsage { prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details }
}

fn data(value: &impl Serialize) -> String {
    let mut out = String::new();
    // Neither can fail: values have string keys and finite numbers, and a String takes any text.
    let json = serde_json::to_string(value).unwrap_or_default();
    let _ = write!(out, "data: {json}\n\n");
    out
}
