//! The prompt: persona, as many of the recent messages as fit, and the new message.

use serde::Serialize;

use super::tokens::chat::{PER_MESSAGE, PER_PROMPT};
use super::tokens::count;
use crate::session::load::{Message, Role};

/// What goes to the model, borrowed from where it is kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Prompt<'a> {
    /// In the order in which the model reads them.
    pub messages: Vec<PromptMessage<'a>>,
    /// Tokens of all of them with their framing.
    pub tokens: u32,
    /// Of these, tokens of earlier messages.
    pub history_tokens: u32,
}

/// One message of a chat completion request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PromptMessage<'a> {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: &'a str,
}

/// Fits persona, history and the new message into `budget` tokens. History is dropped from its oldest end and
/// never has a gap. The persona and the new message always go: when they alone are more than the budget, they
/// go without history, because a message that was accepted is never cut.
#[must_use]
pub fn assemble<'a>(
    persona: &'a str,
    history: &'a [Message],
    message: &'a str,
    message_tokens: u32,
    budget: u32,
) -> Prompt<'a> {
    let fixed = PER_PROMPT + 2 * PER_MESSAGE + count(persona) + message_tokens;
    let mut tokens = fixed;
    let fits = |message: &&Message| {
        if message.content.is_empty() {
            return true;
        }
        let with = tokens.saturating_add(message.content_tokens).saturating_add(PER_MESSAGE);
        let fits = with <= budget;
        if fits {
            tokens = with;
        }
        fits
    };
    let kept = history.iter().rev().take_while(fits).count();
    let recent = history.iter().skip(history.len() - kept);
    let mut messages = Vec::with_capacity(kept + 2);
    messages.push(PromptMessage { role: Role::System, content: persona });
    // An answer that never came says nothing to a model.
    let recent = recent.filter(|message| !message.content.is_empty());
    messages.extend(recent.map(|message| PromptMessage { role: message.role, content: &message.content }));
    messages.push(PromptMessage { role: Role::User, content: message });
    Prompt { messages, tokens, history_tokens: tokens - fixed }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn history(sizes: &[u32]) -> Vec<Message> {
        let message = |(n, size): (usize, &u32)| Message {
            id: Uuid::from_u128(n as u128),
            parent_id: None,
            name: None,
            role: if n % 2 == 0 { Role::User } else { Role::Assistant },
            content: format!("message {n}"),
            content_tokens: *size,
        };
        sizes.iter().enumerate().map(message).collect()
    }

    #[test]
    fn a_message_larger_than_the_budget_goes_alone_and_whole() {
        let history = history(&[5, 5]);
        let prompt = assemble("You help.", &history, "long", 9000, 6000);
        assert_eq!(prompt.messages.len(), 2);
        assert_eq!(prompt.messages[1].content, "long");
        assert!(prompt.tokens > 9000);
    }

    proptest! {
        #[test]
        fn never_over_budget_newest_kept_in_order_without_gaps(
            sizes in prop::collection::vec(0u32..400, 0..60),
            budget in 256u32..8000,
        ) {
            let history = history(&sizes);
            let prompt = assemble("You help.", &history, "Hello", 2, budget);
            prop_assert!(prompt.tokens <= budget);
            let kept = prompt.messages.len() - 2;
            let expected: Vec<_> = history[history.len() - kept..].iter().map(|m| m.content.as_str()).collect();
            let got: Vec<_> = prompt.messages[1..=kept].iter().map(|m| m.content).collect();
            prop_assert_eq!(got, expected);
            if let Some(next) = history.len().checked_sub(kept + 1) {
                prop_assert!(prompt.tokens + sizes[next] + PER_MESSAGE > budget, "one more would have fitted");
            }
        }
    }
}
