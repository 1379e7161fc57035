//! Tokens of a whole chat request: what the API reports as `prompt_tokens`.

use super::count;
use super::tools::{Tool, definitions};

/// Tokens that frame one message: where it begins and ends, and what parts its role from its text
/// (<https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken>, section 6).
const FRAME: u32 = 3;

/// Tokens that frame one message, with its role: each of them is one token.
pub const PER_MESSAGE: u32 = FRAME + 1;

/// Tokens that open the answer (same source).
pub const PER_PROMPT: u32 = 3;

/// Tokens of a name beside its own (same source).
const PER_NAME: u32 = 1;

/// Tokens of a call beside its name and its arguments, as <https://github.com/hmarr/openai-chat-tokens> found out.
const PER_CALL: u32 = 3;

/// What a prompt with tools has less when it has a system message, which they are then a part of (same source).
const SHARED_SYSTEM: u32 = 4;

/// A message as the API takes it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChatMessage<'a> {
    /// Such as `user`.
    pub role: &'a str,
    /// What is said.
    pub content: &'a str,
    /// Who says it, where several have one role.
    pub name: Option<&'a str>,
    /// What an assistant calls.
    pub calls: &'a [Call<'a>],
}

/// A call of a tool.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The tool's name.
    pub name: &'a str,
    /// A JSON object.
    pub arguments: &'a str,
}

/// Tokens of messages and tools with all that frames them.
#[must_use]
pub fn prompt(messages: &[ChatMessage<'_>], tools: &[Tool<'_>]) -> u32 {
    let said = messages.iter().map(message).fold(PER_PROMPT, u32::saturating_add);
    if tools.is_empty() {
        return said;
    }
    let all = said.saturating_add(definitions(tools));
    let Some(system) = messages.iter().find(|message| message.role == "system") else { return all };
    all.saturating_sub(SHARED_SYSTEM)
        .saturating_add(on_a_line(system.content))
        .saturating_sub(count(system.content))
}

/// Tokens that tools have in a prompt that begins with that system message.
#[must_use]
pub fn tools_beside(system: &str, tools: &[Tool<'_>]) -> u32 {
    let messages = [ChatMessage { role: "system", content: system, ..ChatMessage::default() }];
    prompt(&messages, tools).saturating_sub(prompt(&messages, &[]))
}

/// Tokens of a text with a line end after it, for what follows it there; an empty one has none.
fn on_a_line(text: &str) -> u32 {
    if text.is_empty() || text.ends_with('\n') { count(text) } else { count(&format!("{text}\n")) }
}

fn message(message: &ChatMessage<'_>) -> u32 {
    let name = message.name.map_or(0, |name| count(name).saturating_add(PER_NAME));
    let call =
        |call: &Call<'_>| count(call.name).saturating_add(count(call.arguments)).saturating_add(PER_CALL);
    let calls = message.calls.iter().map(call);
    [count(message.role), count(message.content), name]
        .into_iter()
        .chain(calls)
        .fold(FRAME, u32::saturating_add)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn says<'a>(role: &'a str, content: &'a str) -> ChatMessage<'a> {
        ChatMessage { role, content, ..ChatMessage::default() }
    }

    fn named<'a>(name: &'a str, content: &'a str) -> ChatMessage<'a> {
        ChatMessage { role: "system", content, name: Some(name), calls: &[] }
    }

    /// The example of section 6, of which OpenAI's API says for gpt-4o: 124.
    #[test]
    fn messages_are_what_the_api_says() {
        let system = "You are a helpful, pattern-following assistant that translates corporate jargon into plain English.";
        let messages = [
            says("system", system),
            named("example_user", "New synergies will help drive top-line growth."),
            named("example_assistant", "Things working well together will increase revenue."),
            named(
                "example_user",
                "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
            ),
            named("example_assistant", "Let's talk later when we're less busy about how to do better."),
            says(
                "user",
                "This late pivot means we don't have time to boil the ocean for the client deliverable.",
            ),
        ];
        assert_eq!(prompt(&messages, &[]), 124);
    }

    /// The example of section 7, of which OpenAI's API says for gpt-4o: 101.
    #[test]
    fn tools_are_what_the_api_says() {
        let messages = [
            says("system", "You are a helpful assistant that can answer to questions about the weather."),
            says("user", "What's the weather like in San Francisco?"),
        ];
        let parameters = json!({
            "type": "object",
            "properties": {
                "location": { "type": "string", "description": "The city and state, e.g. San Francisco, CA" },
                "unit": {
                    "type": "string",
                    "description": "The unit of temperature to return",
                    "enum": ["celsius", "fahrenheit"]
                }
            },
            "required": ["location"]
        });
        let description = Some("Get the current weather in a given location");
        assert_eq!(
            prompt(&messages, &[Tool { name: "get_current_weather", description, parameters: &parameters }]),
            101
        );
    }

    #[test]
    fn every_role_is_one_token() {
        for role in ["system", "developer", "user", "assistant", "tool"] {
            assert_eq!(prompt(&[says(role, "")], &[]), PER_MESSAGE + PER_PROMPT, "{role}");
        }
    }
}
