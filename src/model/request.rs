//! The chat completion request, with the parameters that each family of models takes.

use std::borrow::Cow;

use pii::masked_text::MaskedText;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::body_message::{BodyMessage, StepEcho, arranged};
use super::candidate::Candidate;
use super::dialect::{Dialect, Family, OutputFormat, TokenLimit};
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
}

/// A request that streams and reports its usage.
#[derive(Debug, Serialize)]
struct ChatRequest<'a> {
    model: &'a str,
    messages: &'a [Cow<'a, RawValue>],
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'static str>,
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
        let Employee { max_output_tokens, temperature, .. } = *employee;
        let messages = body_messages(messages)?;
        Ok(Self { messages, tools, is_text_only: false, max_output_tokens, temperature, format: None })
    }

    /// A body with the messages of an earlier request.
    #[must_use]
    pub const fn resumed(
        employee: &Employee,
        messages: Vec<BodyMessage>,
        tools: Option<Box<RawValue>>,
    ) -> Self {
        let Employee { max_output_tokens, temperature, .. } = *employee;
        Self { messages, tools, is_text_only: false, max_output_tokens, temperature, format: None }
    }

    /// The messages, to be stored with a pending approval.
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
        schema: &serde_json::Value,
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
        let is_text_only = self.is_text_only && self.tools.is_some() && has(Parameter::ToolChoice);
        let request = ChatRequest {
            model: &candidate.model,
            messages: &arranged(&self.messages, candidate, dialect).map_err(not_json)?,
            tools: loose_tools.as_deref().or(self.tools.as_deref()),
            tool_choice: is_text_only.then_some("none"),
            stream: true,
            stream_options: has(Parameter::StreamOptions).then_some(StreamOptions { include_usage: true }),
            max_completion_tokens,
            max_tokens,
            temperature: self.temperature.filter(|_| has(Parameter::Temperature)),
            response_format: match dialect.format {
                OutputFormat::JsonSchema => self.format.as_deref(),
                OutputFormat::JsonObject => self.format.as_ref().map(|_| &*any_object),
                OutputFormat::Prose => None,
            },
        };
        serde_json::to_string(&request).map_err(not_json)
    }
}

fn body_messages(messages: &[PromptMessage<'_>]) -> Result<Vec<BodyMessage>, Fault> {
    messages.iter().map(|message| BodyMessage::new(message).map_err(not_json)).collect()
}

/// Tools without strict mode.
fn loose(tools: &RawValue) -> Result<Box<RawValue>, Fault> {
    let mut tools: Vec<serde_json::Value> = serde_json::from_str(tools.get()).map_err(not_json)?;
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

    fn request(model: &str) -> serde_json::Value {
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
