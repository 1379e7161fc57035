//! A session's window in memory, which serves turns without a read from Postgres.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::load::{LoadedSession, RECENT_MESSAGES};
use super::record::{MessageRecord, TurnRecord};
use crate::chat::employee::{Employee, PricedEmployee, Profile};
use crate::chat::limits::UserLimits;
use crate::chat::message::Message;
use crate::memory::recall::Summary;
use crate::prompt::assemble::Window;
use crate::time::Millis;

/// Milliseconds after which a turn reads Postgres again, so that a changed persona or price takes effect.
pub const FRESH_FOR: Millis = 10 * 60 * 1000;

/// Messages kept at most: as many as a cold session reads.
const MAX_MESSAGES: usize = RECENT_MESSAGES as usize;

/// Text kept at most, in bytes: well under the 2 MB of a row in the object's storage
/// (<https://developers.cloudflare.com/durable-objects/platform/limits/>).
const MAX_BYTES: usize = 512 * 1024;

/// A session as it was last read or left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionCache {
    /// The employee and the prices of its models.
    pub employee: PricedEmployee,
    /// Limits of the user over all sessions.
    #[serde(default)]
    pub limits: UserLimits,
    /// The newest messages of the path to the last message, oldest first.
    pub messages: Vec<Message>,
    /// Last message of the path, whether or not it is among `messages`.
    pub last_message_id: Option<Uuid>,
    /// True if that is the newest message of the session. Every answered turn makes it so.
    pub is_newest: bool,
    /// The recent messages of the last prompt.
    #[serde(default)]
    pub window: Option<Window>,
    /// Summary of the messages before the recent ones.
    #[serde(default)]
    pub summary: Option<Summary>,
    /// Moment of the read from Postgres.
    pub loaded_at: Millis,
}

impl SessionCache {
    /// Creates a cache from a loaded session. The window of the cache `before` stays valid under the same persona.
    #[must_use]
    pub fn from_loaded(loaded: LoadedSession, profile: Profile, before: Option<&Self>, now: Millis) -> Self {
        let Profile { employee, limits } = profile;
        let before = before.filter(|before| before.employee.employee == employee.employee);
        let mut cache = Self {
            window: before.and_then(|before| before.window.clone()),
            employee,
            limits,
            last_message_id: loaded.messages.last().map(|message| message.id),
            messages: loaded.messages,
            is_newest: true,
            summary: loaded.summary,
            loaded_at: now,
        };
        cache.trim();
        cache
    }

    /// The employee that answers.
    #[must_use]
    pub const fn employee(&self) -> &Employee {
        &self.employee.employee
    }

    /// True if a turn for that employee needs no read.
    #[must_use]
    pub fn serves(&self, employee: Option<&str>, now: Millis) -> bool {
        self.is_of(employee) && now.saturating_sub(self.loaded_at) < FRESH_FOR
    }

    /// True if the cached employee has that slug; a request without one takes any.
    #[must_use]
    pub fn is_of(&self, employee: Option<&str>) -> bool {
        employee.is_none_or(|slug| slug == self.employee().slug)
    }

    /// Approximate size of the messages, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.messages.iter().map(size).sum()
    }

    /// Adds a turn that ended, unless it is there: Postgres may have it while the outbox still holds it.
    pub fn add(&mut self, turn: &TurnRecord) {
        if turn.continues {
            self.replace_answer(turn);
            return;
        }
        let is_here = |message: &MessageRecord| self.messages.iter().rev().any(|one| one.id == message.id);
        if turn.messages.iter().any(is_here) {
            return;
        }
        let parent = turn.messages.first().and_then(|message| message.parent_id);
        self.last_message_id = turn.messages.last().map(|message| message.id);
        self.is_newest = true;
        // The path to a turn on a branch that is not cached is unknown; that the turn is the newest is known.
        self.messages.truncate(self.length_to(parent).unwrap_or(0));
        if self.messages.is_empty() && parent.is_some() {
            return;
        }
        self.messages.extend(turn.messages.iter().map(cached));
        self.trim();
    }

    /// Drops the summary, and the window that may begin with it: something that it tells was forgotten.
    pub fn drop_summary(&mut self) {
        (self.summary, self.window) = (None, None);
    }

    /// Puts another employee in charge from here on.
    pub fn hand_off(&mut self, successor: PricedEmployee, now: Millis) {
        (self.employee, self.loaded_at) = (successor, now);
        // The window began with another persona.
        self.window = None;
    }

    /// Replaces an answer that waited for approval by the resumed one.
    fn replace_answer(&mut self, turn: &TurnRecord) {
        for message in &turn.messages {
            if let Some(known) = self.messages.iter_mut().rev().find(|one| one.id == message.id) {
                *known = cached(message);
            }
        }
        self.trim();
    }

    /// Number of messages up to that one, with it.
    fn length_to(&self, message: Option<Uuid>) -> Option<usize> {
        let at = self.messages.iter().rposition(|one| Some(one.id) == message);
        at.map(|at| at + 1)
    }

    /// Drops the oldest messages past the bounds, never the last one.
    fn trim(&mut self) {
        let mut bytes = 0;
        let fits = |message: &&Message| {
            bytes += size(message);
            bytes <= MAX_BYTES
        };
        let kept = self.messages.iter().rev().take(MAX_MESSAGES).take_while(fits).count().max(1);
        self.messages.drain(..self.messages.len().saturating_sub(kept));
    }
}

fn size(message: &Message) -> usize {
    message.content.len() + message.call_bytes()
}

fn cached(message: &MessageRecord) -> Message {
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
