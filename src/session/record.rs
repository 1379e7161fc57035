//! A turn while it is open, and as it is kept for ever. Both are stored as JSON in the Session object, so their
//! shapes are pinned by snapshot tests: an object that wakes after an upgrade must still read them.

use chrono::{DateTime, Utc};
use pii::placeholder::Placeholder;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::load::Role;
use crate::context::receipt::Receipt;
use crate::context::source::Source;
use crate::error::Code;
use crate::limit::quota::{Entry, Spend, day};
use crate::memory::facts::NewFact;
use crate::model::candidate::Candidate;
use crate::model::price::Price;
use crate::model::usage::{Usage, UsageSource};
use crate::text::one_line;
use crate::time::{Millis, timestamp};
use crate::tools::call::{CallRecord, Failure, Outcome, ToolRun};
use crate::tools::effects::{Effects, NewFile};

/// A turn whose first byte is about to go out: all that is needed to close it honestly if the object dies before
/// the answer is whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenTurn {
    /// Makes `commit_turn` idempotent.
    pub turn_id: Uuid,
    /// Whose turn it is.
    pub user_id: Uuid,
    /// In which session.
    pub session_id: Uuid,
    /// The caller's own name for the message, kept in its metadata.
    pub client_message_id: Option<String>,
    /// The id that the user's message gets.
    pub user_message_id: Uuid,
    /// The id that the answer gets.
    pub answer_id: Uuid,
    /// The message, masked.
    pub message: String,
    /// Its tokens.
    pub message_tokens: u32,
    /// When it was admitted.
    pub admitted_at: Millis,
    /// Who answers.
    pub employee: String,
    /// With which model.
    pub model: String,
    /// At which price, if it is known.
    pub price: Option<Price>,
    /// The message before this one.
    pub parent_id: Option<Uuid>,
    /// Tokens of the prompt, for a turn whose provider never says.
    pub prompt_tokens: u32,
    /// Of these, tokens of earlier messages. A turn that was kept before this was counted has none.
    #[serde(default)]
    pub history_tokens: u32,
    /// The tokens for values that the model was shown.
    #[serde(default)]
    pub shown: Vec<Placeholder>,
    /// The message was there before: only the answer is new.
    #[serde(default)]
    pub is_again: bool,
    /// Whether it may be recalled later.
    #[serde(default = "yes")]
    pub remember: bool,
    /// What the prompt is made of.
    #[serde(default)]
    pub receipt: Receipt,
    /// The documents of which something stands in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// What there is of the answer already, when it waited for its user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub so_far: Option<SoFar>,
    /// Calls of an earlier answer that its user went on without allowing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<ToolRun>,
}

/// What an answer has come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SoFar {
    /// What it says, masked.
    pub text: String,
    /// What it called.
    pub calls: Vec<CallRecord>,
    /// Who took over in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_to: Option<String>,
}

/// Between what is said in one step and in the next.
const BETWEEN_STEPS: &str = "\n\n";

impl SoFar {
    /// Adds what is said in another step.
    pub fn say(&mut self, text: &str) {
        if !self.text.is_empty() && !text.is_empty() {
            self.text.push_str(BETWEEN_STEPS);
        }
        self.text.push_str(text);
    }

    /// The call of that id.
    pub fn call(&mut self, id: Uuid) -> Option<&mut CallRecord> {
        self.calls.iter_mut().find(|call| call.id == id)
    }

    /// Nothing more comes of what runs, or waits for its user.
    pub fn give_up(&mut self, code: Failure, error: &str) {
        for call in self.calls.iter_mut().filter(|call| call.is_open() || call.is_waiting()) {
            call.outcome = Outcome::Failed { code, error: error.to_owned() };
        }
    }
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde gives it")]
const fn is_no(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde gives it")]
const fn is_yes(value: &bool) -> bool {
    *value
}

/// The argument of `commit_turn`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TurnRecord {
    /// See [`OpenTurn::turn_id`].
    pub turn_id: Uuid,
    /// The owner, whom the function checks again.
    pub user_id: Uuid,
    /// The session, created if it is new.
    pub session_id: Uuid,
    /// Who answered.
    pub employee_slug: String,
    /// When the turn began. One that was kept before it was taken down began with its question.
    #[serde(default)]
    pub started_at: Option<DateTime<Utc>>,
    /// The title a new session gets.
    pub title: String,
    /// Whether it may be recalled later.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub remember: bool,
    /// The answer is one that is there, with more to it.
    #[serde(default, rename = "continues", skip_serializing_if = "is_no")]
    pub goes_on: bool,
    /// Who takes over the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_to: Option<String>,
    /// The user's message, if it is a new one, and the answer.
    pub messages: Vec<MessageRecord>,
    /// Rows of `chat_tool_runs`; one that is there gets what became of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_runs: Vec<ToolRun>,
    /// Facts that a tool was told to remember.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<NewFact>,
    /// Files that tools made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<NewFile>,
    /// One row of `chat_usage_log`.
    pub usage: UsageRecord,
}

/// One row of `chat_messages`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageRecord {
    /// Primary key.
    pub id: Uuid,
    /// The message it answers or follows.
    pub parent_id: Option<Uuid>,
    /// Who says it.
    pub role: Role,
    /// What is said, masked.
    pub content: String,
    /// Its tokens.
    pub content_tokens: u32,
    /// What it called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<CallRecord>,
    /// How it ended.
    pub status: Status,
    /// `client_message_id`, `model`, `finish_reason`, `error_code`, as far as they apply.
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// When it was said.
    pub created_at: DateTime<Utc>,
}

/// How a message ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Whole.
    Complete,
    /// The server restarted in its middle; the text is what was kept.
    Interrupted,
    /// The model did not answer, or its answer broke off.
    Failed,
    /// The user stopped it; the text is what there was by then.
    Stopped,
}

/// One row of `chat_usage_log`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsageRecord {
    /// The model that answered or should have.
    pub model: String,
    /// Tokens read.
    pub prompt_tokens: u32,
    /// Of these, read from the provider's cache.
    pub cached_tokens: u32,
    /// Tokens written.
    pub completion_tokens: u32,
    /// Both.
    pub total_tokens: u32,
    /// Tokens of the earlier messages in the prompt, counted here: beside what all of them would have been, they tell
    /// what the budget saved.
    #[serde(default)]
    pub history_tokens: u32,
    /// US dollars, where the price is known.
    pub cost_usd: Option<f64>,
    /// From admission to the end, in milliseconds.
    pub latency_ms: Millis,
    /// From admission to the first token, in milliseconds.
    pub ttft_ms: Option<Millis>,
    /// The answer came whole.
    pub success: bool,
    /// Why not.
    pub error_code: Option<String>,
    /// Who counted.
    pub usage_source: UsageSource,
    /// When the turn ended.
    pub created_at: DateTime<Utc>,
}

/// How a turn ended: all that is in the record and not in the [`OpenTurn`].
#[derive(Clone, Debug, PartialEq)]
pub struct Ending {
    /// The answer, or what there is of it.
    pub answer: SoFar,
    /// Tokens of its text.
    pub text_tokens: u32,
    /// What its tools left to do.
    pub effects: Effects,
    /// How the answer ended.
    pub status: Status,
    /// Why the model stopped, in the AI SDK's terms.
    pub finish_reason: Option<&'static str>,
    /// What went wrong.
    pub error: Option<Code>,
    /// Tokens.
    pub usage: Usage,
    /// US dollars, where the price is known.
    pub cost_usd: Option<f64>,
    /// When the first token came.
    pub first_token_at: Option<Millis>,
    /// When the turn ended.
    pub ended_at: Millis,
}

impl TurnRecord {
    /// What it took, as the user's books have it: on the day on which it began.
    #[must_use]
    pub fn books(&self) -> Entry {
        let said = self.messages.first().map_or(self.usage.created_at, |message| message.created_at);
        let began = self.started_at.unwrap_or(said);
        Entry {
            turn_id: self.turn_id,
            employee: self.employee_slug.clone(),
            day: day(u64::try_from(began.timestamp_millis()).unwrap_or(0)),
            spend: Spend::new(self.usage.total_tokens, self.usage.cost_usd),
        }
    }
}

impl MessageRecord {
    /// What its author calls it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.metadata.get(NAME)?.as_str()
    }
}

impl OpenTurn {
    /// Takes down who answers; whether it is another than before.
    pub fn answered_by(&mut self, candidate: &Candidate) -> bool {
        let is_another = self.model != candidate.model;
        if is_another {
            self.model.clone_from(&candidate.model);
            self.price = candidate.price;
        }
        is_another
    }

    /// The record of this turn, ended like that.
    #[must_use]
    pub fn into_record(self, mut ending: Ending) -> TurnRecord {
        let effects = std::mem::take(&mut ending.effects);
        let runs = ending.answer.calls.iter().map(|call| call.run(self.user_id));
        TurnRecord {
            tool_runs: self.withdrawn.iter().cloned().chain(runs).collect(),
            facts: effects.facts,
            files: effects.files,
            handed_to: ending.answer.handed_to.clone(),
            goes_on: self.so_far.is_some(),
            turn_id: self.turn_id,
            user_id: self.user_id,
            session_id: self.session_id,
            started_at: Some(timestamp(self.admitted_at)),
            remember: self.remember,
            title: title(&self.message),
            usage: self.usage_record(&ending),
            employee_slug: self.employee.clone(),
            messages: self.into_messages(ending),
        }
    }

    /// The ending of a turn that the object did not survive.
    #[must_use]
    pub fn interruption(&self, answer: SoFar, text_tokens: u32, now: Millis) -> Ending {
        let usage = Usage {
            prompt_tokens: self.prompt_tokens,
            cached_tokens: 0,
            completion_tokens: text_tokens,
            source: UsageSource::Estimated,
        };
        Ending {
            answer,
            text_tokens,
            effects: Effects::default(),
            status: Status::Interrupted,
            finish_reason: None,
            error: Some(Code::Interrupted),
            cost_usd: self.price.map(|price| price.of(&usage)),
            usage,
            first_token_at: None,
            ended_at: now,
        }
    }

    /// The user's message.
    #[must_use]
    pub fn question(&self) -> MessageRecord {
        let mut metadata = serde_json::Map::new();
        if let Some(id) = &self.client_message_id {
            metadata.insert(NAME.into(), serde_json::Value::String(id.clone()));
        }
        MessageRecord {
            id: self.user_message_id,
            parent_id: self.parent_id,
            role: Role::User,
            content: self.message.clone(),
            content_tokens: self.message_tokens,
            tool_calls: Vec::new(),
            status: Status::Complete,
            metadata,
            created_at: timestamp(self.admitted_at),
        }
    }

    fn into_messages(self, ending: Ending) -> Vec<MessageRecord> {
        let text = |value: &str| serde_json::Value::String(value.to_owned());
        let mut answered = serde_json::Map::new();
        answered.insert("model".into(), text(&self.model));
        // What cannot be written is not worth losing an answer for.
        if let Ok(receipt) = serde_json::to_value(self.receipt.billed(&self.model, &ending.usage)) {
            answered.insert("receipt".into(), receipt);
        }
        if let (false, Ok(sources)) = (self.sources.is_empty(), serde_json::to_value(&self.sources)) {
            answered.insert("sources".into(), sources);
        }
        if let Some(employee) = ending.answer.handed_to {
            answered.insert("employee".into(), serde_json::Value::String(employee));
        }
        if let Some(reason) = ending.finish_reason {
            answered.insert("finish_reason".into(), text(reason));
        }
        if let Some(code) = ending.error {
            answered.insert("error_code".into(), text(code.as_str()));
        }
        let answer = MessageRecord {
            id: self.answer_id,
            parent_id: Some(self.user_message_id),
            role: Role::Assistant,
            content: ending.answer.text,
            content_tokens: ending.text_tokens,
            tool_calls: ending.answer.calls,
            status: ending.status,
            metadata: answered,
            // After the question even when the clock stood still, so that time orders a session.
            created_at: timestamp(ending.ended_at.max(self.admitted_at + 1)),
        };
        if self.is_again || self.so_far.is_some() { vec![answer] } else { vec![self.question(), answer] }
    }

    fn usage_record(&self, ending: &Ending) -> UsageRecord {
        let usage = ending.usage;
        UsageRecord {
            model: self.model.clone(),
            prompt_tokens: usage.prompt_tokens,
            cached_tokens: usage.cached_tokens,
            completion_tokens: usage.completion_tokens,
            total_tokens: usage.total(),
            history_tokens: self.history_tokens,
            cost_usd: ending.cost_usd,
            latency_ms: ending.ended_at.saturating_sub(self.admitted_at),
            ttft_ms: ending.first_token_at.map(|at| at.saturating_sub(self.admitted_at)),
            success: ending.error.is_none(),
            error_code: ending.error.map(|code| code.as_str().to_owned()),
            usage_source: usage.source,
            created_at: timestamp(ending.ended_at),
        }
    }
}

/// The metadata that holds what a message's author calls it.
const NAME: &str = "client_message_id";

/// Longest title, in characters: about a line of a sidebar.
const TITLE_CHARS: usize = 60;

/// A session's title: the first words of its first message.
#[must_use]
pub fn title(message: &str) -> String {
    let said = message.split("\n\n<attachment ").next().unwrap_or(message);
    let line = one_line(said);
    if line.chars().count() <= TITLE_CHARS {
        return line;
    }
    let cut: String = line.chars().take(TITLE_CHARS).collect();
    let whole = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    format!("{whole}…")
}
