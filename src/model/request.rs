//! The chat completion request, with the parameters that each family of models takes.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::context::assemble::PromptMessage;
use crate::employee::Employee;
use crate::error::{Code, Fault};
use crate::ports::Patience;
use crate::session::load::Role;
use crate::tools::call::CallRecord;

/// What a turn asks, of whichever model.
#[derive(Debug)]
pub struct Question {
    /// In the order in which the model reads them.
    messages: Vec<Box<RawValue>>,
    tools: Option<Box<RawValue>>,
    /// It must answer without calling any more.
    must_talk: bool,
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

/// What models have in common as far as parameters go.
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

impl Question {
    /// Asks within the limits of `employee`, whose model may call `tools`.
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
        Ok(Self { messages, tools, must_talk: false, max_output_tokens, temperature, format: None })
    }

    /// Goes on with messages that were asked before.
    #[must_use]
    pub const fn of(employee: &Employee, messages: Vec<Box<RawValue>>, tools: Option<Box<RawValue>>) -> Self {
        let Employee { max_output_tokens, temperature, .. } = *employee;
        Self { messages, tools, must_talk: false, max_output_tokens, temperature, format: None }
    }

    /// The messages, to go on with later.
    #[must_use]
    pub fn messages(&self) -> &[Box<RawValue>] {
        &self.messages
    }

    /// Adds what the answer says and calls, and what came of the calls.
    ///
    /// # Errors
    /// `internal`, when it is no JSON.
    pub fn add_step(&mut self, text: &str, calls: &[CallRecord]) -> Result<(), Fault> {
        let added = PromptMessage::calling(text, calls, false);
        self.messages.extend(raw(&added)?);
        Ok(())
    }

    /// Leaves a message out from here on.
    pub fn leave_out(&mut self, at: usize) {
        if at < self.messages.len() {
            self.messages.remove(at);
        }
    }

    /// From here on the model must talk.
    pub const fn end_calls(&mut self) {
        self.must_talk = true;
    }

    /// Another employee answers: its persona takes the place of the one before.
    ///
    /// # Errors
    /// `internal`, when it is no JSON.
    pub fn hand_over(&mut self, employee: &Employee, tools: Option<Box<RawValue>>) -> Result<(), Fault> {
        let persona = PromptMessage::new(Role::System, employee.system_prompt.as_str());
        if let Some(first) = self.messages.first_mut() {
            *first = to_raw_value(&persona).map_err(not_json)?;
        }
        self.tools = tools;
        (self.max_output_tokens, self.temperature) = (employee.max_output_tokens, employee.temperature);
        Ok(())
    }

    /// Asks for JSON of a schema, in so many tokens at most
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
            must_talk: false,
            max_output_tokens: Some(max_output_tokens),
            temperature: Some(0.0),
            format: Some(to_raw_value(&format).map_err(not_json)?),
        })
    }

    /// The body of a request to `model`.
    ///
    /// # Errors
    /// `internal`, when it is no JSON.
    pub fn body(&self, model: &str) -> Result<String, Fault> {
        let family = Family::of(model);
        let (max_completion_tokens, max_tokens) = match family {
            Family::Other => (None, self.max_output_tokens),
            Family::Reasoning | Family::OpenAi => (self.max_output_tokens, None),
        };
        let request = ChatRequest {
            model,
            messages: &self.messages,
            tools: self.tools.as_deref(),
            tool_choice: self.tools.as_ref().filter(|_| self.must_talk).map(|_| "none"),
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

/// How long to wait for `model`: one that thinks first is silent while it does.
#[must_use]
pub fn patience(model: &str) -> Patience {
    match Family::of(model) {
        Family::Reasoning => Patience { first_byte: 120_000, idle: 60_000 },
        Family::OpenAi | Family::Other => Patience { first_byte: 30_000, idle: 30_000 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(model: &str) -> serde_json::Value {
        let employee = Employee {
            slug: "prime-boss".into(),
            system_prompt: String::new(),
            temperature: Some(0.5),
            max_output_tokens: Some(800),
            ..Employee::default()
        };
        let messages = [PromptMessage::new(Role::User, "Hello")];
        serde_json::from_str(&Question::new(&employee, &messages, None).unwrap().body(model).unwrap())
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
