//! `recall`: looks into the user's memory and documents, beyond what the prompt has of them.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Bench, Needs, Sorry, Tool};
use crate::memory::recall::{Recollection, recall};
use crate::ports::World;
use crate::session::load::Role;

/// Memories that are returned at most.
const MOST: usize = 20;

/// Looks something up.
pub(super) struct Recall;

/// What is looked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// What to look for, in words that would stand there: names, subjects, dates.
    query: String,
}

impl Tool for Recall {
    const NAME: &'static str = "recall";
    const DESCRIPTION: &'static str = "Searches what the user said in all conversations, what is known of them, and their documents. \
        Facts come with an id, by which `forget` takes them.";
    const NEEDS: Needs = Needs { is_masked: true, ..Needs::NOTHING };
    type Arguments = Arguments;

    async fn run<W: World>(arguments: Arguments, bench: &Bench<'_, W>) -> Result<Value, Sorry> {
        let query = arguments.query.trim();
        if query.is_empty() {
            return Err("query must have a word at least.".into());
        }
        let Bench { user, session, config, ports, .. } = bench;
        let budget = config.token_budget;
        let found = recall(user, *session, query, budget, config, &ports.database, &ports.model).await;
        let found = found.ok_or_else(|| Sorry("Memory is out of reach right now.".into()))?;
        let facts = found.facts.iter().map(|fact| {
            json!({ "id": fact.id, "fact": fact.fact, "since": fact.valid_from.format("%Y-%m-%d").to_string() })
        });
        let memories = found.memories.iter().take(MOST).map(memory);
        Ok(json!({ "memories": memories.collect::<Vec<_>>(), "facts": facts.collect::<Vec<_>>() }))
    }
}

fn memory(found: &Recollection) -> Value {
    let date = found.occurred_at.format("%Y-%m-%d").to_string();
    match (&found.document, found.role) {
        (Some(name), _) => json!({ "document": name, "date": date, "text": found.content }),
        (None, Some(Role::Assistant)) => json!({ "from": "assistant", "date": date, "text": found.content }),
        (None, _) => json!({ "from": "user", "date": date, "text": found.content }),
    }
}
