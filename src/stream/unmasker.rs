//! From masked turn events to unmasked client events, live or replayed.

use pii::placeholder::Placeholder;
use pii::unmask::{Escape, PlaceholderMap, Unmasker, unmask};
use serde_json::Value;
use uuid::Uuid;

use super::client_event::{CallProgress, ClientEvent, HandOff};
use super::masked_values::MaskedValues;
use super::turn_event::{TurnEvent, TurnHead};
use crate::chat::tool_call::CallOutcome;

/// Unmasks the events of one turn in order. The same events always give the same result, at any pace.
#[derive(Debug)]
pub struct EventUnmasker<F> {
    /// Values of every placeholder that the turn may come to.
    known: PlaceholderMap,
    /// Values of the placeholders that the model has seen so far. Only these are put into text: a placeholder that the model made
    /// up stays as it is.
    visible: PlaceholderMap,
    /// Placeholders that the model has seen so far.
    seen: Vec<Placeholder>,
    /// Masked values that were emitted.
    masked: MaskedValues,
    /// Kinds of values that models of the turn read as they are.
    unmasked_kinds: Vec<String>,
    text: Unmasker,
    thought: Unmasker,
    emit: F,
}

impl<F: FnMut(&ClientEvent<'_>)> EventUnmasker<F> {
    /// Emits the beginning of a turn: origin, receipt and sources.
    pub fn start(head: &TurnHead, known: PlaceholderMap, mut emit: F) -> Self {
        emit(&ClientEvent::Start(&head.origin(&known)));
        emit(&ClientEvent::Receipt(&head.receipt));
        let visible = known.only(&head.visible_placeholders);
        for source in &head.sources {
            emit(&ClientEvent::Source(&source.unmasked(&visible)));
        }
        let answer = if head.is_json { Unmasker::json } else { Unmasker::new };
        let (text, thought) = (answer(visible.clone()), Unmasker::new(visible.clone()));
        let (seen, unmasked_kinds) = (head.visible_placeholders.clone(), head.unmasked_kinds.clone());
        let masked = MaskedValues::default();
        let mut unmasker = Self { known, visible, seen, masked, unmasked_kinds, text, thought, emit };
        unmasker.emit_hidden(&head.visible_placeholders);
        unmasker
    }

    /// Adds values of placeholders that the turn came to since.
    pub fn add_known(&mut self, known: PlaceholderMap) {
        self.known.extend(known);
    }

    /// Shows values as another employee's policy allows from here on: those of every placeholder that the turn may come to.
    pub fn take_over(&mut self, known: PlaceholderMap) {
        self.flush_text();
        self.visible = known.only(&self.seen);
        self.known = known;
        self.set_shown();
    }

    /// Emits the unmasked form of one event. Text that may be the beginning of a placeholder is held back.
    pub fn push(&mut self, event: &TurnEvent) {
        if !matches!(event, TurnEvent::TextDelta(_)) {
            self.flush_answer();
        }
        if !matches!(event, TurnEvent::ThoughtDelta(_)) {
            self.flush_thought();
        }
        match event {
            TurnEvent::TextDelta(delta) => {
                let text = self.text.feed(delta);
                self.emit_text(&text);
            }
            TurnEvent::ThoughtDelta(delta) => {
                let thought = self.thought.feed(delta);
                self.emit_thought(&thought);
            }
            TurnEvent::ToolCallStarted { id, name } => self.emit_call(*id, CallProgress::Started(name)),
            TurnEvent::ToolCall { call, placeholders } => {
                self.show(placeholders);
                let arguments = unmasked_json(&call.arguments_json(), &self.visible);
                self.emit_call(call.id, CallProgress::Requested(&call.name, &arguments));
            }
            TurnEvent::ToolResult { id, outcome, placeholders } => {
                self.show(placeholders);
                self.push_outcome(*id, outcome);
            }
            TurnEvent::StepFinished => (self.emit)(&ClientEvent::StepFinished),
            TurnEvent::HandedOff { employee, model, unmasked_kinds, .. } => {
                self.unmasked_kinds.extend_from_slice(unmasked_kinds);
                (self.emit)(&ClientEvent::HandedOff(HandOff { employee, model }));
            }
        }
    }

    /// Emits what was held back: no more text follows in this step.
    pub fn flush_text(&mut self) {
        self.flush_thought();
        self.flush_answer();
    }

    fn flush_answer(&mut self) {
        let rest = self.text.end();
        self.emit_text(&rest);
    }

    fn flush_thought(&mut self) {
        let rest = self.thought.end();
        self.emit_thought(&rest);
    }

    /// Emits the last event of the turn.
    pub fn end(mut self, event: &ClientEvent<'_>) {
        (self.emit)(event);
    }

    fn show(&mut self, placeholders: &[Placeholder]) {
        if !placeholders.is_empty() {
            self.seen.extend_from_slice(placeholders);
            self.visible.extend(self.known.only(placeholders));
            self.set_shown();
            self.emit_hidden(placeholders);
        }
    }

    fn set_shown(&mut self) {
        self.text.set_shown(self.visible.clone());
        self.thought.set_shown(self.visible.clone());
    }

    fn push_outcome(&mut self, id: Uuid, outcome: &CallOutcome) {
        match outcome {
            CallOutcome::Waiting { approval_id, expires_at } => {
                self.emit_call(id, CallProgress::ApprovalRequested(*approval_id, *expires_at));
            }
            CallOutcome::Succeeded { output } => {
                let output = unmasked_json(output, &self.visible);
                self.emit_call(id, CallProgress::Output(&output));
            }
            CallOutcome::Failed { error, .. } => {
                let error = unmask(error, &self.visible, Escape::None);
                self.emit_call(id, CallProgress::Error(&error));
            }
            CallOutcome::Denied { .. } => self.emit_call(id, CallProgress::Denied),
            CallOutcome::Expired => self.emit_call(id, CallProgress::Error("It was not allowed in time.")),
            CallOutcome::Running => {}
        }
    }

    fn emit_call(&mut self, id: Uuid, progress: CallProgress<'_>) {
        (self.emit)(&ClientEvent::Call(id, progress));
    }

    fn emit_thought(&mut self, thought: &str) {
        if !thought.is_empty() {
            (self.emit)(&ClientEvent::Thought(thought));
        }
    }

    /// Emits the placeholders whose values the user does not see: they stand in the text as they are.
    fn emit_hidden(&mut self, placeholders: &[Placeholder]) {
        let hidden = placeholders.iter().filter(|placeholder| self.visible.of(placeholder).is_none());
        self.emit_masked(MaskedValues::of(hidden, &self.visible, &self.unmasked_kinds));
    }

    fn emit_masked(&mut self, masked: MaskedValues) {
        let new = self.masked.add(masked);
        if !new.is_empty() {
            (self.emit)(&ClientEvent::Masked(&new));
        }
    }

    fn emit_text(&mut self, text: &str) {
        let replaced = self.text.take_replaced();
        if !replaced.is_empty() {
            self.emit_masked(MaskedValues::of(&replaced, &self.visible, &self.unmasked_kinds));
        }
        if !text.is_empty() {
            (self.emit)(&ClientEvent::Text(text));
        }
    }
}

/// JSON, or a string for a text that is none, with values in the place of placeholders.
fn unmasked_json(text: &str, visible: &PlaceholderMap) -> Value {
    serde_json::from_str(&unmask(text, visible, Escape::Json))
        .ok()
        .filter(|value: &Value| value.is_object() || value.is_array())
        .unwrap_or_else(|| Value::String(unmask(text, visible, Escape::None)))
}
