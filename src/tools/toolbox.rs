//! The tools of the employees that a user talks to. A set of definitions is made, counted and serialised once for each version of an
//! employee.

use std::cell::RefCell;

use serde::Deserialize;

use super::definition::Definition;
use super::mcp::{ListVersion, McpServers};
use super::mcp_pins;
use super::registry::definitions;
use super::tool_set::ToolSet;
use crate::account::UserCtx;
use crate::chat::employee::{Employee, McpProfile};
use crate::error::Fault;
use crate::ports::{Clock, Platform, Sql, SqlValue};
use crate::storage::rows;

/// Sets that are kept. A user talks to few employees.
const MAX_SETS: usize = 8;

/// Table of the tools that the user's employees called, created on first use.
const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS tool_use (tool TEXT PRIMARY KEY, used_at INTEGER NOT NULL);";

/// Tools of one user.
#[derive(Debug, Default)]
pub struct Toolbox {
    /// State of the user's MCP servers.
    pub mcp: McpServers,
    sets: RefCell<Vec<KnownSet>>,
}

/// A set with all that it was made of.
#[derive(Debug)]
struct KnownSet {
    employee: Employee,
    lists: Vec<Option<ListVersion>>,
    set: ToolSet,
}

#[derive(Deserialize)]
struct ToolRow {
    tool: String,
}

/// Creates the tables where they are missing.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn create_tables(sql: &impl Sql) -> Result<(), Fault> {
    sql.exec(SCHEMA, &[])?;
    Ok(sql.exec(mcp_pins::SCHEMA, &[])?)
}

/// Forgets which tools were used, and what servers told of theirs.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn erase(sql: &impl Sql) -> Result<(), Fault> {
    sql.exec("DELETE FROM tool_use", &[])?;
    Ok(sql.exec(mcp_pins::ERASE, &[])?)
}

impl Toolbox {
    /// The tools of the employee's profile in its order, then those of its MCP servers, as many as fit. Only a list of a server that
    /// has grown old needs the network.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub async fn tools_of<P: Platform>(
        &self,
        employee: &Employee,
        ctx: &UserCtx<'_, P>,
    ) -> Result<ToolSet, Fault> {
        if employee.mcp_servers != McpProfile::default() {
            self.mcp.refresh(employee, ctx).await;
        }
        let lists = self.mcp.versions(employee);
        let is_same = |known: &KnownSet| known.employee == *employee && known.lists == lists;
        if let Some(known) = self.sets.borrow().iter().find(|known| is_same(known)) {
            return Ok(known.set.clone());
        }
        let tools = all_definitions(employee, &self.mcp);
        let budget = employee.token_budget(ctx.config);
        let set = ToolSet::fitting(&tools, employee, budget, &recent(&ctx.ports.sql)?)?;
        let mut sets = self.sets.borrow_mut();
        sets.retain(|known| known.employee.slug != employee.slug);
        if sets.len() >= MAX_SETS {
            sets.remove(0);
        }
        sets.push(KnownSet { employee: employee.clone(), lists, set: set.clone() });
        Ok(set)
    }

    /// Notes that a tool was called: where not all fit into a prompt, it goes before others.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn note_use<P: Platform>(&self, tool: &str, ctx: &UserCtx<'_, P>) -> Result<(), Fault> {
        let statement = "INSERT OR REPLACE INTO tool_use (tool, used_at) VALUES (?, ?)";
        ctx.ports.sql.exec(statement, &[SqlValue::Text(tool), ctx.ports.clock.now().into()])?;
        self.sets.borrow_mut().retain(|known| !known.set.is_partial());
        Ok(())
    }
}

/// Names of the tools that employees can have.
#[must_use]
pub fn tool_names() -> Vec<String> {
    definitions(&Employee::default()).into_iter().map(|tool| tool.name).collect()
}

fn all_definitions(employee: &Employee, mcp: &McpServers) -> Vec<Definition> {
    let mut tools = Vec::new();
    if !employee.tools.is_empty() {
        tools = definitions(employee);
        let place = |tool: &Definition| employee.tools.iter().position(|name| *name == tool.name);
        tools.retain(|tool| place(tool).is_some());
        tools.sort_by_key(place);
    }
    tools.extend(mcp.definitions(employee));
    tools
}

/// Names of the tools that were used, the last one first.
fn recent(sql: &impl Sql) -> Result<Vec<String>, Fault> {
    let used: Vec<ToolRow> = rows(sql, "SELECT tool FROM tool_use ORDER BY used_at DESC, tool", &[])?;
    Ok(used.into_iter().map(|row| row.tool).collect())
}
