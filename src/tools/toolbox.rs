//! The tools of one employee, as its model is told of them.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use tokens::chat;
use tokens::tools::Tool as Counted;

use super::remote::Remotes;
use super::{Needs, Tool, schema};
use crate::config::Config;
use crate::employee::Employee;
use crate::error::{Code, Fault};
use crate::ports::{Ports, World};

/// A tool as a model is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// What the model calls it by.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// A JSON Schema of its arguments.
    pub parameters: Value,
    /// Whether its schema is one that a model can be held to.
    pub is_strict: bool,
    /// What it needs.
    pub needs: Needs,
}

impl Definition {
    /// The definition of a tool of Frontdesk's own.
    #[must_use]
    pub fn of<T: Tool>(employee: &Employee) -> Self {
        let description = match T::note(employee) {
            Some(note) => format!("{} {note}", T::DESCRIPTION),
            None => T::DESCRIPTION.to_owned(),
        };
        let parameters = schema::of::<T::Arguments>();
        Self { name: T::NAME.to_owned(), description, parameters, is_strict: true, needs: T::NEEDS }
    }

    fn counted(&self) -> Counted<'_> {
        Counted { name: &self.name, description: Some(&self.description), parameters: &self.parameters }
    }
}

/// What definitions are in a prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Tokens.
    pub tokens: u32,
    /// How many tools.
    pub count: u32,
}

/// Of a prompt's budget definitions may have that much, in percent: what is more is not offered, for memory is worth more.
const MOST_PERCENT: u32 = 12;

/// The tools of an employee.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Toolbox {
    tools: Vec<Definition>,
    weight: Weight,
}

impl Toolbox {
    /// Those of its profile that there are, in its order, and those of its servers; as many as fit.
    pub async fn of<W: World>(
        employee: &Employee,
        remotes: &Remotes,
        config: &Config,
        ports: &Ports<W>,
    ) -> Self {
        let mut tools = Vec::new();
        if !employee.tools.is_empty() {
            tools = super::definitions(employee);
            let place = |tool: &Definition| employee.tools.iter().position(|name| *name == tool.name);
            tools.retain(|tool| place(tool).is_some());
            tools.sort_by_key(place);
        }
        if !employee.mcp_servers.is_empty() {
            tools.extend(remotes.definitions(employee, config, ports).await);
        }
        Self::fitting(tools, &employee.system_prompt, employee.token_budget(config) / 100 * MOST_PERCENT)
    }

    /// As many of these, from the first on, as have so many tokens beside that persona.
    fn fitting(mut tools: Vec<Definition>, persona: &str, most: u32) -> Self {
        loop {
            let counted: Vec<_> = tools.iter().map(Definition::counted).collect();
            let tokens = if tools.is_empty() { 0 } else { chat::tools_beside(persona, &counted) };
            let weight = Weight { tokens, count: u32::try_from(tools.len()).unwrap_or(u32::MAX) };
            if tokens <= most || tools.is_empty() {
                return Self { tools, weight };
            }
            tools.pop();
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    /// The tool of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Definition> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// The names of all, for a model that calls another.
    #[must_use]
    pub fn names(&self) -> String {
        self.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// What the definitions are in a prompt.
    #[must_use]
    pub const fn weight(&self) -> Weight {
        self.weight
    }

    /// As a request has them
    /// (<https://platform.openai.com/docs/api-reference/chat/create>, `tools`); `None` when there are none.
    ///
    /// # Errors
    /// `internal`, when they are no JSON.
    pub fn json(&self) -> Result<Option<Box<RawValue>>, Fault> {
        if self.tools.is_empty() {
            return Ok(None);
        }
        let tool = |tool: &Definition| {
            json!({ "type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.parameters,
                "strict": tool.is_strict,
            }})
        };
        let tools: Vec<_> = self.tools.iter().map(tool).collect();
        to_raw_value(&tools)
            .map(Some)
            .map_err(|error| Fault::new(Code::Internal, format!("tools: {:?}", error.classify())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_leave_room_for_what_is_said() {
        let all = super::super::definitions(&Employee::default());
        let whole = Toolbox::fitting(all.clone(), "You run the desk.", 1000);
        assert_eq!(whole.tools.len(), all.len(), "{:?}", whole.weight());
        let some = Toolbox::fitting(all.clone(), "You run the desk.", 300);
        assert!(
            (1..all.len()).contains(&some.tools.len()) && some.weight().tokens <= 300,
            "{:?}",
            some.weight()
        );
        assert_eq!(some.tools, all[..some.tools.len()]);
        assert_eq!(Toolbox::fitting(all, "You run the desk.", 0), Toolbox::default());
    }
}
