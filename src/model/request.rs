//! The chat completion request, with the parameters that each family of models takes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use pii::masked_text::MaskedText;
use pii::unmask::PlaceholderMap;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::body_message::{BodyMessage, StepEcho, arranged};
use super::candidate::Candidate;
use super::dialect::{Dialect, Family, OutputFormat, TokenLimit};
use super::options::ModelOptions;
use super::parameter::Parameter;
use super::prompt_message::{CallForm, PromptMessage};
use crate::chat::employee::Employee;
use crate::chat::message::Role;
use crate::chat::tool_call::ToolCall;
use crate::error::{Code, Fault};
use crate::ports::Timeouts;

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
    parameters: BTreeMap<&'a str, &'a Value>,
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
        let has = |parameter| !dialect.left_out.has(parameter);
        let most = Some(output_limit(self.max_output_tokens, &candidate.model));
        let (max_completion_tokens, max_tokens) = match dialect.token_limit {
            TokenLimit::MaxCompletionTokens { .. } => (most, None),
            TokenLimit::MaxTokens { .. } => (None, most),
            TokenLimit::None => (None, None),
        };
        let loose_tools = self.tools.as_deref().filter(|_| !has(Parameter::Strict)).map(loose).transpose()?;
        let any_object = RawValue::from_string(r#"{"type":"json_object"}"#.to_owned()).map_err(not_json)?;
        let none = Value::from("none");
        let tool_choice = if self.is_text_only { Some(&none) } else { self.tool_choice.as_ref() };
        let has_choice = self.tools.is_some() && has(Parameter::ToolChoice);
        let is_taken = |name: &str| match Parameter::of_name(name) {
            Some(Parameter::ParallelToolCalls) if self.tools.is_none() => false,
            known => known.is_none_or(has),
        };
        let parameters = self.parameters.iter().map(|(name, value)| (name.as_str(), value));
        let with_values = self.with_values()?;
        let messages = with_values.as_ref().map_or(&self.messages, |(messages, _)| messages);
        let request = ChatRequest {
            model: &candidate.model,
            messages: &arranged(messages, candidate, dialect).map_err(not_json)?,
            tools: loose_tools.as_deref().or(self.tools.as_deref()),
            tool_choice: tool_choice.filter(|_| has_choice),
            stream: true,
            stream_options: has(Parameter::StreamOptions).then_some(StreamOptions { include_usage: true }),
            max_completion_tokens,
            max_tokens,
            temperature: self
                .temperature
                .filter(|_| has(Parameter::Temperature) && !self.parameters.contains_key("temperature")),
            response_format: match dialect.format {
                OutputFormat::JsonSchema => self.format.as_deref(),
                OutputFormat::JsonObject => self.format.as_ref().map(|_| &*any_object),
                OutputFormat::Prose => None,
            },
            parameters: parameters.filter(|(name, _)| is_taken(name)).collect(),
        };
        serde_json::to_string(&request).map_err(not_json)
    }
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
