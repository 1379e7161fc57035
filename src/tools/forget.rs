//! `forget`: takes facts away for good, with what they come from. Its user is asked first.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Bench, Needs, Sorry, Tool};
use crate::ports::{Database, World};

/// Facts that are forgotten at once.
const MOST: usize = 50;

/// Forgets.
pub(super) struct Forget;

/// What is to be forgotten.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// What is to be forgotten, in words, for the user who is asked.
    what: String,
    /// The ids of the facts, as `recall` has them.
    facts: Vec<String>,
}

impl Tool for Forget {
    const NAME: &'static str = "forget";
    const DESCRIPTION: &'static str = "Forgets facts about the user for good, together with the messages that they come from. Find them with `recall` first.";
    const NEEDS: Needs = Needs { approval: true, ..Needs::NOTHING };
    type Arguments = Arguments;

    async fn run<W: World>(arguments: Arguments, bench: &Bench<'_, W>) -> Result<Value, Sorry> {
        let ids: Result<Vec<_>, _> = arguments.facts.iter().map(|id| Uuid::try_parse(id)).collect();
        let ids = ids.map_err(|_| Sorry("facts must be ids of facts, as `recall` has them.".into()))?;
        if !(1..=MOST).contains(&ids.len()) {
            return Err(format!("facts must have 1 to {MOST} ids.").into());
        }
        let forgotten = bench.ports.database.forget_facts(bench.user.id, &ids).await;
        let forgotten =
            forgotten.map_err(|_| Sorry("Memory is out of reach; nothing was forgotten.".into()))?;
        if forgotten == 0 {
            return Err("There are no such facts. `recall` has the ids of those that there are.".into());
        }
        Ok(json!({ "forgotten": forgotten, "what": arguments.what }))
    }
}
