//! `recall`: searches the user's memories and documents, beyond those in the prompt.

use pii::masked_text::MaskedText;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::definition::ToolSpec;
use super::error::ToolError;
use super::tool::{Tool, ToolContext};
use crate::account::paid_call::{BilledAccount, CallBill, Purpose};
use crate::chat::message::Role;
use crate::memory::question_vector::question_vector;
use crate::memory::recall::{RecallRequest, recall};
use crate::memory::recalled_memory::RecalledMemory;
use crate::ports::{Clock, Platform};
use crate::time::timestamp;

/// Memories that are returned at most.
const MAX_MEMORIES: usize = 20;

/// The tool `recall`.
pub(super) struct Recall;

/// Arguments of `recall`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Words to look for, as they would appear there: names, subjects, dates.
    query: String,
}

impl Tool for Recall {
    const NAME: &'static str = "recall";
    const DESCRIPTION: &'static str = "Searches what the user said in all conversations, what is known of them, and their documents. \
        Facts come with an id, by which `forget` takes them.";
    const SPEC: ToolSpec = ToolSpec { is_masked: true, ..ToolSpec::DEFAULT };
    type Arguments = Arguments;

    async fn run<P: Platform>(
        arguments: Arguments,
        context: &ToolContext<'_, P>,
    ) -> Result<Value, ToolError> {
        let query = arguments.query.trim();
        if query.is_empty() {
            return Err("query must have a word at least.".into());
        }
        let ToolContext { user, session, account, embedding_price, .. } = context;
        // The arguments of a tool are masked.
        let query = MaskedText::composed(query.to_owned());
        let account = BilledAccount { price: *embedding_price, ..(*account).clone() };
        let model = user.config.embedding_model.clone();
        let bill = CallBill { purpose: Purpose::Recall, session: Some(*session), account, model };
        let (vector, _) = question_vector(user, bill, &query).await;
        let (budget, least) = (user.config.token_budget, user.config.top_k);
        let request = RecallRequest { text: &query, vector: vector.as_ref(), budget, least };
        let found = recall(&user.ports.sql, &request, timestamp(user.ports.clock.now()));
        let found = found.map_err(|_| ToolError("Memory is out of reach right now.".into()))?;
        let facts = found.facts.iter().map(|fact| {
            json!({ "id": fact.id, "fact": fact.fact, "since": fact.valid_from.format("%Y-%m-%d").to_string() })
        });
        let memories = found.memories.iter().take(MAX_MEMORIES).map(memory);
        Ok(json!({ "memories": memories.collect::<Vec<_>>(), "facts": facts.collect::<Vec<_>>() }))
    }
}

fn memory(found: &RecalledMemory) -> Value {
    let date = found.occurred_at.format("%Y-%m-%d").to_string();
    match (&found.document, found.role) {
        (Some(name), _) => json!({ "document": name, "date": date, "text": found.content }),
        (None, Some(Role::Assistant)) => json!({ "from": "assistant", "date": date, "text": found.content }),
        (None, _) => json!({ "from": "user", "date": date, "text": found.content }),
    }
}
