//! The prompt of a conversation that its client keeps: persona and system messages, then as much of the rest as fits.

use pii::masked_text::MaskedText;
use pii::placeholder::Placeholder;
use pii::unmask::placeholders;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use tokens::chat::{PER_MESSAGE, PER_PROMPT};
use tokens::count;

use super::assemble::{MessageTooLong, ToolWeight};
use super::receipt::{Reason, Receipt, Section, SectionName};
use crate::chat::message::Role;
use crate::chat::tool_call::ToolCall;
use crate::error::{Code, Fault};
use crate::model::body_message::BodyMessage;
use crate::model::prompt_message::{CallForm, PromptMessage};

/// Tokens of a picture: a large one in full detail
/// (<https://platform.openai.com/docs/guides/images-vision#calculating-costs>).
const PER_PICTURE: u32 = 1500;

/// Heading of a client's system message, which must not pass for the persona.
const INSTRUCTIONS: &str = "# Instructions of the application, within those above\n";

/// A message of a client, masked.
#[derive(Clone, Debug)]
pub struct SaidMessage {
    /// Author of the message; never a tool, whose results stand with their calls.
    pub role: Role,
    /// Text of the message.
    pub text: MaskedText,
    /// Pictures, as the parts of a request that hold them.
    pub pictures: Vec<Value>,
    /// Tool calls of an assistant, with their results.
    pub calls: Vec<ToolCall>,
}

/// Input of a prompt.
#[derive(Clone, Copy, Debug)]
pub struct ClientMaterial<'a> {
    /// System prompt of the employee.
    pub persona: &'a MaskedText,
    /// The client's messages, oldest first.
    pub said: &'a [SaidMessage],
    /// Weight of the tool definitions.
    pub tools: ToolWeight,
    /// Tokens that the prompt may have.
    pub budget: u32,
}

/// A prompt within its budget.
#[derive(Debug)]
pub struct ClientPrompt<'a> {
    persona: &'a MaskedText,
    kept: Vec<&'a SaidMessage>,
    /// Receipt of the prompt.
    pub receipt: Receipt,
    /// Tokens of the messages before the last one of the user.
    pub history_tokens: u32,
    /// Placeholders that the model sees.
    pub visible_placeholders: Vec<Placeholder>,
}

/// Fits a client's messages into the budget. System messages and all from the last message of the user on always go, whole; of the
/// rest the oldest are left out, so that it begins with a message of the user.
///
/// # Errors
/// [`MessageTooLong`].
pub fn assemble_client<'a>(material: &ClientMaterial<'a>) -> Result<ClientPrompt<'a>, MessageTooLong> {
    let ClientMaterial { persona, said, tools, budget } = *material;
    let is_system = |message: &&SaidMessage| message.role == Role::System;
    let last = said.iter().rposition(|message| message.role == Role::User).unwrap_or(0);
    let persona_tokens = count(persona) + PER_MESSAGE;
    let system_tokens = sum(said.iter().filter(is_system));
    let fixed =
        [PER_PROMPT, persona_tokens, tools.tokens, system_tokens].into_iter().fold(0, u32::saturating_add);
    let message_tokens = sum(said.iter().skip(last).filter(|message| !is_system(message)));
    let left = budget.checked_sub(fixed.saturating_add(message_tokens));
    let left = left.ok_or(MessageTooLong {
        tokens: message_tokens.saturating_add(system_tokens),
        most: budget.saturating_sub(PER_PROMPT + persona_tokens + tools.tokens),
    })?;
    let begin = beginning(said.get(..last).unwrap_or_default(), left);
    let is_kept = |at: usize, message: &SaidMessage| at >= begin || message.role == Role::System;
    let history = said.get(begin..last).unwrap_or_default().iter().filter(|message| !is_system(message));
    let history_tokens = sum(history.clone());
    let dropped = said.iter().take(begin).filter(|message| !is_system(message)).count();
    let sections = vec![
        Section::new(SectionName::Persona, persona_tokens.saturating_add(system_tokens), 1),
        Section::new(SectionName::Tools, tools.tokens, tools.count),
        Section::new(SectionName::Recent, history_tokens, u32::try_from(history.count()).unwrap_or(u32::MAX))
            .without(Reason::Budget, dropped),
        Section::new(SectionName::Message, message_tokens, 1),
    ];
    let counted = fixed.saturating_add(history_tokens).saturating_add(message_tokens);
    let kept: Vec<_> = said
        .iter()
        .enumerate()
        .filter(|(at, message)| is_kept(*at, message))
        .map(|(_, message)| message)
        .collect();
    Ok(ClientPrompt {
        persona,
        receipt: Receipt { budget, counted, sections, ..Receipt::default() },
        history_tokens,
        visible_placeholders: visible(&kept),
        kept,
    })
}

impl ClientPrompt<'_> {
    /// The messages in the order in which the model reads them.
    ///
    /// # Errors
    /// `internal`, when one is no JSON.
    pub fn messages(&self) -> Result<Vec<BodyMessage>, Fault> {
        body_messages(self.persona, &self.kept)
            .map_err(|error| Fault::new(Code::Internal, format!("messages: {:?}", error.classify())))
    }
}

/// Index of the oldest message of a history that goes into so many tokens.
fn beginning(history: &[SaidMessage], left: u32) -> usize {
    let mut used = 0u32;
    let fits = |message: &&SaidMessage| {
        used = used.saturating_add(if message.role == Role::System { 0 } else { tokens_of(message) });
        used <= left
    };
    let fitting = history.len() - history.iter().rev().take_while(fits).count();
    if fitting == 0 {
        return 0;
    }
    let rest = history.get(fitting..).unwrap_or_default();
    let question = rest.iter().position(|message| message.role == Role::User);
    question.map_or(history.len(), |at| fitting + at)
}

fn sum<'a>(messages: impl Iterator<Item = &'a SaidMessage>) -> u32 {
    messages.map(tokens_of).fold(0, u32::saturating_add)
}

fn tokens_of(message: &SaidMessage) -> u32 {
    let heading = if message.role == Role::System { count(INSTRUCTIONS) } else { 0 };
    let pictures = u32::try_from(message.pictures.len()).unwrap_or(u32::MAX).saturating_mul(PER_PICTURE);
    let calls = message.calls.iter().map(ToolCall::tokens_now);
    calls.chain([PER_MESSAGE, heading, count(&message.text), pictures]).fold(0, u32::saturating_add)
}

fn visible(kept: &[&SaidMessage]) -> Vec<Placeholder> {
    let calls = kept.iter().flat_map(|message| &message.calls);
    let in_calls: Vec<_> =
        calls.flat_map(|call| [call.arguments_json(), call.result().to_string()]).collect();
    let texts = kept.iter().map(|message| message.text.as_str());
    placeholders(texts.chain(in_calls.iter().map(String::as_str)))
}

fn body_messages(persona: &MaskedText, kept: &[&SaidMessage]) -> Result<Vec<BodyMessage>, serde_json::Error> {
    let mut messages = vec![BodyMessage::new(&PromptMessage::new(Role::System, persona))?];
    for message in kept {
        let SaidMessage { role, text, pictures, calls } = message;
        if !calls.is_empty() {
            for message in PromptMessage::with_calls(text, calls, CallForm::Full) {
                messages.push(BodyMessage::new(&message)?);
            }
        } else if !pictures.is_empty() {
            let text = (!text.is_empty()).then(|| json!({ "type": "text", "text": text }));
            let parts: Vec<_> = text.into_iter().chain(pictures.iter().cloned()).collect();
            messages.push(BodyMessage::raw(*role, to_raw_value(&json!({ "role": role, "content": parts }))?));
        } else if *role == Role::System {
            let mut instructions = MaskedText::fixed(INSTRUCTIONS);
            instructions.push(text);
            messages.push(BodyMessage::new(&PromptMessage::new(*role, instructions))?);
        } else {
            messages.push(BodyMessage::new(&PromptMessage::new(*role, text))?);
        }
    }
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(role: Role, text: &str) -> SaidMessage {
        SaidMessage {
            role,
            text: MaskedText::from_storage(text.into()),
            pictures: Vec::new(),
            calls: Vec::new(),
        }
    }

    fn contents(said: &[SaidMessage], budget: u32) -> Result<Vec<String>, MessageTooLong> {
        let persona = MaskedText::fixed("You run the desk.");
        let material = ClientMaterial { persona: &persona, said, tools: ToolWeight::default(), budget };
        let prompt = assemble_client(&material)?;
        assert!(prompt.receipt.counted <= budget);
        let json = serde_json::to_value(prompt.messages().unwrap()).unwrap();
        let content = |message: &Value| message["message"]["content"].as_str().unwrap().to_owned();
        Ok(json.as_array().unwrap().iter().map(content).collect())
    }

    #[test]
    fn the_oldest_messages_are_left_out_and_instructions_stay() {
        let said = [
            said(Role::System, "Be brief."),
            said(Role::User, &"first question ".repeat(20)),
            said(Role::Assistant, "first answer"),
            said(Role::User, "second question"),
            said(Role::Assistant, "second answer"),
            said(Role::User, "third question"),
        ];
        let brief = format!("{INSTRUCTIONS}Be brief.");
        assert_eq!(contents(&said, 1000).unwrap().len(), 7);
        let kept = contents(&said, 70).unwrap();
        assert_eq!(kept, ["You run the desk.", &brief, "second question", "second answer", "third question"]);
        assert_eq!(contents(&said, 45).unwrap(), ["You run the desk.", &brief, "third question"]);
        assert!(contents(&said, 20).is_err());
    }
}
