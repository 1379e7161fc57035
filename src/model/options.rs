//! Options that a client sets for a completion, where it is let.

use pii::placeholder::Placeholder;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Options of a request to a model, masked. They come beside those of the employee.
#[derive(Clone, Debug, Default)]
pub struct ModelOptions {
    /// Tokens that the answer may have, thoughts included.
    pub max_output_tokens: Option<u32>,
    /// The `response_format` of the request.
    pub format: Option<Box<RawValue>>,
    /// The `tool_choice` of the first step.
    pub tool_choice: Option<Value>,
    /// Placeholders in these options and in the client's tools: the model sees them.
    pub placeholders: Vec<Placeholder>,
    /// Further parameters by their names, such as `seed` and `stop`.
    pub parameters: Map<String, Value>,
}

impl ModelOptions {
    /// Tokens that an answer of an employee may have: no more than either allows.
    #[must_use]
    pub fn output_limit(&self, own: Option<u32>) -> Option<u32> {
        [own, self.max_output_tokens].into_iter().flatten().min()
    }
}
