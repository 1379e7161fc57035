//! The turn as it is kept, and what it asks.

use pii::unmask;
use uuid::Uuid;

use crate::api::chat::Ask;
use crate::config::Config;
use crate::context::assemble::{Material, Recollected, TooLong, Window, assemble};
use crate::error::{Code, Error, abort_field};
use crate::memory::recall::Recalled;
use crate::model::request::Question;
use crate::ports::Clock;
use crate::session::memory::Memory;
use crate::session::record::OpenTurn;
use crate::session::tree::Spot;
use crate::time::Millis;
use crate::tools::toolbox::Toolbox;

/// What a turn begins with.
pub(super) struct Scene<'a> {
    pub(super) memory: &'a Memory,
    pub(super) spot: Spot<'a>,
    pub(super) recalled: Option<Recalled>,
    pub(super) toolbox: &'a Toolbox,
    pub(super) user_id: Uuid,
    pub(super) admitted_at: Millis,
}

/// A turn that is about to be kept.
pub(super) struct Opened {
    /// As it is kept.
    pub(super) turn: OpenTurn,
    /// What it asks.
    pub(super) question: Question,
    /// The recent messages in that.
    pub(super) window: Option<Window>,
    /// What is recalled in that.
    pub(super) memory: Option<Recollected>,
}

/// The turn as it is kept, and what it asks.
pub(super) fn open(
    scene: &Scene<'_>,
    ask: Ask,
    config: &Config,
    clock: &impl Clock,
) -> Result<Opened, Error> {
    let Scene { memory, spot, recalled, toolbox, user_id, admitted_at } = scene;
    let (user_id, admitted_at) = (*user_id, *admitted_at);
    let employee = &memory.employee;
    let message = spot.question.map_or(ask.message, |question| question.content.clone());
    let message_tokens = tokens::count(&message);
    let prompt = assemble(&Material {
        persona: &employee.system_prompt,
        session: ask.session_id,
        path: spot.path,
        before: memory.window.as_ref(),
        recalled: recalled.as_ref(),
        message: &message,
        message_tokens,
        tools: toolbox.weight(),
        budget: employee.token_budget(config),
    })
    .map_err(too_long)?;
    let question = Question::new(employee, &prompt.messages, toolbox.json()?)?;
    let (window, recollected) = (prompt.window, prompt.memory);
    let turn = OpenTurn {
        turn_id: new_id(clock, admitted_at),
        user_id,
        session_id: ask.session_id,
        client_message_id: ask.client_message_id,
        user_message_id: spot.question.map_or_else(|| new_id(clock, admitted_at), |question| question.id),
        answer_id: new_id(clock, admitted_at),
        message_tokens,
        admitted_at,
        employee: employee.slug.clone(),
        model: employee.model(config).to_owned(),
        price: memory.price,
        parent_id: spot.parent_id,
        prompt_tokens: prompt.receipt.counted,
        history_tokens: prompt.history_tokens,
        // Not those of the persona, which are examples.
        shown: unmask::placeholders(prompt.messages.iter().skip(1).map(|message| message.content.as_ref())),
        is_again: spot.question.is_some(),
        remember: ask.remember,
        receipt: prompt.receipt,
        sources: prompt.sources,
        so_far: None,
        withdrawn: Vec::new(),
        message,
    };
    Ok(Opened { turn, question, window, memory: recollected })
}

fn too_long(TooLong { tokens, most }: TooLong) -> Error {
    let detail = format!(
        "The message has {tokens} tokens, attachments and all; {most} fit beside what this employee is told to be. \
         Send it in parts, or ask the operator for a larger token_budget."
    );
    abort_field(Code::MessageTooLong, "message", detail)
}

pub(super) fn no_such_message() -> Error {
    let detail = "There is no such message in this session. GET /api/sessions/{id}/messages lists those that there are.";
    abort_field(Code::MessageNotFound, "parent_id", detail)
}

/// A UUIDv7: ids made later sort later, which keeps Postgres's indexes dense.
pub(super) fn new_id(clock: &impl Clock, now: Millis) -> Uuid {
    let random = clock.random();
    let mut tail = [0; 10];
    tail.iter_mut().zip(random).for_each(|(to, from)| *to = from);
    uuid::Builder::from_unix_timestamp_millis(now, &tail).into_uuid()
}
