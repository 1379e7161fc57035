//! Hot memory: what a Session object needs to answer without asking Postgres.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::load::{LoadedSession, Message, UserLimits};
use super::record::{MessageRecord, TurnRecord};
use crate::context::assemble::Window;
use crate::employee::Employee;
use crate::model::price::Price;
use crate::time::Millis;

/// How long memory serves before a turn reads Postgres again, so that a changed persona or price takes effect.
pub const LIVES_FOR: Millis = 10 * 60 * 1000;

/// Most messages kept: as many as a cold session would read.
const MAX_MESSAGES: usize = super::load::RECENT_MESSAGES as usize;

/// Most text kept, in bytes, well under the 2 MB that one row of the object's storage may have
/// (<https://developers.cloudflare.com/durable-objects/platform/limits/>).
const MAX_BYTES: usize = 512 * 1024;

/// A session as its object remembers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Who answers.
    pub employee: Employee,
    /// The price of its model, if it is known.
    pub price: Option<Price>,
    /// The prices of its fallback models, as far as they are known.
    #[serde(default)]
    pub prices: BTreeMap<String, Price>,
    /// What the user may do in all of their sessions together.
    #[serde(default)]
    pub limits: UserLimits,
    /// The path that leads to the last message, from its newest messages on, oldest first.
    pub messages: Vec<Message>,
    /// The last message of the path, whether or not it is remembered.
    pub last_message_id: Option<Uuid>,
    /// Whether that is the newest message of the session. A turn that is answered makes it so.
    #[serde(default = "yes")]
    pub is_newest: bool,
    /// The recent messages of the last prompt.
    #[serde(default)]
    pub window: Option<Window>,
    /// When it was read from Postgres.
    pub loaded_at: Millis,
}

const fn yes() -> bool {
    true
}

impl Memory {
    /// What Postgres has, after what was remembered `before`. `None` when there is no such employee.
    #[must_use]
    pub fn from_loaded(loaded: LoadedSession, before: Option<&Self>, now: Millis) -> Option<Self> {
        let employee = loaded.employee?;
        let before = before.filter(|before| before.employee == employee);
        let mut memory = Self {
            window: before.and_then(|before| before.window.clone()),
            employee,
            price: loaded.price,
            prices: loaded.prices,
            limits: loaded.limits.unwrap_or_default(),
            last_message_id: loaded.messages.last().map(|message| message.id),
            messages: loaded.messages,
            is_newest: true,
            loaded_at: now,
        };
        memory.trim();
        Some(memory)
    }

    /// Whether a turn for that employee may be answered from memory alone.
    #[must_use]
    pub fn serves(&self, employee: Option<&str>, now: Millis) -> bool {
        self.knows(employee) && now.saturating_sub(self.loaded_at) < LIVES_FOR
    }

    /// Whether memory is about that employee.
    #[must_use]
    pub fn knows(&self, employee: Option<&str>) -> bool {
        employee.is_none_or(|slug| slug == self.employee.slug)
    }

    /// Goes on to a turn that ended, unless it is known: Postgres may have it while the outbox still does not know.
    pub fn add(&mut self, turn: &TurnRecord) {
        if turn.goes_on {
            self.go_on(turn);
            return;
        }
        let known = |message: &MessageRecord| self.messages.iter().rev().any(|one| one.id == message.id);
        if turn.messages.iter().any(known) {
            return;
        }
        let parent = turn.messages.first().and_then(|message| message.parent_id);
        self.last_message_id = turn.messages.last().map(|message| message.id);
        self.is_newest = true;
        // The path to a turn on a branch that is not remembered is not known; that it is the newest one is.
        self.messages.truncate(self.length_to(parent).unwrap_or(0));
        if self.messages.is_empty() && parent.is_some() {
            return;
        }
        self.messages.extend(turn.messages.iter().map(remembered));
        self.trim();
    }

    /// Another employee answers from here on.
    pub fn succeed(&mut self, successor: Self) {
        let Self { employee, price, prices, loaded_at, .. } = successor;
        (self.employee, self.price, self.prices, self.loaded_at) = (employee, price, prices, loaded_at);
        // It began with another persona.
        self.window = None;
    }

    /// Takes what an answer has come to in the place of what it was.
    fn go_on(&mut self, turn: &TurnRecord) {
        for message in &turn.messages {
            if let Some(known) = self.messages.iter_mut().rev().find(|one| one.id == message.id) {
                *known = remembered(message);
            }
        }
        self.trim();
    }

    /// How many messages lead to that one, with it.
    fn length_to(&self, message: Option<Uuid>) -> Option<usize> {
        let at = self.messages.iter().rposition(|one| Some(one.id) == message);
        at.map(|at| at + 1)
    }

    /// Drops the oldest messages past the bounds, never the last one.
    fn trim(&mut self) {
        let mut bytes = 0;
        let fits = |message: &&Message| {
            bytes += message.content.len() + message.call_bytes();
            bytes <= MAX_BYTES
        };
        let kept = self.messages.iter().rev().take(MAX_MESSAGES).take_while(fits).count().max(1);
        self.messages.drain(..self.messages.len().saturating_sub(kept));
    }
}

fn remembered(message: &MessageRecord) -> Message {
    Message {
        id: message.id,
        parent_id: message.parent_id,
        name: message.name().map(ToOwned::to_owned),
        role: message.role,
        content: message.content.clone(),
        content_tokens: message.content_tokens,
        tool_calls: (!message.tool_calls.is_empty()).then(|| message.tool_calls.clone()),
    }
}
