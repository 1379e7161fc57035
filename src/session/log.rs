//! The log of a turn: its masked events, enough to replay it frame by frame.

use std::collections::BTreeSet;

use pii::placeholder::Placeholder;
use pii::policy::Policy;
use pii::unmask::PlaceholderMap;

use super::in_flight::PartialAnswer;
use crate::chat::tool_call::CallOutcome;
use crate::stream::client_event::ClientEvent;
use crate::stream::turn_event::{TurnEnding, TurnEvent, TurnHead};
use crate::stream::unmasker::EventUnmasker;
use crate::time::Millis;

/// Milliseconds that a turn can be replayed after its end.
pub const KEPT_FOR: Millis = 24 * 60 * 60 * 1000;

/// A turn's log.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnLog {
    /// Facts known before the answer.
    pub head: TurnHead,
    /// Events so far, in order.
    pub events: Vec<TurnEvent>,
    /// End of the turn, if it has ended.
    pub ending: Option<TurnEnding>,
    /// True once the first frames are sent. A reader that resumes before that gets them live, and must not get them twice.
    pub has_begun: bool,
}

impl TurnLog {
    /// A log without events.
    #[must_use]
    pub const fn new(head: TurnHead) -> Self {
        Self { head, events: Vec::new(), ending: None, has_begun: false }
    }

    /// Approximate size in memory, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let size = |event: &TurnEvent| match event {
            TurnEvent::TextDelta(text) | TurnEvent::ThoughtDelta(text) => text.len(),
            TurnEvent::ToolCall { call, .. } => call.arguments_json().len(),
            TurnEvent::ToolResult { outcome: CallOutcome::Succeeded { output }, .. } => output.len(),
            TurnEvent::ToolResult { .. }
            | TurnEvent::ToolCallStarted { .. }
            | TurnEvent::StepFinished
            | TurnEvent::HandedOff { .. } => 0,
        };
        self.events.iter().map(|event| size_of::<TurnEvent>() + size(event)).sum()
    }

    /// Placeholders that the model saw, in the prompt and in its calls.
    #[must_use]
    pub fn visible_placeholders(&self) -> Vec<Placeholder> {
        let in_calls = self.events.iter().flat_map(|event| match event {
            TurnEvent::ToolCall { placeholders, .. } | TurnEvent::ToolResult { placeholders, .. } => {
                placeholders.as_slice()
            }
            TurnEvent::TextDelta(_)
            | TurnEvent::ThoughtDelta(_)
            | TurnEvent::ToolCallStarted { .. }
            | TurnEvent::StepFinished
            | TurnEvent::HandedOff { .. } => &[],
        });
        let all: BTreeSet<_> = self.head.visible_placeholders.iter().chain(in_calls).cloned().collect();
        all.into_iter().collect()
    }

    /// Rebuilds the answer from the log: calls and their outcomes are added to `answer` with the text before them. Returns the text
    /// of the last step, in which values that the model made up are not masked yet.
    #[must_use]
    pub fn rebuild(&self, answer: &mut PartialAnswer) -> String {
        let mut text = String::new();
        for event in &self.events {
            match event {
                TurnEvent::TextDelta(delta) => text.push_str(delta),
                TurnEvent::ToolCall { call, .. } => {
                    // The call holds the masked text before it.
                    text.clear();
                    answer.push_step(&call.before);
                    answer.calls.push(call.clone());
                }
                TurnEvent::ToolResult { id, outcome, .. } => {
                    if let Some(call) = answer.call(*id) {
                        call.outcome = outcome.clone();
                    }
                }
                TurnEvent::ThoughtDelta(_)
                | TurnEvent::ToolCallStarted { .. }
                | TurnEvent::StepFinished
                | TurnEvent::HandedOff { .. } => {}
            }
        }
        text
    }

    /// Emits the turn again as far as it has come: the same events as live, one by one. `values` has the values of the turn's
    /// placeholders under a policy.
    pub fn replay(&self, values: impl Fn(&Policy) -> PlaceholderMap, emit: impl FnMut(&ClientEvent<'_>)) {
        if !self.has_begun {
            return;
        }
        let mut unmasker = EventUnmasker::start(&self.head, values(&self.head.policy), emit);
        for event in &self.events {
            if let TurnEvent::HandedOff { policy, .. } = event {
                unmasker.take_over(values(policy));
            }
            unmasker.push(event);
        }
        if let Some(ending) = &self.ending {
            let event = ending.event();
            // The text that was held back when the object died may have gone out: the end of that log is lost.
            if !matches!(event, ClientEvent::Interrupted(_)) {
                unmasker.flush_text();
            }
            unmasker.end(&event);
        }
    }
}
