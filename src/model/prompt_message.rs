//! Messages of a chat completion request.

use std::borrow::Cow;

use pii::masked_text::MaskedText;
use serde::Serialize;
use uuid::Uuid;

use crate::chat::message::Role;
use crate::chat::tool_call::ToolCall;

/// Length at which tool calls stand in a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallForm {
    /// As they were, in the answer that they belong to.
    Full,
    /// Cut to a sentence or two, in later turns.
    Brief,
}

/// One message of a chat completion request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PromptMessage<'a> {
    /// Author of the message.
    pub role: Role,
    /// Text of the message.
    pub content: Cow<'a, MaskedText>,
    /// Tool calls of an assistant message.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<WireCall<'a>>,
    /// Id of the call that a tool message answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<Uuid>,
}

/// A tool call in a chat completion request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WireCall<'a> {
    id: Uuid,
    r#type: &'static str,
    function: WireFunction<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct WireFunction<'a> {
    name: Cow<'a, str>,
    arguments: String,
}

impl<'a> PromptMessage<'a> {
    /// A message without tool calls.
    #[must_use]
    pub fn new(role: Role, content: impl Into<Cow<'a, MaskedText>>) -> Self {
        Self { role, content: content.into(), tool_calls: Vec::new(), tool_call_id: None }
    }

    /// An assistant message with tool calls, followed by the result of each.
    #[must_use]
    pub fn with_calls(text: &'a MaskedText, calls: &'a [ToolCall], form: CallForm) -> Vec<Self> {
        let wire = |call: &'a ToolCall| {
            let arguments =
                if form == CallForm::Brief { call.brief_arguments() } else { call.arguments_json() };
            WireCall {
                id: call.id,
                r#type: "function",
                function: WireFunction { name: wire_name(&call.name), arguments },
            }
        };
        let result = |call: &'a ToolCall| {
            let result = if form == CallForm::Brief { call.brief().into() } else { call.result() };
            Self { tool_call_id: Some(call.id), ..Self::new(Role::Tool, result) }
        };
        let calling =
            Self { tool_calls: calls.iter().map(wire).collect(), ..Self::new(Role::Assistant, text) };
        std::iter::once(calling).chain(calls.iter().map(result)).collect()
    }
}

/// Longest name of a tool on the wire, in bytes.
const MAX_NAME_BYTES: usize = 64;

/// A name as every provider takes it back (<https://platform.openai.com/docs/api-reference/chat/create>, `tools`): a model may
/// have made one up, and a session must not end with it.
fn wire_name(name: &str) -> Cow<'_, str> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.chars().all(is_allowed) {
        return Cow::Borrowed(name);
    }
    let name: String =
        name.chars().take(MAX_NAME_BYTES).map(|c| if is_allowed(c) { c } else { '_' }).collect();
    Cow::Owned(if name.is_empty() { "unnamed".to_owned() } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_back_as_every_provider_takes_them() {
        for (name, wire) in [
            ("browser.tabs.open", "browser_tabs_open"),
            ("calculator", "calculator"),
            ("rechne für mich", "rechne_f_r_mich"),
            ("", "unnamed"),
        ] {
            assert_eq!(wire_name(name), wire);
        }
        assert_eq!(wire_name(&"é".repeat(100)), "_".repeat(MAX_NAME_BYTES));
    }
}
