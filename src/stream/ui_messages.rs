//! The AI SDK's UI message stream, version 1, over server-sent events
//! (<https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol#data-stream-protocol>).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::client_event::{AnswerSummary, CallProgress, ClientEvent, HandOff, Origin};
use super::masked_values::MaskedValues;
use crate::prompt::receipt::Receipt;
use crate::prompt::source::Source;

/// Header that names the protocol.
pub const HEADER: (&str, &str) = ("x-vercel-ai-ui-message-stream", "v1");

/// Last line of every stream.
const END: &str = "data: [DONE]\n\n";

/// Number of the frame before the frames of an interruption. A reader may have frames that no log holds any more, so these have
/// numbers that no other frame has: an answer has fewer frames than it may have bytes.
const INTERRUPTED: u32 = 1_000_000;

/// Comment that keeps a silent connection open; readers skip it.
pub const HEARTBEAT: &str = ": alive\n\n";

/// Id of a frame: `{turn}:{number}` on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrameId {
    /// Id of the turn.
    pub turn: Uuid,
    /// Number of the frame in its turn, from 1; 0 stands before all of them.
    pub frame: u32,
}

impl FrameId {
    /// Parses an id of the form `{turn}:{number}`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (turn, frame) = text.split_once(':')?;
        Some(Self { turn: Uuid::try_parse(turn).ok()?, frame: frame.parse().ok()? })
    }
}

/// Data of one frame.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
enum UiPart<'a> {
    Start {
        message_id: Uuid,
        message_metadata: &'a Origin<'a>,
    },
    StartStep,
    DataReceipt {
        data: &'a Receipt,
    },
    SourceDocument {
        source_id: Uuid,
        media_type: &'a str,
        title: &'a str,
        filename: &'a str,
        /// The protocol has no other place for fields of a server.
        provider_metadata: SourceMetadata<'a>,
    },
    TextStart {
        id: &'a str,
    },
    TextDelta {
        id: &'a str,
        delta: &'a str,
    },
    TextEnd {
        id: &'a str,
    },
    ReasoningStart {
        id: &'a str,
    },
    ReasoningDelta {
        id: &'a str,
        delta: &'a str,
    },
    ReasoningEnd {
        id: &'a str,
    },
    ToolInputStart {
        tool_call_id: Uuid,
        tool_name: &'a str,
    },
    ToolInputAvailable {
        tool_call_id: Uuid,
        tool_name: &'a str,
        input: &'a Value,
    },
    ToolApprovalRequest {
        approval_id: Uuid,
        tool_call_id: Uuid,
    },
    #[serde(rename = "message-metadata")]
    ApprovalExpiry {
        message_metadata: ApprovalMetadata,
    },
    ToolOutputAvailable {
        tool_call_id: Uuid,
        output: &'a Value,
    },
    ToolOutputError {
        tool_call_id: Uuid,
        error_text: &'a str,
    },
    ToolOutputDenied {
        tool_call_id: Uuid,
    },
    #[serde(rename = "message-metadata")]
    HandedOff {
        message_metadata: &'a HandOff<'a>,
    },
    #[serde(rename = "message-metadata")]
    Masked {
        message_metadata: MaskedMetadata<'a>,
    },
    FinishStep,
    Finish {
        finish_reason: &'a str,
        message_metadata: &'a AnswerSummary,
    },
    MessageMetadata {
        message_metadata: StoppedMetadata<'a>,
    },
    Abort,
    Error {
        error_text: &'a str,
    },
}

/// Metadata of a source, by the name of the server.
#[derive(Serialize)]
struct SourceMetadata<'a> {
    frontdesk: Passages<'a>,
}

/// Passages of a document that were in the prompt.
#[derive(Serialize)]
struct Passages<'a> {
    passages: &'a [Uuid],
}

/// Metadata of approval requests, by their ids. Clients merge it with what they have. The request itself has no place for it: the first
/// versions of AI SDK 6 and 7 refuse a request with a further field.
#[derive(Serialize)]
struct ApprovalMetadata {
    approvals: BTreeMap<Uuid, Expiry>,
}

#[derive(Serialize)]
struct Expiry {
    /// Moment after which a decision does not count.
    expires_at: DateTime<Utc>,
}

/// Metadata of masked values. Clients merge it with what they have.
#[derive(Serialize)]
struct MaskedMetadata<'a> {
    masked: &'a MaskedValues,
}

/// Metadata of an answer that was stopped.
#[derive(Serialize)]
struct StoppedMetadata<'a> {
    status: &'a str,
    #[serde(flatten)]
    summary: &'a AnswerSummary,
}

/// Encodes events as frames. Each frame has an id, so that a client can tell how far it got.
#[derive(Debug)]
pub struct UiEncoder {
    turn: Uuid,
    frames: u32,
    /// Number of frames that the reader has.
    after: u32,
    /// The part that is open.
    open: Option<OpenPart>,
    /// Text parts so far.
    texts: u32,
    /// Parts of thoughts so far.
    thoughts: u32,
}

/// A part that comes in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenPart {
    Text,
    Thoughts,
}

impl UiEncoder {
    /// An encoder for one turn.
    #[must_use]
    pub const fn new(turn: Uuid) -> Self {
        Self::resuming(turn, 0)
    }

    /// An encoder for a reader that has the first `after` frames of a turn: it skips them.
    #[must_use]
    pub const fn resuming(turn: Uuid, after: u32) -> Self {
        Self { turn, frames: 0, after, open: None, texts: 0, thoughts: 0 }
    }

    /// True if the reader has every frame so far.
    #[must_use]
    pub const fn is_behind(&self) -> bool {
        self.frames <= self.after
    }

    /// The frames of one event.
    #[must_use]
    pub fn encode(&mut self, event: &ClientEvent<'_>) -> String {
        let mut out = String::new();
        match event {
            ClientEvent::Start(origin) => {
                self.frame(
                    &mut out,
                    &UiPart::Start { message_id: origin.message_id, message_metadata: origin },
                );
                self.frame(&mut out, &UiPart::StartStep);
            }
            ClientEvent::Receipt(data) => self.frame(&mut out, &UiPart::DataReceipt { data }),
            ClientEvent::Source(Source { id, name, media_type, passages }) => {
                let provider_metadata = SourceMetadata { frontdesk: Passages { passages } };
                let part = UiPart::SourceDocument {
                    source_id: *id,
                    media_type,
                    title: name,
                    filename: name,
                    provider_metadata,
                };
                self.frame(&mut out, &part);
            }
            ClientEvent::Masked(masked) => {
                let message_metadata = MaskedMetadata { masked };
                self.frame(&mut out, &UiPart::Masked { message_metadata });
            }
            ClientEvent::Text(delta) => {
                let id = self.open(OpenPart::Text, &mut out);
                self.frame(&mut out, &UiPart::TextDelta { id: &id, delta });
            }
            ClientEvent::Thought(delta) => {
                let id = self.open(OpenPart::Thoughts, &mut out);
                self.frame(&mut out, &UiPart::ReasoningDelta { id: &id, delta });
            }
            ClientEvent::Call(id, call) => {
                self.close(&mut out);
                self.frame(&mut out, &call_part(*id, call));
                if let CallProgress::ApprovalRequested(approval, expires_at) = *call {
                    let approvals = BTreeMap::from([(approval, Expiry { expires_at })]);
                    let message_metadata = ApprovalMetadata { approvals };
                    self.frame(&mut out, &UiPart::ApprovalExpiry { message_metadata });
                }
            }
            ClientEvent::StepFinished => {
                self.close(&mut out);
                self.frame(&mut out, &UiPart::FinishStep);
                self.frame(&mut out, &UiPart::StartStep);
            }
            ClientEvent::HandedOff(hand_off) => {
                self.frame(&mut out, &UiPart::HandedOff { message_metadata: hand_off });
            }
            ClientEvent::Finish(finish_reason, summary) => {
                self.close(&mut out);
                self.frame(&mut out, &UiPart::FinishStep);
                self.frame(&mut out, &UiPart::Finish { finish_reason, message_metadata: summary });
                out.push_str(END);
            }
            ClientEvent::Stopped(summary) => {
                self.close(&mut out);
                // Before `abort`, after which clients listen to nothing.
                let message_metadata = StoppedMetadata { status: "stopped", summary };
                self.frame(&mut out, &UiPart::MessageMetadata { message_metadata });
                self.frame(&mut out, &UiPart::Abort);
                out.push_str(END);
            }
            ClientEvent::Error(error_text) => self.error(&mut out, error_text),
            ClientEvent::Interrupted(error_text) => {
                self.frames = INTERRUPTED;
                self.error(&mut out, error_text);
            }
        }
        out
    }

    fn error(&mut self, out: &mut String, error_text: &str) {
        self.close(out);
        self.frame(out, &UiPart::Error { error_text });
        out.push_str(END);
    }

    /// Opens a part, unless it is open, and closes the other. Returns its id.
    fn open(&mut self, part: OpenPart, out: &mut String) -> String {
        if self.open != Some(part) {
            self.close(out);
            self.open = Some(part);
            match part {
                OpenPart::Text => {
                    self.texts += 1;
                    self.frame(out, &UiPart::TextStart { id: &self.id_of(part) });
                }
                OpenPart::Thoughts => {
                    self.thoughts += 1;
                    self.frame(out, &UiPart::ReasoningStart { id: &self.id_of(part) });
                }
            }
        }
        self.id_of(part)
    }

    fn close(&mut self, out: &mut String) {
        let Some(part) = self.open.take() else { return };
        let id = &self.id_of(part);
        let end = match part {
            OpenPart::Text => UiPart::TextEnd { id },
            OpenPart::Thoughts => UiPart::ReasoningEnd { id },
        };
        self.frame(out, &end);
    }

    fn id_of(&self, part: OpenPart) -> String {
        match part {
            OpenPart::Text => format!("text-{}", self.texts),
            OpenPart::Thoughts => format!("reasoning-{}", self.thoughts),
        }
    }

    fn frame(&mut self, out: &mut String, part: &UiPart<'_>) {
        self.frames += 1;
        if self.frames <= self.after {
            return;
        }
        // Neither can fail: parts have string keys and finite numbers, and a String takes any text.
        let json = serde_json::to_string(part).unwrap_or_default();
        let _ = write!(out, "id: {}:{}\ndata: {json}\n\n", self.turn.simple(), self.frames);
    }
}

const fn call_part<'a>(tool_call_id: Uuid, progress: &CallProgress<'a>) -> UiPart<'a> {
    match *progress {
        CallProgress::Started(tool_name) => UiPart::ToolInputStart { tool_call_id, tool_name },
        CallProgress::Requested(tool_name, input) => {
            UiPart::ToolInputAvailable { tool_call_id, tool_name, input }
        }
        CallProgress::ApprovalRequested(approval_id, _) => {
            UiPart::ToolApprovalRequest { approval_id, tool_call_id }
        }
        CallProgress::Output(output) => UiPart::ToolOutputAvailable { tool_call_id, output },
        CallProgress::Error(error_text) => UiPart::ToolOutputError { tool_call_id, error_text },
        CallProgress::Denied => UiPart::ToolOutputDenied { tool_call_id },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::client_event::UsageSummary;

    fn origin() -> Origin<'static> {
        Origin {
            message_id: Uuid::from_u128(2),
            parent_id: Uuid::from_u128(4),
            session_id: Uuid::from_u128(3),
            employee: "prime-boss",
            model: "gpt-4o-mini",
            parent_masked: MaskedValues::default(),
        }
    }

    #[test]
    fn a_whole_answer() {
        let summary = AnswerSummary {
            model: "gpt-4o".into(),
            usage: UsageSummary {
                prompt_tokens: 9,
                cached_tokens: 4,
                completion_tokens: 3,
                total_tokens: 12,
            },
            ttft_ms: Some(120),
            latency_ms: 900,
            cost_usd: Some(0.000_002),
        };
        let source = Source {
            id: Uuid::from_u128(5),
            name: "plan.md".into(),
            media_type: "text/markdown".into(),
            passages: vec![Uuid::from_u128(6)],
        };
        let mut encoder = UiEncoder::new(Uuid::from_u128(1));
        let events = [
            ClientEvent::Start(&origin()),
            ClientEvent::Source(&source),
            ClientEvent::Text("Hi\n\"you\""),
            ClientEvent::Text(" 😀"),
            ClientEvent::Finish("stop", &summary),
        ];
        let wire: String = events.iter().map(|event| encoder.encode(event)).collect();
        insta::assert_snapshot!(wire);
    }

    #[test]
    fn thoughts_are_parts_of_their_own() {
        let mut encoder = UiEncoder::new(Uuid::from_u128(1));
        let events = [
            ClientEvent::Thought("Hm"),
            ClientEvent::Thought(", yes"),
            ClientEvent::Text("Yes"),
            ClientEvent::StepFinished,
            ClientEvent::Thought("And now"),
            ClientEvent::Error("It broke off."),
        ];
        let wire: String = events.iter().map(|event| encoder.encode(event)).collect();
        insta::assert_snapshot!(wire);
    }

    #[test]
    fn an_answer_that_was_stopped() {
        let mut encoder = UiEncoder::new(Uuid::from_u128(1));
        let usage =
            UsageSummary { prompt_tokens: 9, cached_tokens: 0, completion_tokens: 1, total_tokens: 10 };
        let summary = AnswerSummary {
            model: "gpt-4o-mini".into(),
            usage,
            ttft_ms: Some(120),
            latency_ms: 300,
            cost_usd: None,
        };
        let events =
            [ClientEvent::Start(&origin()), ClientEvent::Text("Hal"), ClientEvent::Stopped(&summary)];
        let wire: String = events.iter().map(|event| encoder.encode(event)).collect();
        insta::assert_snapshot!(wire);
    }

    #[test]
    fn who_comes_back_gets_what_they_have_not() {
        let events = [
            ClientEvent::Start(&origin()),
            ClientEvent::Text("Hal"),
            ClientEvent::Text("lo"),
            ClientEvent::Error("It broke off."),
        ];
        let wire = |after| {
            let mut encoder = UiEncoder::resuming(Uuid::from_u128(1), after);
            events.iter().map(|event| encoder.encode(event)).collect::<String>()
        };
        let all = wire(0);
        let frames: Vec<&str> = all.split_inclusive("\n\n").collect();
        for after in 0..frames.len() {
            assert_eq!(wire(u32::try_from(after).unwrap()), frames[after..].concat());
        }
        assert_eq!(
            FrameId::parse("00000000000000000000000000000001:4"),
            Some(FrameId { turn: Uuid::from_u128(1), frame: 4 })
        );
        assert_eq!((FrameId::parse("1:4"), FrameId::parse("x"), FrameId::parse(":")), (None, None, None));
    }

    #[test]
    fn a_reader_who_has_more_than_is_known_is_told_of_an_interruption() {
        let wire = |after| {
            let mut encoder = UiEncoder::resuming(Uuid::from_u128(1), after);
            let events = [
                ClientEvent::Start(&origin()),
                ClientEvent::Text("Hal"),
                ClientEvent::Interrupted("The server restarted."),
            ];
            (events.iter().map(|event| encoder.encode(event)).collect::<String>(), encoder.is_behind())
        };
        let (told, is_behind) = wire(40);
        assert!(told.starts_with("id: 00000000000000000000000000000001:1000001\n") && !is_behind, "{told}");
        assert!(told.contains("The server restarted.") && !told.contains("Hal"));
        assert!(wire(4).0 == told && wire(3).0.ends_with(&told), "the same for everybody");
        assert!(wire(1_000_002).1, "once");
    }

    #[test]
    fn an_answer_that_breaks_off() {
        let mut encoder = UiEncoder::new(Uuid::from_u128(1));
        let events =
            [ClientEvent::Start(&origin()), ClientEvent::Text("Hal"), ClientEvent::Error("It broke off.")];
        let wire: String = events.iter().map(|event| encoder.encode(event)).collect();
        insta::assert_snapshot!(wire);
    }
}
