//! What a model is asked in the background, when nobody waits: for JSON of a schema, within the user's budget, and booked like
//! a turn.

use std::cell::RefCell;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use tokens::chat::{PER_MESSAGE, PER_PROMPT};
use tokens::count;
use uuid::Uuid;

use crate::config::Config;
use crate::context::assemble::PromptMessage;
use crate::error::Fault;
use crate::limit::quota::{Budget, Entry, RESERVED_FOR, Spend, check, day};
use crate::model::breaker::Breaker;
use crate::model::candidate::{Candidate, Provider};
use crate::model::listen::{Asking, Heard, listen};
use crate::model::price::Price;
use crate::model::request::Question;
use crate::model::usage::{Usage, UsageSource};
use crate::ports::{Clock, Model, Strongbox};
use crate::session::load::Role;
use crate::session::record::UsageRecord;
use crate::time::{Millis, timestamp};

/// Tokens that an answer may have.
const MOST_OUTPUT: u32 = 2000;

/// How long it may take.
const WITHIN: Millis = 2 * 60 * 1000;

/// What it is for, as `chat_usage_log` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// What a user said of themselves.
    Facts,
    /// What a session came to.
    Summary,
}

/// What may be spent in a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub struct Budgets {
    /// By the user.
    pub user: Budget,
    /// By the user with the employee.
    pub employee: Budget,
}

/// Who pays, and what it costs.
#[derive(Clone, Debug, Deserialize)]
pub struct Account {
    /// The employee whose conversation it is about.
    pub employee: String,
    /// What may be spent.
    pub budgets: Budgets,
    /// What the model costs, if that is known.
    pub price: Option<Price>,
}

/// What is asked, and on whose account.
#[derive(Debug)]
pub struct Task<'a> {
    /// What it is for.
    pub purpose: Purpose,
    /// The session, if it is about one.
    pub session: Option<Uuid>,
    /// Who pays.
    pub account: &'a Account,
    /// The question.
    pub messages: [PromptMessage<'a>; 2],
    /// The JSON schema of the answer.
    pub schema: serde_json::Value,
}

impl<'a> Task<'a> {
    /// What is to be done, with what.
    #[must_use]
    pub fn new(
        purpose: Purpose,
        session: Option<Uuid>,
        account: &'a Account,
        (instructions, input): (&'static str, &serde_json::Value),
        schema: serde_json::Value,
    ) -> Self {
        let messages = [
            PromptMessage::new(Role::System, instructions),
            PromptMessage::new(Role::User, input.to_string()),
        ];
        Self { purpose, session, account, messages, schema }
    }
}

/// What was answered.
#[derive(Debug)]
pub struct Thought {
    /// The answer; empty when it broke off.
    pub text: String,
    /// What it took.
    pub usage: ThoughtUsage,
}

/// A row of `chat_usage_log`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ThoughtUsage {
    /// Makes saving it idempotent.
    pub id: Uuid,
    /// What it was for.
    pub purpose: Purpose,
    /// The session, if it was about one.
    pub session_id: Option<Uuid>,
    /// The employee whose conversation it was about.
    pub employee_slug: String,
    /// What it took.
    #[serde(flatten)]
    pub usage: UsageRecord,
}

impl ThoughtUsage {
    /// The answer cannot be used: it is counted as an error.
    pub fn malformed(&mut self) {
        self.usage.success = false;
        self.usage.error_code = Some("malformed_answer".to_owned());
    }
}

/// Asks. `None` when the day's budget does not suffice.
///
/// # Errors
/// Why there is no answer at all: then nothing is owed.
pub async fn think(
    task: &Task<'_>,
    config: &Config,
    model: &impl Model,
    strongbox: &impl Strongbox,
    clock: &impl Clock,
) -> Result<Option<Thought>, Fault> {
    let Account { employee, budgets, price } = task.account;
    let began = clock.now();
    let id = uuid::Builder::from_random_bytes(clock.random()).into_uuid();
    let said = task.messages.iter().map(|message| count(&message.content) + PER_MESSAGE).sum::<u32>();
    let prompt_tokens = said + PER_PROMPT + count(&task.schema.to_string());
    let book = |usage: &Usage| Entry {
        turn_id: id,
        employee: employee.clone(),
        day: day(began),
        spend: Spend::new(usage.total(), price.map(|price| price.of(usage))),
    };
    let estimate = |prompt_tokens, completion_tokens| Usage {
        prompt_tokens,
        cached_tokens: 0,
        completion_tokens,
        source: UsageSource::Estimated,
    };
    let wanted = book(&estimate(prompt_tokens, MOST_OUTPUT));
    let (all, own) = strongbox.spent(&wanted, began)?;
    if check(wanted.spend, (all, &budgets.user), (own, &budgets.employee)).is_err() {
        return Ok(None);
    }
    strongbox.reserve(&wanted, began + RESERVED_FOR)?;

    let candidate =
        Candidate { model: config.memory_model.clone(), provider: Provider::Primary, price: *price };
    let name = match task.purpose {
        Purpose::Facts => "facts",
        Purpose::Summary => "summary",
    };
    let asking = Asking {
        question: Question::structured(&task.messages, name, &task.schema, MOST_OUTPUT)?,
        candidates: vec![candidate],
        breaker: Rc::new(RefCell::new(Breaker::default())),
        deadline: began + WITHIN,
    };
    let mut heard = Heard::default();
    let outcome = listen(model, clock, &asking, &mut heard, |_, _, _| ()).await;
    let is_nothing = outcome.is_err() && heard.text.is_empty();
    let estimated = if is_nothing { estimate(0, 0) } else { estimate(prompt_tokens, count(&heard.text)) };
    let usage = heard.usage.unwrap_or(estimated);
    strongbox.settle(&book(&usage))?;
    match outcome {
        Err(fault) if is_nothing => return Err(fault),
        Ok(()) if heard.finish == Some("stop") => {}
        _ => heard.text.clear(),
    }
    let ended = clock.now();
    Ok(Some(Thought {
        text: heard.text,
        usage: ThoughtUsage {
            id,
            purpose: task.purpose,
            session_id: task.session,
            employee_slug: employee.clone(),
            usage: UsageRecord {
                model: config.memory_model.clone(),
                prompt_tokens: usage.prompt_tokens,
                cached_tokens: usage.cached_tokens,
                completion_tokens: usage.completion_tokens,
                total_tokens: usage.total(),
                history_tokens: 0,
                cost_usd: price.map(|price| price.of(&usage)),
                latency_ms: ended.saturating_sub(began),
                ttft_ms: None,
                success: true,
                error_code: None,
                usage_source: usage.source,
                created_at: timestamp(ended),
            },
        },
    }))
}
