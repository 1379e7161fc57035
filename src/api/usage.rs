//! `GET /api/usage`: tokens and cost of the user, and the rest of the day's budgets.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::reply::{self, ReplyOf};
use crate::account::UserCtx;
use crate::account::ledger::spent_by_employee;
use crate::account::vault::VaultError;
use crate::chat::limits::UserLimits;
use crate::config::Config;
use crate::database;
use crate::error::{Code, Error, Fault};
use crate::limit::plan::StoredLimits;
use crate::limit::quota::{BudgetLeft, Cost, day, start_of_day};
use crate::ports::{Caller, Clock, Platform};
use crate::time::timestamp;

/// Result of `user_usage`.
#[derive(Deserialize)]
struct StoredUsage {
    /// JSON for the client.
    today: Box<RawValue>,
    /// JSON for the client.
    month: Box<RawValue>,
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
    today: Box<RawValue>,
    month: Box<RawValue>,
    limits: LimitsBody,
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
    let arguments = json!({
        "p_user": ctx.user.id,
        "p_today": timestamp(start_of_day(today)),
        "p_month": start_of_month(timestamp(start_of_day(today))),
    });
    let stored: StoredUsage =
        database::call(&ctx.ports.postgrest, Caller::Service, "user_usage", &arguments).await?;
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
