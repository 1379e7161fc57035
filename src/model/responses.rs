//! OpenAI's Responses API (<https://platform.openai.com/docs/api-reference/responses>): the body of a request, and its events as
//! chunks. Nothing is stored there: thoughts come back encrypted, and go back within a turn.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use wire_text::WirePiece;

use super::body_parts::BodyParts;
use super::chunk::{Chunk, Piece};
use super::dialect::{Dialect, Family};
use super::finish::{Finish, WireFinish};
use super::lenient::{read as value, wire_object};
use super::provider_error;
use super::reported_usage::ReportedUsage;
use super::requested_call::CallDelta;
use super::thought_details;
use crate::wire_form::Parameter;

/// Parameters of a client that this API takes under the same name.
const SAME: [&str; 4] = ["temperature", "top_p", "user", "parallel_tool_calls"];

/// Writes the body of a request.
///
/// # Errors
/// An error of serialization: a message is no JSON.
pub(super) fn body(parts: &BodyParts<'_>, dialect: Dialect) -> Result<String, serde_json::Error> {
    let mut body = Map::new();
    let mut set = |name: &str, value: Value| {
        body.insert(name.to_owned(), value);
    };
    set("model", parts.model.into());
    set("input", input(parts)?.into());
    if let Some(tools) = &parts.tools {
        let tools: Vec<Value> = serde_json::from_str(tools.get())?;
        set("tools", tools.into_iter().map(tool).collect());
    }
    if let Some(choice) = &parts.tool_choice {
        set("tool_choice", tool_choice(choice));
    }
    set("stream", true.into());
    set("store", false.into());
    if let Some(most) = parts.max_output_tokens {
        set("max_output_tokens", most.into());
    }
    if let Some(temperature) = parts.temperature {
        set("temperature", temperature.into());
    }
    for (name, value) in parts.parameters.iter().filter(|(name, _)| SAME.contains(*name)) {
        set(name, (*value).clone());
    }
    if let Some(text) = text(parts)? {
        set("text", text);
    }
    if Family::of(parts.model) == Family::Reasoning && !dialect.left_out.has(Parameter::Include) {
        set("include", json!(["reasoning.encrypted_content"]));
    }
    if let Some(reasoning) = reasoning(parts, dialect) {
        set("reasoning", reasoning);
    }
    serde_json::to_string(&body)
}

/// Form and length of the answer.
fn text(parts: &BodyParts<'_>) -> Result<Option<Value>, serde_json::Error> {
    let mut text = Map::new();
    if let Some(format) = &parts.format {
        let mut format: Map<String, Value> = serde_json::from_str(format.get())?;
        // The fields of the schema stand beside the type.
        if let Some(Value::Object(schema)) = format.remove("json_schema") {
            format.extend(schema);
        }
        text.insert("format".to_owned(), format.into());
    }
    if let Some(verbosity) = parts.parameters.get("verbosity") {
        text.insert("verbosity".to_owned(), (*verbosity).clone());
    }
    Ok((!text.is_empty()).then_some(Value::Object(text)))
}

fn reasoning(parts: &BodyParts<'_>, dialect: Dialect) -> Option<Value> {
    let mut reasoning = Map::new();
    if let Some(effort) = parts.parameters.get("reasoning_effort") {
        reasoning.insert("effort".to_owned(), (*effort).clone());
    }
    if Family::of(parts.model) == Family::Reasoning && !dialect.left_out.has(Parameter::ReasoningSummary) {
        reasoning.insert("summary".to_owned(), "auto".into());
    }
    (!reasoning.is_empty()).then_some(Value::Object(reasoning))
}

/// A tool, whose fields stand beside its type. It is strict here unless it says that it is not.
fn tool(tool: Value) -> Value {
    let Value::Object(mut tool) = tool else { return tool };
    if let Some(Value::Object(function)) = tool.remove("function") {
        tool.extend(function);
        tool.entry("strict").or_insert(Value::Bool(false));
    }
    tool.into()
}

fn tool_choice(choice: &Value) -> Value {
    match choice.pointer("/function/name") {
        Some(name) => json!({ "type": "function", "name": name }),
        None => choice.clone(),
    }
}

/// The messages as items.
fn input(parts: &BodyParts<'_>) -> Result<Vec<Value>, serde_json::Error> {
    let mut items = Vec::with_capacity(parts.messages.len());
    for message in &parts.messages {
        let Value::Object(mut message) = serde_json::from_str(message.get())? else { continue };
        let mut take = |name: &str| message.remove(name).unwrap_or_default();
        let (role, content, calls) = (take("role"), take("content"), take("tool_calls"));
        if role == "tool" {
            let call = take("tool_call_id");
            items.push(json!({ "type": "function_call_output", "call_id": call, "output": content }));
            continue;
        }
        // Before the calls that they led to.
        if let Value::Array(details) = take(thought_details::FIELD) {
            items.extend(details.into_iter().filter(|entry| entry.get("type") == Some(&"reasoning".into())));
        }
        if !content.is_null() && content != "" {
            items.push(json!({ "role": role, "content": content_parts(content) }));
        }
        let calls = if let Value::Array(calls) = calls { calls } else { Vec::new() };
        items.extend(calls.iter().map(|call| {
            let field = |path: &str| call.pointer(path).cloned().unwrap_or_default();
            let (name, arguments) = (field("/function/name"), field("/function/arguments"));
            json!({ "type": "function_call", "call_id": field("/id"), "name": name, "arguments": arguments })
        }));
    }
    Ok(items)
}

/// A content; parts of it have other names here.
fn content_parts(content: Value) -> Value {
    let Value::Array(parts) = content else { return content };
    let part = |part: Value| match part.pointer("/image_url/url") {
        Some(url) => {
            let detail = part.pointer("/image_url/detail").cloned().unwrap_or_else(|| "auto".into());
            json!({ "type": "input_image", "image_url": url, "detail": detail })
        }
        None => json!({ "type": "input_text", "text": part.get("text").cloned().unwrap_or_default() }),
    };
    parts.into_iter().map(part).collect()
}

wire_object! {
    /// The parts of an event that matter here (<https://platform.openai.com/docs/api-reference/responses-streaming>).
    struct WireEvent {
        kind: Option<&'a RawValue> = "type",
        object: Option<&'a RawValue> = "object",
        delta: Option<&'a RawValue> = "delta",
        output_index: Option<&'a RawValue> = "output_index",
        item: Option<&'a RawValue> = "item",
        response: Option<&'a RawValue> = "response",
    }
}

wire_object! {
    /// A response, whole or at its end.
    struct WireResponse {
        status: Option<&'a RawValue> = "status",
        error: Option<&'a RawValue> = "error",
        incomplete_details: Option<&'a RawValue> = "incomplete_details",
        output: Option<&'a RawValue> = "output",
        usage: Option<&'a RawValue> = "usage",
    }
}

#[derive(Deserialize)]
struct WireIncomplete {
    #[serde(default)]
    reason: Option<String>,
}

wire_object! {
    /// An item of the output.
    struct WireItem {
        kind: Option<&'a RawValue> = "type",
        call_id: Option<&'a RawValue> = "call_id",
        name: Option<&'a RawValue> = "name",
        arguments: Option<&'a RawValue> = "arguments",
        content: Option<&'a RawValue> = "content",
    }
}

/// Reads an event, or a whole response of a server that does not stream. `None` for objects of other APIs.
pub(super) fn read(json: &RawValue) -> Option<Chunk> {
    let event: WireEvent<'_> = value(Some(json))?;
    let kind: String = value(event.kind).unwrap_or_default();
    let is_whole = value::<String>(event.object).is_some_and(|object| object == "response");
    if !is_whole && !kind.starts_with("response.") {
        return None;
    }
    let mut chunk = Chunk { is_completion: true, ..Chunk::default() };
    if is_whole {
        chunk.take_response(json, Taken::Whole);
        return Some(chunk);
    }
    match kind.as_str() {
        "response.output_text.delta" => chunk.pieces.extend(value(event.delta).map(Piece::Answer)),
        "response.refusal.delta" => chunk.take_refused(event.delta),
        "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
            chunk.pieces.extend(value(event.delta).map(Piece::Thought));
        }
        // An item begins with the name of its call, and ends with all that it has.
        "response.output_item.added" if event.item.is_some_and(|item| kind_of(item) == "reasoning") => {}
        "response.output_item.added" | "response.output_item.done" => {
            chunk.take_item(event.item, event.output_index, Taken::AtEnd);
        }
        "response.function_call_arguments.delta" => {
            let arguments = event.delta;
            chunk.calls.push(CallDelta::of_item(event.output_index, [None, None, arguments]));
        }
        "response.completed" | "response.incomplete" | "response.failed" => {
            if let Some(response) = event.response {
                chunk.take_response(response, Taken::AtEnd);
            }
            if kind != "response.completed" && chunk.finish.is_none() && chunk.error.is_none() {
                chunk.finish = Some(WireFinish::Failed);
            }
        }
        _ => {}
    }
    Some(chunk)
}

/// The parts of a response that have not come before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// The response came alone: all of it.
    Whole,
    /// Its texts came as deltas.
    AtEnd,
}

impl Chunk {
    fn take_response(&mut self, response: &RawValue, taken: Taken) {
        let Some(wire) = value::<WireResponse<'_>>(Some(response)) else { return };
        let items: Vec<&RawValue> = value(wire.output).unwrap_or_default();
        let is_calling = items.iter().any(|item| kind_of(item) == "function_call");
        if taken == Taken::Whole {
            for item in items {
                self.take_item(Some(item), None, taken);
            }
        }
        self.usage = wire.usage.and_then(ReportedUsage::read);
        self.error = wire
            .error
            .filter(|raw| provider_error::is_something(raw))
            .map(|raw| provider_error::read_value(raw.get()));
        let reason = value::<WireIncomplete>(wire.incomplete_details).and_then(|details| details.reason);
        self.finish = match (value::<String>(wire.status).as_deref(), reason) {
            (_, Some(reason)) => Some(WireFinish::read(&reason)),
            (Some("completed"), None) => {
                Some(WireFinish::Finished(if is_calling { Finish::ToolCalls } else { Finish::Stop }))
            }
            (Some("failed" | "cancelled" | "incomplete"), None) => Some(WireFinish::Failed),
            _ => None,
        };
    }

    fn take_item(&mut self, item: Option<&RawValue>, index: Option<&RawValue>, taken: Taken) {
        let Some(wire) = value::<WireItem<'_>>(item) else { return };
        match value::<String>(wire.kind).unwrap_or_default().as_str() {
            "function_call" => {
                self.calls.push(CallDelta::of_item(index, [wire.call_id, wire.name, wire.arguments]));
            }
            "reasoning" => {
                let entry: Option<Map<String, Value>> = value(item);
                // Only what is encrypted can go back to an API that stores nothing.
                self.details.extend(
                    entry.filter(|entry| entry.get("encrypted_content").is_some_and(Value::is_string)),
                );
            }
            "message" if taken == Taken::Whole => self.take_content(wire.content),
            _ => {}
        }
    }

    fn take_content(&mut self, content: Option<&RawValue>) {
        #[derive(Deserialize)]
        struct WirePart<'a> {
            #[serde(borrow, default)]
            text: Option<&'a RawValue>,
            #[serde(borrow, default)]
            refusal: Option<&'a RawValue>,
        }
        let parts: Vec<&RawValue> = value(content).unwrap_or_default();
        for part in parts.into_iter().filter_map(|part| value::<WirePart<'_>>(Some(part))) {
            self.pieces.extend(value(part.text).map(Piece::Answer));
            self.take_refused(part.refusal);
        }
    }

    fn take_refused(&mut self, refusal: Option<&RawValue>) {
        if let Some(refusal) = value::<WirePiece>(refusal) {
            self.take_refusal(refusal);
        }
    }
}

fn kind_of(item: &RawValue) -> String {
    value::<WireItem<'_>>(Some(item)).and_then(|item| value(item.kind)).unwrap_or_default()
}
