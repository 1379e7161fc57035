//! One tool call, from the arguments as the model wrote them to the result as it reads it.

use std::pin::pin;

use futures::future::{Either, select};
use serde_json::Value;

use super::definition::Definition;
use super::error::{ToolError, ToolRunError};
use super::registry::{asks_named, check_named, run_named};
use super::tool::ToolContext;
use super::tool_set::ToolSet;
use crate::account::vault::VaultError;
use crate::chat::tool_call::{CallFailure, CallOutcome, ToolCall};
use crate::ports::{Clock, Platform};
use pii::json;
use pii::mask::Author;
use pii::masked_text::MaskedText;
use pii::placeholder::Placeholder;
use pii::policy::Policy;
use pii::unmask::{Escape, placeholders, unmask};
use tokens::count;

/// Longest result that is masked, in bytes.
const MAX_RESULT_BYTES: usize = 512 * 1024;

/// Parses the arguments that a model wrote. `was_cut` tells that the completion reached its longest.
///
/// # Errors
/// CallFailure, with a sentence for the model.
pub fn parse(arguments: &str, was_cut: bool) -> Result<Value, (CallFailure, String)> {
    // Models leave them out where a tool takes none.
    let text = if arguments.trim().is_empty() { "{}" } else { arguments };
    let inner = |text: &str| serde_json::from_str(text).ok().filter(Value::is_object);
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        // Some models encode the object twice.
        Ok(Value::String(text)) if let Some(value) = inner(&text) => Ok(value),
        _ if was_cut => {
            let detail =
                "The arguments broke off, for the answer came to its longest. Call it again with less.";
            Err((CallFailure::CutArguments, detail.to_owned()))
        }
        Ok(_) => Err((CallFailure::InvalidArguments, "The arguments must be a JSON object.".to_owned())),
        Err(error) => {
            Err((CallFailure::InvalidArguments, format!("The arguments are not valid JSON: {error}.")))
        }
    }
}

/// Checks arguments against the tool's type, before an approval is requested.
///
/// # Errors
/// The outcome of a call that cannot run.
pub fn check_arguments(tool: &Definition, arguments: &Value) -> Result<(), CallOutcome> {
    check_named(&tool.name, arguments).map_or(Ok(()), |why| Err(invalid(&why)))
}

/// True if the user must approve a call with these arguments.
#[must_use]
pub fn needs_approval(tool: &Definition, arguments: &Value) -> bool {
    tool.spec.needs_approval || asks_named(&tool.name, arguments)
}

fn invalid(why: &str) -> CallOutcome {
    let error = format!("The arguments are not what it takes: {why}.");
    CallOutcome::Failed { code: CallFailure::InvalidArguments, error: MaskedText::composed(error) }
}

/// The outcome of a call of an unknown tool.
#[must_use]
pub fn unknown(name: &str, tools: &ToolSet) -> CallOutcome {
    let error = format!("There is no tool {name:?}. There are: {}.", tools.names());
    CallOutcome::Failed { code: CallFailure::UnknownTool, error: MaskedText::composed(error) }
}

/// Runs a call, and masks its result.
pub async fn run<P: Platform>(
    call: &ToolCall,
    tool: &Definition,
    max_tokens: u32,
    context: &ToolContext<'_, P>,
) -> CallOutcome {
    let visible = placeholders([call.arguments_json().as_str()]);
    let arguments = match arguments(call, tool, &visible, context) {
        Ok(arguments) => arguments,
        Err(error) => return privacy_failed(&error),
    };
    let running = pin!(run_named(&tool.name, &arguments, context));
    let timeout = pin!(context.user.ports.clock.sleep(tool.spec.timeout));
    let ended = match select(running, timeout).await {
        Either::Left((ended, _)) => ended,
        Either::Right(((), _)) => {
            let error = format!("It took longer than {} s and was given up.", tool.spec.timeout / 1000);
            return CallOutcome::Failed { code: CallFailure::TimedOut, error: MaskedText::composed(error) };
        }
    };
    let (value, failure) = match ended {
        Some(Ok(value)) => (value, None),
        Some(Err(ToolRunError::Arguments(why))) => {
            let error = format!("The arguments are not what it takes: {why}.");
            (error.into(), Some(CallFailure::InvalidArguments))
        }
        Some(Err(ToolRunError::Tool(ToolError(why)))) => (why.into(), Some(CallFailure::Failed)),
        None => (format!("There is no tool {:?}.", tool.name).into(), Some(CallFailure::UnknownTool)),
    };
    match mask_result(&value, tool, &visible, context).await {
        Err(outcome) => outcome,
        Ok(value) => {
            let text = as_text(value);
            let most = max_tokens.saturating_sub(value_tokens(&text, context));
            let text = MaskedText::composed(fit(&text, most));
            match failure {
                None => CallOutcome::Succeeded { output: text },
                Some(code) => CallOutcome::Failed { code, error: text },
            }
        }
    }
}

/// The arguments as the tool gets them, with values where it needs them.
fn arguments<P: Platform>(
    call: &ToolCall,
    tool: &Definition,
    visible: &[Placeholder],
    context: &ToolContext<'_, P>,
) -> Result<Value, VaultError> {
    if !tool.spec.needs_values || visible.is_empty() {
        return Ok(call.arguments.clone());
    }
    let values = context.user.placeholder_map(visible, &Policy::full());
    let json = unmask(&call.arguments_json(), &values, Escape::Json);
    serde_json::from_str(&json)
        .map_err(|error| VaultError::Failed(format!("arguments: {:?}", error.classify())))
}

/// Masks a result. Brackets in it are placeholders if the tool was given them, or if its results are masked already.
async fn mask_result<P: Platform>(
    value: &Value,
    tool: &Definition,
    visible: &[Placeholder],
    context: &ToolContext<'_, P>,
) -> Result<Value, CallOutcome> {
    let text = json::text(value);
    if text.len() > MAX_RESULT_BYTES {
        let error = format!("The result is larger than {} KiB. Ask for less.", MAX_RESULT_BYTES / 1024);
        return Err(CallOutcome::Failed { code: CallFailure::Failed, error: MaskedText::composed(error) });
    }
    let stored = if tool.spec.is_masked { placeholders([text.as_str()]) } else { Vec::new() };
    let author = Author::Model(if tool.spec.is_masked { &stored } else { visible });
    let user = &context.user;
    // The recognizer has seen what is masked already.
    let texts: &[&str] = if tool.spec.is_masked { &[] } else { &[&text] };
    let recognized = user.recognize(texts).await.map_err(|error| privacy_failed(&error))?;
    let masked =
        user.mask_with(&text, author, &recognized.concat()).map_err(|error| privacy_failed(&error))?;
    json::masked(value, &masked)
        .map_err(|_| privacy_failed(&VaultError::Failed("result: the shape is lost".into())))
}

/// Tokens by which a result is longer for a model that reads its values.
fn value_tokens<P: Platform>(masked: &str, context: &ToolContext<'_, P>) -> u32 {
    let kinds = &context.employee.unmasked_kinds;
    if kinds.is_empty() {
        return 0;
    }
    let values = context.user.values_of_kinds(&placeholders([masked]), kinds);
    count(&unmask(masked, &values, Escape::None)).saturating_sub(count(masked))
}

fn privacy_failed(error: &VaultError) -> CallOutcome {
    let error = match error {
        VaultError::Full(_) => {
            "It holds personal values that cannot be hidden, since the user has as many as they may. Say so."
        }
        VaultError::TooManyValues => "It holds too many personal values to be hidden at once. Ask for less.",
        VaultError::Database(_) | VaultError::Failed(_) => {
            "Personal data in it could not be hidden, so nothing of it may be shown."
        }
    };
    CallOutcome::Failed { code: CallFailure::PrivacyUnavailable, error: MaskedText::fixed(error) }
}

fn as_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        value => value.to_string(),
    }
}

/// Cuts a text to a number of tokens, with a note on its length.
fn fit(text: &str, most: u32) -> String {
    if text.len() <= most as usize || count(text) <= most {
        return text.to_owned();
    }
    let note = format!(" … (cut here; {} characters in all)", text.chars().count());
    let most = most.saturating_sub(count(&note));
    // About four bytes a token in English; fewer elsewhere.
    let mut end = text.floor_char_boundary((most as usize).saturating_mul(6).min(text.len()));
    while let Some(part) = text.get(..end) {
        let tokens = count(part);
        if tokens <= most || end == 0 {
            break;
        }
        let fitting = end / tokens.max(1) as usize * most as usize;
        end = text.floor_char_boundary(fitting.min(end - 1));
    }
    [text.get(..end).unwrap_or_default(), &note].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn arguments_are_a_json_object() {
        assert_eq!(parse("", false).unwrap(), serde_json::json!({}));
        assert_eq!(parse(r#"{"a":1}"#, true).unwrap(), serde_json::json!({"a": 1}));
        for (text, was_cut, failure) in [
            ("[1]", false, CallFailure::InvalidArguments),
            ("{\"a\":", false, CallFailure::InvalidArguments),
            ("{\"a\":", true, CallFailure::CutArguments),
            ("null", false, CallFailure::InvalidArguments),
        ] {
            assert_eq!(parse(text, was_cut).unwrap_err().0, failure, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_cut_fits(text in "\\PC{0,400}", most in 20u32..80) {
            let fitting = fit(&text, most);
            prop_assert!(count(&fitting) <= most, "{} tokens", count(&fitting));
            prop_assert!(fitting == text || fitting.contains("… (cut here"));
        }
    }
}
