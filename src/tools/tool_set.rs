//! The tools of one employee, as they are defined for its model.

use std::rc::Rc;

use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::definition::{Definition, Reach};
use super::forget::Forget;
use super::recall::Recall;
use super::remember::Remember;
use super::tool::Tool as _;
use crate::chat::employee::Employee;
use crate::error::{Code, Fault};
use crate::prompt::assemble::ToolWeight;
use tokens::chat;

/// Share of a prompt's budget that definitions may take, in percent. Further tools are not offered: memories are worth more.
const MAX_PERCENT: u32 = 12;

/// The same for the tools of memory, which an employee with a small budget needs most: they fit into one of 2,000 tokens.
const MAX_MEMORY_PERCENT: u32 = 17;

/// The tools of memory, the most needed first.
const MEMORY_TOOLS: [&str; 3] = [Recall::NAME, Remember::NAME, Forget::NAME];

/// The tools of an employee. A clone shares them.
#[derive(Clone, Debug, Default)]
pub struct ToolSet(Rc<Tools>);

#[derive(Debug, Default)]
struct Tools {
    definitions: Vec<Definition>,
    weight: ToolWeight,
    /// The `tools` field of a request; `None` for an empty set.
    json: Option<Box<RawValue>>,
    /// True if tools were left out.
    is_partial: bool,
}

impl ToolSet {
    /// Those of the tools that fit into the employee's budget, in their order. Where not all fit, the tools of memory go first, then
    /// those that were used last (`recent`, newest first), then the others.
    ///
    /// # Errors
    /// `internal`, when they are no JSON.
    pub(super) fn fitting(
        tools: &[Definition],
        employee: &Employee,
        budget: u32,
        recent: &[String],
    ) -> Result<Self, Fault> {
        let weigh = |tools: &[&Definition]| weight(&employee.system_prompt, tools);
        let most = budget / 100 * MAX_PERCENT;
        let mut chosen: Vec<&Definition> = tools.iter().collect();
        let mut weight = weigh(&chosen);
        if weight.tokens > most {
            chosen.sort_by_key(|tool| urgency(&tool.name, recent));
            let mut taken = Vec::new();
            for tool in chosen {
                let is_of_memory = MEMORY_TOOLS.contains(&tool.name.as_str());
                let most = if is_of_memory { budget / 100 * MAX_MEMORY_PERCENT } else { most };
                taken.push(tool);
                if weigh(&taken).tokens > most {
                    taken.pop();
                }
            }
            let names: Vec<_> = taken.iter().map(|tool| &tool.name).collect();
            chosen = tools.iter().filter(|tool| names.contains(&&tool.name)).collect();
            weight = weigh(&chosen);
        }
        let is_partial = chosen.len() < tools.len();
        let definitions: Vec<_> = chosen.into_iter().cloned().collect();
        let json = json_of(&definitions)?;
        Ok(Self(Rc::new(Tools { definitions, weight, json, is_partial })))
    }

    /// The tools for a client of another API: of these, the ones that leave nothing behind and ask nobody, beside its own. Its tool
    /// takes the place of one with the same name.
    ///
    /// # Errors
    /// `internal`, when they are no JSON.
    pub fn beside(&self, of_client: &[Definition], employee: &Employee) -> Result<Self, Fault> {
        let is_plain = |tool: &&Definition| tool.spec.reach == Reach::Answer && !tool.spec.needs_approval;
        let is_replaced = |tool: &&Definition| of_client.iter().any(|other| other.name == tool.name);
        let own = self.0.definitions.iter().filter(is_plain).filter(|tool| !is_replaced(tool));
        let definitions: Vec<_> = own.cloned().chain(of_client.iter().cloned()).collect();
        let weight = weight(&employee.system_prompt, &definitions.iter().collect::<Vec<_>>());
        let json = json_of(&definitions)?;
        Ok(Self(Rc::new(Tools { definitions, weight, json, is_partial: false })))
    }

    /// True if tools of the employee were left out.
    #[must_use]
    pub(super) fn is_partial(&self) -> bool {
        self.0.is_partial
    }

    /// True if the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.definitions.is_empty()
    }

    /// The tool with that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Definition> {
        self.0.definitions.iter().find(|tool| tool.name == name)
    }

    /// True if the tool `forget` is among them.
    #[must_use]
    pub fn can_forget(&self) -> bool {
        self.get(Forget::NAME).is_some()
    }

    /// Names of all tools, for a model that calls an unknown one.
    #[must_use]
    pub fn names(&self) -> String {
        self.0.definitions.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Size of the definitions in a prompt.
    #[must_use]
    pub fn weight(&self) -> ToolWeight {
        self.0.weight
    }

    /// The `tools` field of a request; `None` for an empty set.
    #[must_use]
    pub fn json(&self) -> Option<Box<RawValue>> {
        self.0.json.clone()
    }
}

/// Place of a tool in the order in which tools are chosen.
fn urgency(name: &str, recent: &[String]) -> (usize, usize) {
    let of_memory = MEMORY_TOOLS.iter().position(|known| *known == name);
    let used = recent.iter().position(|known| known == name);
    (of_memory.unwrap_or(usize::MAX), used.unwrap_or(usize::MAX))
}

fn weight(persona: &str, tools: &[&Definition]) -> ToolWeight {
    let counted: Vec<_> = tools.iter().map(|tool| tool.counted()).collect();
    let tokens = if tools.is_empty() { 0 } else { chat::tools_beside(persona, &counted) };
    ToolWeight { tokens, count: u32::try_from(tools.len()).unwrap_or(u32::MAX) }
}

/// Definitions as the API takes them (<https://platform.openai.com/docs/api-reference/chat/create>).
fn json_of(tools: &[Definition]) -> Result<Option<Box<RawValue>>, Fault> {
    if tools.is_empty() {
        return Ok(None);
    }
    let tool = |tool: &Definition| {
        json!({ "type": "function", "function": {
            "name": tool.name, "description": tool.description, "parameters": tool.parameters,
            "strict": tool.is_strict,
        }})
    };
    let tools: Vec<_> = tools.iter().map(tool).collect();
    to_raw_value(&tools)
        .map(Some)
        .map_err(|error| Fault::new(Code::Internal, format!("tools: {:?}", error.classify())))
}

#[cfg(test)]
mod tests {
    use super::super::registry::definitions;
    use super::*;

    fn names(budget: u32, recent: &[&str]) -> Vec<String> {
        let recent: Vec<_> = recent.iter().map(ToString::to_string).collect();
        let employee = Employee::default();
        let set = ToolSet::fitting(&definitions(&employee), &employee, budget, &recent).unwrap();
        assert!(set.weight().tokens <= budget / 100 * MAX_MEMORY_PERCENT, "{:?}", set.weight());
        assert_eq!(set.is_partial(), set.0.definitions.len() < definitions(&employee).len());
        set.0.definitions.iter().map(|tool| tool.name.clone()).collect()
    }

    #[test]
    fn tools_leave_room_for_what_is_said() {
        let all: Vec<_> = definitions(&Employee::default()).into_iter().map(|tool| tool.name).collect();
        assert_eq!(names(6000, &[]), all);
        assert!((3..all.len()).contains(&names(4000, &[]).len()));
        assert!(names(100, &[]).is_empty());
    }

    #[test]
    fn a_small_budget_keeps_the_tools_of_memory() {
        assert_eq!(names(2000, &["calculator"]), ["recall", "remember", "forget"]);
        assert_eq!(names(1000, &[]), ["recall"]);
    }

    #[test]
    fn tools_that_were_used_go_before_others_and_all_keep_their_order() {
        assert_eq!(names(4000, &[]), ["calculator", "recall", "remember", "forget", "ocr"]);
        assert_eq!(names(4000, &["hand_over"]), ["recall", "remember", "forget", "hand_over", "ocr"]);
    }
}
