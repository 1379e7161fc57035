//! The one read that a cold session makes: `load_session`, in and out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::User;
use crate::employee::Employee;
use crate::limit::quota::Budget;
use crate::model::price::Price;
use crate::session::tree::Leaf;
use crate::tools::call::CallRecord;

/// How many of the newest messages a cold session reads. More than fit any budget in practice, and a bound
/// that keeps the read the same size whatever the history's length.
pub const RECENT_MESSAGES: u32 = 100;

/// The arguments of `load_session`.
#[derive(Debug, Serialize)]
pub struct LoadSession<'a> {
    /// Whose token the read is made with; not an argument.
    #[serde(skip)]
    pub user: &'a User,
    /// The session.
    #[serde(rename = "p_session")]
    pub session: Uuid,
    /// The employee the request names, if it does.
    #[serde(rename = "p_employee")]
    pub employee: Option<&'a str>,
    /// Who answers in a new session otherwise.
    #[serde(rename = "p_default_employee")]
    pub default_employee: &'a str,
    /// Whose price to return for an employee without a model of its own.
    #[serde(rename = "p_default_model")]
    pub default_model: &'a str,
    /// Messages to return at most.
    #[serde(rename = "p_limit")]
    pub limit: u32,
    /// Where the path ends that is returned.
    #[serde(rename = "p_leaf")]
    pub leaf: Leaf,
}

/// What `load_session` returns.
#[derive(Clone, Debug, Deserialize)]
pub struct LoadedSession {
    /// The session exists and is another user's.
    pub foreign: bool,
    /// Who answers; `None` when there is no such active employee.
    pub employee: Option<Employee>,
    /// The price of the employee's model, if it is known.
    pub price: Option<Price>,
    /// The prices of its fallback models, as far as they are known.
    #[serde(default)]
    pub prices: BTreeMap<String, Price>,
    /// What the user may do in all of their sessions together.
    #[serde(default)]
    pub limits: Option<UserLimits>,
    /// The path to the leaf that was asked for, from its newest messages on, oldest first.
    pub messages: Vec<Message>,
}

/// One row of `chat_user_limits`; nothing bounds what is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UserLimits {
    /// Messages a minute.
    #[serde(default)]
    pub messages_per_minute: Option<u32>,
    /// What may be spent in a day.
    #[serde(flatten)]
    pub budget: Budget,
}

/// One message as the model will see it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its id in `chat_messages`.
    pub id: Uuid,
    /// The message before it.
    #[serde(default)]
    pub parent_id: Option<Uuid>,
    /// What its author calls it.
    #[serde(default)]
    pub name: Option<String>,
    /// Who said it.
    pub role: Role,
    /// What was said.
    pub content: String,
    /// Counted once, when it was written.
    pub content_tokens: u32,
    /// What it called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<Vec<CallRecord>>,
}

impl Message {
    /// What it called.
    #[must_use]
    pub fn calls(&self) -> &[CallRecord] {
        self.tool_calls.as_deref().unwrap_or_default()
    }

    /// About what its calls take, in bytes.
    pub(super) fn call_bytes(&self) -> usize {
        self.calls().iter().map(|call| call.result().len() + call.arguments_json().len()).sum()
    }
}

/// Who says a message, in OpenAI's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The deployment: persona and rules.
    System,
    /// The person.
    User,
    /// The employee.
    Assistant,
    /// A tool's result.
    Tool,
}
