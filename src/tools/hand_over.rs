//! `hand_over`: another employee takes over the session, and goes on with the answer.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Bench, Sorry, Tool};
use crate::employee::{Colleague, Employee};
use crate::ports::{Clock, Database, World};
use crate::session::load::LoadSession;
use crate::session::memory::Memory;
use crate::session::tree::Leaf;

/// Hands over.
pub(super) struct HandOver;

/// To whom, and why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The colleague's name, such as "doc-clerk".
    employee: String,
    /// What they need to know to go on.
    reason: String,
}

impl Tool for HandOver {
    const NAME: &'static str = "hand_over";
    const DESCRIPTION: &'static str = "Hands the conversation over to a colleague who is better at what is asked, and who goes on with \
        the answer. Do not announce it and do not answer yourself.";
    type Arguments = Arguments;

    fn note(employee: &Employee) -> Option<String> {
        let colleague = |Colleague { slug, title, description }: &Colleague| match description {
            Some(description) => format!("{slug} ({title}: {description})"),
            None => format!("{slug} ({title})"),
        };
        let colleagues: Vec<_> = employee.colleagues.iter().map(colleague).collect();
        Some(format!(
            "Colleagues: {}.",
            if colleagues.is_empty() { "none".to_owned() } else { colleagues.join("; ") }
        ))
    }

    async fn run<W: World>(arguments: Arguments, bench: &Bench<'_, W>) -> Result<Value, Sorry> {
        let Arguments { employee: slug, reason } = arguments;
        let slug = slug.trim_start_matches('@');
        if !bench.employee.colleagues.iter().any(|colleague| colleague.slug == slug) {
            return Err(format!("There is no colleague {slug:?}. See the description of this tool.").into());
        }
        if bench.effects.borrow().hand_over.is_some() {
            return Err("It was handed over in this answer already.".into());
        }
        let Bench { user, session, config, ports, .. } = bench;
        let question = LoadSession {
            user,
            session: *session,
            employee: Some(slug),
            default_employee: &config.default_employee,
            default_model: &config.default_model,
            limit: 1,
            leaf: Leaf::Beginning,
        };
        let loaded = ports.database.load_session(&question).await;
        let loaded =
            loaded.map_err(|_| Sorry("The colleague cannot be reached right now. Go on yourself.".into()))?;
        let memory = Memory::from_loaded(loaded, None, ports.clock.now());
        let memory =
            memory.ok_or_else(|| Sorry(format!("{slug} is not at work any more. Go on yourself.")))?;
        bench.effects.borrow_mut().hand_over = Some(memory);
        Ok(json!({ "handed_to": slug, "reason": reason }))
    }
}
