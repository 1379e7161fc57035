//! The body of `POST /v1/chat/completions` (<https://platform.openai.com/docs/api-reference/chat/create>).

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::messages::{self, Messages};
use crate::api::client_id;
use crate::api::fields::Fields;
use crate::chat::message::Role;
use crate::error::{Code, Error, abort_field};
use crate::session::path::InsertAt;
use crate::stream::openai_chunks::UsageChunk;
use crate::turn::request::{AnswerForm, ClientConversation, ClientResults, ClientSettings, TurnRequest};
use crate::user::{CompletionForm, CompletionRequest};

/// Tools that a request may have, as OpenAI has it.
const MAX_TOOLS: usize = 128;

/// Longest name of a tool, in bytes, as OpenAI has it.
const MAX_NAME_BYTES: usize = 64;

/// Longest text of a parameter, in bytes.
const MAX_TEXT_BYTES: usize = 256;

/// Parameters that are passed on as they are, with the range of those that are numbers.
const NUMBERS: [(&str, f64, f64); 5] = [
    ("temperature", 0.0, 2.0),
    ("top_p", 0.0, 1.0),
    ("presence_penalty", -2.0, 2.0),
    ("frequency_penalty", -2.0, 2.0),
    ("seed", -1e19, 1e19),
];

const TEXTS: [&str; 3] = ["user", "reasoning_effort", "verbosity"];

/// A validated request.
pub(super) struct CompletionBody {
    pub(super) request: CompletionRequest,
    pub(super) form: CompletionForm,
}

#[derive(Deserialize)]
struct WireTool {
    r#type: String,
    function: Value,
}

#[derive(Default, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

/// Reads a body. `session` is the value of `x-session-id`, `names` the user's namespace of names of sessions.
///
/// # Errors
/// `invalid_json`; `invalid_field` with the parameter's name; `unknown_employee`.
pub(super) fn parse(body: &[u8], session: Option<&str>, names: Uuid) -> Result<CompletionBody, Error> {
    let fields = Fields::parse(body)?;
    let employee = employee(&fields)?;
    let list: Option<Vec<&RawValue>> = fields.get("messages", "must be an array of messages")?;
    let missing =
        || abort_field(Code::InvalidField, "messages", "messages is missing: send the conversation.");
    let messages = messages::parse(&list.ok_or_else(missing)?)?;
    let settings = settings(&fields)?;
    let form = form(&fields)?;
    let request = match session {
        None => {
            CompletionRequest::Conversation(ClientConversation { employee, messages: messages.all, settings })
        }
        Some(session) => of_session(client_id::session(session, names)?, employee, messages, settings)?,
    };
    Ok(CompletionBody { request, form })
}

/// A request in a session: its history is the server's, so the newest message alone counts, or the results after it.
fn of_session(
    session_id: Uuid,
    employee: String,
    messages: Messages,
    settings: ClientSettings,
) -> Result<CompletionRequest, Error> {
    let Messages { all, results } = messages;
    if !results.is_empty() {
        return Ok(CompletionRequest::Results(ClientResults { session_id, results, settings }));
    }
    let refuse = |detail: &str| Err(abort_field(Code::InvalidField, "messages", detail));
    let Some(newest) = all.into_iter().rfind(|message| message.role == Role::User) else {
        return refuse("A message of the user must be among the messages.");
    };
    if !newest.pictures.is_empty() {
        return refuse("A session keeps no pictures: send them without x-session-id.");
    }
    if newest.text.trim().is_empty() {
        return refuse("The message must not be empty.");
    }
    Ok(CompletionRequest::Message(TurnRequest {
        session_id,
        message: newest.text,
        insert_at: InsertAt::Newest,
        employee: Some(employee),
        form: AnswerForm::Json,
        client_message_id: None,
        remember: true,
        settings: Some(Box::new(settings)),
    }))
}

fn employee(fields: &Fields<'_>) -> Result<String, Error> {
    let missing = || {
        abort_field(
            Code::InvalidField,
            "model",
            "model is missing: it is the slug of an employee. GET /v1/models lists them.",
        )
    };
    fields.get::<String>("model", "must be the slug of an employee")?.ok_or_else(missing)
}

fn form(fields: &Fields<'_>) -> Result<CompletionForm, Error> {
    let options: Option<StreamOptions> = fields.get("stream_options", "must be an object {include_usage}")?;
    let is_stream = fields.get("stream", "must be true or false")?.unwrap_or(false);
    if options.is_some() && !is_stream {
        let detail = "stream_options may be set only with stream: true.";
        return Err(abort_field(Code::InvalidField, "stream_options", detail));
    }
    if !is_stream {
        return Ok(CompletionForm::Whole);
    }
    let has_usage = options.unwrap_or_default().include_usage.unwrap_or_default();
    Ok(CompletionForm::Chunks(if has_usage { UsageChunk::Last } else { UsageChunk::Absent }))
}

fn settings(fields: &Fields<'_>) -> Result<ClientSettings, Error> {
    refuse_unsupported(fields)?;
    let tools = tools(fields)?;
    let tool_choice = tool_choice(fields, &tools)?;
    Ok(ClientSettings {
        max_output_tokens: max_tokens(fields, "max_completion_tokens")?.or(max_tokens(fields, "max_tokens")?),
        format: format(fields)?,
        parameters: parameters(fields)?,
        tool_choice,
        tools,
    })
}

/// Refuses what would change the answer and cannot be had. Other unknown fields are ignored.
fn refuse_unsupported(fields: &Fields<'_>) -> Result<(), Error> {
    let refuse = |name: &'static str, detail: &str| Err(abort_field(Code::InvalidField, name, detail));
    if fields.get::<u32>("n", "must be 1")?.is_some_and(|n| n != 1) {
        return refuse("n", "n must be 1: a request has one answer.");
    }
    if fields.get::<bool>("logprobs", "must be false")?.unwrap_or_default() {
        return refuse("logprobs", "logprobs must be false.");
    }
    for name in ["functions", "function_call"] {
        if fields.has(name) {
            return refuse(name, &format!("{name} is not supported: send tools and tool_choice."));
        }
    }
    let modalities: Option<Vec<String>> = fields.get("modalities", "must be an array of strings")?;
    if fields.has("audio") || modalities.is_some_and(|modalities| modalities.iter().any(|one| one != "text"))
    {
        return refuse("modalities", "An answer is text only.");
    }
    Ok(())
}

fn max_tokens(fields: &Fields<'_>, name: &'static str) -> Result<Option<u32>, Error> {
    let rule = "must be a whole number of 1 or more";
    let tokens: Option<u32> = fields.get(name, rule)?;
    match tokens {
        Some(0) => Err(abort_field(Code::InvalidField, name, format!("{name} {rule}."))),
        tokens => Ok(tokens),
    }
}

fn tools(fields: &Fields<'_>) -> Result<Vec<Value>, Error> {
    const RULE: &str = "must be an array of {type: 'function', function: {name, description, parameters}}";
    let refuse = |detail: String| abort_field(Code::InvalidField, "tools", detail);
    let tools: Vec<WireTool> = fields.get("tools", RULE)?.unwrap_or_default();
    if tools.len() > MAX_TOOLS {
        return Err(refuse(format!("tools may have {MAX_TOOLS} tools.")));
    }
    let mut functions: Vec<Value> = Vec::with_capacity(tools.len());
    for WireTool { r#type, function } in tools {
        if r#type != "function" || !function.is_object() {
            return Err(refuse(format!("tools {RULE}.")));
        }
        if !is_name(name_of(&function)) {
            return Err(refuse(
                "The name of a tool must have 1 to 64 letters, digits, '_' or '-'.".to_owned(),
            ));
        }
        if functions.iter().any(|other| name_of(other) == name_of(&function)) {
            return Err(refuse("Two tools have one name.".to_owned()));
        }
        functions.push(function);
    }
    Ok(functions)
}

fn name_of(function: &Value) -> &str {
    function.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn is_name(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.chars().all(is_allowed)
}

fn tool_choice(fields: &Fields<'_>, tools: &[Value]) -> Result<Option<Value>, Error> {
    const RULE: &str = "must be 'none', 'auto', 'required' or {type: 'function', function: {name}} of a tool";
    let choice: Option<Value> = fields.get("tool_choice", RULE)?;
    let is_known = |choice: &Value| match choice {
        Value::String(word) => matches!(word.as_str(), "none" | "auto" | "required"),
        choice => {
            let name = choice.get("function").map_or("", name_of);
            tools.iter().any(|tool| name_of(tool) == name)
        }
    };
    match choice {
        Some(choice) if !is_known(&choice) => {
            Err(abort_field(Code::InvalidField, "tool_choice", format!("tool_choice {RULE}.")))
        }
        choice => Ok(choice),
    }
}

/// Reads `response_format`; a plain text is what every answer is.
fn format(fields: &Fields<'_>) -> Result<Option<Value>, Error> {
    const RULE: &str =
        "must be {type: 'text'}, {type: 'json_object'} or {type: 'json_schema', json_schema: {name, schema}}";
    let Some(format) = fields.get::<Value>("response_format", RULE)? else { return Ok(None) };
    let of_schema = |name: &str| format.get("json_schema").and_then(|schema| schema.get(name));
    match format.get("type").and_then(Value::as_str) {
        Some("text") => Ok(None),
        Some("json_object") => Ok(Some(format)),
        Some("json_schema")
            if of_schema("name").and_then(Value::as_str).is_some_and(is_name)
                && of_schema("schema").is_none_or(Value::is_object) =>
        {
            Ok(Some(format))
        }
        _ => Err(abort_field(Code::InvalidField, "response_format", format!("response_format {RULE}."))),
    }
}

/// Reads the parameters that are passed on.
fn parameters(fields: &Fields<'_>) -> Result<Map<String, Value>, Error> {
    let mut parameters = Map::new();
    for (name, least, most) in NUMBERS {
        let number: Option<serde_json::Number> = fields.get(name, "must be a number")?;
        let Some(number) = number else { continue };
        let is_whole = name != "seed" || number.is_i64();
        if !is_whole || !number.as_f64().is_some_and(|number| (least..=most).contains(&number)) {
            let rule =
                if name == "seed" { "a whole number".to_owned() } else { format!("from {least} to {most}") };
            return Err(abort_field(Code::InvalidField, name, format!("{name} must be {rule}.")));
        }
        parameters.insert(name.to_owned(), number.into());
    }
    for name in TEXTS {
        let Some(text) = fields.get::<String>(name, "must be a string")? else { continue };
        if text.len() > MAX_TEXT_BYTES {
            let detail = format!("{name} may have {MAX_TEXT_BYTES} bytes.");
            return Err(abort_field(Code::InvalidField, name, detail));
        }
        parameters.insert(name.to_owned(), text.into());
    }
    if let Some(parallel) = fields.get::<bool>("parallel_tool_calls", "must be true or false")? {
        parameters.insert("parallel_tool_calls".to_owned(), parallel.into());
    }
    if let Some(stop) = stop(fields)? {
        parameters.insert("stop".to_owned(), stop);
    }
    Ok(parameters)
}

fn stop(fields: &Fields<'_>) -> Result<Option<Value>, Error> {
    const RULE: &str = "must be a string, or an array of up to four";
    let stop: Option<Value> = fields.get("stop", RULE)?;
    match stop {
        None => Ok(None),
        Some(stop @ Value::String(_)) => Ok(Some(stop)),
        Some(Value::Array(stops)) if stops.is_empty() => Ok(None),
        Some(Value::Array(stops)) if stops.len() <= 4 && stops.iter().all(Value::is_string) => {
            Ok(Some(Value::Array(stops)))
        }
        Some(_) => Err(abort_field(Code::InvalidField, "stop", format!("stop {RULE}."))),
    }
}
