//! A validated request for a turn.

use uuid::Uuid;

use crate::session::path::InsertAt;

/// A message to answer, or a question to answer again.
#[derive(Clone, PartialEq, Eq)]
pub struct TurnRequest {
    /// Session to continue or to begin.
    pub session_id: Uuid,
    /// The user's message with its attachments, raw. Not empty unless a question is answered again.
    pub message: String,
    /// Position in the session.
    pub insert_at: InsertAt,
    /// Slug of the employee, if the request names one.
    pub employee: Option<String>,
    /// Form of the answer.
    pub form: AnswerForm,
    /// The id that the client gave the message.
    pub client_message_id: Option<String>,
    /// True if the turn may be recalled later.
    pub remember: bool,
}

// Written by hand: no log line can ever hold a message.
impl std::fmt::Debug for TurnRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TurnRequest({}, {} bytes)", self.session_id, self.message.len())
    }
}

/// Form in which an answer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerForm {
    /// Events as they happen.
    Stream,
    /// One JSON object at the end.
    Json,
}
