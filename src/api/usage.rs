//! `GET /api/usage`: tokens and cost of the user, and the rest of the day's budgets.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::reply::{self, ReplyOf};
use crate::account::UserCtx;
use crate::account::ledger::spent_by_employee;
use crate::account::paid_call::{self, PaidCall};
use crate::account::vault::VaultError;
use crate::chat::limits::UserLimits;
use crate::chat::usage::UsageRecord;
use crate::config::Config;
use crate::database;
use crate::error::{Code, Error, Fault};
use crate::limit::plan::StoredLimits;
use crate::limit::quota::{BudgetLeft, Cost, day, start_of_day};
use crate::ports::{Caller, Clock, Platform, Sql};
use crate::session::record::TurnRecord;
use crate::session::store::undelivered;
use crate::time::timestamp;

/// Result of `user_usage`.
#[derive(Deserialize)]
struct StoredUsage {
    today: Period,
    month: Period,
    limits: StoredLimits,
    employees: Vec<EmployeeLimits>,
}

#[derive(Deserialize)]
struct EmployeeLimits {
    employee: String,
    #[serde(flatten)]
    limits: UserLimits,
}

/// Body of the reply.
#[derive(Serialize)]
struct UsageBody {
    today: Period,
    month: Period,
    limits: LimitsBody,
}

/// Usage since a time.
#[derive(Deserialize, Serialize)]
struct Period {
    since: DateTime<Utc>,
    requests: u64,
    total_tokens: u64,
    cost_usd: f64,
    by: Vec<Used>,
}

/// Usage with an employee for a purpose.
#[derive(Deserialize, Serialize)]
struct Used {
    employee: String,
    purpose: String,
    requests: u64,
    prompt_tokens: u64,
    cached_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    /// Absent where no price was known.
    cost_usd: Option<f64>,
}

impl Period {
    /// Adds a request that Postgres lacks, unless it was before.
    fn add(&mut self, untold: &Untold) {
        let Untold { employee, purpose, usage, .. } = untold;
        if usage.created_at < self.since {
            return;
        }
        self.requests += 1;
        self.total_tokens += u64::from(usage.total_tokens);
        self.cost_usd += usage.cost_usd.unwrap_or(0.0);
        let is_same = |used: &&mut Used| used.employee == *employee && used.purpose == *purpose;
        if let Some(used) = self.by.iter_mut().find(is_same) {
            used.add(usage);
        } else {
            let mut used = Used {
                employee: employee.clone(),
                purpose: (*purpose).to_owned(),
                requests: 0,
                prompt_tokens: 0,
                cached_tokens: 0,
                completion_tokens: 0,
                total_tokens: 0,
                cost_usd: None,
            };
            used.add(usage);
            self.by.push(used);
            self.by.sort_by(|a, b| (&a.employee, &a.purpose).cmp(&(&b.employee, &b.purpose)));
        }
    }
}

impl Used {
    fn add(&mut self, usage: &UsageRecord) {
        self.requests += 1;
        self.prompt_tokens += u64::from(usage.prompt_tokens);
        self.cached_tokens += u64::from(usage.cached_tokens);
        self.completion_tokens += u64::from(usage.completion_tokens);
        self.total_tokens += u64::from(usage.total_tokens);
        if let Some(cost) = usage.cost_usd {
            self.cost_usd = Some(self.cost_usd.unwrap_or(0.0) + cost);
        }
    }
}

/// A request that Postgres may lack.
struct Untold {
    id: Uuid,
    employee: String,
    purpose: &'static str,
    usage: UsageRecord,
}

impl Untold {
    /// All of them: turns in the outbox, and calls beside the turns.
    fn all(sql: &impl Sql) -> Result<Vec<Self>, Fault> {
        let of_turn = |turn: TurnRecord| Self {
            id: turn.turn_id,
            employee: turn.employee_slug,
            purpose: "turn",
            usage: turn.usage,
        };
        let of_call = |call: PaidCall| Self {
            id: call.id,
            employee: call.employee_slug,
            purpose: call.purpose.as_str(),
            usage: call.usage,
        };
        let turns = undelivered(sql)?.into_iter().map(of_turn);
        Ok(turns.chain(paid_call::untold(sql)?.into_iter().map(of_call)).collect())
    }
}

#[derive(Serialize)]
struct LimitsBody {
    /// Moment at which the budgets are whole again.
    resets_at: DateTime<Utc>,
    user: LimitBody,
    employees: Vec<LimitBody>,
}

/// Limits of the user over all employees, or with one of them; `null` for what is not limited.
#[derive(Serialize)]
struct LimitBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    employee: Option<String>,
    messages_per_minute: Option<u32>,
    daily_tokens: Option<BudgetBody<u64>>,
    daily_usd: Option<BudgetBody<f64>>,
}

#[derive(Serialize)]
struct BudgetBody<T> {
    limit: T,
    /// Spent and reserved today.
    used: T,
    left: T,
}

impl LimitBody {
    fn new(employee: Option<String>, limits: &UserLimits, spent: Cost) -> Self {
        let UserLimits { messages_per_minute, budget } = limits;
        let BudgetLeft { tokens, micro_usd } = BudgetLeft::of(budget, spent);
        let daily_tokens = budget.daily_tokens.zip(tokens).map(|(limit, left)| BudgetBody {
            limit,
            used: spent.tokens,
            left,
        });
        let daily_usd = budget.daily_usd.zip(micro_usd).map(|(limit, left)| BudgetBody {
            limit,
            used: dollars(spent.micro_usd),
            left: dollars(left),
        });
        Self { employee, messages_per_minute: *messages_per_minute, daily_tokens, daily_usd }
    }
}

/// `GET /api/usage`: of today and of this month, in UTC.
pub(super) async fn get<P: Platform>(ctx: &UserCtx<'_, P>) -> Result<ReplyOf<P>, Error> {
    // An object that stores nothing yet takes the day's spending over from Postgres.
    ctx.restore().await.map_err(VaultError::into_fault)?;
    let today = day(ctx.ports.clock.now());
    // Postgres leaves them out: one that arrives meanwhile is counted once.
    let untold = Untold::all(&ctx.ports.sql)?;
    let arguments = json!({
        "p_user": ctx.user.id,
        "p_today": timestamp(start_of_day(today)),
        "p_month": start_of_month(timestamp(start_of_day(today))),
        "p_except": untold.iter().map(|one| one.id).collect::<Vec<_>>(),
    });
    let mut stored: StoredUsage =
        database::call(&ctx.ports.postgrest, Caller::Service, "user_usage", &arguments).await?;
    for one in &untold {
        stored.today.add(one);
        stored.month.add(one);
    }
    let spent = spent_by_employee(&ctx.ports.sql, today)?;
    let json = serde_json::to_string(&body(stored, ctx.config, &spent, timestamp(start_of_day(today + 1))));
    let json = json.map_err(|error| Fault::new(Code::Internal, format!("usage: {:?}", error.classify())))?;
    Ok(reply::json(200, json))
}

fn body(
    stored: StoredUsage,
    config: &Config,
    spent: &BTreeMap<String, Cost>,
    resets_at: DateTime<Utc>,
) -> UsageBody {
    let StoredUsage { today, month, limits, employees } = stored;
    let user = LimitBody::new(None, &limits.resolve(config), spent.values().copied().sum());
    let of_employee = |EmployeeLimits { employee, limits }| {
        let spent = spent.get(&employee).copied().unwrap_or_default();
        LimitBody::new(Some(employee), &limits, spent)
    };
    let employees = employees.into_iter().map(of_employee).collect();
    UsageBody { today, month, limits: LimitsBody { resets_at, user, employees } }
}

fn start_of_month(day: DateTime<Utc>) -> DateTime<Utc> {
    day.with_day(1).unwrap_or(day)
}

#[expect(clippy::cast_precision_loss, reason = "a day's spending is far below 2^53 millionths")]
fn dollars(micro_usd: u64) -> f64 {
    micro_usd as f64 / 1e6
}
