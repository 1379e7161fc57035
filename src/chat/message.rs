//! Messages of a session.

use pii::masked_text::MaskedText;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::tool_call::ToolCall;
use crate::text::one_line;

/// Beginning of an attachment in the text of a message. Attachments stand after the words of the user.
pub const ATTACHMENT: &str = "<attachment name=\"";

/// Author of a message, in OpenAI's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The deployment: persona and rules.
    System,
    /// Person who uses the employee.
    User,
    /// Employee that answered.
    Assistant,
    /// A tool's result.
    Tool,
}

/// A message as later prompts have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its row in `chat_messages`.
    pub id: Uuid,
    /// The message before it.
    #[serde(default)]
    pub parent_id: Option<Uuid>,
    /// The id that the client gave it.
    #[serde(default)]
    pub name: Option<String>,
    /// Author of the message.
    pub role: Role,
    /// Text of the message.
    #[serde(deserialize_with = "pii::masked_text::stored")]
    pub content: MaskedText,
    /// Tokens of its text, counted once when it was written.
    pub content_tokens: u32,
    /// Its tool calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<Vec<ToolCall>>,
}

impl Message {
    /// Texts in it that neither the user nor the model wrote: attachments, and results of tools.
    pub fn texts_of_others(&self) -> impl Iterator<Item = String> {
        let is_of_user = self.role == Role::User;
        let attached = self.content.split_once(ATTACHMENT).filter(|_| is_of_user);
        let attached = attached.map(|(_, attached)| attached.to_owned());
        attached.into_iter().chain(self.calls().iter().map(|call| call.result().to_string()))
    }

    /// Its tool calls; none for most messages.
    #[must_use]
    pub fn calls(&self) -> &[ToolCall] {
        self.tool_calls.as_deref().unwrap_or_default()
    }

    /// Approximate size of its tool calls, in bytes.
    #[must_use]
    pub fn call_bytes(&self) -> usize {
        self.calls().iter().map(|call| call.result().len() + call.arguments_json().len()).sum()
    }
}

/// Longest title, in characters: about a line of a sidebar.
const TITLE_CHARS: usize = 60;

/// A session's title: the first words of its first message.
#[must_use]
pub fn title(message: &MaskedText) -> MaskedText {
    let text = message.split("\n\n<attachment ").next().unwrap_or(message.as_str());
    let line = one_line(text);
    if line.chars().count() <= TITLE_CHARS {
        return MaskedText::composed(line);
    }
    let cut: String = line.chars().take(TITLE_CHARS).collect();
    let whole = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    MaskedText::composed(format!("{whole}…"))
}
