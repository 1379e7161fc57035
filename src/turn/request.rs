//! A validated request for a turn.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::chat::message::Role;
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
    /// Settings of a client of another API, which also decides on the tools.
    pub settings: Option<Box<ClientSettings>>,
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

/// A conversation that its client keeps, raw, and how it is to be continued.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientConversation {
    /// Slug of the employee.
    pub employee: String,
    /// Its messages, oldest first.
    pub messages: Vec<ClientMessage>,
    /// Settings of the answer.
    pub settings: ClientSettings,
}

/// A message of a client.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientMessage {
    /// Author of the message; never a tool, whose results stand with their calls.
    pub role: Role,
    /// Text of the message.
    pub text: String,
    /// Pictures, as the parts of a request that hold them.
    pub pictures: Vec<Value>,
    /// Tool calls of an assistant, with their results.
    pub calls: Vec<ClientCall>,
}

/// A tool call in a client's message.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCall {
    /// Id that it is sent with.
    pub id: Uuid,
    /// Name of the tool.
    pub name: String,
    /// Arguments as the client has them.
    pub arguments: String,
    /// Result of the call, where there is one.
    pub result: Option<String>,
}

/// Settings of an answer, raw.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ClientSettings {
    /// Tools of the client: OpenAI's `function` objects.
    pub tools: Vec<Value>,
    /// Tokens that the answer may have.
    pub max_output_tokens: Option<u32>,
    /// The `response_format` of the request.
    pub format: Option<Value>,
    /// The `tool_choice` of the request.
    pub tool_choice: Option<Value>,
    /// Further parameters by their names.
    pub parameters: Map<String, Value>,
}

/// Results of a client's tools for an answer of a session, raw.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientResults {
    /// Session of the answer.
    pub session_id: Uuid,
    /// Results of all calls that the answer waits for.
    pub results: Vec<ClientResult>,
    /// Settings of the rest of the answer.
    pub settings: ClientSettings,
}

/// Result of a client's tool.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientResult {
    /// Id of the call.
    pub call: Uuid,
    /// Text of the result.
    pub output: String,
}
