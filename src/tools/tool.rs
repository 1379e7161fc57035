//! The trait of Frontdesk's own tools, and the context of a call.

use std::cell::RefCell;

use pii::masked_text::MaskedText;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::definition::{Definition, ToolSpec};
use super::effects::Effects;
use super::error::{ToolError, ToolRunError};
use super::mcp::McpServers;
use super::schema;
use crate::account::UserCtx;
use crate::account::paid_call::BilledAccount;
use crate::chat::employee::Employee;
use crate::chat::price::Price;
use crate::ports::Platform;
use crate::time::Millis;

/// A tool of Frontdesk.
pub trait Tool {
    /// Name for the model: letters, digits and `_`.
    const NAME: &'static str;
    /// Purpose, for the model.
    const DESCRIPTION: &'static str;
    /// Requirements and limits.
    const SPEC: ToolSpec = ToolSpec::DEFAULT;
    /// Arguments. The model's JSON schema is made of this type; other fields are refused.
    type Arguments: DeserializeOwned + JsonSchema;

    /// A note for the description that depends on the employee.
    #[must_use]
    fn note(_employee: &Employee) -> Option<String> {
        None
    }

    /// True if the user must approve a call with these arguments, beyond those of a tool whose calls all ask.
    #[must_use]
    fn needs_approval(_arguments: &Self::Arguments) -> bool {
        false
    }

    /// Runs the tool. The result is masked before the model or the user sees it.
    ///
    /// # Errors
    /// [`ToolError`], which the model reads.
    async fn run<P: Platform>(
        arguments: Self::Arguments,
        context: &ToolContext<'_, P>,
    ) -> Result<Value, ToolError>;
}

/// The turn that a tool runs in.
pub struct ToolContext<'a, P: Platform> {
    /// Context of the user.
    pub user: UserCtx<'a, P>,
    /// Id of the session.
    pub session: Uuid,
    /// Id of the user's message.
    pub question: Uuid,
    /// The user's message.
    pub message: &'a MaskedText,
    /// Texts that others wrote and the model has read: recalled ones, and results of tools.
    pub read: &'a str,
    /// Time of the message, in milliseconds since 1970.
    pub asked_at: Millis,
    /// True if the turn may be remembered.
    pub remember: bool,
    /// The employee that calls.
    pub employee: &'a Employee,
    /// Account that the employee's model is billed to.
    pub account: &'a BilledAccount,
    /// Price of the model that makes vectors, if it is known.
    pub embedding_price: Option<Price>,
    /// State of the user's MCP servers.
    pub mcp: &'a McpServers,
    /// Effects that become true with the turn's record.
    pub effects: &'a RefCell<Effects>,
}

/// Definition of a tool for the model of an employee.
#[must_use]
pub fn definition_of<T: Tool>(employee: &Employee) -> Definition {
    let description = match T::note(employee) {
        Some(note) => format!("{} {note}", T::DESCRIPTION),
        None => T::DESCRIPTION.to_owned(),
    };
    let parameters = schema::of::<T::Arguments>();
    Definition { name: T::NAME.to_owned(), description, parameters, is_strict: true, spec: T::SPEC }
}

/// Runs a tool with arguments of its own type.
pub(super) async fn typed<T: Tool, P: Platform>(
    arguments: &Value,
    context: &ToolContext<'_, P>,
) -> Result<Value, ToolRunError> {
    let arguments =
        T::Arguments::deserialize(arguments).map_err(|error| ToolRunError::Arguments(error.to_string()))?;
    T::run(arguments, context).await.map_err(ToolRunError::Tool)
}

/// True if the user must approve a call with these arguments.
pub(super) fn asks<T: Tool>(arguments: &Value) -> bool {
    T::SPEC.needs_approval || T::Arguments::deserialize(arguments).is_ok_and(|own| T::needs_approval(&own))
}

/// Reason why a tool does not take these arguments, if there is one.
pub(super) fn check<T: Tool>(arguments: &Value) -> Option<String> {
    T::Arguments::deserialize(arguments).err().map(|error| error.to_string())
}
