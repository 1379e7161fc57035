//! `forget`: deletes facts and remembered messages for good. The user approves each call.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::definition::{Reach, ToolSpec};
use super::error::ToolError;
use super::tool::{Tool, ToolContext};
use crate::memory::facts::forget::{Forgettable, forget};
use crate::ports::Platform;

/// Facts and words of messages that one call may name.
const MAX_NAMED: usize = 50;

/// Characters that words of a message must have at least.
const MIN_WORDS_CHARS: usize = 3;

/// The tool `forget`.
pub(super) struct Forget;

/// Arguments of `forget`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Description of the memory to forget, for the user who is asked.
    what: String,
    /// The ids of the facts, as `recall` has them.
    facts: Vec<String>,
    /// For what is in no fact: words of each message, copied from it. All messages with these words are forgotten.
    #[serde(default)]
    messages: Vec<String>,
}

impl Tool for Forget {
    const NAME: &'static str = "forget";
    const DESCRIPTION: &'static str = "Forgets facts about the user, and messages of earlier conversations, for good. Find them with `recall` first.";
    const SPEC: ToolSpec = ToolSpec { needs_approval: true, reach: Reach::Session, ..ToolSpec::DEFAULT };
    type Arguments = Arguments;

    async fn run<P: Platform>(
        arguments: Arguments,
        context: &ToolContext<'_, P>,
    ) -> Result<Value, ToolError> {
        let ids: Result<Vec<_>, _> = arguments.facts.iter().map(|id| Uuid::try_parse(id)).collect();
        let facts = ids.map_err(|_| ToolError("facts must be ids of facts, as `recall` has them.".into()))?;
        let words: Vec<_> = arguments.messages.iter().map(|words| words.trim()).collect();
        if !(1..=MAX_NAMED).contains(&(facts.len() + words.len())) {
            return Err(format!("facts and messages must have 1 to {MAX_NAMED} items.").into());
        }
        if words.iter().any(|words| words.chars().count() < MIN_WORDS_CHARS) {
            return Err(format!("Each of messages must have {MIN_WORDS_CHARS} characters or more.").into());
        }
        let forgotten = forget(&context.user, Forgettable { facts: &facts, words: &words }).await;
        let forgotten =
            forgotten.map_err(|_| ToolError("Memory is out of reach; nothing was forgotten.".into()))?;
        if forgotten.too_many {
            return Err(
                "Too many messages have these words; nothing was forgotten. Copy more of each message."
                    .into(),
            );
        }
        if forgotten.facts == 0 && forgotten.found == 0 {
            return Err("There are no such facts or messages. `recall` has those that there are.".into());
        }
        Ok(json!({ "forgotten": forgotten.facts, "messages": forgotten.found, "what": arguments.what }))
    }
}
