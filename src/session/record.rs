//! The record of a finished turn: the argument of `commit_turn`.
//!
//! It waits as JSON in the outbox, so a snapshot test pins its shape: an object that wakes after an upgrade must still read it.

use chrono::{DateTime, Utc};
use pii::masked_text::MaskedText;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::chat::message::Role;
use crate::chat::tool_call::{ToolCall, ToolRun};
use crate::chat::usage::UsageRecord;
use crate::error::Fault;
use crate::files::NewFile;
use crate::limit::quota::{Cost, LedgerEntry, day};
use crate::memory::fact::NewFact;
use crate::memory::index::{self, End};
use crate::memory::known_facts;
use crate::memory::recalled_memory::{RecalledMemory, Said};
use crate::ports::Sql;

/// A finished turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnRecord {
    /// The turn; makes `commit_turn` idempotent.
    pub turn_id: Uuid,
    /// The owner, whom the function checks again.
    pub user_id: Uuid,
    /// The session, created if it is new.
    pub session_id: Uuid,
    /// Slug of the employee.
    pub employee_slug: String,
    /// Beginning of the turn.
    pub started_at: DateTime<Utc>,
    /// Title for a new session.
    #[serde(deserialize_with = "pii::masked_text::stored")]
    pub title: MaskedText,
    /// True if the turn may be recalled later.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub remember: bool,
    /// True if the answer replaces a stored one that had waited for an approval.
    #[serde(default, skip_serializing_if = "is_no")]
    pub continues: bool,
    /// True if there is no session to save: of the turn, its usage alone is saved.
    #[serde(default, rename = "usage_only", skip_serializing_if = "is_no")]
    pub is_usage_only: bool,
    /// Slug of the employee that takes over the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_to: Option<String>,
    /// The user's message, if it is a new one, and the answer.
    pub messages: Vec<MessageRecord>,
    /// Rows of `chat_tool_runs`; a row that exists gets its new status.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_runs: Vec<ToolRun>,
    /// Facts that a tool was told to remember.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<NewFact>,
    /// Files that tools made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<NewFile>,
    /// Row of `chat_usage_log`.
    pub usage: UsageRecord,
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_no(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_yes(value: &bool) -> bool {
    *value
}

/// One row of `chat_messages`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageRecord {
    /// Primary key of the message.
    pub id: Uuid,
    /// The message before it.
    pub parent_id: Option<Uuid>,
    /// Author of the message.
    pub role: Role,
    /// Text of the message.
    #[serde(deserialize_with = "pii::masked_text::stored")]
    pub content: MaskedText,
    /// Tokens of its text.
    pub content_tokens: u32,
    /// Its tool calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// Completeness of the message.
    pub status: Status,
    /// `client_message_id` and `offers_forget` of a question; `unmasked_kinds` of both; `employee`, `employee_version`, `model`, `usage`,
    /// `ttft_ms`, `latency_ms`, `cost_usd`, `finish_reason`, `error_code`, `receipt` and `sources` of an answer; as far as they apply.
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// Time of the message.
    pub created_at: DateTime<Utc>,
}

/// Completeness of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The answer is whole.
    Complete,
    /// The server restarted in the middle of the answer. The text is the part that was durable.
    Interrupted,
    /// The model did not answer, or its answer broke off.
    Failed,
    /// The user stopped the answer. The text is the part up to then.
    Stopped,
}

/// Metadata key of the id that a client gave its message.
pub(super) const CLIENT_MESSAGE_ID: &str = "client_message_id";

/// Metadata key of a message that a model with the tool `forget` answered: the extraction of facts leaves forgetting to it.
pub(super) const OFFERS_FORGET: &str = "offers_forget";

/// Metadata key of the kinds of values that a model read as they are.
pub(super) const UNMASKED_KINDS: &str = "unmasked_kinds";

/// Name of the tool that forgets.
const FORGET: &str = "forget";

impl TurnRecord {
    /// Adds what was said to the user's memory, unless the turn is not to be remembered. A turn that forgets leaves none. A memory that
    /// is there stays as it is.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn remember_in(&self, sql: &impl Sql) -> Result<(), Fault> {
        known_facts::add(sql, &self.facts)?;
        let forgotten = self.forgotten();
        if !forgotten.is_empty() {
            return index::remove(sql, &forgotten);
        }
        if !self.remember {
            return Ok(());
        }
        let memories: Vec<_> =
            self.messages.iter().filter_map(|message| message.memory(self.session_id)).collect();
        if self.continues {
            memories.iter().try_for_each(|memory| index::replace(sql, memory))
        } else {
            index::add(sql, End::Newest, &memories)
        }
    }

    /// The question and the answer of a turn in which the tool `forget` ran: they name what it forgot, and are not remembered.
    #[must_use]
    pub fn forgotten(&self) -> Vec<Uuid> {
        if !self.tool_runs.iter().any(|run| run.succeeded(FORGET)) {
            return Vec::new();
        }
        let answers = self.messages.iter().filter(|message| message.role == Role::Assistant);
        answers.flat_map(|answer| answer.parent_id.into_iter().chain([answer.id])).collect()
    }

    /// Takes out everything but cost and facts: the session was deleted.
    pub fn strip(&mut self) {
        self.title = MaskedText::default();
        self.remember = false;
        self.continues = false;
        self.handed_to = None;
        self.messages.clear();
        self.tool_runs.clear();
        self.files.clear();
    }

    /// The turn's ledger entry, on the day on which it began.
    #[must_use]
    pub fn ledger_entry(&self) -> LedgerEntry {
        LedgerEntry {
            id: self.turn_id,
            employee: self.employee_slug.clone(),
            day: day(u64::try_from(self.started_at.timestamp_millis()).unwrap_or(0)),
            cost: Cost::new(self.usage.total_tokens, self.usage.cost_usd),
        }
    }
}

impl MessageRecord {
    /// The memory of the message in that session; `None` for one that says nothing.
    #[must_use]
    pub fn memory(&self, session: Uuid) -> Option<RecalledMemory> {
        let Self { id, role, ref content, content_tokens, created_at, .. } = *self;
        RecalledMemory::of_message(Said { id, session, role, content, content_tokens, at: created_at })
    }

    /// The id that the client gave the message.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.metadata.get(CLIENT_MESSAGE_ID)?.as_str()
    }
}
