//! The chat completion request, with the parameters that each family of models takes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use pii::masked_text::MaskedText;
use pii::unmask::PlaceholderMap;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::body_message::{BodyMessage, StepEcho, arranged};
use super::body_parts::BodyParts;
use super::candidate::Candidate;
use super::dialect::{Dialect, Family, TokenLimit};
use super::options::ModelOptions;
use super::prompt_message::{CallForm, PromptMessage};
use super::responses;
use crate::chat::employee::Employee;
use crate::chat::message::Role;
use crate::chat::tool_call::ToolCall;
use crate::error::{Code, Fault};
use crate::ports::Timeouts;
use crate::wire_form::{OutputFormat, Parameter, Protocol};

/// The body of a request, for whichever model.
#[derive(Debug)]
pub struct ChatBody {
    /// In the order in which the model reads them.
    messages: Vec<BodyMessage>,
    tools: Option<Box<RawValue>>,
    /// True if the model must answer with text.
    is_text_only: bool,
    max_output_tokens: Option<u32>,
    temperature: Option<f64>,
    format: Option<Box<RawValue>>,
    /// Calls of the next step, where a client decides on them.
    tool_choice: Option<Value>,
    /// Parameters of a client, by their names.
    parameters: Map<String, Value>,
    /// Values that the model reads in place of placeholders.
    values: PlaceholderMap,
    /// Parameters of the employee, which count where the client has none of that name.
    settings: BTreeMap<&'static str, Value>,
}

/// A request that streams and reports its usage.
#[derive(Debug, Serialize)]
struct ChatRequest<'a> {
    model: &'a str,
    messages: &'a [Cow<'a, RawValue>],
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'a Value>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<&'a RawValue>,
    #[serde(flatten)]
    parameters: &'a BTreeMap<&'a str, &'a Value>,
}

#[derive(Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl ChatBody {
    /// A body within the limits of `employee`, for a model that may call `tools`.
    ///
    /// # Errors
    /// `internal`, when the messages are no JSON.
    pub fn new(
        employee: &Employee,
        messages: &[PromptMessage<'_>],
        tools: Option<Box<RawValue>>,
    ) -> Result<Self, Fault> {
        Ok(Self::resumed(employee, body_messages(messages)?, tools))
    }

    /// A body with the messages of an earlier request.
    #[must_use]
    pub fn resumed(employee: &Employee, messages: Vec<BodyMessage>, tools: Option<Box<RawValue>>) -> Self {
        Self {
            messages,
            tools,
            is_text_only: false,
            max_output_tokens: employee.max_output_tokens,
            temperature: employee.temperature,
            format: None,
            tool_choice: None,
            parameters: Map::new(),
            values: PlaceholderMap::default(),
            settings: settings(employee),
        }
    }

    /// Sets the options of a client, but for the limit of tokens: that is the employee's, to whom they were applied.
    #[must_use]
    pub fn with_options(self, options: ModelOptions) -> Self {
        let max_output_tokens = options.output_limit(self.max_output_tokens);
        let ModelOptions { format, tool_choice, parameters, .. } = options;
        Self { max_output_tokens, format, tool_choice, parameters, ..self }
    }

    /// Sets the values that the model reads in place of placeholders, and returns the tokens that the messages grow by.
    ///
    /// # Errors
    /// `internal`, when a message is no JSON.
    pub fn set_values(&mut self, values: PlaceholderMap) -> Result<u32, Fault> {
        self.values = values;
        let growth = self.with_values()?.map_or(0, |(_, growth)| growth);
        Ok(u32::try_from(growth.max(0)).unwrap_or(u32::MAX))
    }

    /// The messages with values, and the tokens that they grow by; `None` without values. The persona's own brackets are examples.
    fn with_values(&self) -> Result<Option<(Vec<BodyMessage>, i64)>, Fault> {
        if self.values.is_empty() {
            return Ok(None);
        }
        let (mut messages, mut growth) = (self.messages.clone(), 0);
        for message in messages.iter_mut().skip(1) {
            let (with_values, more) = message.with_values(&self.values).map_err(not_json)?;
            *message = with_values;
            growth += more;
        }
        Ok(Some((messages, growth)))
    }

    /// The messages, masked, to be stored with a pending approval.
    #[must_use]
    pub fn messages(&self) -> &[BodyMessage] {
        &self.messages
    }

    /// Adds a step of the answer: its text, its calls and their results, and what goes back to its model alone.
    ///
    /// # Errors
    /// `internal`, when it is no JSON.
    pub fn add_step(
        &mut self,
        text: &MaskedText,
        calls: &[ToolCall],
        echo: Option<StepEcho>,
    ) -> Result<(), Fault> {
        let mut added = body_messages(&PromptMessage::with_calls(text, calls, CallForm::Full))?;
        if let (Some(calling), Some(echo)) = (added.first_mut(), echo) {
            calling.set_echo(echo);
        }
        // A choice that held on would have the model call for ever.
        self.tool_choice = self.tool_choice.take().filter(|choice| choice == "none");
        self.messages.extend(added);
        Ok(())
    }

    /// The text of the message at an index.
    #[must_use]
    pub fn text(&self, at: usize) -> Option<String> {
        self.messages.get(at)?.text()
    }

    /// Removes the message at an index.
    pub fn remove(&mut self, at: usize) {
        if at < self.messages.len() {
            self.messages.remove(at);
        }
    }

    /// Forbids further tool calls.
    pub const fn forbid_calls(&mut self) {
        self.is_text_only = true;
    }

    /// Puts another employee's persona, tools and limits in the place of the present one's.
    ///
    /// # Errors
    /// `internal`, when it is no JSON.
    pub fn hand_off(&mut self, employee: &Employee, tools: Option<Box<RawValue>>) -> Result<(), Fault> {
        let persona = PromptMessage::new(Role::System, &employee.system_prompt);
        if let Some(first) = self.messages.first_mut() {
            *first = BodyMessage::new(&persona).map_err(not_json)?;
        }
        self.tools = tools;
        (self.max_output_tokens, self.temperature) = (employee.max_output_tokens, employee.temperature);
        self.settings = settings(employee);
        Ok(())
    }

    /// A body that asks for JSON of a schema, in `max_output_tokens` at most
    /// (<https://platform.openai.com/docs/guides/structured-outputs>).
    ///
    /// # Errors
    /// `internal`, when the messages or the schema are no JSON.
    pub fn structured(
        messages: &[PromptMessage<'_>],
        name: &str,
        schema: &Value,
        max_output_tokens: u32,
    ) -> Result<Self, Fault> {
        let format = serde_json::json!({
            "type": "json_schema", "json_schema": { "name": name, "strict": true, "schema": schema }
        });
        Ok(Self {
            messages: body_messages(messages)?,
            tools: None,
            is_text_only: false,
            max_output_tokens: Some(max_output_tokens),
            temperature: Some(0.0),
            format: Some(to_raw_value(&format).map_err(not_json)?),
            tool_choice: None,
            parameters: Map::new(),
            values: PlaceholderMap::default(),
            settings: BTreeMap::new(),
        })
    }

    /// True if the answer is to be JSON.
    #[must_use]
    pub const fn is_structured(&self) -> bool {
        self.format.is_some()
    }

    /// Serializes the body in the dialect of a candidate.
    ///
    /// # Errors
    /// `internal`, when it is no JSON.
    pub fn to_json(&self, candidate: &Candidate, dialect: Dialect) -> Result<String, Fault> {
        let with_values = self.with_values()?;
        let messages = with_values.as_ref().map_or(&self.messages, |(messages, _)| messages);
        let messages = arranged(messages, candidate, dialect).map_err(not_json)?;
        let parts = BodyParts { messages, ..self.parts(candidate, dialect)? };
        match dialect.protocol {
            Protocol::ChatCompletions => chat_json(&parts, dialect),
            Protocol::Responses => responses::body(&parts, dialect),
        }
        .map_err(not_json)
    }

    /// The parts of the body but its messages.
    fn parts<'a>(&'a self, candidate: &'a Candidate, dialect: Dialect) -> Result<BodyParts<'a>, Fault> {
        let has = |parameter| !dialect.left_out.has(parameter);
        let tools = match self.tools.as_deref() {
            Some(tools) if !has(Parameter::Strict) => Some(Cow::Owned(loose(tools)?)),
            tools => tools.map(Cow::Borrowed),
        };
        let none = self.is_text_only.then(|| Cow::Owned(Value::from("none")));
        let tool_choice = none.or_else(|| self.tool_choice.as_ref().map(Cow::Borrowed));
        let has_choice = tools.is_some() && has(Parameter::ToolChoice);
        let format = match (dialect.format, self.format.as_deref()) {
            (OutputFormat::JsonSchema, format) => format.map(Cow::Borrowed),
            (OutputFormat::JsonObject, Some(_)) => Some(Cow::Owned(any_object()?)),
            (OutputFormat::JsonObject, None) | (OutputFormat::Prose, _) => None,
        };
        let own_temperature = !self.parameters.contains_key("temperature");
        Ok(BodyParts {
            model: &candidate.model,
            messages: Vec::new(),
            tool_choice: tool_choice.filter(|_| has_choice),
            tools,
            max_output_tokens: (dialect.token_limit != TokenLimit::None)
                .then(|| output_limit(self.max_output_tokens, &candidate.model)),
            temperature: self.temperature.filter(|_| own_temperature && has(Parameter::Temperature)),
            format,
            parameters: self.taken_parameters(dialect),
        })
    }

    /// The parameters of the client and of the employee that the candidate takes.
    fn taken_parameters(&self, dialect: Dialect) -> BTreeMap<&str, &Value> {
        let is_taken = |name: &str| match Parameter::of_name(name) {
            Some(Parameter::ParallelToolCalls) if self.tools.is_none() => false,
            known => known.is_none_or(|parameter| !dialect.left_out.has(parameter)),
        };
        let own = self.settings.iter().map(|(name, value)| (*name, value));
        let all = own.chain(self.parameters.iter().map(|(name, value)| (name.as_str(), value)));
        all.filter(|(name, _)| is_taken(name)).collect()
    }
}

/// Parameters that an employee sets in the words of its model.
fn settings(employee: &Employee) -> BTreeMap<&'static str, Value> {
    let all = [("reasoning_effort", &employee.reasoning_effort), ("verbosity", &employee.verbosity)];
    all.into_iter().filter_map(|(name, word)| Some((name, word.as_deref()?.into()))).collect()
}

/// The body of a chat completion request.
fn chat_json(parts: &BodyParts<'_>, dialect: Dialect) -> Result<String, serde_json::Error> {
    let (max_completion_tokens, max_tokens) = match dialect.token_limit {
        TokenLimit::MaxCompletionTokens { .. } => (parts.max_output_tokens, None),
        TokenLimit::MaxTokens { .. } => (None, parts.max_output_tokens),
        TokenLimit::None => (None, None),
    };
    let has_usage = !dialect.left_out.has(Parameter::StreamOptions);
    serde_json::to_string(&ChatRequest {
        model: parts.model,
        messages: &parts.messages,
        tools: parts.tools.as_deref(),
        tool_choice: parts.tool_choice.as_deref(),
        stream: true,
        stream_options: has_usage.then_some(StreamOptions { include_usage: true }),
        max_completion_tokens,
        max_tokens,
        temperature: parts.temperature,
        response_format: parts.format.as_deref(),
        parameters: &parts.parameters,
    })
}

fn any_object() -> Result<Box<RawValue>, Fault> {
    RawValue::from_string(r#"{"type":"json_object"}"#.to_owned()).map_err(not_json)
}

fn body_messages(messages: &[PromptMessage<'_>]) -> Result<Vec<BodyMessage>, Fault> {
    messages.iter().map(|message| BodyMessage::new(message).map_err(not_json)).collect()
}

/// Tools without strict mode.
fn loose(tools: &RawValue) -> Result<Box<RawValue>, Fault> {
    let mut tools: Vec<Value> = serde_json::from_str(tools.get()).map_err(not_json)?;
    for function in tools.iter_mut().filter_map(|tool| tool.get_mut("function")?.as_object_mut()) {
        function.remove("strict");
    }
    to_raw_value(&tools).map_err(not_json)
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
fn not_json(error: serde_json::Error) -> Fault {
    Fault::new(Code::Internal, format!("request: {:?}", error.classify()))
}

/// Longest output of a model in tokens: the employee's, or one that is long enough for its family. It is sent, so that no answer costs
/// more than was reserved for it.
#[must_use]
pub fn output_limit(own: Option<u32>, model: &str) -> u32 {
    own.unwrap_or(match Family::of(model) {
        // Thoughts count too.
        Family::Reasoning => 16_384,
        Family::OpenAi | Family::Mistral | Family::Other => 4096,
    })
}

/// Time limits for `model`: one that thinks first is silent while it does.
#[must_use]
pub fn timeouts(model: &str) -> Timeouts {
    match Family::of(model) {
        Family::Reasoning => Timeouts { first_byte: 120_000, idle: 60_000, total: None },
        Family::OpenAi | Family::Mistral | Family::Other => {
            Timeouts { first_byte: 30_000, idle: 30_000, total: None }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::candidate::Provider;

    fn request(model: &str) -> Value {
        let employee = Employee {
            slug: "prime-boss".into(),
            system_prompt: MaskedText::default(),
            temperature: Some(0.5),
            max_output_tokens: Some(800),
            ..Employee::default()
        };
        let messages = [PromptMessage::new(Role::User, MaskedText::fixed("Hello"))];
        let candidate = Candidate { model: model.into(), provider: Provider::Primary, price: None };
        let body = ChatBody::new(&employee, &messages, None).unwrap();
        serde_json::from_str(&body.to_json(&candidate, Dialect::known("", model)).unwrap()).unwrap()
    }

    #[test]
    fn each_family_gets_the_parameters_that_it_takes() {
        for (model, limit, temperature) in [
            ("gpt-4o-mini", "max_completion_tokens", true),
            ("chatgpt-4o-latest", "max_completion_tokens", true),
            ("gpt-5-chat-latest", "max_completion_tokens", true),
            ("gpt-5-mini", "max_completion_tokens", false),
            ("openai/o3", "max_completion_tokens", false),
            ("o4-mini", "max_completion_tokens", false),
            ("llama3.3", "max_tokens", true),
            ("mistralai/mistral-large", "max_tokens", true),
            ("olmo-2", "max_tokens", true),
        ] {
            let request = request(model);
            let limits: Vec<_> = ["max_tokens", "max_completion_tokens"]
                .into_iter()
                .filter(|name| request[*name] == 800)
                .collect();
            assert_eq!(limits, [limit], "{model}");
            assert_eq!(request.get("temperature").is_some(), temperature, "{model}");
        }
    }

    #[test]
    fn the_wire_is_as_openai_documents_it() {
        insta::assert_json_snapshot!(request("gpt-4o-mini"));
    }
}
