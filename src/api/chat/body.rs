//! The body of `POST /api/chat`: two shapes, one [`TurnRequest`].

use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;
use wire_text::WireText;

use super::attachment::{Attachment, FilePart, append};
use crate::api::approvals::{ApprovalRequest, decisions_in_parts};
use crate::api::client_id;
use crate::api::fields::{Fields, read};
use crate::chat::message::Role;
use crate::error::{Code, Error, abort_field};
use crate::session::path::InsertAt;
use crate::turn::request::{AnswerForm, TurnRequest};

/// Longest slug in bytes, as `employee_profiles.slug` has it.
const MAX_SLUG_BYTES: usize = 63;

/// A validated body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChatRequest {
    /// A message to answer.
    Turn(TurnRequest),
    /// Decisions on pending approvals: the AI SDK sends the answer back with them.
    Approvals(ApprovalRequest),
}

/// Reads a body. `names` is the user's namespace of chat ids that are no UUIDs; `random` makes the id of a session that the request does
/// not name.
///
/// # Errors
/// `invalid_json`, or `invalid_field` with the field's name and its rule.
pub fn parse(body: &[u8], names: Uuid, random: [u8; 16]) -> Result<ChatRequest, Error> {
    let fields = Fields::parse(body)?;
    let list: Option<Vec<&RawValue>> = fields.get("messages", "must be an array of UI messages")?;
    let newest = list.and_then(|list| list.last().copied());
    let newest = newest.and_then(|raw| serde_json::from_str::<UiMessage<'_>>(raw.get()).ok());
    let Some(answer) = newest.filter(|message| message.role == Role::Assistant) else {
        return turn(&fields, names, random).map(ChatRequest::Turn);
    };
    match (trigger(&fields)?, session_id(&fields, names)?) {
        (Trigger::Submit, Some(session_id)) => {
            let decisions = decisions_in_parts(answer.parts.iter().map(|part| part.get()));
            let decisions = decisions.map_err(|_| no_question())?;
            let form = form(&fields)?;
            Ok(ChatRequest::Approvals(ApprovalRequest { session_id, decisions, form }))
        }
        (Trigger::Submit, None) | (Trigger::Regenerate, _) => {
            turn(&fields, names, random).map(ChatRequest::Turn)
        }
    }
}

fn no_question() -> Error {
    let detail = "The last of messages must have the role 'user', or be an answer with what its user said of its approvals.";
    abort_field(Code::InvalidField, "messages", detail)
}

/// A message of the AI SDK (`UIMessage`), as far as it is read.
#[derive(Deserialize)]
struct UiMessage<'a> {
    #[serde(default)]
    id: Option<String>,
    role: Role,
    #[serde(borrow, default)]
    parts: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct UiPart {
    r#type: String,
    #[serde(default)]
    text: Option<WireText>,
}

/// Action of the client, in the AI SDK's terms.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum Trigger {
    #[default]
    #[serde(rename = "submit-message")]
    Submit,
    #[serde(rename = "regenerate-message")]
    Regenerate,
}

fn trigger(fields: &Fields<'_>) -> Result<Trigger, Error> {
    let rule = "must be 'submit-message' or 'regenerate-message'";
    Ok(fields.get("trigger", rule)?.unwrap_or_default())
}

fn form(fields: &Fields<'_>) -> Result<AnswerForm, Error> {
    let is_stream = fields.get("stream", "must be true or false")?.unwrap_or(true);
    Ok(if is_stream { AnswerForm::Stream } else { AnswerForm::Json })
}

fn turn(fields: &Fields<'_>, names: Uuid, random: [u8; 16]) -> Result<TurnRequest, Error> {
    let newest = newest_message(fields)?;
    let insert_at = insert_at(fields, newest.as_ref())?;
    let message_id = fields.client_id("client_message_id")?;
    let (message, client_message_id) = if let InsertAt::Regenerate(_) = insert_at {
        // The message is stored already, and its name belongs to its own turn: the client wants another answer.
        (String::new(), message_id)
    } else {
        let missing =
            || abort_field(Code::InvalidField, "message", "message is missing: send what the user says.");
        let NewestMessage { mut text, name } = newest.ok_or_else(missing)?;
        let attachments = fields
            .get("attachments", "must be an array of {name, text} or {file, name?}")?
            .unwrap_or_default();
        append(&mut text, attachments, "attachments")?;
        // A message that replaces another keeps that one's name in the AI SDK.
        let name = name.filter(|_| !matches!(insert_at, InsertAt::InsteadOf(_)));
        (text, message_id.or(name.map(|id| client_id::checked("messages", id)).transpose()?))
    };
    let mentioned = mentioned(&message).map(ToOwned::to_owned);
    let begun = || match &client_message_id {
        // A message that comes again must not begin another session.
        Some(message) => client_id::session_of_message(message, names),
        None => uuid::Builder::from_random_bytes(random).into_uuid(),
    };
    Ok(TurnRequest {
        session_id: session_id(fields, names)?.unwrap_or_else(begun),
        message,
        insert_at,
        employee: employee(fields)?.or(mentioned),
        form: form(fields)?,
        client_message_id,
        remember: fields.get("remember", "must be true or false")?.unwrap_or(true),
        settings: None,
    })
}

/// Reads the position of the turn. `parent_id` names the message before it: with a new message, the one to go on from, or the nil
/// UUID for the beginning; without, a question to answer again. The AI SDK names the message that is replaced instead.
fn insert_at(fields: &Fields<'_>, newest: Option<&NewestMessage>) -> Result<InsertAt, Error> {
    let trigger = trigger(fields)?;
    let parent: Option<Uuid> = fields.get("parent_id", "must be a UUID")?;
    let replaced = fields.client_id("messageId")?;
    let question = newest.and_then(|newest| newest.name.clone()).filter(|_| trigger == Trigger::Regenerate);
    if trigger == Trigger::Regenerate && fields.has("message") {
        let detail = "A question that is answered again is the session's: send no message with it.";
        return Err(abort_field(Code::InvalidField, "message", detail));
    }
    Ok(match (trigger, parent) {
        (Trigger::Regenerate, parent) => {
            InsertAt::Regenerate(parent.map(|id| id.to_string()).or(question).or(replaced))
        }
        (Trigger::Submit, Some(parent)) if newest.is_none() => InsertAt::Regenerate(Some(parent.to_string())),
        (Trigger::Submit, Some(parent)) if parent.is_nil() => InsertAt::Beginning,
        (Trigger::Submit, Some(parent)) => InsertAt::After(parent),
        (Trigger::Submit, None) => replaced.map_or(InsertAt::Newest, InsertAt::InsteadOf),
    })
}

/// The newest message of a body.
struct NewestMessage {
    text: String,
    /// Its id in the AI SDK.
    name: Option<String>,
}

/// Reads the newest message. The rest of a client's history is ignored: history is the server's.
fn newest_message(fields: &Fields<'_>) -> Result<Option<NewestMessage>, Error> {
    match (fields.has("message"), fields.has("messages")) {
        (true, true) => {
            let detail = "Send either message or messages, not both.";
            Err(abort_field(Code::InvalidField, "messages", detail))
        }
        (false, true) => {
            let list: Option<Vec<&RawValue>> = fields.get("messages", "must be an array of UI messages")?;
            let Some(newest) = list.and_then(|list| list.last().copied()) else { return Ok(None) };
            ui_message(read(newest, "messages", "must end with a UI message {role, parts}")?).map(Some)
        }
        (_, false) => {
            let Some(WireText(text)) = fields.get("message", "must be a string")? else { return Ok(None) };
            require_text(&text, "message")?;
            Ok(Some(NewestMessage { text, name: None }))
        }
    }
}

fn ui_message(message: UiMessage<'_>) -> Result<NewestMessage, Error> {
    if message.role != Role::User {
        let detail = "The last of messages must have the role 'user'.";
        return Err(abort_field(Code::InvalidField, "messages", detail));
    }
    let mut text = String::new();
    let mut files: Vec<Attachment> = Vec::new();
    for raw in message.parts {
        let part: UiPart = read(raw, "messages", "must have parts {type, …}")?;
        match (part.r#type.as_str(), part.text) {
            ("text", Some(piece)) => text.push_str(&piece.0),
            ("file", _) => {
                let file: FilePart = read(raw, "messages", "must have file parts {mediaType, url}")?;
                files.push(file.into_attachment()?);
            }
            _ => {}
        }
    }
    require_text(&text, "messages")?;
    append(&mut text, files, "messages")?;
    Ok(NewestMessage { text, name: message.id.filter(|id| !id.is_empty()) })
}

fn require_text(text: &str, field: &'static str) -> Result<(), Error> {
    if text.trim().is_empty() {
        return Err(abort_field(Code::InvalidField, field, "The message must not be empty."));
    }
    Ok(())
}

/// Reads the session. `session_id` is a UUID; the AI SDK's chat `id` may be any name, which stands for one session of the user.
fn session_id(fields: &Fields<'_>, names: Uuid) -> Result<Option<Uuid>, Error> {
    let session: Option<Uuid> = fields.get("session_id", "must be a UUID")?;
    if session.is_some() {
        return Ok(session);
    }
    let Some(id) = fields.get::<String>("id", "must be a string")? else { return Ok(None) };
    client_id::session(&id, names).map(Some)
}

/// The employee that a message is addressed to: it begins with `@` and a slug.
fn mentioned(message: &str) -> Option<&str> {
    let rest = message.trim_start().strip_prefix('@')?;
    let end = rest.find(|c: char| !is_slug(c)).unwrap_or(rest.len());
    let (slug, after) = rest.split_at_checked(end)?;
    let is_name = slug.starts_with(|c: char| c.is_ascii_lowercase()) && slug.len() <= MAX_SLUG_BYTES;
    // Not an e-mail address, nor a handle of another service.
    let ends = after.chars().next().is_none_or(|c| c.is_whitespace() || ",:;!?".contains(c));
    (is_name && ends).then_some(slug)
}

const fn is_slug(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
}

fn employee(fields: &Fields<'_>) -> Result<Option<String>, Error> {
    const RULE: &str = "must be a slug: lower-case letters, digits and hyphens";
    let Some(slug) = fields.get::<String>("employee", RULE)? else { return Ok(None) };
    if slug.is_empty() || slug.len() > MAX_SLUG_BYTES || !slug.chars().all(is_slug) {
        return Err(abort_field(Code::InvalidField, "employee", format!("employee {RULE}.")));
    }
    Ok(Some(slug))
}

#[cfg(test)]
mod tests;
