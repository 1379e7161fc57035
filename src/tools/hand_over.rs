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

/// Longest list of colleagues, in bytes: it must leave room for the other tools.
const MAX_LIST_BYTES: usize = 1200;

/// Longest description of one colleague, in characters.
const MAX_DESCRIPTION: usize = 120;

fn described(colleague: &Colleague) -> String {
    let Colleague { slug, title, description } = colleague;
    match description {
        Some(text) if text.chars().count() > MAX_DESCRIPTION => {
            let cut: String = text.chars().take(MAX_DESCRIPTION).collect();
            format!("{slug} ({title}: {cut}…)")
        }
        Some(description) => format!("{slug} ({title}: {description})"),
        None => titled(colleague),
    }
}

fn titled(Colleague { slug, title, .. }: &Colleague) -> String {
    format!("{slug} ({title})")
}

fn named(Colleague { slug, .. }: &Colleague) -> String {
    slug.clone()
}

/// As many names as fit, and the number of the others.
fn first_names(colleagues: &[Colleague]) -> String {
    let mut list = String::new();
    for (number, colleague) in colleagues.iter().enumerate() {
        if list.len() + colleague.slug.len() > MAX_LIST_BYTES {
            return format!("{list} and {} more", colleagues.len() - number);
        }
        if number > 0 {
            list.push_str("; ");
        }
        list.push_str(&colleague.slug);
    }
    list
}

impl Tool for HandOver {
    const NAME: &'static str = "hand_over";
    const DESCRIPTION: &'static str = "Hands the conversation over to a colleague who is better at what is asked, and who goes on with \
        the answer. Do not announce it and do not answer yourself.";
    const SPEC: ToolSpec = ToolSpec { reach: Reach::Session, ..ToolSpec::DEFAULT };
    type Arguments = Arguments;

    fn note(employee: &Employee) -> Option<String> {
        let colleagues = &employee.colleagues;
        if colleagues.is_empty() {
            return Some("Colleagues: none.".to_owned());
        }
        // The shortest form is of their names alone: a model can still hand over to each that it is told.
        let listed = [described, titled, named].into_iter().find_map(|form| {
            let list = colleagues.iter().map(form).collect::<Vec<_>>().join("; ");
            (list.len() <= MAX_LIST_BYTES).then_some(list)
        });
        Some(format!("Colleagues: {}.", listed.unwrap_or_else(|| first_names(colleagues))))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn note(count: usize, description: &str) -> String {
        let colleague = |n: usize| Colleague {
            slug: format!("clerk-{n}"),
            title: "Clerk".to_owned(),
            description: Some(description.to_owned()),
        };
        let employee = Employee { colleagues: (0..count).map(colleague).collect(), ..Employee::default() };
        HandOver::note(&employee).unwrap()
    }

    #[test]
    fn the_list_of_colleagues_is_bounded() {
        assert_eq!(note(0, ""), "Colleagues: none.");
        assert_eq!(note(1, "Files."), "Colleagues: clerk-0 (Clerk: Files.).");
        assert!(note(1, &"x".repeat(5000)).len() < 200);
        assert!(note(40, "Files what comes.").contains("clerk-39 (Clerk)"), "titles alone");
        assert!(note(100, "").ends_with("clerk-98; clerk-99."), "names alone");
        let many = note(1000, "");
        assert!(many.len() < 1300 && many.contains(" more."), "{many}");
    }
}
