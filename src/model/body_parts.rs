//! Parts of a request's body that every protocol has.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// Parts of a body, as a candidate takes them.
#[derive(Debug)]
pub(super) struct BodyParts<'a> {
    /// Name of the model.
    pub(super) model: &'a str,
    /// Messages of the prompt, in the form of chat completions.
    pub(super) messages: Vec<Cow<'a, RawValue>>,
    /// Tools, in the form of chat completions.
    pub(super) tools: Option<Cow<'a, RawValue>>,
    /// Calls of the next step.
    pub(super) tool_choice: Option<Cow<'a, Value>>,
    /// Most tokens of the answer.
    pub(super) max_output_tokens: Option<u32>,
    /// Temperature of the sampling.
    pub(super) temperature: Option<f64>,
    /// The `response_format` of chat completions.
    pub(super) format: Option<Cow<'a, RawValue>>,
    /// Further parameters, by their names in chat completions.
    pub(super) parameters: BTreeMap<&'a str, &'a Value>,
}
