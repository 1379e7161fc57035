//! Messages of a chat completion request
//! (<https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages>).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use uuid::Uuid;
use wire_text::WireText;

use crate::api::fields::read;
use crate::chat::message::Role;
use crate::error::{Code, Error, abort_field};
use crate::stream::openai_chunks::call_id;
use crate::turn::request::{ClientCall, ClientMessage, ClientResult};

/// Messages that a request may have.
const MAX_MESSAGES: usize = 2000;

/// Media types of pictures that models take.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "image/gif"];

/// Author of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WireRole {
    System,
    Developer,
    User,
    Assistant,
    Tool,
}

#[derive(Deserialize)]
struct WireMessage<'a> {
    role: WireRole,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(default)]
    tool_calls: Option<Vec<WireCall>>,
    #[serde(default)]
    tool_call_id: Option<String>,
}

#[derive(Deserialize)]
struct WireCall {
    id: String,
    function: WireFunction,
}

#[derive(Deserialize)]
struct WireFunction {
    name: String,
    arguments: WireText,
}

#[derive(Deserialize)]
struct WirePart {
    r#type: String,
    #[serde(default)]
    text: Option<WireText>,
    #[serde(default)]
    refusal: Option<WireText>,
    #[serde(default)]
    image_url: Option<WirePicture>,
}

#[derive(Deserialize)]
struct WirePicture {
    url: String,
    #[serde(default)]
    detail: Option<String>,
}

/// The messages of a request.
pub(super) struct Messages {
    /// All of them, with results at their calls.
    pub(super) all: Vec<ClientMessage>,
    /// The results after the last other message.
    pub(super) results: Vec<ClientResult>,
}

/// Reads messages.
///
/// # Errors
/// `invalid_field`.
pub(super) fn parse(raw: &[&RawValue]) -> Result<Messages, Error> {
    if raw.is_empty() || raw.len() > MAX_MESSAGES {
        return Err(refuse("messages must have 1 to 2000 messages."));
    }
    let mut reader = Reader::default();
    for message in raw {
        reader.take(read(message, "messages", "must be messages {role, content, …}")?)?;
    }
    Ok(Messages { all: reader.all, results: reader.results })
}

#[derive(Default)]
struct Reader {
    all: Vec<ClientMessage>,
    results: Vec<ClientResult>,
    /// Ids of the newest calls, by the names that the client gives them.
    names: BTreeMap<String, Uuid>,
    /// Ids of all calls.
    ids: BTreeSet<Uuid>,
}

impl Reader {
    fn take(&mut self, message: WireMessage<'_>) -> Result<(), Error> {
        let Content { text, pictures } = content(message.content)?;
        let role = match message.role {
            WireRole::System | WireRole::Developer => Role::System,
            WireRole::User => Role::User,
            WireRole::Assistant => Role::Assistant,
            WireRole::Tool => return self.take_result(message.tool_call_id, text),
        };
        if !pictures.is_empty() && role != Role::User {
            return Err(refuse("Only a message of the user may have pictures."));
        }
        self.results.clear();
        let calls = message.tool_calls.unwrap_or_default();
        if !calls.is_empty() && role != Role::Assistant {
            return Err(refuse("Only a message of the assistant may have tool_calls."));
        }
        let calls = calls.into_iter().map(|call| self.call(call)).collect();
        self.all.push(ClientMessage { role, text, pictures, calls });
        Ok(())
    }

    fn call(&mut self, call: WireCall) -> ClientCall {
        let WireCall { id: name, function: WireFunction { name: tool, arguments: WireText(arguments) } } =
            call;
        // An id of a client may hold anything: it is replaced by its position, unless it was made here.
        let own = call_id(&name).filter(|id| !self.ids.contains(id));
        let id =
            own.unwrap_or_else(|| Uuid::from_u64_pair(0, u64::try_from(self.ids.len()).unwrap_or(0) + 1));
        self.ids.insert(id);
        self.names.insert(name, id);
        ClientCall { id, name: tool, arguments, result: None }
    }

    fn take_result(&mut self, name: Option<String>, output: String) -> Result<(), Error> {
        let lone =
            || refuse("A message with the role 'tool' must follow the tool_calls with its tool_call_id.");
        let call = *name.and_then(|name| self.names.get(&name)).ok_or_else(lone)?;
        let calls = self.all.last_mut().into_iter().flat_map(|message| &mut message.calls);
        let known = calls.into_iter().find(|known| known.id == call).ok_or_else(lone)?;
        known.result = Some(output.clone());
        self.results.push(ClientResult { call, output });
        Ok(())
    }
}

#[derive(Default)]
struct Content {
    text: String,
    pictures: Vec<serde_json::Value>,
}

/// Reads a text, or parts of texts and pictures.
fn content(raw: Option<&RawValue>) -> Result<Content, Error> {
    let rule = "must have a content that is a text or an array of parts";
    let Some(raw) = raw.filter(|raw| raw.get() != "null") else { return Ok(Content::default()) };
    if raw.get().starts_with('"') {
        let WireText(text) = read(raw, "messages", rule)?;
        return Ok(Content { text, pictures: Vec::new() });
    }
    let parts: Vec<WirePart> = read(raw, "messages", rule)?;
    let mut content = Content::default();
    for part in parts {
        match (part.r#type.as_str(), part.text.or(part.refusal), part.image_url) {
            ("text" | "refusal", Some(WireText(text)), _) => content.text.push_str(&text),
            ("image_url", _, Some(picture)) => content.pictures.push(checked(&picture)?),
            _ => {
                return Err(refuse(
                    "A part of a message must be {type: 'text', text} or {type: 'image_url', image_url}.",
                ));
            }
        }
    }
    Ok(content)
}

/// The part of a picture. No address is fetched.
fn checked(picture: &WirePicture) -> Result<serde_json::Value, Error> {
    let WirePicture { url, detail } = picture;
    let kind = url.strip_prefix("data:").and_then(|data| data.split_once(";base64,"));
    let is_base64 = |data: &str| data.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    if !kind.is_some_and(|(kind, data)| PICTURES.contains(&kind) && is_base64(data)) {
        return Err(refuse(
            "The url of a picture must be a data URL of image/png, image/jpeg, image/webp or image/gif in base64.",
        ));
    }
    let detail = detail.as_deref().filter(|detail| matches!(*detail, "low" | "high"));
    Ok(json!({ "type": "image_url", "image_url": { "url": url, "detail": detail.unwrap_or("auto") } }))
}

fn refuse(detail: &str) -> Error {
    abort_field(Code::InvalidField, "messages", detail)
}
