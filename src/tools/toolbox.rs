//! The tools of one employee, as its model is told of them.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use super::remote::Remotes;
use super::{Needs, Tool, schema};
use crate::config::Config;
use crate::context::tokens::chat;
use crate::context::tokens::tools::Tool as Counted;
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

/// The tools of an employee.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Toolbox(Vec<Definition>);

impl Toolbox {
    /// Those of its profile that there are, and those of its servers.
    pub async fn of<W: World>(
        employee: &Employee,
        remotes: &Remotes,
        config: &Config,
        ports: &Ports<W>,
    ) -> Self {
        let mut tools = Vec::new();
        if !employee.tools.is_empty() {
            tools = super::definitions(employee);
            tools.retain(|tool| employee.tools.contains(&tool.name));
        }
        if !employee.mcp_servers.is_empty() {
            tools.extend(remotes.definitions(employee, config, ports).await);
        }
        Self(tools)
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tool of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Definition> {
        self.0.iter().find(|tool| tool.name == name)
    }

    /// The names of all, for a model that calls another.
    #[must_use]
    pub fn names(&self) -> String {
        self.0.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// What the definitions are in a prompt that begins with that persona.
    #[must_use]
    pub fn weight(&self, persona: &str) -> Weight {
        let tools: Vec<_> = self.0.iter().map(Definition::counted).collect();
        let tokens = if tools.is_empty() { 0 } else { chat::tools_beside(persona, &tools) };
        Weight { tokens, count: u32::try_from(tools.len()).unwrap_or(u32::MAX) }
    }

    /// As a request has them
    /// (<https://platform.openai.com/docs/api-reference/chat/create>, `tools`); `None` when there are none.
    ///
    /// # Errors
    /// `internal`, when they are no JSON.
    pub fn json(&self) -> Result<Option<Box<RawValue>>, Fault> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tool = |tool: &Definition| {
            json!({ "type": "function", "function": {
                "name": tool.name, "description": tool.description, "parameters": tool.parameters,
                "strict": tool.is_strict,
            }})
        };
        let tools: Vec<_> = self.0.iter().map(tool).collect();
        to_raw_value(&tools)
            .map(Some)
            .map_err(|error| Fault::new(Code::Internal, format!("tools: {:?}", error.classify())))
    }
}
