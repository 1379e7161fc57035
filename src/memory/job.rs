//! Background requests to a model: JSON of a schema, within the user's budget, and settled like a turn.

use pii::mask::Author;
use pii::masked_text::MaskedText;
use pii::unmask::placeholders;
use serde::{Deserialize, Serialize};
use tokens::chat::{PER_MESSAGE, PER_PROMPT};
use tokens::count;
use uuid::Uuid;

use crate::account::UserCtx;
use crate::account::ledger::{LimitError, ReservationRequest, settle};
use crate::account::vault::VaultError;
use crate::chat::limits::{Budget, UserLimits};
use crate::chat::message::Role;
use crate::chat::price::Price;
use crate::chat::usage::{Usage, UsageRecord};
use crate::error::{Code, Fault};
use crate::ids;
use crate::limit::plan::StoredLimits;
use crate::limit::quota::{Cost, LedgerEntry, day};
use crate::model::candidate::{Candidate, Provider};
use crate::model::completion::{Completion, CompletionRequest, stream_completion};
use crate::model::finish::Finish;
use crate::model::json_output;
use crate::model::pace::Readers;
use crate::model::prompt_message::PromptMessage;
use crate::model::request::ChatBody;
use crate::ports::{Clock, Platform};
use crate::time::{Millis, timestamp};

/// Tokens that a completion may have.
const MAX_OUTPUT: u32 = 2000;

/// Longest time of a request, in milliseconds.
const TIMEOUT: Millis = 2 * 60 * 1000;

/// Purpose of a request, as `chat_usage_log` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Extraction of facts.
    Facts,
    /// Summary of a session.
    Summary,
}

impl Purpose {
    const fn schema_name(self) -> &'static str {
        match self {
            Self::Facts => "facts",
            Self::Summary => "summary",
        }
    }
}

/// Spending limits of a day.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Budgets {
    /// Of the user, over all employees.
    pub user: StoredLimits,
    /// Of the user, with the employee.
    pub employee: Budget,
}

/// The account that a request is billed to.
#[derive(Clone, Debug, Deserialize)]
pub struct BilledAccount {
    /// Slug of the employee of the conversation.
    pub employee: String,
    /// Limits that hold.
    pub budgets: Budgets,
    /// Price of the model, if it is known.
    pub price: Option<Price>,
}

/// A background request.
#[derive(Debug)]
pub struct BackgroundJob<'a> {
    /// Purpose of the job.
    pub purpose: Purpose,
    /// The session, if it is about one.
    pub session: Option<Uuid>,
    /// The account that is billed.
    pub account: &'a BilledAccount,
    /// Instructions and input.
    pub messages: [PromptMessage<'a>; 2],
    /// JSON schema of the output.
    pub schema: serde_json::Value,
}

/// Text of a background job's prompt.
#[derive(Clone, Copy, Debug)]
pub struct JobPrompt<'a> {
    /// The system message.
    pub instructions: &'static str,
    /// The user message: JSON of masked texts.
    pub input: &'a serde_json::Value,
}

impl<'a> BackgroundJob<'a> {
    /// A job about no session in particular.
    #[must_use]
    pub fn new(
        purpose: Purpose,
        account: &'a BilledAccount,
        prompt: JobPrompt<'_>,
        schema: serde_json::Value,
    ) -> Self {
        let messages = [
            PromptMessage::new(Role::System, MaskedText::fixed(prompt.instructions)),
            PromptMessage::new(Role::User, MaskedText::composed(prompt.input.to_string())),
        ];
        Self { purpose, session: None, account, messages, schema }
    }

    fn entry(&self, id: Uuid, began: Millis, usage: &Usage) -> LedgerEntry {
        let BilledAccount { employee, price, .. } = self.account;
        let cost = Cost::new(usage.total(), price.map(|price| price.of(usage)));
        LedgerEntry { id, employee: employee.clone(), day: day(began), cost }
    }
}

/// Output of a background job.
#[derive(Debug)]
pub struct JobOutput {
    /// The JSON object in the text; empty when there is none, or when it broke off.
    pub text: String,
    /// Row of `chat_usage_log`.
    pub usage: JobUsage,
}

/// Row of `chat_usage_log` for a background job.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobUsage {
    /// Primary key; makes saving it idempotent.
    pub id: Uuid,
    /// Purpose of the job.
    pub purpose: Purpose,
    /// The session, if it was about one.
    pub session_id: Option<Uuid>,
    /// Slug of the employee that is billed.
    pub employee_slug: String,
    /// Tokens, cost and times.
    #[serde(flatten)]
    pub usage: UsageRecord,
}

impl JobUsage {
    /// Marks the output as unusable: it counts as an error.
    pub fn mark_malformed(&mut self) {
        self.usage.success = false;
        self.usage.error_code = Some("malformed_answer".to_owned());
    }
}

/// Runs a job. `None` when the day's budget does not suffice, or is in dollars while the model has no price.
///
/// # Errors
/// Failure of the model before anything came: then nothing is owed.
pub async fn run_job<P: Platform>(
    ctx: &UserCtx<'_, P>,
    job: &BackgroundJob<'_>,
) -> Result<Option<JobOutput>, Fault> {
    let (clock, config) = (&ctx.ports.clock, ctx.config);
    let began = clock.now();
    let id = ids::random(clock);
    let message_tokens =
        job.messages.iter().map(|message| count(&message.content) + PER_MESSAGE).sum::<u32>();
    let prompt_tokens = message_tokens + PER_PROMPT + count(&job.schema.to_string());
    let Budgets { user, employee } = &job.account.budgets;
    let (user, employee) = (user.resolve(config).budget, *employee);
    if job.account.price.is_none() && (user.daily_usd.is_some() || employee.daily_usd.is_some()) {
        let cause = format!("{} has no price, so it is not asked", config.memory_model);
        crate::log::fault(&ctx.ports.host, &Fault::new(Code::UnpricedModel, cause));
        return Ok(None);
    }
    let entry = job.entry(id, began, &Usage::estimated(prompt_tokens, MAX_OUTPUT));
    let limits = UserLimits { messages_per_minute: None, budget: user };
    match ctx.reserve(&ReservationRequest { entry, user: limits, employee }) {
        Ok(_) => {}
        Err(LimitError::Exceeded { .. }) => return Ok(None),
        Err(LimitError::Storage(fault)) => return Err(fault),
    }
    let price = job.account.price;
    let candidate = Candidate { model: config.memory_model.clone(), provider: Provider::Primary, price };
    let name = job.purpose.schema_name();
    let request = CompletionRequest {
        body: ChatBody::structured(&job.messages, name, &job.schema, MAX_OUTPUT)?,
        candidates: vec![candidate],
        deadline: began + TIMEOUT,
    };
    let mut completion = Completion::default();
    let outcome =
        stream_completion(&ctx.model_client(), &request, &mut completion, |_| Readers::Absent).await;
    let is_free = outcome.is_err() && !completion.is_billed();
    let estimated = if is_free {
        Usage::estimated(0, 0)
    } else {
        Usage::estimated(prompt_tokens, count(&completion.text) + count(&completion.thoughts))
    };
    let usage = completion.usage_or(estimated);
    settle(&ctx.ports.sql, &job.entry(id, began, &usage))?;
    match outcome {
        Err(fault) if is_free => return Err(fault),
        Ok(()) if completion.finish == Some(Finish::Stop) => {}
        _ => completion.text.clear(),
    }
    let text = json_output::object(&completion.text).unwrap_or_default().to_owned();
    let usage = usage_record(&usage, price, Times { began, ended: clock.now() });
    let usage = UsageRecord { model: config.memory_model.clone(), ..usage };
    let employee_slug = job.account.employee.clone();
    let usage = JobUsage { id, purpose: job.purpose, session_id: job.session, employee_slug, usage };
    Ok(Some(JobOutput { text, usage }))
}

/// Masks the text of a background job's output, in which the job's own placeholders are placeholders.
///
/// # Errors
/// `privacy_unavailable`, `database_unavailable`.
pub(super) fn mask_output<P: Platform>(
    ctx: &UserCtx<'_, P>,
    job: &BackgroundJob<'_>,
    text: &str,
) -> Result<MaskedText, Fault> {
    let visible = placeholders(job.messages.iter().map(|message| message.content.as_str()));
    ctx.mask(text, Author::Model(&visible)).map_err(VaultError::into_fault)
}

/// Beginning and end of a request.
#[derive(Clone, Copy)]
struct Times {
    began: Millis,
    ended: Millis,
}

fn usage_record(usage: &Usage, price: Option<Price>, times: Times) -> UsageRecord {
    UsageRecord {
        model: String::new(),
        prompt_tokens: usage.prompt_tokens,
        cached_tokens: usage.cached_tokens,
        completion_tokens: usage.completion_tokens,
        total_tokens: usage.total(),
        history_tokens: 0,
        cost_usd: price.map(|price| price.of(usage)),
        latency_ms: times.ended.saturating_sub(times.began),
        ttft_ms: None,
        success: true,
        error_code: None,
        usage_source: usage.source,
        created_at: timestamp(times.ended),
    }
}
