//! What happened in a turn, piece by piece as it came, masked: enough to tell it again, frame by frame.

use std::collections::BTreeSet;

use pii::placeholder::Placeholder;
use pii::policy::Policy;
use pii::unmask::PlaceholderMap;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::record::{OpenTurn, SoFar};
use crate::context::receipt::Receipt;
use crate::context::source::Source;
use crate::error::Code;
use crate::stream::event::{Event, Origin, Summary};
use crate::stream::teller::Teller;
use crate::time::Millis;
use crate::tools::call::{CallRecord, Outcome};

/// How long a turn can be told again after it ended.
pub const KEPT_FOR: Millis = 24 * 60 * 60 * 1000;

/// A turn's log.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnLog {
    /// What was known before the answer.
    pub head: LogHead,
    /// What happened since, in order.
    pub told: Vec<Told>,
    /// How it ended, if it has.
    pub ending: Option<LogEnding>,
    /// Whether its beginning was told. Until then who comes to hear it will, and must not hear it twice.
    pub has_begun: bool,
}

/// A piece of a turn. Kept as JSON, so its shape is pinned by a snapshot test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Told {
    /// What the model wrote, as it wrote it: with tokens.
    Text(String),
    /// What it does besides.
    Deed(Deed),
}

/// What a model does besides writing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "deed", rename_all = "snake_case")]
pub enum Deed {
    /// It begins to call a tool.
    Begins {
        /// The call.
        id: Uuid,
        /// The tool.
        name: String,
    },
    /// It calls a tool.
    Calls {
        /// The call, before anything came of it.
        call: CallRecord,
        /// The tokens in it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        shown: Vec<Placeholder>,
    },
    /// Something came of a call.
    Ends {
        /// The call.
        id: Uuid,
        /// What.
        outcome: Outcome,
        /// The tokens that the model is shown by it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        shown: Vec<Placeholder>,
    },
    /// The model reads what came of its calls, and goes on.
    Step,
    /// Another employee goes on.
    HandsOver {
        /// Who.
        employee: String,
        /// With which model.
        model: String,
    },
}

/// What was known before the answer. Kept as JSON, so its shape is pinned by a snapshot test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogHead {
    /// Which turn.
    pub turn_id: Uuid,
    /// The answer's id.
    pub answer_id: Uuid,
    /// The question's. A log of before has none.
    #[serde(default)]
    pub question_id: Option<Uuid>,
    /// The session's.
    pub session_id: Uuid,
    /// The caller's own name for the message.
    pub client_message_id: Option<String>,
    /// Who answers.
    pub employee: String,
    /// With which model.
    pub model: String,
    /// What the prompt is made of. A log of before has none.
    #[serde(default)]
    pub receipt: Option<Receipt>,
    /// The documents of which something stands in the prompt, with their names masked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// The tokens that the model was shown.
    pub shown: Vec<Placeholder>,
    /// How much of their values the user sees.
    pub policy: Policy,
}

/// How a turn ended, as its client is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogEnding {
    /// The answer is whole.
    Finished {
        /// Why the model stopped, in the AI SDK's terms.
        reason: String,
        /// What there is to say of it.
        summary: Summary,
    },
    /// The user stopped it.
    Stopped {
        /// What there is to say of it.
        summary: Summary,
    },
    /// It broke off.
    Failed {
        /// Why.
        code: Code,
    },
}

impl LogEnding {
    /// What a client is told.
    #[must_use]
    pub fn event(&self) -> Event<'_> {
        match self {
            Self::Finished { reason, summary } => Event::Finish(reason, summary),
            Self::Stopped { summary } => Event::Stopped(summary),
            Self::Failed { code: code @ Code::Interrupted } => Event::Interrupted(code.advice()),
            Self::Failed { code } => Event::Error(code.advice()),
        }
    }
}

impl LogHead {
    /// The head of a turn that is about to be answered.
    #[must_use]
    pub fn new(turn: &OpenTurn, policy: &Policy) -> Self {
        Self {
            turn_id: turn.turn_id,
            answer_id: turn.answer_id,
            question_id: Some(turn.user_message_id),
            session_id: turn.session_id,
            client_message_id: turn.client_message_id.clone(),
            employee: turn.employee.clone(),
            model: turn.model.clone(),
            receipt: Some(turn.receipt.clone()),
            sources: turn.sources.clone(),
            shown: turn.shown.clone(),
            policy: policy.clone(),
        }
    }

    /// Where the answer comes from.
    #[must_use]
    pub fn origin(&self) -> Origin<'_> {
        Origin {
            message_id: self.answer_id,
            parent_id: self.question_id,
            session_id: self.session_id,
            employee: &self.employee,
            model: &self.model,
        }
    }
}

impl TurnLog {
    /// A log in which nothing has happened yet.
    #[must_use]
    pub const fn new(head: LogHead) -> Self {
        Self { head, told: Vec::new(), ending: None, has_begun: false }
    }

    /// The tokens that the model was shown, at first and by what it called.
    #[must_use]
    pub fn shown(&self) -> Vec<Placeholder> {
        let by_calls = self.told.iter().flat_map(|told| match told {
            Told::Deed(Deed::Calls { shown, .. } | Deed::Ends { shown, .. }) => shown.as_slice(),
            _ => &[],
        });
        let all: BTreeSet<_> = self.head.shown.iter().chain(by_calls).cloned().collect();
        all.into_iter().collect()
    }

    /// What the turn came to as far as its log knows: calls and what came of them are added to `answer`, with what was said
    /// before them; returns what was said since.
    #[must_use]
    pub fn retrace(&self, answer: &mut SoFar) -> String {
        let mut said = String::new();
        for told in &self.told {
            match told {
                Told::Text(text) => said.push_str(text),
                Told::Deed(Deed::Calls { call, .. }) => {
                    // It has what was said before, masked.
                    said.clear();
                    answer.say(&call.before);
                    answer.calls.push(call.clone());
                }
                Told::Deed(Deed::Ends { id, outcome, .. }) => {
                    if let Some(call) = answer.call(*id) {
                        call.outcome = outcome.clone();
                    }
                }
                Told::Deed(_) => {}
            }
        }
        said
    }

    /// Tells the turn again as far as it has come: the same events as the first time, one by one.
    pub fn replay(&self, shown: PlaceholderMap, emit: impl FnMut(&Event<'_>)) {
        if !self.has_begun {
            return;
        }
        let mut teller = Teller::start(&self.head, shown, emit);
        for told in &self.told {
            teller.tell(told);
        }
        if let Some(ending) = &self.ending {
            let event = ending.event();
            // What is held back of an interrupted answer may have been told otherwise: its end is lost.
            if !matches!(event, Event::Interrupted(_)) {
                teller.end_text();
            }
            teller.end(&event);
        }
    }
}
