//! `forget`: deletes facts for good, with the messages that they come from. The user approves each call.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::definition::ToolSpec;
use super::error::ToolError;
use super::tool::{Tool, ToolContext};
use crate::memory::facts::forget_facts;
use crate::ports::Platform;

/// Facts that one call may forget.
const MAX_FACTS: usize = 50;

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
}

impl Tool for Forget {
    const NAME: &'static str = "forget";
    const DESCRIPTION: &'static str = "Forgets facts about the user for good, together with the messages that they come from. Find them with `recall` first.";
    const SPEC: ToolSpec = ToolSpec { needs_approval: true, ..ToolSpec::DEFAULT };
    type Arguments = Arguments;

    async fn run<P: Platform>(
        arguments: Arguments,
        context: &ToolContext<'_, P>,
    ) -> Result<Value, ToolError> {
        let ids: Result<Vec<_>, _> = arguments.facts.iter().map(|id| Uuid::try_parse(id)).collect();
        let ids = ids.map_err(|_| ToolError("facts must be ids of facts, as `recall` has them.".into()))?;
        if !(1..=MAX_FACTS).contains(&ids.len()) {
            return Err(format!("facts must have 1 to {MAX_FACTS} ids.").into());
        }
        let forgotten = forget_facts(&context.user, &ids).await;
        let forgotten =
            forgotten.map_err(|_| ToolError("Memory is out of reach; nothing was forgotten.".into()))?;
        if forgotten == 0 {
            return Err("There are no such facts. `recall` has the ids of those that there are.".into());
        }
        Ok(json!({ "forgotten": forgotten, "what": arguments.what }))
    }
}
