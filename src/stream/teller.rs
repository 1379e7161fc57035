//! Tells a turn as it happens, or again: what a model wrote and did becomes what a client is told.

use pii::placeholder::Placeholder;
use pii::unmask::{Escape, PlaceholderMap, Unmasker, unmask};
use serde_json::Value;
use uuid::Uuid;

use super::event::{Call, Event, HandOver};
use crate::session::log::{Deed, LogHead, Told};
use crate::tools::call::Outcome;

/// Turns what a model writes and does, piece by piece, into events. The same pieces always make the same events: that is what
/// a reader who comes back relies on.
#[derive(Debug)]
pub struct Teller<F> {
    /// What stands behind tokens, whether the model was shown them yet or not.
    known: PlaceholderMap,
    /// What the model was shown.
    shown: PlaceholderMap,
    unmasker: Unmasker,
    emit: F,
}

impl<F: FnMut(&Event<'_>)> Teller<F> {
    /// Begins to tell: the answer has begun, to that prompt, with those sources.
    pub fn start(head: &LogHead, known: PlaceholderMap, mut emit: F) -> Self {
        emit(&Event::Start(&head.origin()));
        if let Some(receipt) = &head.receipt {
            emit(&Event::Receipt(receipt));
        }
        let shown = known.only(&head.shown);
        for source in &head.sources {
            emit(&Event::Source(&source.shown(&shown)));
        }
        Self { known, unmasker: Unmasker::new(shown.clone()), shown, emit }
    }

    /// What stands behind more tokens.
    pub fn learn(&mut self, known: PlaceholderMap) {
        self.known.extend(known);
    }

    /// The next piece.
    pub fn tell(&mut self, told: &Told) {
        match told {
            Told::Text(batch) => self.text(batch),
            Told::Deed(deed) => self.deed(deed),
        }
    }

    /// More of what the model wrote.
    pub fn text(&mut self, batch: &str) {
        let clear = self.unmasker.feed(batch);
        self.tell_text(&clear);
    }

    /// The text is over: tells what was held back.
    pub fn end_text(&mut self) {
        let rest = self.unmasker.end();
        self.tell_text(&rest);
    }

    /// How the answer ended; nothing follows.
    pub fn end(mut self, event: &Event<'_>) {
        (self.emit)(event);
    }

    fn deed(&mut self, deed: &Deed) {
        self.end_text();
        match deed {
            Deed::Begins { id, name } => self.tell_call(*id, Call::Begins(name)),
            Deed::Calls { call, shown } => {
                self.show(shown);
                let arguments = clear(&call.arguments_json(), &self.shown);
                self.tell_call(call.id, Call::Has(&call.name, &arguments));
            }
            Deed::Ends { id, outcome, shown } => {
                self.show(shown);
                self.outcome(*id, outcome);
            }
            Deed::Step => (self.emit)(&Event::Step),
            Deed::HandsOver { employee, model } => {
                (self.emit)(&Event::HandOver(HandOver { employee, model }));
            }
        }
    }

    /// The model is shown these from here on.
    fn show(&mut self, tokens: &[Placeholder]) {
        if !tokens.is_empty() {
            self.shown.extend(self.known.only(tokens));
            self.unmasker = Unmasker::new(self.shown.clone());
        }
    }

    fn outcome(&mut self, id: Uuid, outcome: &Outcome) {
        match outcome {
            Outcome::Waiting { approval_id, expires_at } => {
                self.tell_call(id, Call::Asks(*approval_id, *expires_at));
            }
            Outcome::Succeeded { output } => {
                let output = clear(output, &self.shown);
                self.tell_call(id, Call::Output(&output));
            }
            Outcome::Failed { error, .. } => {
                let error = unmask(error, &self.shown, Escape::None);
                self.tell_call(id, Call::Error(&error));
            }
            Outcome::Denied { .. } => self.tell_call(id, Call::Denied),
            Outcome::Expired => self.tell_call(id, Call::Error("It was not allowed in time.")),
            Outcome::Running => {}
        }
    }

    fn tell_call(&mut self, id: Uuid, call: Call<'_>) {
        (self.emit)(&Event::Call(id, call));
    }

    fn tell_text(&mut self, text: &str) {
        if !text.is_empty() {
            (self.emit)(&Event::Text(text));
        }
    }
}

/// JSON, or a text that is none, with values in the place of tokens.
fn clear(text: &str, shown: &PlaceholderMap) -> Value {
    serde_json::from_str(&unmask(text, shown, Escape::Json))
        .ok()
        .filter(|value: &Value| value.is_object() || value.is_array())
        .unwrap_or_else(|| Value::String(unmask(text, shown, Escape::None)))
}
