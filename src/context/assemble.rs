//! The prompt: persona, a summary of the path and its newest messages, what is recalled, and the new message, within the budget.
//!
//! What changes least comes first and what is recalled stands just before the message, so that a provider's cache serves as much
//! of the prompt's beginning as it can.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tokens::chat::{PER_MESSAGE, PER_PROMPT};
use tokens::count;
use uuid::Uuid;

use super::receipt::{Reason, Receipt, Section, SectionName};
use super::recollect::{self, Block, Known};
use super::source::Source;
use crate::memory::recall::{Recalled, Summary};
use crate::session::load::{Message, Role};
use crate::tools::call::CallRecord;
use crate::tools::toolbox::Weight;

/// Of what persona and message leave, recent messages and what is recalled get that much in percent together, once a session is
/// long: what more of it could be found is seldom worth its price.
const FULL_PERCENT: u32 = 69;

/// Recent messages get up to that much in percent.
const RECENT_PERCENT: u32 = 62;

/// When they come to more, only so many of the newest stay, in percent: so they begin with the same message for many turns, and a
/// provider's cache has them.
const KEPT_PERCENT: u32 = 36;

/// Of what stays then, a summary of those before gets at most that much in percent.
const SUMMARY_PERCENT: u32 = 40;

const SUMMARY: &str = "# Earlier in this conversation\n";

/// The last question and its answer get up to that much in percent, should they need it.
const LAST_PERCENT: u32 = 60;

/// What a prompt is made of.
#[derive(Clone, Copy, Debug)]
pub struct Material<'a> {
    /// What the employee is told to be.
    pub persona: &'a str,
    /// The session.
    pub session: Uuid,
    /// The path that leads to the message, oldest first.
    pub path: &'a [Message],
    /// The recent messages of the prompt before, when it had the same persona.
    pub before: Option<&'a Window>,
    /// What is recalled, if memory answered.
    pub recalled: Option<&'a Recalled>,
    /// What the user says.
    pub message: &'a str,
    /// Its tokens.
    pub message_tokens: u32,
    /// What the employee may call.
    pub tools: Weight,
    /// Tokens that the prompt may have.
    pub budget: u32,
}

/// The recent messages of a prompt: those of a path from one to another, and the summary of those before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The oldest.
    pub from: Uuid,
    /// The newest.
    pub to: Uuid,
    /// What was said before.
    #[serde(default)]
    pub summary: Option<Summary>,
}

/// What goes to the model, borrowed from where it is kept.
#[derive(Debug, PartialEq)]
pub struct Prompt<'a> {
    /// In the order in which the model reads them.
    pub messages: Vec<PromptMessage<'a>>,
    /// What they are.
    pub receipt: Receipt,
    /// The documents of which something is recalled.
    pub sources: Vec<Source>,
    /// Tokens of earlier messages of the session.
    pub history_tokens: u32,
    /// Its recent messages.
    pub window: Option<Window>,
    /// The message that has what is recalled, and its tokens.
    pub memory: Option<Recollected>,
}

/// Where in a prompt stands what is recalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recollected {
    /// Which message it is, from the first.
    pub at: usize,
    /// Its tokens, with their framing.
    pub tokens: u32,
}

/// One message of a chat completion request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PromptMessage<'a> {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: Cow<'a, str>,
    /// What it calls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<WireCall<'a>>,
    /// The call whose result it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<Uuid>,
}

/// A call, as a chat completion request has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WireCall<'a> {
    id: Uuid,
    r#type: &'static str,
    function: WireFunction<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct WireFunction<'a> {
    name: &'a str,
    arguments: String,
}

impl<'a> PromptMessage<'a> {
    /// A message that calls nothing.
    #[must_use]
    pub fn new(role: Role, content: impl Into<Cow<'a, str>>) -> Self {
        Self { role, content: content.into(), tool_calls: Vec::new(), tool_call_id: None }
    }

    /// An answer that calls, and what came of it: as it was, or in brief.
    #[must_use]
    pub fn calling(text: &'a str, calls: &'a [CallRecord], is_brief: bool) -> Vec<Self> {
        let wire = |call: &'a CallRecord| {
            let arguments = if is_brief { call.brief_arguments() } else { call.arguments_json() };
            WireCall {
                id: call.id,
                r#type: "function",
                function: WireFunction { name: &call.name, arguments },
            }
        };
        let result = |call: &'a CallRecord| {
            let result = if is_brief { call.brief().into() } else { call.result() };
            Self { tool_call_id: Some(call.id), ..Self::new(Role::Tool, result) }
        };
        let calling =
            Self { tool_calls: calls.iter().map(wire).collect(), ..Self::new(Role::Assistant, text) };
        std::iter::once(calling).chain(calls.iter().map(result)).collect()
    }
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
    let fixed = PER_PROMPT + persona_tokens + material.tools.tokens;
    let message_tokens = material.message_tokens + PER_MESSAGE;
    let most = material.budget.saturating_sub(fixed + PER_MESSAGE);
    let left = material.budget.checked_sub(fixed + message_tokens);
    let left = left.ok_or(TooLong { tokens: material.message_tokens, most })?;

    let history = History::choose(material, left);
    let recent = history.recent;
    let history_tokens = history.tokens();
    let known = Known {
        recent: ids(recent),
        path: ids(material.path),
        is_whole: is_whole(material.path),
        session: material.session,
    };
    let mut block = recollect::block(material.recalled, known, recall_share(left, history_tokens));

    let counted = fixed + history_tokens + block.tokens + message_tokens;
    let prefix = material.before.map_or(0, |before| fixed + history.told(before));
    let sections = sections(material, persona_tokens, &history, &block, message_tokens);
    let receipt = Receipt { budget: material.budget, counted, prefix, sections, ..Receipt::default() };
    let (window, sources) = (history.window(), std::mem::take(&mut block.sources));
    let recalled = block.tokens;
    let messages = messages(material, history, block);
    // Just before the message.
    let at = messages.len().saturating_sub(2);
    let memory = (recalled > 0).then_some(Recollected { at, tokens: recalled });
    Ok(Prompt { messages, receipt, sources, history_tokens: tokens(recent), window, memory })
}

const fn percent(of: u32, percent: u32) -> u32 {
    of / 100 * percent
}

/// What a prompt has of its session.
struct History<'a> {
    /// What was said before the recent messages, where not all are recent.
    summary: Option<&'a Summary>,
    /// As it stands in the prompt, and its tokens with their framing.
    summary_text: String,
    summary_tokens: u32,
    /// Why there is none.
    no_summary: Option<Reason>,
    /// The newest messages.
    recent: &'a [Message],
}

impl<'a> History<'a> {
    /// The newest messages of the path: from the one on with which they began before, after the same summary, as long as both fit.
    fn choose(material: &Material<'a>, left: u32) -> Self {
        let path = material.path;
        let last = tokens(path.get(path.len().saturating_sub(2)..).unwrap_or_default());
        let last = if last <= percent(left, LAST_PERCENT) { last } else { 0 };
        let has_memories = material.recalled.is_some_and(|recalled| !recalled.memories.is_empty());
        let most = percent(left, if has_memories { RECENT_PERCENT } else { FULL_PERCENT }).max(last);
        let kept = percent(left, KEPT_PERCENT).max(last);
        if is_whole(path) && tokens(path) <= most {
            return Self::new(None, path);
        }
        if let Some(as_before) = material.before.and_then(|before| Self::as_before(material, before))
            // Not where a prompt began that had less room.
            && (kept / 4 * 3..=most).contains(&as_before.tokens())
        {
            return as_before;
        }
        let newest_summary = material.recalled.and_then(|recalled| recalled.summary.as_ref());
        let is_here = |summary: &&Summary| path.iter().any(|message| message.id == summary.covers);
        let with_summary = Self::new(newest_summary.filter(is_here), &[]);
        if newest_summary.is_some() && with_summary.summary.is_none() {
            return Self { no_summary: Some(Reason::OtherBranch), ..Self::new(None, newest(path, kept)) };
        }
        let beside = kept.saturating_sub(with_summary.summary_tokens);
        if beside < last || with_summary.summary_tokens > percent(kept, SUMMARY_PERCENT) {
            return Self { no_summary: Some(Reason::Budget), ..Self::new(None, newest(path, kept)) };
        }
        Self { recent: newest(path, beside), ..with_summary }
    }

    /// As the prompt before had it; unless its summary is forgotten since.
    fn as_before(material: &Material<'a>, before: &'a Window) -> Option<Self> {
        let from = material.path.iter().position(|message| message.id == before.from)?;
        let recent = material.path.get(from..)?;
        let Some(summary) = &before.summary else { return Some(Self::new(None, recent)) };
        let now = material.recalled?.summary.as_ref()?;
        (now.since == summary.since).then(|| Self::new(Some(summary), recent))
    }

    fn new(summary: Option<&'a Summary>, recent: &'a [Message]) -> Self {
        let summary_text = summary.map_or_else(String::new, |summary| [SUMMARY, &summary.text].concat());
        let summary_tokens = summary.map_or(0, |_| count(&summary_text) + PER_MESSAGE);
        Self { summary, summary_text, summary_tokens, no_summary: None, recent }
    }

    fn tokens(&self) -> u32 {
        self.summary_tokens.saturating_add(tokens(self.recent))
    }

    fn window(&self) -> Option<Window> {
        let (first, last) = self.recent.first().zip(self.recent.last())?;
        Some(Window { from: first.id, to: last.id, summary: self.summary.cloned() })
    }

    /// Tokens of it with which the prompt before began too.
    fn told(&self, before: &Window) -> u32 {
        if self.summary != before.summary.as_ref() {
            return 0;
        }
        let goes_on = self.recent.first().is_some_and(|first| first.id == before.from);
        let to = self.recent.iter().position(|message| message.id == before.to).filter(|_| goes_on);
        let told = to.and_then(|to| self.recent.get(..=to)).unwrap_or_default();
        self.summary_tokens + tokens(told)
    }
}

/// What may be recalled beside the session's own: the less that is, the more.
fn recall_share(left: u32, history: u32) -> u32 {
    let beside = percent(left, FULL_PERCENT).saturating_sub(history);
    beside.max(left.saturating_sub(history.saturating_mul(2))).min(left.saturating_sub(history))
}

/// Tokens that a message takes with what it called; one without text is not sent.
fn cost(message: &Message) -> u32 {
    let said =
        if message.content.is_empty() { 0 } else { message.content_tokens.saturating_add(PER_MESSAGE) };
    message.calls().iter().map(|call| call.tokens).fold(said, u32::saturating_add)
}

fn is_empty(message: &Message) -> bool {
    message.content.is_empty() && message.calls().is_empty()
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

/// As many of the newest messages as fit, from a question on.
fn newest(path: &[Message], allowance: u32) -> &[Message] {
    let mut used = 0u32;
    let fits = |message: &&Message| {
        used = used.saturating_add(cost(message));
        used <= allowance
    };
    let count = path.iter().rev().take_while(fits).count();
    let fitting = path.get(path.len() - count..).unwrap_or_default();
    let begin = fitting.iter().position(|message| message.role == Role::User).unwrap_or(0);
    fitting.get(begin..).unwrap_or_default()
}

fn sections(
    material: &Material<'_>,
    persona_tokens: u32,
    history: &History<'_>,
    block: &Block,
    message_tokens: u32,
) -> Vec<Section> {
    let recent = history.recent;
    let mut summary =
        Section::new(SectionName::Summary, history.summary_tokens, u32::from(history.summary.is_some()));
    if let Some(reason) = history.no_summary {
        summary = summary.without(reason, 1);
    }
    let empty = recent.iter().filter(|message| is_empty(message)).count();
    let kept = u32::try_from(recent.len() - empty).unwrap_or(u32::MAX);
    let Weight { tokens: tool_tokens, count: tools } = material.tools;
    let tools = (tools > 0).then(|| Section::new(SectionName::Tools, tool_tokens, tools));
    let persona = Section::new(SectionName::Persona, persona_tokens, 1);
    let others = [
        summary,
        Section::new(SectionName::Recent, tokens(recent), kept)
            .without(Reason::Budget, material.path.len() - recent.len())
            .without(Reason::Empty, empty),
        block.facts.clone(),
        block.memories.clone(),
        Section::new(SectionName::Message, message_tokens, 1),
    ];
    std::iter::once(persona).chain(tools).chain(others).collect()
}

fn messages<'a>(material: &Material<'a>, history: History<'a>, block: Block) -> Vec<PromptMessage<'a>> {
    let say = |role, content: &'a str| PromptMessage::new(role, content);
    let recent = history.recent;
    let mut messages = Vec::with_capacity(recent.len() + 4);
    messages.push(say(Role::System, material.persona));
    if !history.summary_text.is_empty() {
        messages.push(PromptMessage::new(Role::System, history.summary_text));
    }
    // An answer that never came says nothing to a model.
    for message in recent.iter().filter(|message| !is_empty(message)) {
        if !message.calls().is_empty() {
            messages.extend(PromptMessage::calling("", message.calls(), true));
        }
        if !message.content.is_empty() {
            messages.push(say(message.role, &message.content));
        }
    }
    if !block.text.is_empty() {
        messages.push(PromptMessage::new(Role::System, block.text));
    }
    messages.push(say(Role::User, material.message));
    messages
}

#[cfg(test)]
mod tests;
