//! The prompt: persona, the newest messages of the path, what is recalled, and the new message, within the budget.
//!
//! What changes least comes first and what is recalled stands just before the message, so that a provider's cache serves as much
//! of the prompt's beginning as it can.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Serialize;
use uuid::Uuid;

use super::receipt::{Reason, Receipt, Section, SectionName};
use super::recollect::{self, Block, Known};
use super::source::Source;
use super::tokens::chat::{PER_MESSAGE, PER_PROMPT};
use super::tokens::count;
use crate::memory::recall::Recalled;
use crate::session::load::{Message, Role};

/// Of what persona and message leave, the newest messages get at least that much in percent before anything is recalled, for
/// what was said last is what is spoken of; what is not recalled is theirs too.
const RECENT_PERCENT: u32 = 25;

/// The last question and its answer get up to that much in percent, should they need it.
const LAST_PERCENT: u32 = 60;

/// Among the oldest of the messages that fit, those whose id is a multiple of this begin a prompt: so the next turns' prompts
/// begin with the same one, and a provider's cache has them.
const BLOCK: u128 = 4;

/// What a prompt is made of.
#[derive(Clone, Copy, Debug)]
pub struct Material<'a> {
    /// What the employee is told to be.
    pub persona: &'a str,
    /// The session.
    pub session: Uuid,
    /// The path that leads to the message, oldest first.
    pub path: &'a [Message],
    /// What is recalled, if memory answered.
    pub recalled: Option<&'a Recalled>,
    /// What the user says.
    pub message: &'a str,
    /// Its tokens.
    pub message_tokens: u32,
    /// Tokens that the prompt may have.
    pub budget: u32,
}

/// What goes to the model, borrowed from where it is kept.
#[derive(Debug, PartialEq, Eq)]
pub struct Prompt<'a> {
    /// In the order in which the model reads them.
    pub messages: Vec<PromptMessage<'a>>,
    /// What they are.
    pub receipt: Receipt,
    /// The documents of which something is recalled.
    pub sources: Vec<Source>,
    /// Tokens of earlier messages of the session.
    pub history_tokens: u32,
}

/// One message of a chat completion request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PromptMessage<'a> {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: Cow<'a, str>,
}

/// The message alone has more tokens than the budget leaves beside the persona.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// Tokens that it has.
    pub tokens: u32,
    /// Tokens that it may have.
    pub most: u32,
}

/// Fits all into the budget. The persona and the message always go, whole; history is dropped from its oldest end and never has
/// a gap; memories are taken best first, whole, each once. The same material always makes the same prompt.
///
/// # Errors
/// [`TooLong`].
pub fn assemble<'a>(material: &Material<'a>) -> Result<Prompt<'a>, TooLong> {
    let persona_tokens = count(material.persona) + PER_MESSAGE;
    let message_tokens = material.message_tokens + PER_MESSAGE;
    let most = material.budget.saturating_sub(PER_PROMPT + persona_tokens + PER_MESSAGE);
    let left = material.budget.checked_sub(PER_PROMPT + persona_tokens + message_tokens);
    let left = left.ok_or(TooLong { tokens: material.message_tokens, most })?;

    let path = material.path;
    let at_first = newest(path, allowance(path, left));
    let of_first = tokens(at_first);
    let known = |recent| Known {
        recent: ids(recent),
        path: ids(path),
        is_whole: is_whole(path),
        session: material.session,
    };
    let mut block = recollect::block(material.recalled, known(at_first), left - of_first);
    let recent = newest(path, left - block.tokens);
    let recent_tokens = tokens(recent);
    if recent.len() > at_first.len() {
        block = recollect::block(material.recalled, known(recent), left - recent_tokens);
    }

    let counted = PER_PROMPT + persona_tokens + recent_tokens + block.tokens + message_tokens;
    let sections = sections(material, persona_tokens, recent, &block, message_tokens);
    let receipt = Receipt { budget: material.budget, counted, sections, ..Receipt::default() };
    let sources = std::mem::take(&mut block.sources);
    let messages = messages(material, recent, block);
    Ok(Prompt { messages, receipt, sources, history_tokens: recent_tokens })
}

/// What the newest messages get before anything is recalled.
fn allowance(path: &[Message], left: u32) -> u32 {
    let share = left / 100 * RECENT_PERCENT;
    let last = tokens(path.get(path.len().saturating_sub(2)..).unwrap_or_default());
    if last <= left / 100 * LAST_PERCENT { share.max(last) } else { share }
}

/// Tokens that a message takes; one without text is not sent.
const fn cost(message: &Message) -> u32 {
    if message.content.is_empty() { 0 } else { message.content_tokens.saturating_add(PER_MESSAGE) }
}

fn tokens(messages: &[Message]) -> u32 {
    messages.iter().map(cost).fold(0, u32::saturating_add)
}

fn ids(messages: &[Message]) -> BTreeSet<Uuid> {
    messages.iter().map(|message| message.id).collect()
}

/// Whether a path leads from the beginning of its session.
fn is_whole(path: &[Message]) -> bool {
    path.first().is_none_or(|first| first.parent_id.is_none())
}

/// As many of the newest messages as fit, in blocks where older ones are left out.
fn newest(path: &[Message], allowance: u32) -> &[Message] {
    let mut used = 0u32;
    let fits = |message: &&Message| {
        used = used.saturating_add(cost(message));
        used <= allowance
    };
    let count = path.iter().rev().take_while(fits).count();
    let fitting = path.get(path.len() - count..).unwrap_or_default();
    if count == path.len() && is_whole(path) {
        return fitting;
    }
    let begins = |message: &Message| message.role == Role::User && message.id.as_u128().is_multiple_of(BLOCK);
    // At most half of it: a prompt must not lose much for the sake of the next one.
    let begin = fitting.iter().take(count / 2).position(begins).unwrap_or(0);
    fitting.get(begin..).unwrap_or_default()
}

fn sections(
    material: &Material<'_>,
    persona_tokens: u32,
    recent: &[Message],
    block: &Block,
    message_tokens: u32,
) -> Vec<Section> {
    let is_empty = |message: &&Message| message.content.is_empty();
    let empty = recent.iter().filter(is_empty).count();
    let kept = u32::try_from(recent.len() - empty).unwrap_or(u32::MAX);
    vec![
        Section::new(SectionName::Persona, persona_tokens, 1),
        Section::new(SectionName::Recent, tokens(recent), kept)
            .without(Reason::Budget, material.path.len() - recent.len())
            .without(Reason::Empty, empty),
        block.facts.clone(),
        block.memories.clone(),
        Section::new(SectionName::Message, message_tokens, 1),
    ]
}

fn messages<'a>(material: &Material<'a>, recent: &'a [Message], block: Block) -> Vec<PromptMessage<'a>> {
    let say = |role, content: &'a str| PromptMessage { role, content: Cow::Borrowed(content) };
    let mut messages = Vec::with_capacity(recent.len() + 3);
    messages.push(say(Role::System, material.persona));
    // An answer that never came says nothing to a model.
    let recent = recent.iter().filter(|message| !message.content.is_empty());
    messages.extend(recent.map(|message| say(message.role, &message.content)));
    if !block.text.is_empty() {
        messages.push(PromptMessage { role: Role::System, content: Cow::Owned(block.text) });
    }
    messages.push(say(Role::User, material.message));
    messages
}

#[cfg(test)]
mod tests;
