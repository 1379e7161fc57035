//! Tokens of a whole chat request, as the API reports them in `prompt_tokens`.

use super::count;
use super::tools::{Tool, definitions};

/// Tokens that frame one message: its start, its end, and the separator between role and text
/// (<https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken>, section 6).
const FRAME: u32 = 3;

/// Tokens that frame one message, including its role, which is always one token.
pub const PER_MESSAGE: u32 = FRAME + 1;

/// Tokens that open the completion (same source).
pub const PER_PROMPT: u32 = 3;

/// Tokens of a name in addition to its text (same source).
const PER_NAME: u32 = 1;

/// Tokens of a call in addition to its name and its arguments, by <https://github.com/hmarr/openai-chat-tokens>.
const PER_CALL: u32 = 3;

/// Tokens saved if a prompt has tools and a system message: the tools are then a part of that message (same source).
const SHARED_SYSTEM: u32 = 4;

/// A message of a chat request.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChatMessage<'a> {
    /// A role such as `user`.
    pub role: &'a str,
    /// Text of the message.
    pub content: &'a str,
    /// Name that distinguishes participants with the same role.
    pub name: Option<&'a str>,
    /// Tool calls of an assistant.
    pub calls: &'a [Call<'a>],
}

/// A tool call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Name of the tool.
    pub name: &'a str,
    /// Arguments as a JSON object.
    pub arguments: &'a str,
}

/// Counts the tokens of a prompt: messages, tools, and the tokens that frame them.
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

/// Counts the tokens that tools add to a prompt with this system message.
#[must_use]
pub fn tools_beside(system: &str, tools: &[Tool<'_>]) -> u32 {
    let messages = [ChatMessage { role: "system", content: system, ..ChatMessage::default() }];
    prompt(&messages, tools).saturating_sub(prompt(&messages, &[]))
}

/// Counts the tokens of a text with the line end that separates it from the tools. An empty text has no line end.
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

    /// The example of section 6. OpenAI's API reports 124 for gpt-4o.
    #[test]
    fn messages_count_as_in_the_api() {
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

    /// The example of section 7. OpenAI's API reports 101 for gpt-4o.
    #[test]
    fn tools_count_as_in_the_api() {
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
