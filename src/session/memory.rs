//! Hot memory: what a Session object needs to answer without asking Postgres.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::load::{LoadedSession, Message, UserLimits};
use super::record::{MessageRecord, TurnRecord};
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
    /// The newest messages, oldest first.
    pub messages: Vec<Message>,
    /// The last message of the session, whether or not the model sees it again.
    pub last_message_id: Option<Uuid>,
    /// When it was read from Postgres.
    pub loaded_at: Millis,
}

impl Memory {
    /// What Postgres has. `None` when there is no such employee.
    #[must_use]
    pub fn from_loaded(loaded: LoadedSession, now: Millis) -> Option<Self> {
        let mut memory = Self {
            employee: loaded.employee?,
            price: loaded.price,
            prices: loaded.prices,
            limits: loaded.limits.unwrap_or_default(),
            last_message_id: loaded.messages.last().map(|message| message.id),
            messages: loaded.messages,
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

    /// Adds a turn that ended, unless it is known: Postgres may have it while the outbox still does not know.
    pub fn add(&mut self, turn: &TurnRecord) {
        let known = |message: &MessageRecord| self.messages.iter().rev().any(|one| one.id == message.id);
        if turn.messages.iter().any(known) {
            return;
        }
        for message in &turn.messages {
            self.last_message_id = Some(message.id);
            self.messages.push(Message {
                id: message.id,
                role: message.role,
                content: message.content.clone(),
                content_tokens: message.content_tokens,
            });
        }
        self.trim();
    }

    /// Drops the oldest messages past the bounds; empty ones say nothing to a model.
    fn trim(&mut self) {
        self.messages.retain(|message| !message.content.is_empty());
        let mut bytes = 0;
        let fits = |message: &&Message| {
            bytes += message.content.len();
            bytes <= MAX_BYTES
        };
        let kept = self.messages.iter().rev().take(MAX_MESSAGES).take_while(fits).count();
        self.messages.drain(..self.messages.len() - kept);
    }
}
