//! The tools of one employee, as they are defined for its model.

use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::definition::Definition;
use super::forget::Forget;
use super::mcp::McpServers;
use super::registry::definitions;
use super::tool::Tool as _;
use crate::account::UserCtx;
use crate::chat::employee::Employee;
use crate::error::{Code, Fault};
use crate::ports::Platform;
use crate::prompt::assemble::ToolWeight;
use tokens::chat;

/// Share of a prompt's budget that definitions may take, in percent. Further tools are not offered: memories are worth more.
const MAX_PERCENT: u32 = 12;

/// The tools of an employee.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolSet {
    tools: Vec<Definition>,
    weight: ToolWeight,
}

impl ToolSet {
    /// The tools of the employee's profile in its order, then those of its MCP servers, as many as fit. Only a list of a server that
    /// has grown old needs the network.
    pub async fn of<P: Platform>(employee: &Employee, mcp: &McpServers, ctx: &UserCtx<'_, P>) -> Self {
        let mut tools = Vec::new();
        if !employee.tools.is_empty() {
            tools = definitions(employee);
            let place = |tool: &Definition| employee.tools.iter().position(|name| *name == tool.name);
            tools.retain(|tool| place(tool).is_some());
            tools.sort_by_key(place);
        }
        if !employee.mcp_servers.is_empty() {
            mcp.refresh(employee, ctx).await;
            tools.extend(mcp.definitions(employee));
        }
        Self::fitting(tools, &employee.system_prompt, employee.token_budget(ctx.config) / 100 * MAX_PERCENT)
    }

    /// As many of the tools, from the first on, as fit into `most` tokens beside a persona.
    fn fitting(mut tools: Vec<Definition>, persona: &str, most: u32) -> Self {
        loop {
            let counted: Vec<_> = tools.iter().map(Definition::counted).collect();
            let tokens = if tools.is_empty() { 0 } else { chat::tools_beside(persona, &counted) };
            let weight = ToolWeight { tokens, count: u32::try_from(tools.len()).unwrap_or(u32::MAX) };
            if tokens <= most || tools.is_empty() {
                return Self { tools, weight };
            }
            tools.pop();
        }
    }

    /// True if the set is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    /// The tool with that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Definition> {
        self.tools.iter().find(|tool| tool.name == name)
    }

    /// True if the tool `forget` is among them.
    #[must_use]
    pub fn can_forget(&self) -> bool {
        self.get(Forget::NAME).is_some()
    }

    /// Names of all tools, for a model that calls an unknown one.
    #[must_use]
    pub fn names(&self) -> String {
        self.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Size of the definitions in a prompt.
    #[must_use]
    pub const fn weight(&self) -> ToolWeight {
        self.weight
    }

    /// The `tools` field of a request
    /// (<https://platform.openai.com/docs/api-reference/chat/create>); `None` for an empty set.
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
        let all = definitions(&Employee::default());
        let whole = ToolSet::fitting(all.clone(), "You run the desk.", 1000);
        assert_eq!(whole.tools.len(), all.len(), "{:?}", whole.weight());
        let some = ToolSet::fitting(all.clone(), "You run the desk.", 300);
        assert!(
            (1..all.len()).contains(&some.tools.len()) && some.weight().tokens <= 300,
            "{:?}",
            some.weight()
        );
        assert_eq!(some.tools, all[..some.tools.len()]);
        assert_eq!(ToolSet::fitting(all, "You run the desk.", 0), ToolSet::default());
    }
}
