//! Texts of a client of another API, masked in one go: its messages, its tools, and the settings of its request.

use pii::json;
use pii::masked_text::MaskedText;
use pii::unmask::placeholders;
use serde_json::value::to_raw_value;
use serde_json::{Map, Value};

use super::request::{ClientCall, ClientMessage, ClientSettings};
use crate::account::UserCtx;
use crate::account::vault::VaultError;
use crate::chat::tool_call::{CallOutcome, ToolCall};
use crate::error::{Code, Error, Fault, abort_field};
use crate::model::options::ModelOptions;
use crate::ports::{Clock, Platform};
use crate::prompt::client_messages::SaidMessage;
use crate::time::timestamp;
use crate::tools::definition::{Definition, ToolSpec};

/// Settings of a client, masked.
#[derive(Debug, Default)]
pub(super) struct MaskedSettings {
    /// Tools of the client.
    pub(super) tools: Vec<Definition>,
    /// Options of the requests to the model.
    pub(super) options: ModelOptions,
}

/// Masks settings. The vault must be open.
///
/// # Errors
/// `too_many_values`, `privacy_unavailable`; `invalid_field` for a tool whose name holds a personal value.
pub(super) async fn mask_settings<P: Platform>(
    user: &UserCtx<'_, P>,
    settings: &ClientSettings,
) -> Result<MaskedSettings, Error> {
    let masked = masked(user, &bare(&settings_value(settings))).await?;
    read_settings(settings, masked)
}

/// Masks messages and settings. The vault must be open.
///
/// # Errors
/// As [`mask_settings`].
pub(super) async fn mask_conversation<P: Platform>(
    user: &UserCtx<'_, P>,
    messages: Vec<ClientMessage>,
    settings: &ClientSettings,
) -> Result<(Vec<SaidMessage>, MaskedSettings), Error> {
    let texts: Value = messages.iter().map(message_value).collect();
    let all = Value::Array(vec![texts, bare(&settings_value(settings))]);
    let Value::Array(all) = masked(user, &all).await? else { return Err(lost().into()) };
    let Ok([Value::Array(texts), of_settings]) = <[Value; 2]>::try_from(all) else {
        return Err(lost().into());
    };
    let said = messages.into_iter().zip(texts).map(|(message, masked)| read_message(user, message, masked));
    Ok((said.collect::<Option<_>>().ok_or_else(lost)?, read_settings(settings, of_settings)?))
}

/// Masks the results of a client's calls. The vault must be open.
///
/// # Errors
/// As [`mask_settings`].
pub(super) async fn mask_results<P: Platform>(
    user: &UserCtx<'_, P>,
    results: &[String],
) -> Result<Vec<MaskedText>, Error> {
    let texts = results.iter().cloned().map(Value::String).collect();
    let Value::Array(masked) = masked(user, &texts).await? else { return Err(lost().into()) };
    Ok(masked.into_iter().map(as_text).collect::<Option<_>>().ok_or_else(lost)?)
}

async fn masked<P: Platform>(user: &UserCtx<'_, P>, value: &Value) -> Result<Value, Error> {
    let text = user.mask_outside(&json::text(value)).await.map_err(|error| error.into_error("messages"))?;
    Ok(json::masked(value, &text).map_err(|_| lost())?)
}

fn lost() -> Fault {
    VaultError::Failed("conversation: the shape is lost".into()).into_fault()
}

fn message_value(message: &ClientMessage) -> Value {
    let call = |call: &ClientCall| Value::Array(vec![arguments(call), call.result.clone().into()]);
    let texts = [Value::String(message.text.clone())];
    texts.into_iter().chain(message.calls.iter().map(call)).collect()
}

/// Arguments as JSON, so that a key labels its value; a text that is none stays one.
fn arguments(call: &ClientCall) -> Value {
    let object = serde_json::from_str(&call.arguments).ok().filter(Value::is_object);
    object.unwrap_or_else(|| Value::String(call.arguments.clone()))
}

fn read_message<P: Platform>(
    user: &UserCtx<'_, P>,
    message: ClientMessage,
    masked: Value,
) -> Option<SaidMessage> {
    let ClientMessage { role, pictures, calls, .. } = message;
    let Value::Array(masked) = masked else { return None };
    let mut masked = masked.into_iter();
    let text = as_text(masked.next()?)?;
    let now = timestamp(user.ports.clock.now());
    let call = |(call, masked): (ClientCall, Value)| {
        let Value::Array(masked) = masked else { return None };
        let [arguments, result] = <[Value; 2]>::try_from(masked).ok()?;
        let outcome =
            as_text(result).map_or(CallOutcome::Running, |output| CallOutcome::Succeeded { output });
        Some(ToolCall {
            id: call.id,
            name: call.name,
            arguments,
            before: MaskedText::default(),
            created_at: now,
            latency_ms: None,
            tokens: 0,
            is_approved: false,
            outcome,
        })
    };
    let calls = calls.into_iter().zip(masked).map(call).collect::<Option<_>>()?;
    Some(SaidMessage { role, text, pictures, calls })
}

fn as_text(masked: Value) -> Option<MaskedText> {
    match masked {
        Value::String(text) => Some(MaskedText::composed(text)),
        _ => None,
    }
}

fn settings_value(settings: &ClientSettings) -> Value {
    let ClientSettings { tools, format, tool_choice, parameters, .. } = settings;
    let others = [format.clone().into(), tool_choice.clone().into(), parameters.clone().into()];
    std::iter::once(Value::Array(tools.clone())).chain(others).collect()
}

fn read_settings(settings: &ClientSettings, masked: Value) -> Result<MaskedSettings, Error> {
    let seen = json::text(&masked);
    let Some(Value::Array(masked)) = rebuilt(&settings_value(settings), masked) else {
        return Err(lost().into());
    };
    let Ok([Value::Array(functions), format, tool_choice, Value::Object(parameters)]) =
        <[Value; 4]>::try_from(masked)
    else {
        return Err(lost().into());
    };
    let placeholders = placeholders([seen.as_str()]);
    let tools = settings.tools.iter().zip(functions).map(|(raw, masked)| definition(raw, masked));
    let is_some = |value: &Value| !value.is_null();
    let format = Some(format).filter(is_some).map(|format| to_raw_value(&format)).transpose();
    let options = ModelOptions {
        max_output_tokens: settings.max_output_tokens,
        format: format.map_err(|_| lost())?,
        tool_choice: Some(tool_choice).filter(is_some),
        placeholders,
        parameters,
    };
    Ok(MaskedSettings { tools: tools.collect::<Result<_, _>>()?, options })
}

/// The definition of a client's tool, of its `function` object.
fn definition(raw: &Value, mut masked: Value) -> Result<Definition, Error> {
    let name = raw.get("name").and_then(Value::as_str).unwrap_or_default();
    if masked.get("name").and_then(Value::as_str) != Some(name) {
        let detail = "The name of a tool must not hold a personal value.";
        return Err(abort_field(Code::InvalidField, "tools", detail));
    }
    let description = masked.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let parameters = masked.get_mut("parameters").map(Value::take).filter(Value::is_object);
    Ok(Definition {
        name: name.to_owned(),
        description,
        parameters: parameters.unwrap_or_else(|| serde_json::json!({ "type": "object", "properties": {} })),
        is_strict: masked.get("strict").and_then(Value::as_bool).unwrap_or_default(),
        spec: ToolSpec::OF_CLIENT,
    })
}

/// A value as lists of its keys and texts. A key of a schema labels nothing: `"name": "get_weather"` names no person.
fn bare(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.iter().flat_map(|(key, value)| [Value::String(key.clone()), bare(value)]).collect()
        }
        Value::Array(values) => values.iter().map(bare).collect(),
        Value::String(text) => Value::String(text.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) => Value::Null,
    }
}

/// The value of the shape of another with the keys and texts of a bare one.
fn rebuilt(shape: &Value, bare: Value) -> Option<Value> {
    match (shape, bare) {
        (Value::Object(fields), Value::Array(bare)) => {
            let mut bare = bare.into_iter();
            let mut object = Map::new();
            for value in fields.values() {
                let Value::String(key) = bare.next()? else { return None };
                object.insert(key, rebuilt(value, bare.next()?)?);
            }
            Some(Value::Object(object))
        }
        (Value::Array(values), Value::Array(bare)) => {
            let values = values.iter().zip(bare).map(|(value, bare)| rebuilt(value, bare));
            Some(Value::Array(values.collect::<Option<_>>()?))
        }
        (Value::String(_), text @ Value::String(_)) => Some(text),
        (Value::Null | Value::Bool(_) | Value::Number(_), _) => Some(shape.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_rebuilt_from_its_bare_form() {
        let value = json!({ "a": [1, "x", { "b": null, "c": true }], "d": "y", "e": 1_234_567_890 });
        assert_eq!(bare(&value), json!(["a", [null, "x", ["b", null, "c", null]], "d", "y", "e", null]));
        assert_eq!(rebuilt(&value, bare(&value)), Some(value.clone()));
        assert_eq!(rebuilt(&value, json!(["a"])), None);
    }
}
