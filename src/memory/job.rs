//! Background requests to a model: JSON of a schema, within the user's budget, and settled like a turn.

use pii::masked_text::MaskedText;
use pii::unmask::placeholders;
use serde::Deserialize;
use tokens::chat::{PER_MESSAGE, PER_PROMPT};
use tokens::count;
use uuid::Uuid;

use crate::account::UserCtx;
use crate::account::ledger::{LimitError, unpriced};
use crate::account::lost_attempts::LostAttempts;
use crate::account::paid_call::{self, BilledAccount, CallBill, PaidCall, Purpose};
use crate::account::vault::VaultError;
use crate::chat::limits::Budget;
use crate::chat::message::Role;
use crate::chat::price::Price;
use crate::chat::usage::Usage;
use crate::config::Config;
use crate::error::Fault;
use crate::limit::plan::StoredLimits;
use crate::model::candidate::{Candidate, Provider};
use crate::model::completion::{Completion, CompletionRequest, stream_completion};
use crate::model::finish::Finish;
use crate::model::json_output;
use crate::model::prompt_message::PromptMessage;
use crate::model::request::ChatBody;
use crate::ports::{Clock, Platform};
use crate::time::Millis;

/// Tokens that a completion may have.
const MAX_OUTPUT: u32 = 2000;

/// Longest time of a request, in milliseconds.
const TIMEOUT: Millis = 2 * 60 * 1000;

/// Stored form of the account that a request is billed to.
#[derive(Clone, Debug, Deserialize)]
pub struct StoredAccount {
    employee: String,
    budgets: StoredBudgets,
    /// Price of the model, if it is known.
    price: Option<Price>,
}

/// Spending limits of a day: of the user over all employees, and with the employee.
#[derive(Clone, Debug, Deserialize)]
struct StoredBudgets {
    user: StoredLimits,
    employee: Budget,
}

impl StoredAccount {
    /// The account within the limits of the deployment.
    pub(super) fn resolve(&self, config: &Config) -> BilledAccount {
        let StoredBudgets { user, employee } = &self.budgets;
        BilledAccount {
            employee: self.employee.clone(),
            employee_version: None,
            user_budget: user.resolve(config).budget,
            employee_budget: *employee,
            price: self.price,
        }
    }
}

/// A background request.
#[derive(Debug)]
pub struct BackgroundJob<'a> {
    /// Purpose of the job.
    pub purpose: Purpose,
    /// The session, if it is about one.
    pub session: Option<Uuid>,
    /// The account that is billed.
    pub account: &'a StoredAccount,
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
        account: &'a StoredAccount,
        prompt: JobPrompt<'_>,
        schema: serde_json::Value,
    ) -> Self {
        let messages = [
            PromptMessage::new(Role::System, MaskedText::fixed(prompt.instructions)),
            PromptMessage::new(Role::User, MaskedText::composed(prompt.input.to_string())),
        ];
        Self { purpose, session: None, account, messages, schema }
    }
}

/// Output of a background job.
#[derive(Debug)]
pub struct JobOutput {
    /// The JSON object in the text; empty when there is none, or when it broke off.
    pub text: String,
    /// Row of `chat_usage_log`.
    pub usage: PaidCall,
}

impl JobOutput {
    /// Books the output where its text cannot be used, since nothing else tells Postgres of its cost.
    ///
    /// # Errors
    /// That of `used`; `internal`, when the storage refuses.
    pub(super) fn or_book<P: Platform, T>(
        &self,
        ctx: &UserCtx<'_, P>,
        used: Result<T, Fault>,
    ) -> Result<T, Fault> {
        if used.is_err() {
            paid_call::keep(&ctx.ports.sql, &self.usage)?;
        }
        used
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
    let message_tokens =
        job.messages.iter().map(|message| count(&message.content) + PER_MESSAGE).sum::<u32>();
    let prompt_tokens = message_tokens + PER_PROMPT + count(&job.schema.to_string());
    let account = job.account.resolve(config);
    let (model, price) = (config.memory_model.clone(), account.price);
    let bill = CallBill { purpose: job.purpose, session: job.session, account, model: model.clone() };
    let reserved = match bill.reserve(ctx, &Usage::estimated(prompt_tokens, MAX_OUTPUT)) {
        Ok(reserved) => reserved,
        Err(LimitError::Exceeded { .. }) => return Ok(None),
        Err(LimitError::Unpriced) => {
            crate::log::fault(&ctx.ports.host, &unpriced());
            return Ok(None);
        }
        Err(LimitError::Storage(fault)) => return Err(fault),
    };
    let name = job.purpose.as_str();
    let request = CompletionRequest {
        body: ChatBody::structured(&job.messages, name, &job.schema, MAX_OUTPUT)?,
        candidates: vec![Candidate { model, provider: Provider::Primary, price }],
        deadline: clock.now() + TIMEOUT,
    };
    let mut completion = Completion::default();
    let mut lost = LostAttempts::of_call(*ctx, &reserved, Usage::estimated(prompt_tokens, 0));
    let outcome = stream_completion(&ctx.model_client(), &request, &mut completion, &mut lost).await;
    let is_free = outcome.is_err() && !completion.is_billed();
    let estimated = if is_free {
        Usage::estimated(0, 0)
    } else {
        Usage::estimated(prompt_tokens, count(&completion.text) + count(&completion.thoughts))
    };
    let usage = reserved.settle(&ctx.ports.sql, &completion.usage_or(estimated), clock.now())?;
    match outcome {
        Err(fault) if is_free => return Err(fault),
        Ok(()) if completion.finish == Some(Finish::Stop) => {}
        _ => completion.text.clear(),
    }
    let text = json_output::object(&completion.text).unwrap_or_default().to_owned();
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
    ctx.mask_answer(text, &visible).map_err(VaultError::into_fault)
}
