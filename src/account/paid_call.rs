//! Requests that are paid beside the turns: each is reserved before it is made, settled once, and told to Postgres.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::UserCtx;
use super::agenda::Job;
use super::ledger::{LimitError, ReservationRequest, release, settle};
use crate::chat::employee::Employee;
use crate::chat::limits::{Budget, UserLimits};
use crate::chat::price::Price;
use crate::chat::usage::{Usage, UsageRecord};
use crate::error::{Code, Fault};
use crate::ids;
use crate::limit::quota::{Cost, LedgerEntry, day};
use crate::ports::{Clock, Platform, Sql};
use crate::storage::{from_json, row, rows, to_json};
use crate::time::{Millis, timestamp};

/// Calls that are told to Postgres at a time.
const MAX_CALLS: u32 = 200;

/// Purpose of a request, as `chat_usage_log` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Vectors of memories.
    Embedding,
    /// The vector of a question.
    Recall,
    /// Transcription of pictures.
    Ocr,
    /// Extraction of facts.
    Facts,
    /// Summary of a session.
    Summary,
    /// Title of a session.
    Title,
    /// Steps of an answer before another employee took it over, and attempts that another one followed.
    Step,
}

impl Purpose {
    /// Name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Embedding => "embedding",
            Self::Recall => "recall",
            Self::Ocr => "ocr",
            Self::Facts => "facts",
            Self::Summary => "summary",
            Self::Title => "title",
            Self::Step => "step",
        }
    }
}

/// The account that a request is billed to.
#[derive(Clone, Debug, PartialEq)]
pub struct BilledAccount {
    /// Slug of the employee of the conversation.
    pub employee: String,
    /// Version of its profile, where it is known.
    pub employee_version: Option<u32>,
    /// Daily budget of the user, over all employees.
    pub user_budget: Budget,
    /// Daily budget of the user with the employee.
    pub employee_budget: Budget,
    /// Price of the model, if it is known.
    pub price: Option<Price>,
}

/// A request that is about to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct CallBill {
    /// Purpose of the request.
    pub purpose: Purpose,
    /// The session, if it is about one.
    pub session: Option<Uuid>,
    /// The account that is billed.
    pub account: BilledAccount,
    /// Name of the model.
    pub model: String,
}

/// A request within its reservation.
#[derive(Clone, Debug, PartialEq)]
pub struct ReservedCall {
    bill: CallBill,
    /// Id of the request.
    pub id: Uuid,
    began: Millis,
}

/// Row of `chat_usage_log` for a request beside the turns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PaidCall {
    /// Primary key; makes saving it idempotent.
    pub id: Uuid,
    /// Purpose of the request.
    pub purpose: Purpose,
    /// The session, if it was about one.
    pub session_id: Option<Uuid>,
    /// Slug of the employee that is billed.
    pub employee_slug: String,
    /// Tokens, cost and times.
    #[serde(flatten)]
    pub usage: UsageRecord,
}

impl PaidCall {
    /// Marks the output as unusable: it counts as an error.
    pub fn mark_malformed(&mut self) {
        self.usage.success = false;
        self.usage.error_code = Some("malformed_answer".to_owned());
    }
}

impl BilledAccount {
    /// The account of a user with an employee, for a model with that price.
    #[must_use]
    pub fn new(employee: &Employee, limits: &UserLimits, price: Option<Price>) -> Self {
        let Employee { slug, version, budget, .. } = employee;
        let (employee, employee_version) = (slug.clone(), *version);
        Self { employee, employee_version, user_budget: limits.budget, employee_budget: *budget, price }
    }

    /// True if a budget is in dollars and the model has no price: its cost could not be kept within it.
    #[must_use]
    pub const fn is_unpriced(&self) -> bool {
        self.price.is_none()
            && (self.user_budget.daily_usd.is_some() || self.employee_budget.daily_usd.is_some())
    }
}

impl CallBill {
    /// The bill of requests that were made since `began`, within a reservation of their own.
    #[must_use]
    pub fn begun_at<P: Platform>(self, ctx: &UserCtx<'_, P>, began: Millis) -> ReservedCall {
        ReservedCall { id: ids::random(&ctx.ports.clock), began, bill: self }
    }

    /// Reserves the most that the request may take.
    ///
    /// # Errors
    /// [`LimitError`]: then it must not be made.
    pub fn reserve<P: Platform>(
        self,
        ctx: &UserCtx<'_, P>,
        most: &Usage,
    ) -> Result<ReservedCall, LimitError> {
        if self.account.is_unpriced() {
            return Err(LimitError::Unpriced);
        }
        let clock = &ctx.ports.clock;
        let reserved = ReservedCall { id: ids::random(clock), began: clock.now(), bill: self };
        ctx.check_ceiling(reserved.entry(most).cost)?;
        let BilledAccount { user_budget, employee_budget, .. } = reserved.bill.account;
        if !(user_budget.is_unlimited() && employee_budget.is_unlimited()) {
            let user = UserLimits { messages_per_minute: None, budget: user_budget };
            let entry = reserved.entry(most);
            ctx.reserve(&ReservationRequest { entry, user, employee: employee_budget })?;
        }
        Ok(reserved)
    }
}

impl ReservedCall {
    fn entry(&self, usage: &Usage) -> LedgerEntry {
        let BilledAccount { employee, price, .. } = &self.bill.account;
        let cost = Cost::new(usage.total(), price.map(|price| price.of(usage)));
        LedgerEntry { id: self.id, employee: employee.clone(), day: day(self.began), cost }
    }

    fn used(&self, usage: &Usage, ended: Millis) -> PaidCall {
        let CallBill { purpose, session, account, model } = &self.bill;
        let usage = UsageRecord {
            employee_version: account.employee_version,
            model: model.clone(),
            prompt_tokens: usage.prompt_tokens,
            cached_tokens: usage.cached_tokens,
            completion_tokens: usage.completion_tokens,
            total_tokens: usage.total(),
            history_tokens: 0,
            cost_usd: account.price.map(|price| price.of(usage)),
            latency_ms: ended.saturating_sub(self.began),
            ttft_ms: None,
            success: true,
            error_code: None,
            usage_source: usage.source,
            created_at: timestamp(ended),
        };
        let employee_slug = account.employee.clone();
        PaidCall { id: self.id, purpose: *purpose, session_id: *session, employee_slug, usage }
    }

    /// Settles the request with its actual usage. The caller tells Postgres of the row.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn settle(&self, sql: &impl Sql, usage: &Usage, ended: Millis) -> Result<PaidCall, Fault> {
        settle(sql, &self.entry(usage))?;
        Ok(self.used(usage, ended))
    }

    /// Settles the request, and keeps its row until Postgres has it.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn book<P: Platform>(&self, ctx: &UserCtx<'_, P>, usage: &Usage) -> Result<(), Fault> {
        let call = self.settle(&ctx.ports.sql, usage, ctx.ports.clock.now())?;
        Self::tell(ctx, &call)
    }

    /// Settles a request that failed after it was billed, and keeps its row until Postgres has it.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn book_failed<P: Platform>(
        &self,
        ctx: &UserCtx<'_, P>,
        usage: &Usage,
        error: Code,
    ) -> Result<(), Fault> {
        let mut call = self.settle(&ctx.ports.sql, usage, ctx.ports.clock.now())?;
        call.usage.success = false;
        call.usage.error_code = Some(error.as_str().to_owned());
        Self::tell(ctx, &call)
    }

    /// Bill of the request.
    #[must_use]
    pub const fn bill(&self) -> &CallBill {
        &self.bill
    }

    /// Keeps a row until Postgres has it, and plans to tell it.
    fn tell<P: Platform>(ctx: &UserCtx<'_, P>, call: &PaidCall) -> Result<(), Fault> {
        keep(&ctx.ports.sql, call)?;
        plan_telling(ctx)
    }

    /// Gives the reservation back: nothing is owed.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn release(&self, sql: &impl Sql) -> Result<(), Fault> {
        release(sql, self.id)
    }
}

/// Keeps a row until Postgres has it. The next background work tells it.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn keep(sql: &impl Sql, call: &PaidCall) -> Result<(), Fault> {
    let (id, call) = (call.id.to_string(), to_json(call)?);
    let statement = "INSERT OR IGNORE INTO paid_call (id, call) VALUES (?, ?)";
    Ok(sql.exec(statement, &[(&id).into(), (&call).into()])?)
}

/// Has Postgres told of calls that it lacks: with the next background work, whatever becomes of the turn.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn plan_telling<P: Platform>(ctx: &UserCtx<'_, P>) -> Result<(), Fault> {
    let (sql, agenda) = (&ctx.ports.sql, &ctx.account.agenda);
    if agenda.is_planned(Job::Background, sql)? || is_delivered(sql)? {
        return Ok(());
    }
    agenda.plan(Job::Background, ctx.ports.clock.now() + ctx.config.background_rest, sql)
}

#[derive(Deserialize)]
struct CallRow {
    call: String,
}

/// Calls that Postgres lacks, oldest first. Those of a session with a turn on its way wait for it: the turn may be the first, and a row
/// of a session that Postgres does not know would name none.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn undelivered(sql: &impl Sql) -> Result<Vec<PaidCall>, Fault> {
    let query = "SELECT call FROM paid_call WHERE coalesce(json_extract(call, '$.session_id'), '') NOT IN (
                     SELECT session_id FROM in_flight_turn
                     UNION SELECT session_id FROM outbox WHERE parked_at IS NULL
                 ) ORDER BY rowid LIMIT ?";
    let found: Vec<CallRow> = rows(sql, query, &[MAX_CALLS.into()])?;
    found.iter().map(|row| from_json(&row.call, "paid call")).collect()
}

/// Calls that Postgres lacks, whether or not it can be told of them yet, and those that are saved with their outputs.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn untold(sql: &impl Sql) -> Result<Vec<PaidCall>, Fault> {
    let query = "SELECT call FROM paid_call UNION SELECT call FROM unsaved_output";
    let found: Vec<CallRow> = rows(sql, query, &[])?;
    found.iter().map(|row| from_json(&row.call, "paid call")).collect()
}

/// True if Postgres has every call.
///
/// # Errors
/// `internal`, when the storage refuses.
fn is_delivered(sql: &impl Sql) -> Result<bool, Fault> {
    let found: Option<CallRow> = row(sql, "SELECT call FROM paid_call LIMIT 1", &[])?;
    Ok(found.is_none())
}

/// Deletes calls that Postgres has.
///
/// # Errors
/// `internal`, when the storage refuses: then they are told again.
pub fn mark_delivered(sql: &impl Sql, calls: &[PaidCall]) -> Result<(), Fault> {
    if calls.is_empty() {
        return Ok(());
    }
    let ids = to_json(&calls.iter().map(|call| call.id).collect::<Vec<_>>())?;
    Ok(sql.exec("DELETE FROM paid_call WHERE id IN (SELECT value FROM json_each(?))", &[(&ids).into()])?)
}

/// Deletes all calls and outputs that Postgres lacks: it takes none of an erased user. The ledger keeps what they cost.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn erase(sql: &impl Sql) -> Result<(), Fault> {
    sql.exec("DELETE FROM unsaved_output", &[])?;
    Ok(sql.exec("DELETE FROM paid_call", &[])?)
}
