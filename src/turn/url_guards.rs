//! Guards of the URLs in an answer and in its thoughts, for a model that reads values as they are. Its words are held back one at a time;
//! for all other models nothing is.

use pii::masked_text::MaskedText;
use pii::unmask::PlaceholderMap;
use pii::url_guard::{GuardedText, UrlGuard};

use crate::stream::turn_event::TurnEvent;

/// Guards of the text and of the thoughts of one answer.
#[derive(Debug)]
pub(super) struct UrlGuards {
    text: UrlGuard,
    thought: UrlGuard,
}

impl UrlGuards {
    /// Guards without values, for an answer in that form.
    pub(super) fn new(form: GuardedText) -> Self {
        let none = PlaceholderMap::default();
        Self { text: UrlGuard::new(&none, form), thought: UrlGuard::new(&none, GuardedText::Plain) }
    }

    /// Sets the values that the model reads.
    pub(super) fn set_values(&mut self, values: &PlaceholderMap) {
        self.text.set_values(values);
        self.thought.set_values(values);
    }

    /// The part of the answer that is final after a further piece.
    pub(super) fn text(&mut self, piece: &str) -> MaskedText {
        MaskedText::from_model(self.text.feed(piece))
    }

    /// The part of the thoughts that is final after a further piece.
    pub(super) fn thought(&mut self, piece: &str) -> MaskedText {
        MaskedText::from_model(self.thought.feed(piece))
    }

    /// Events with the words that are held back: a step or a part of it ends.
    pub(super) fn end(&mut self) -> Vec<TurnEvent> {
        let thought = MaskedText::from_model(self.thought.end());
        let text = MaskedText::from_model(self.text.end());
        let mut events = Vec::new();
        if !thought.is_empty() {
            events.push(TurnEvent::ThoughtDelta(thought));
        }
        if !text.is_empty() {
            events.push(TurnEvent::TextDelta(text));
        }
        events
    }
}
