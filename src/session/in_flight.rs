//! A turn in flight: everything that is needed to close it honestly if the object dies before the answer is complete.
//!
//! It is stored as JSON, so a snapshot test pins its shape: an object that wakes after an upgrade must still read it.

use pii::masked_text::MaskedText;
use pii::placeholder::Placeholder;
use pii::policy::Policy;
use pii::unmask::placeholders;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::record::{CLIENT_MESSAGE_ID, MessageRecord, OFFERS_FORGET, Status, TurnRecord, UNMASKED_KINDS};
use crate::chat::message::{Role, title};
use crate::chat::price::Price;
use crate::chat::tool_call::{CallFailure, CallOutcome, ToolCall, ToolRun};
use crate::chat::usage::{Usage, UsageRecord};
use crate::error::Code;
use crate::files::NewFile;
use crate::memory::fact::NewFact;
use crate::model::candidate::Candidate;
use crate::prompt::receipt::Receipt;
use crate::prompt::source::Source;
use crate::stream::client_event::AnswerSummary;
use crate::stream::turn_event::TurnHead;
use crate::time::{Millis, timestamp};

/// A turn that is about to send its first byte.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InFlightTurn {
    /// The turn; makes `commit_turn` idempotent.
    pub turn_id: Uuid,
    /// Id of the user.
    pub user_id: Uuid,
    /// Id of the session.
    pub session_id: Uuid,
    /// The id that the client gave the message.
    pub client_message_id: Option<String>,
    /// Id of the user's message.
    pub user_message_id: Uuid,
    /// Id of the answer.
    pub answer_id: Uuid,
    /// The user's message.
    #[serde(deserialize_with = "pii::masked_text::stored")]
    pub message: MaskedText,
    /// Tokens of the message.
    pub message_tokens: u32,
    /// Moment of admission.
    pub admitted_at: Millis,
    /// Slug of the employee.
    pub employee: String,
    /// Version of its profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employee_version: Option<u32>,
    /// The model that answers.
    pub model: String,
    /// Its price, if it is known.
    pub price: Option<Price>,
    /// The message before the user's.
    pub parent_id: Option<Uuid>,
    /// Tokens of the prompt, in case the provider reports none.
    pub prompt_tokens: u32,
    /// Of these, tokens of earlier messages.
    pub history_tokens: u32,
    /// Placeholders that the model sees in the prompt.
    #[serde(default)]
    pub visible_placeholders: Vec<Placeholder>,
    /// Kinds of values that models of the turn read as they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmasked_kinds: Vec<String>,
    /// True if the user's message is stored already and only the answer is new.
    #[serde(default)]
    pub is_regeneration: bool,
    /// True if the turn may be recalled later.
    pub remember: bool,
    /// True if the model has the tool `forget`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub offers_forget: bool,
    /// Composition of the prompt.
    pub receipt: Receipt,
    /// Documents with a passage in the prompt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// The answer before its approval, when this turn resumes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<PartialAnswer>,
    /// Part of the turn that is kept.
    #[serde(default, skip_serializing_if = "KeptPart::is_all")]
    pub kept: KeptPart,
    /// Calls of an earlier answer that the user went on without deciding.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<ToolRun>,
}

/// Part of a turn that is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptPart {
    /// Messages, log and usage: the turn is one of a session.
    #[default]
    All,
    /// Its usage alone: the client keeps the conversation.
    Usage,
}

impl KeptPart {
    /// True if the turn is one of a session.
    #[must_use]
    pub const fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }
}

/// An answer as far as it has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PartialAnswer {
    /// Text of the answer so far.
    #[serde(deserialize_with = "pii::masked_text::stored")]
    pub text: MaskedText,
    /// Its tool calls.
    pub calls: Vec<ToolCall>,
    /// Slug of the employee that took over in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_to: Option<String>,
}

/// Text between two steps of an answer.
const STEP_SEPARATOR: &str = "\n\n";

impl PartialAnswer {
    /// Appends the text of another step.
    pub fn push_step(&mut self, text: &MaskedText) {
        if !self.text.is_empty() && !text.is_empty() {
            self.text.push_fixed(STEP_SEPARATOR);
        }
        self.text.push(text);
    }

    /// The call with that id.
    pub fn call(&mut self, id: Uuid) -> Option<&mut ToolCall> {
        self.calls.iter_mut().find(|call| call.id == id)
    }

    /// Fails every call that runs or waits for its user.
    pub fn fail_open_calls(&mut self, code: CallFailure, error: &MaskedText) {
        for call in self.calls.iter_mut().filter(|call| call.is_open() || call.is_waiting()) {
            call.outcome = CallOutcome::Failed { code, error: error.clone() };
        }
    }
}

/// The end of a turn: everything in the record that is not in the [`InFlightTurn`].
#[derive(Clone, Debug, PartialEq)]
pub struct TurnResult {
    /// The answer so far.
    pub answer: PartialAnswer,
    /// Tokens of its text.
    pub text_tokens: u32,
    /// Facts that tools were told to remember.
    pub facts: Vec<NewFact>,
    /// Files that tools made.
    pub files: Vec<NewFile>,
    /// Completeness of the answer.
    pub status: Status,
    /// Finish reason, in the AI SDK's terms.
    pub finish_reason: Option<&'static str>,
    /// The error, where the answer is not complete.
    pub error: Option<Code>,
    /// Tokens used so far.
    pub usage: Usage,
    /// US dollars, where the price is known.
    pub cost_usd: Option<f64>,
    /// Arrival of the first token.
    pub first_token_at: Option<Millis>,
    /// End of the turn.
    pub ended_at: Millis,
}

impl InFlightTurn {
    /// The facts of the turn that its log begins with.
    #[must_use]
    pub fn head(&self, policy: &Policy) -> TurnHead {
        TurnHead {
            turn_id: self.turn_id,
            answer_id: self.answer_id,
            question_id: self.user_message_id,
            session_id: self.session_id,
            client_message_id: self.client_message_id.clone(),
            employee: self.employee.clone(),
            model: self.model.clone(),
            receipt: self.receipt.clone(),
            sources: self.sources.clone(),
            visible_placeholders: self.visible_placeholders.clone(),
            question_placeholders: placeholders([self.message.as_str()]),
            unmasked_kinds: self.unmasked_kinds.clone(),
            policy: policy.clone(),
            is_json: false,
        }
    }

    /// Notes the model that answers; returns whether it is another one than before.
    pub fn set_model(&mut self, candidate: &Candidate) -> bool {
        let is_another = self.model != candidate.model;
        if is_another {
            self.model.clone_from(&candidate.model);
            self.price = candidate.price;
        }
        is_another
    }

    /// The user's message.
    #[must_use]
    pub fn question(&self) -> MessageRecord {
        let mut metadata = serde_json::Map::new();
        if let Some(id) = &self.client_message_id {
            metadata.insert(CLIENT_MESSAGE_ID.into(), id.as_str().into());
        }
        if self.offers_forget {
            metadata.insert(OFFERS_FORGET.into(), true.into());
        }
        self.add_unmasked_kinds(&mut metadata);
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

    /// Result of a turn after its object was restarted.
    #[must_use]
    pub fn interrupted(&self, answer: PartialAnswer, text_tokens: u32, now: Millis) -> TurnResult {
        let usage = Usage::estimated(self.prompt_tokens, text_tokens);
        TurnResult {
            answer,
            text_tokens,
            facts: Vec::new(),
            files: Vec::new(),
            status: Status::Interrupted,
            finish_reason: None,
            error: Some(Code::Interrupted),
            cost_usd: self.price.map(|price| price.of(&usage)),
            usage,
            first_token_at: None,
            ended_at: now,
        }
    }

    /// The record of this turn with that result.
    #[must_use]
    pub fn into_record(self, mut result: TurnResult) -> TurnRecord {
        let runs = result.answer.calls.iter().map(|call| call.run(self.user_id));
        let is_usage_only = !self.kept.is_all();
        let mut record = TurnRecord {
            is_usage_only,
            tool_runs: self.withdrawn.iter().cloned().chain(runs).collect(),
            facts: std::mem::take(&mut result.facts),
            files: std::mem::take(&mut result.files),
            handed_to: result.answer.handed_to.clone(),
            continues: self.resumed.is_some(),
            turn_id: self.turn_id,
            user_id: self.user_id,
            session_id: self.session_id,
            started_at: timestamp(self.admitted_at),
            remember: self.remember,
            title: title(&self.message),
            usage: self.usage_record(&result),
            employee_slug: self.employee.clone(),
            messages: self.into_messages(result),
        };
        if is_usage_only {
            record.strip();
        }
        record
    }

    fn into_messages(self, result: TurnResult) -> Vec<MessageRecord> {
        let metadata = self.answer_metadata(&result);
        let answer = MessageRecord {
            id: self.answer_id,
            parent_id: Some(self.user_message_id),
            role: Role::Assistant,
            content: result.answer.text,
            content_tokens: result.text_tokens,
            tool_calls: result.answer.calls,
            status: result.status,
            metadata,
            // After the question even when the clock stood still, so that time orders a session.
            created_at: timestamp(result.ended_at.max(self.admitted_at + 1)),
        };
        let is_answer_only = self.is_regeneration || self.resumed.is_some();
        if is_answer_only { vec![answer] } else { vec![self.question(), answer] }
    }

    fn answer_metadata(&self, result: &TurnResult) -> serde_json::Map<String, serde_json::Value> {
        let mut metadata = serde_json::Map::new();
        let employee = result.answer.handed_to.as_deref().unwrap_or(&self.employee);
        metadata.insert("employee".into(), employee.into());
        if let Some(version) = self.employee_version.filter(|_| employee == self.employee) {
            metadata.insert("employee_version".into(), version.into());
        }
        // Model, usage, cost and times, as the end of the stream has them.
        let summary = AnswerSummary::from(&self.usage_record(result));
        if let Ok(serde_json::Value::Object(summary)) = serde_json::to_value(summary) {
            metadata.extend(summary);
        }
        // A receipt that cannot be written is no reason to lose the answer.
        if let Ok(receipt) = serde_json::to_value(self.receipt.billed(&self.model, &result.usage)) {
            metadata.insert("receipt".into(), receipt);
        }
        if let (false, Ok(sources)) = (self.sources.is_empty(), serde_json::to_value(&self.sources)) {
            metadata.insert("sources".into(), sources);
        }
        self.add_unmasked_kinds(&mut metadata);
        if let Some(reason) = result.finish_reason {
            metadata.insert("finish_reason".into(), reason.into());
        }
        if let Some(code) = result.error {
            metadata.insert("error_code".into(), code.as_str().into());
        }
        metadata
    }

    fn add_unmasked_kinds(&self, metadata: &mut serde_json::Map<String, serde_json::Value>) {
        if !self.unmasked_kinds.is_empty() {
            metadata.insert(UNMASKED_KINDS.into(), self.unmasked_kinds.clone().into());
        }
    }

    fn usage_record(&self, result: &TurnResult) -> UsageRecord {
        let usage = result.usage;
        UsageRecord {
            employee_version: self.employee_version,
            model: self.model.clone(),
            prompt_tokens: usage.prompt_tokens,
            cached_tokens: usage.cached_tokens,
            completion_tokens: usage.completion_tokens,
            total_tokens: usage.total(),
            history_tokens: self.history_tokens,
            cost_usd: result.cost_usd,
            latency_ms: result.ended_at.saturating_sub(self.admitted_at),
            ttft_ms: result.first_token_at.map(|at| at.saturating_sub(self.admitted_at)),
            success: result.error.is_none(),
            error_code: result.error.map(|code| code.as_str().to_owned()),
            usage_source: usage.source,
            created_at: timestamp(result.ended_at),
        }
    }
}
