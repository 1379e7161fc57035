//! `hand_over`: another employee takes over the session and goes on with the answer.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::definition::{Reach, ToolSpec};
use super::error::ToolError;
use super::tool::{Tool, ToolContext};
use crate::account::terms::load_terms;
use crate::chat::employee::{Colleague, Employee};
use crate::ports::Platform;

/// The tool `hand_over`.
pub(super) struct HandOver;

/// Arguments of `hand_over`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The colleague's name, such as "doc-clerk".
    employee: String,
    /// Everything that the colleague needs to know to continue.
    reason: String,
}

impl Tool for HandOver {
    const NAME: &'static str = "hand_over";
    const DESCRIPTION: &'static str = "Hands the conversation over to a colleague who is better at what is asked, and who goes on with \
        the answer. Do not announce it and do not answer yourself.";
    const SPEC: ToolSpec = ToolSpec { reach: Reach::Session, ..ToolSpec::DEFAULT };
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

    async fn run<P: Platform>(
        arguments: Arguments,
        context: &ToolContext<'_, P>,
    ) -> Result<Value, ToolError> {
        let Arguments { employee: slug, reason } = arguments;
        let slug = slug.trim_start_matches('@');
        if !context.employee.colleagues.iter().any(|colleague| colleague.slug == slug) {
            return Err(format!("There is no colleague {slug:?}. See the description of this tool.").into());
        }
        if context.effects.borrow().hand_off.is_some() {
            return Err("It was handed over in this answer already.".into());
        }
        let terms = load_terms(&context.user, context.session, Some(slug)).await;
        let terms = terms
            .map_err(|_| ToolError("The colleague cannot be reached right now. Go on yourself.".into()))?;
        let terms =
            terms.ok_or_else(|| ToolError(format!("{slug} is not at work any more. Go on yourself.")))?;
        context.effects.borrow_mut().hand_off = Some(terms.employee);
        Ok(json!({ "handed_to": slug, "reason": reason }))
    }
}
