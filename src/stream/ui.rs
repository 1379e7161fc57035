//! The AI SDK's UI message stream, version 1, over server-sent events
//! (<https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol#data-stream-protocol>).

use std::fmt::Write as _;

use serde::Serialize;
use uuid::Uuid;

use super::event::{Event, Origin, Summary};

/// The header that tells clients which protocol this is.
pub const HEADER: (&str, &str) = ("x-vercel-ai-ui-message-stream", "v1");

/// The id of the one text part that an answer has.
const TEXT_PART: &str = "text-1";

/// One frame's data.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "kebab-case", rename_all_fields = "camelCase")]
enum Part<'a> {
    Start { message_id: Uuid, message_metadata: &'a Origin<'a> },
    StartStep,
    TextStart { id: &'a str },
    TextDelta { id: &'a str, delta: &'a str },
    TextEnd { id: &'a str },
    FinishStep,
    Finish { finish_reason: &'a str, message_metadata: &'a Summary<'a> },
    Error { error_text: &'a str },
}

/// Spells events as frames. Each frame has an id, `{turn}:{number}`, so that a client can say how far it got.
#[derive(Debug)]
pub struct UiEncoder {
    turn: Uuid,
    frames: u32,
    in_text: bool,
}

impl UiEncoder {
    /// An encoder for one turn.
    #[must_use]
    pub const fn new(turn: Uuid) -> Self {
        Self { turn, frames: 0, in_text: false }
    }

    /// The frames of one event.
    #[must_use]
    pub fn encode(&mut self, event: &Event<'_>) -> String {
        let mut out = String::new();
        match event {
            Event::Start(origin) => {
                self.frame(
                    &mut out,
                    &Part::Start { message_id: origin.message_id, message_metadata: origin },
                );
                self.frame(&mut out, &Part::StartStep);
            }
            Event::Text(delta) => {
                if !self.in_text {
                    self.in_text = true;
                    self.frame(&mut out, &Part::TextStart { id: TEXT_PART });
                }
                self.frame(&mut out, &Part::TextDelta { id: TEXT_PART, delta });
            }
            Event::Finish(summary) => {
                self.end_text(&mut out);
                self.frame(&mut out, &Part::FinishStep);
                let finish_reason = summary.finish_reason;
                self.frame(&mut out, &Part::Finish { finish_reason, message_metadata: summary });
                out.push_str("data: [DONE]\n\n");
            }
            Event::Error(error_text) => {
                self.end_text(&mut out);
                self.frame(&mut out, &Part::Error { error_text });
                out.push_str("data: [DONE]\n\n");
            }
        }
        out
    }

    fn end_text(&mut self, out: &mut String) {
        if self.in_text {
            self.in_text = false;
            self.frame(out, &Part::TextEnd { id: TEXT_PART });
        }
    }

    fn frame(&mut self, out: &mut String, part: &Part<'_>) {
        self.frames += 1;
        // Neither can fail: parts have string keys and finite numbers, and a String takes any text.
        let json = serde_json::to_string(part).unwrap_or_default();
        let _ = write!(out, "id: {}:{}\ndata: {json}\n\n", self.turn.simple(), self.frames);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::event::UsageSummary;

    const ORIGIN: Origin<'static> = Origin {
        message_id: Uuid::from_u128(2),
        session_id: Uuid::from_u128(3),
        employee: "prime-boss",
        model: "gpt-4o-mini",
    };

    #[test]
    fn a_whole_answer() {
        let summary = Summary {
            finish_reason: "stop",
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
        let mut encoder = UiEncoder::new(Uuid::from_u128(1));
        let events =
            [Event::Start(&ORIGIN), Event::Text("Hi\n\"you\""), Event::Text(" 😀"), Event::Finish(&summary)];
        let wire: String = events.iter().map(|event| encoder.encode(event)).collect();
        insta::assert_snapshot!(wire);
    }

    #[test]
    fn an_answer_that_breaks_off() {
        let mut encoder = UiEncoder::new(Uuid::from_u128(1));
        let events = [Event::Start(&ORIGIN), Event::Text("Hal"), Event::Error("It broke off.")];
        let wire: String = events.iter().map(|event| encoder.encode(event)).collect();
        insta::assert_snapshot!(wire);
    }
}
