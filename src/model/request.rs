//! The chat completion request, with the parameters that each family of models takes.

use pii::masked_text::MaskedText;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

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
    messages: Vec<Box<RawValue>>,
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
    messages: &'a [Box<RawValue>],
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'static str>,
    stream: bool,
    stream_options: StreamOptions,
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

/// Families of models, by the parameters that they take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// Thinks first: refuses `max_tokens` and any `temperature` but the default, and is slow to its first token
    /// (<https://platform.openai.com/docs/guides/reasoning>).
    Reasoning,
    /// OpenAI's other chat models: `max_tokens` is deprecated for them.
    OpenAi,
    /// Everything else speaks the older dialect: Ollama, vLLM, llama.cpp, Mistral.
    Other,
}

impl Family {
    /// By the model's name, with or without a router's prefix (`openai/o3`).
    fn of(model: &str) -> Self {
        let name = model.rsplit('/').next().unwrap_or(model);
        let is_o = name.strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if is_o || (name.starts_with("gpt-5") && !name.contains("-chat")) {
            Self::Reasoning
        } else if ["gpt-3", "gpt-4", "gpt-5", "chatgpt-"].iter().any(|prefix| name.starts_with(prefix)) {
            Self::OpenAi
        } else {
            Self::Other
        }
    }
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
        let messages = raw(messages)?;
        Ok(Self { messages, tools, is_text_only: false, max_output_tokens, temperature, format: None })
    }

    /// A body with the messages of an earlier request.
    #[must_use]
    pub const fn resumed(
        employee: &Employee,
        messages: Vec<Box<RawValue>>,
        tools: Option<Box<RawValue>>,
    ) -> Self {
        let Employee { max_output_tokens, temperature, .. } = *employee;
        Self { messages, tools, is_text_only: false, max_output_tokens, temperature, format: None }
    }

    /// The messages, to be stored with a pending approval.
    #[must_use]
    pub fn messages(&self) -> &[Box<RawValue>] {
        &self.messages
    }

    /// Adds a step of the answer: its text, its calls and their results.
    ///
    /// # Errors
    /// `internal`, when it is no JSON.
    pub fn add_step(&mut self, text: &MaskedText, calls: &[ToolCall]) -> Result<(), Fault> {
        let added = PromptMessage::with_calls(text, calls, CallForm::Full);
        self.messages.extend(raw(&added)?);
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
            *first = to_raw_value(&persona).map_err(not_json)?;
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
            messages: raw(messages)?,
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

    /// Serializes the body for `model`.
    ///
    /// # Errors
    /// `internal`, when it is no JSON.
    pub fn to_json(&self, model: &str) -> Result<String, Fault> {
        let family = Family::of(model);
        let (max_completion_tokens, max_tokens) = match family {
            Family::Other => (None, self.max_output_tokens),
            Family::Reasoning | Family::OpenAi => (self.max_output_tokens, None),
        };
        let request = ChatRequest {
            model,
            messages: &self.messages,
            tools: self.tools.as_deref(),
            tool_choice: self.tools.as_ref().filter(|_| self.is_text_only).map(|_| "none"),
            stream: true,
            stream_options: StreamOptions { include_usage: true },
            max_completion_tokens,
            max_tokens,
            temperature: self.temperature.filter(|_| family != Family::Reasoning),
            response_format: self.format.as_deref(),
        };
        serde_json::to_string(&request).map_err(not_json)
    }
}

fn raw(messages: &[PromptMessage<'_>]) -> Result<Vec<Box<RawValue>>, Fault> {
    messages.iter().map(|message| to_raw_value(message).map_err(not_json)).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
fn not_json(error: serde_json::Error) -> Fault {
    Fault::new(Code::Internal, format!("request: {:?}", error.classify()))
}

/// Time limits for `model`: one that thinks first is silent while it does.
#[must_use]
pub fn timeouts(model: &str) -> Timeouts {
    match Family::of(model) {
        Family::Reasoning => Timeouts { first_byte: 120_000, idle: 60_000, total: None },
        Family::OpenAi | Family::Other => Timeouts { first_byte: 30_000, idle: 30_000, total: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(model: &str) -> serde_json::Value {
        let employee = Employee {
            slug: "prime-boss".into(),
            system_prompt: MaskedText::default(),
            temperature: Some(0.5),
            max_output_tokens: Some(800),
            ..Employee::default()
        };
        let messages = [PromptMessage::new(Role::User, MaskedText::fixed("Hello"))];
        serde_json::from_str(&ChatBody::new(&employee, &messages, None).unwrap().to_json(model).unwrap())
            .unwrap()
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
