//! Definition of a tool: its name, purpose and arguments for the model, and its requirements here.

use serde_json::Value;
use tokens::tools::Tool as CountedTool;

use crate::time::Millis;

/// Definition of a tool for a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// Name for the model.
    pub name: String,
    /// Purpose, for the model.
    pub description: String,
    /// JSON schema of its arguments.
    pub parameters: Value,
    /// True if the schema allows OpenAI's strict mode.
    pub is_strict: bool,
    /// Requirements and limits.
    pub spec: ToolSpec,
}

impl Definition {
    /// The definition as the token counter takes it.
    #[must_use]
    pub fn counted(&self) -> CountedTool<'_> {
        CountedTool { name: &self.name, description: Some(&self.description), parameters: &self.parameters }
    }
}

/// Reach of a tool's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nothing but its result is left of a call.
    Answer,
    /// A call has an effect on the session, or on what is known of the user.
    Session,
    /// The client runs it: a call ends the answer, and its result comes with the next request.
    Client,
}

/// Requirements and limits of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToolSpec {
    /// True if the arguments carry the user's values in place of placeholders.
    pub needs_values: bool,
    /// True if the result is masked already: brackets in it are placeholders.
    pub is_masked: bool,
    /// True if the user must approve each call.
    pub needs_approval: bool,
    /// Reach of a call.
    pub reach: Reach,
    /// Longest time of a run, in milliseconds.
    pub timeout: Millis,
    /// Tokens that a result may have.
    pub max_result_tokens: u32,
}

impl ToolSpec {
    /// The specification of a tool that sets none.
    pub const DEFAULT: Self = Self {
        needs_values: false,
        is_masked: false,
        needs_approval: false,
        reach: Reach::Answer,
        timeout: 10_000,
        max_result_tokens: 1500,
    };

    /// The specification of a client's tool.
    pub const OF_CLIENT: Self = Self { reach: Reach::Client, ..Self::DEFAULT };
}
