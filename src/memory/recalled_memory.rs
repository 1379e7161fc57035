//! A memory as the index has it and as a prompt shows it.

use chrono::{DateTime, Utc};
use pii::masked_text::MaskedText;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chat::message::Role;

/// Longest name of a speaker, in characters.
const MAX_SPEAKER: usize = 40;

/// A message of an earlier conversation, or a passage of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecalledMemory {
    /// Id of the message or passage.
    pub id: Uuid,
    /// The message, if it is one.
    pub message_id: Option<Uuid>,
    /// The message's session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
    /// The document, if it is a passage of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_id: Option<Uuid>,
    /// Media type of that document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Name of that document, masked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Author of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Its text, masked.
    #[serde(deserialize_with = "pii::masked_text::stored")]
    pub content: MaskedText,
    /// Tokens of the text.
    pub content_tokens: u32,
    /// Time of the message.
    pub occurred_at: DateTime<Utc>,
}

/// A message that may become a memory.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// Id of the message.
    pub id: Uuid,
    /// Id of its session.
    pub session: Uuid,
    /// Author of the message.
    pub role: Role,
    /// Text of the message, masked.
    pub content: &'a MaskedText,
    /// Tokens of the text.
    pub content_tokens: u32,
    /// Time of the message.
    pub at: DateTime<Utc>,
}

impl RecalledMemory {
    /// The memory of a message; `None` for one that says nothing, as an answer that never came.
    #[must_use]
    pub fn of_message(said: Said<'_>) -> Option<Self> {
        let Said { id, session, role, content, content_tokens, at } = said;
        let is_said = matches!(role, Role::User | Role::Assistant) && !content.trim().is_empty();
        is_said.then(|| Self {
            id,
            message_id: Some(id),
            session_id: Some(session),
            document_id: None,
            media_type: None,
            document: None,
            role: Some(role),
            content: content.clone(),
            content_tokens,
            occurred_at: at,
        })
    }

    /// The session or document that it is a part of.
    #[must_use]
    pub fn thread(&self) -> Uuid {
        self.session_id.or(self.document_id).unwrap_or(self.id)
    }

    /// True for a question: it says less than an answer.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.content.trim_end().ends_with(['?', '？', '؟'])
    }

    /// The name before a colon at the beginning, or its placeholder, in lower case, as imported conversations of many people have it.
    #[must_use]
    pub fn speaker(&self) -> Option<String> {
        let (name, _) = self.content.split_once(": ")?;
        let is_name = |char: char| char.is_alphanumeric() || " .'-[_]".contains(char);
        let is_speaker = name.starts_with(|first: char| first.is_alphabetic() || first == '[')
            && name.chars().count() <= MAX_SPEAKER
            && name.chars().all(is_name);
        is_speaker.then(|| name.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speaker_is_known_by_name_or_placeholder() {
        let speaker = |text: &str| {
            let content = MaskedText::from_storage(text.to_owned());
            let (id, at) = (Uuid::nil(), DateTime::UNIX_EPOCH);
            let said = Said { id, session: id, role: Role::User, content: &content, content_tokens: 1, at };
            RecalledMemory::of_message(said)?.speaker()
        };
        assert_eq!(speaker("Ann-Marie O'Neil: hello").as_deref(), Some("ann-marie o'neil"));
        assert_eq!(speaker("[PERSON_1]: hello: you").as_deref(), Some("[person_1]"));
        assert_eq!(speaker("(1): hello"), None);
        assert_eq!(speaker("hello"), None);
    }
}
