//! The list of Frontdesk's own tools.

use serde_json::Value;

use super::calculator::Calculator;
use super::definition::Definition;
use super::error::ToolRunError;
use super::forget::Forget;
use super::hand_over::HandOver;
use super::ocr::Ocr;
use super::recall::Recall;
use super::remember::Remember;
use super::sheet_export::SheetExport;
use super::tool::{Tool, ToolContext, asks, check, definition_of, typed};
use crate::chat::employee::Employee;
use crate::ports::Platform;

/// Lists the tools: each has one file, and its name here.
macro_rules! registry {
    ($($tool:ty),+ $(,)?) => {
        /// Definitions of all tools for an employee.
        pub(super) fn definitions(employee: &Employee) -> Vec<Definition> {
            vec![$(definition_of::<$tool>(employee)),+]
        }

        /// Reason why a tool does not take these arguments, if there is one.
        pub(super) fn check_named(name: &str, arguments: &Value) -> Option<String> {
            match name {
                $(<$tool>::NAME => check::<$tool>(arguments),)+
                _ => None,
            }
        }

        /// True if the user must approve a call with these arguments.
        pub(super) fn asks_named(name: &str, arguments: &Value) -> bool {
            match name {
                $(<$tool>::NAME => asks::<$tool>(arguments),)+
                _ => false,
            }
        }

        /// Runs a tool by its name; `None` when no tool has that name.
        pub(super) async fn run_named<P: Platform>(
            name: &str,
            arguments: &Value,
            context: &ToolContext<'_, P>,
        ) -> Option<Result<Value, ToolRunError>> {
            match name {
                $(<$tool>::NAME => Some(typed::<$tool, P>(arguments, context).await),)+
                name => {
                    let ToolContext { user, mcp, employee, .. } = context;
                    let result = mcp.call(name, arguments, employee, user).await?;
                    Some(result.map_err(ToolRunError::Tool))
                }
            }
        }
    };
}

registry![Calculator, Recall, Remember, Forget, HandOver, SheetExport, Ocr,];
