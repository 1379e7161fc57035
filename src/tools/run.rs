//! One call of a tool, from what a model wrote to what it is told.

use std::pin::pin;

use futures::future::{Either, select};
use pii::json;
use pii::mask::Author;
use pii::placeholder::Placeholder;
use pii::policy::Policy;
use pii::unmask::{Escape, PlaceholderMap, placeholders, unmask};
use serde::Deserialize;
use serde_json::Value;
use tokens::count;

use super::call::{CallRecord, Failure, Outcome};
use super::toolbox::{Definition, Toolbox};
use super::{Bench, Sorry, Tool, check_named, run_named};
use crate::ports::{Clock, UserObject, World};
use crate::user::record::{Hidden, Refused};

/// Longest result that is looked at, in bytes.
const MAX_RESULT_BYTES: usize = 512 * 1024;

/// What goes wrong with a call.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The arguments are not what the tool takes; which.
    Arguments(String),
    /// The tool could not do it.
    Sorry(Sorry),
}

/// Runs a tool with arguments of its own type.
pub(super) async fn typed<T: Tool, W: World>(
    arguments: &Value,
    bench: &Bench<'_, W>,
) -> Result<Value, Trouble> {
    let arguments =
        T::Arguments::deserialize(arguments).map_err(|error| Trouble::Arguments(error.to_string()))?;
    T::run(arguments, bench).await.map_err(Trouble::Sorry)
}

/// What is wrong with the arguments of a tool, if anything is.
pub(super) fn check<T: Tool>(arguments: &Value) -> Option<String> {
    T::Arguments::deserialize(arguments).err().map(|error| error.to_string())
}

/// What a model wrote as arguments, as JSON; why not, if it is none.
///
/// # Errors
/// What is told of them.
pub fn parse(arguments: &str, was_cut: bool) -> Result<Value, (Failure, String)> {
    // Models leave them out where a tool takes none.
    let text = if arguments.trim().is_empty() { "{}" } else { arguments };
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ if was_cut => {
            let detail =
                "The arguments broke off, for the answer came to its longest. Call it again with less.";
            Err((Failure::CutArguments, detail.to_owned()))
        }
        Ok(_) => Err((Failure::InvalidArguments, "The arguments must be a JSON object.".to_owned())),
        Err(error) => Err((Failure::InvalidArguments, format!("The arguments are not valid JSON: {error}."))),
    }
}

/// Whether a tool takes these arguments: asked before its user is.
///
/// # Errors
/// What is told of them.
pub fn check_arguments(tool: &Definition, arguments: &Value) -> Result<(), Outcome> {
    check_named(&tool.name, arguments).map_or(Ok(()), |why| Err(invalid(&why)))
}

fn invalid(why: &str) -> Outcome {
    let error = format!("The arguments are not what it takes: {why}.");
    Outcome::Failed { code: Failure::InvalidArguments, error }
}

/// What is told of a tool that there is not.
#[must_use]
pub fn unknown(name: &str, toolbox: &Toolbox) -> Outcome {
    let error = format!("There is no tool {name:?}. There are: {}.", toolbox.names());
    Outcome::Failed { code: Failure::UnknownTool, error }
}

/// Runs a call that may run, and masks what comes of it: tokens are what the user is shown behind those in it.
pub async fn run<W: World>(
    call: &CallRecord,
    tool: &Definition,
    most_tokens: u32,
    bench: &Bench<'_, W>,
) -> (Outcome, Option<Hidden>) {
    let known = placeholders([call.arguments_json().as_str()]);
    let arguments = match arguments(call, tool, &known, bench).await {
        Ok(arguments) => arguments,
        Err(refused) => return (privacy_failed(&refused), None),
    };
    let running = pin!(run_named(&tool.name, &arguments, bench));
    let ended = match select(running, pin!(bench.ports.clock.sleep(tool.needs.within))).await {
        Either::Left((ended, _)) => ended,
        Either::Right(((), _)) => {
            let error = format!("It took longer than {} s and was given up.", tool.needs.within / 1000);
            return (Outcome::Failed { code: Failure::TimedOut, error }, None);
        }
    };
    let (value, failure) = match ended {
        Some(Ok(value)) => (value, None),
        Some(Err(Trouble::Arguments(why))) => {
            (format!("The arguments are not what it takes: {why}.").into(), Some(Failure::InvalidArguments))
        }
        Some(Err(Trouble::Sorry(Sorry(why)))) => (why.into(), Some(Failure::Failed)),
        None => (format!("There is no tool {:?}.", tool.name).into(), Some(Failure::UnknownTool)),
    };
    match hide(&value, tool, &known, bench).await {
        Err(outcome) => (outcome, None),
        Ok((value, hidden)) => {
            let text = fit(&as_text(value), most_tokens);
            let outcome = match failure {
                None => Outcome::Succeeded { output: text },
                Some(code) => Outcome::Failed { code, error: text },
            };
            (outcome, Some(hidden))
        }
    }
}

/// The arguments as the tool gets them.
async fn arguments<W: World>(
    call: &CallRecord,
    tool: &Definition,
    known: &[Placeholder],
    bench: &Bench<'_, W>,
) -> Result<Value, Refused> {
    if !tool.needs.values || known.is_empty() {
        return Ok(call.arguments.clone());
    }
    let values = bench.ports.user.reveal(bench.user, known).await?;
    let shown =
        PlaceholderMap::new(values.iter().map(|(token, value)| (token, value.as_str())), &Policy::full());
    let json = unmask(&call.arguments_json(), &shown, Escape::Json);
    serde_json::from_str(&json).map_err(|error| Refused::Failed(format!("arguments: {:?}", error.classify())))
}

/// Masks a result. Tokens in it are tokens if the tool was given them, or if it has them from where all is masked.
async fn hide<W: World>(
    value: &Value,
    tool: &Definition,
    known: &[Placeholder],
    bench: &Bench<'_, W>,
) -> Result<(Value, Hidden), Outcome> {
    let text = json::text(value);
    if text.len() > MAX_RESULT_BYTES {
        let error = format!("The result is larger than {} KiB. Ask for less.", MAX_RESULT_BYTES / 1024);
        return Err(Outcome::Failed { code: Failure::Failed, error });
    }
    let stored = if tool.needs.is_masked { placeholders([text.as_str()]) } else { Vec::new() };
    let author = Author::Model(if tool.needs.is_masked { &stored } else { known });
    let hidden = bench.ports.user.mask(bench.user, &text, author).await;
    let hidden = hidden.map_err(|refused| privacy_failed(&refused))?;
    let torn = |_| privacy_failed(&Refused::Failed("result: torn".into()));
    Ok((json::masked(value, &hidden.text).map_err(torn)?, hidden))
}

fn privacy_failed(refused: &Refused) -> Outcome {
    let error = match refused {
        Refused::TooManyValues => "It holds too many personal values to be hidden at once. Ask for less.",
        _ => "Personal data in it could not be hidden, so nothing of it may be shown.",
    };
    Outcome::Failed { code: Failure::PrivacyUnavailable, error: error.to_owned() }
}

fn as_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        value => value.to_string(),
    }
}

/// As much of a text as has so many tokens.
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
            ("[1]", false, Failure::InvalidArguments),
            ("{\"a\":", false, Failure::InvalidArguments),
            ("{\"a\":", true, Failure::CutArguments),
            ("null", false, Failure::InvalidArguments),
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
