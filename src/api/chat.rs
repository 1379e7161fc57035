//! `POST /api/chat`: two shapes of body, one [`Ask`].

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;
use wire_text::WireText;

use super::approvals::{Decided, in_parts};
use super::attachment::{Attachment, FilePart, append};
use crate::context::receipt::Receipt;
use crate::context::source::Source;
use crate::error::{Code, Error, Fault, abort, abort_field};
use crate::session::load::Role;
use crate::session::log::{LogEnding, LogHead};
use crate::session::tree::Place;
use crate::stream::event::UsageSummary;

/// Longest name a caller may give its message or chat, in bytes.
const MAX_ID_BYTES: usize = 128;

/// Longest slug, as `employee_profiles.slug` has it.
const MAX_SLUG_BYTES: usize = 63;

/// One validated request for a turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The session to continue or to begin.
    pub session_id: Uuid,
    /// What the user says, attachments and all: storable, and not empty but where a question is answered again.
    pub message: String,
    /// Where in the session it goes.
    pub place: Place,
    /// Whom the user asks, if the request says.
    pub employee: Option<String>,
    /// As events, or as one JSON object.
    pub stream: bool,
    /// The caller's own name for the message.
    pub client_message_id: Option<String>,
    /// Whether the turn may be recalled later.
    pub remember: bool,
}

/// The fields of either shape, each still to be read, so that an error can name the one at fault.
struct Body<'a>(HashMap<String, &'a RawValue>);

impl<'a> Body<'a> {
    fn parse(body: &'a [u8]) -> Result<Self, Error> {
        let fields = serde_json::from_slice(body);
        fields.map(Self).map_err(|_| abort(Code::InvalidJson, "The body must be a JSON object in UTF-8."))
    }

    fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|raw| raw.get() != "null")
    }

    /// One field as a `T`; `null` is as good as absent.
    fn field<T: Deserialize<'a>>(&self, name: &'static str, rule: &str) -> Result<Option<T>, Error> {
        self.0.get(name).map_or(Ok(None), |raw| read(raw, name, rule))
    }
}

fn read<'a, T: Deserialize<'a>>(raw: &'a RawValue, name: &'static str, rule: &str) -> Result<T, Error> {
    serde_json::from_str(raw.get())
        .map_err(|_| abort_field(Code::InvalidField, name, format!("{name} {rule}.")))
}

/// A message of the AI SDK (`UIMessage`), as far as it is taken.
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

/// What a body asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A turn.
    Ask(Ask),
    /// That an answer which waits for its user goes on: the AI SDK sends it back with what they said.
    Decided(Decided),
}

impl Sent {
    /// Reads a body, as [`Ask::parse`] does.
    ///
    /// # Errors
    /// `invalid_json`, or `invalid_field` with the field's name and what it may be.
    pub fn parse(body: &[u8], user: Uuid, random: [u8; 16]) -> Result<Self, Error> {
        let fields = Body::parse(body)?;
        let list: Option<Vec<&RawValue>> = fields.field("messages", "must be an array of UI messages")?;
        let newest = list.and_then(|list| list.last().copied());
        let newest = newest.and_then(|raw| serde_json::from_str::<UiMessage<'_>>(raw.get()).ok());
        let Some(answer) = newest.filter(|message| message.role == Role::Assistant) else {
            return Ask::read(&fields, user, random).map(Self::Ask);
        };
        let trigger =
            fields.field::<Trigger>("trigger", "must be 'submit-message' or 'regenerate-message'")?;
        let session_id = session_id(&fields, user)?;
        match (session_id, trigger.unwrap_or_default()) {
            (Some(session_id), Trigger::Submit) => Ok(Self::Decided(Decided {
                session_id,
                decisions: in_parts(answer.parts.iter().map(|part| part.get()))
                    .map_err(|_| not_a_question())?,
                stream: fields.field("stream", "must be true or false")?.unwrap_or(true),
            })),
            _ => Ask::read(&fields, user, random).map(Self::Ask),
        }
    }
}

fn not_a_question() -> Error {
    let detail = "The last of messages must have the role 'user', or be an answer with what its user said of its approvals.";
    abort_field(Code::InvalidField, "messages", detail)
}

impl Ask {
    /// Reads a body. `user` is the namespace of chat ids that are no UUIDs; `random` makes the id of a session
    /// that the request does not name.
    ///
    /// # Errors
    /// `invalid_json`, or `invalid_field` with the field's name and what it may be.
    pub fn parse(body: &[u8], user: Uuid, random: [u8; 16]) -> Result<Self, Error> {
        Self::read(&Body::parse(body)?, user, random)
    }

    fn read(body: &Body<'_>, user: Uuid, random: [u8; 16]) -> Result<Self, Error> {
        let newest = newest_message(body)?;
        let place = place(body, newest.as_ref())?;
        let named: Option<String> = body.field("client_message_id", "must be a string")?;
        let named = named.map(|id| bounded("client_message_id", id)).transpose()?;
        let (message, client_message_id) = if let Place::Again(_) = place {
            // The message is the server's. Its name is not this turn's: who asks again wants another answer.
            (String::new(), named)
        } else {
            let missing =
                || abort_field(Code::InvalidField, "message", "message is missing: send what the user says.");
            let Newest { mut text, name } = newest.ok_or_else(missing)?;
            let attachments = body
                .field("attachments", "must be an array of {name, text} or {file, name?}")?
                .unwrap_or_default();
            append(&mut text, attachments, "attachments")?;
            // Nor is it that of a message which replaces another and keeps its name.
            let name = name.filter(|_| !matches!(place, Place::Instead(_)));
            (text, named.or(name.map(|id| bounded("messages", id)).transpose()?))
        };
        let mentioned = mentioned(&message).map(ToOwned::to_owned);
        let session_id = session_id(body, user)?;
        Ok(Self {
            session_id: session_id.unwrap_or_else(|| uuid::Builder::from_random_bytes(random).into_uuid()),
            message,
            place,
            employee: employee(body)?.or(mentioned),
            stream: body.field("stream", "must be true or false")?.unwrap_or(true),
            client_message_id,
            remember: body.field("remember", "must be true or false")?.unwrap_or(true),
        })
    }
}

/// What the client did, as the AI SDK says it.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum Trigger {
    #[default]
    #[serde(rename = "submit-message")]
    Submit,
    #[serde(rename = "regenerate-message")]
    Regenerate,
}

/// Where the turn goes. `parent_id` names the message that it follows: with a message of its own, one to go on from, or the nil
/// UUID for the beginning; without, a question to answer again. The AI SDK names the message that is to be replaced instead.
fn place(body: &Body<'_>, newest: Option<&Newest>) -> Result<Place, Error> {
    let rule = "must be 'submit-message' or 'regenerate-message'";
    let trigger = body.field::<Trigger>("trigger", rule)?.unwrap_or_default();
    let parent: Option<Uuid> = body.field("parent_id", "must be a UUID")?;
    let replaced: Option<String> = body.field("messageId", "must be a string")?;
    let replaced = replaced.map(|name| bounded("messageId", name)).transpose()?;
    let question = newest.and_then(|newest| newest.name.clone()).filter(|_| trigger == Trigger::Regenerate);
    if trigger == Trigger::Regenerate && body.has("message") {
        let detail = "A question that is answered again is the session's: send no message with it.";
        return Err(abort_field(Code::InvalidField, "message", detail));
    }
    Ok(match (trigger, parent) {
        (Trigger::Regenerate, parent) => {
            Place::Again(parent.map(|id| id.to_string()).or(question).or(replaced))
        }
        (Trigger::Submit, Some(parent)) if newest.is_none() => Place::Again(Some(parent.to_string())),
        (Trigger::Submit, Some(parent)) if parent.is_nil() => Place::Beginning,
        (Trigger::Submit, Some(parent)) => Place::After(parent),
        (Trigger::Submit, None) => replaced.map_or(Place::Newest, Place::Instead),
    })
}

/// What a body says last.
struct Newest {
    text: String,
    /// What the AI SDK calls it.
    name: Option<String>,
}

/// Of a client's history only the newest message is taken: history is the server's. `None` when there is none.
fn newest_message(body: &Body<'_>) -> Result<Option<Newest>, Error> {
    let (field, mut text, name, files) = match (body.has("message"), body.has("messages")) {
        (true, true) => {
            let detail = "Send either message or messages, not both.";
            return Err(abort_field(Code::InvalidField, "messages", detail));
        }
        (false, true) => {
            let list: Option<Vec<&RawValue>> = body.field("messages", "must be an array of UI messages")?;
            let Some(newest) = list.and_then(|list| list.last().copied()) else { return Ok(None) };
            let (text, name, files) =
                text_of(read(newest, "messages", "must end with a UI message {role, parts}")?)?;
            ("messages", text, name, files)
        }
        _ => match body.field::<WireText>("message", "must be a string")? {
            Some(text) => ("message", text.0, None, Vec::new()),
            None => return Ok(None),
        },
    };
    if text.trim().is_empty() {
        return Err(abort_field(Code::InvalidField, field, "The message must not be empty."));
    }
    append(&mut text, files, "messages")?;
    Ok(Some(Newest { text, name }))
}

fn text_of(message: UiMessage<'_>) -> Result<(String, Option<String>, Vec<Attachment>), Error> {
    if message.role != Role::User {
        let detail = "The last of messages must have the role 'user'.";
        return Err(abort_field(Code::InvalidField, "messages", detail));
    }
    let mut text = String::new();
    let mut files = Vec::new();
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
    Ok((text, message.id.filter(|id| !id.is_empty()), files))
}

/// `session_id` is a UUID; the AI SDK's chat `id` may be anything and then stands for one under this user.
fn session_id(body: &Body<'_>, user: Uuid) -> Result<Option<Uuid>, Error> {
    let session: Option<Uuid> = body.field("session_id", "must be a UUID")?;
    if session.is_some() {
        return Ok(session);
    }
    let Some(id) = body.field::<String>("id", "must be a string")? else { return Ok(None) };
    session_named(&id, user).map(Some)
}

/// The session that a user calls so: a UUID is its id, any other name stands for one under that user.
///
/// # Errors
/// `invalid_field` for an empty name or one that is too long.
pub fn session_named(name: &str, user: Uuid) -> Result<Uuid, Error> {
    let name = bounded("id", name.to_owned())?;
    Ok(Uuid::try_parse(&name).unwrap_or_else(|_| Uuid::new_v5(&user, name.as_bytes())))
}

/// Whom a message is addressed to: it begins with `@` and a slug.
fn mentioned(message: &str) -> Option<&str> {
    let rest = message.trim_start().strip_prefix('@')?;
    let end = rest.find(|c: char| !is_slug(c)).unwrap_or(rest.len());
    let (slug, after) = rest.split_at_checked(end)?;
    let is_name = slug.starts_with(|c: char| c.is_ascii_lowercase()) && slug.len() <= MAX_SLUG_BYTES;
    // Not an address, nor a handle of somebody else's kind.
    let ends = after.chars().next().is_none_or(|c| c.is_whitespace() || ",:;!?".contains(c));
    (is_name && ends).then_some(slug)
}

const fn is_slug(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
}

fn employee(body: &Body<'_>) -> Result<Option<String>, Error> {
    const RULE: &str = "must be a slug: lower-case letters, digits and hyphens";
    let Some(slug) = body.field::<String>("employee", RULE)? else { return Ok(None) };
    if slug.is_empty() || slug.len() > MAX_SLUG_BYTES || !slug.chars().all(is_slug) {
        return Err(abort_field(Code::InvalidField, "employee", format!("employee {RULE}.")));
    }
    Ok(Some(slug))
}

fn bounded(name: &'static str, id: String) -> Result<String, Error> {
    if id.is_empty() || id.len() > MAX_ID_BYTES || id.contains('\0') {
        let detail = format!("{name} must have 1 to {MAX_ID_BYTES} bytes and no NUL.");
        return Err(abort_field(Code::InvalidField, name, detail));
    }
    Ok(id)
}

/// The answer to a request with `"stream": false`.
#[derive(Debug, Serialize)]
pub struct Reply<'a> {
    id: Uuid,
    session_id: Uuid,
    employee: &'a str,
    model: &'a str,
    message: &'a str,
    finish_reason: &'a str,
    usage: UsageSummary,
    ttft_ms: Option<u64>,
    latency_ms: u64,
    cost_usd: Option<f64>,
    receipt: Option<&'a Receipt>,
    /// The documents of which something stood in the prompt.
    sources: Vec<Source>,
}

impl<'a> Reply<'a> {
    /// A turn that ended, with its text and its sources as the user is to see them.
    ///
    /// # Errors
    /// Why it broke off.
    pub fn new(
        head: &'a LogHead,
        text: &'a str,
        sources: Vec<Source>,
        ending: &'a LogEnding,
    ) -> Result<Self, Fault> {
        let (finish_reason, summary) = match ending {
            LogEnding::Finished { reason, summary } => (reason.as_str(), summary),
            LogEnding::Stopped { summary } => ("stopped", summary),
            LogEnding::Failed { code } => return Err(Fault::new(*code, format!("turn {}", head.turn_id))),
        };
        Ok(Self {
            id: head.answer_id,
            session_id: head.session_id,
            employee: &head.employee,
            model: summary.model.as_deref().unwrap_or(&head.model),
            message: text,
            finish_reason,
            usage: summary.usage,
            ttft_ms: summary.ttft_ms,
            latency_ms: summary.latency_ms,
            cost_usd: summary.cost_usd,
            receipt: head.receipt.as_ref(),
            sources,
        })
    }
}

#[cfg(test)]
mod tests;
