//! The terms on which a user is answered: the employee with its prices, and the user's limits. Users may not read them, so the service
//! key asks for them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::UserCtx;
use super::paid_call::BilledAccount;
use crate::chat::employee::{Employee, PricedEmployee, Profile};
use crate::chat::price::Price;
use crate::database;
use crate::error::Fault;
use crate::limit::plan::StoredLimits;
use crate::ports::{Caller, Clock, Platform};
use crate::time::Millis;

/// Milliseconds for which terms that were read serve background work.
const FRESH_FOR: Millis = 10 * 60 * 1000;

/// Arguments of `load_terms`.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "names of the SQL function's parameters")]
struct LoadTerms<'a> {
    p_user: Uuid,
    p_session: Uuid,
    p_employee: Option<&'a str>,
    /// Slug of the employee of a new session that names none.
    p_default_employee: &'a str,
    /// Default model: its price is returned for an employee without a model of its own.
    p_default_model: &'a str,
    p_embedding_model: &'a str,
}

/// Result of `load_terms`.
#[derive(Debug, Deserialize)]
struct LoadedTerms {
    /// `None` when no active employee has that slug.
    employee: Option<Employee>,
    price: Option<Price>,
    #[serde(default)]
    prices: BTreeMap<String, Price>,
    #[serde(default)]
    embedding_price: Option<Price>,
    limits: Option<StoredLimits>,
}

/// Reads the terms of a session, with the employee that is named or else the session's own. `None` when no active employee has that
/// slug.
///
/// # Errors
/// `database_unavailable`.
pub async fn load_terms<P: Platform>(
    ctx: &UserCtx<'_, P>,
    session: Uuid,
    employee: Option<&str>,
) -> Result<Option<Profile>, Fault> {
    let config = ctx.config;
    let arguments = LoadTerms {
        p_user: ctx.user.id,
        p_session: session,
        p_employee: employee,
        p_default_employee: &config.default_employee,
        p_default_model: &config.default_model,
        p_embedding_model: &config.embedding_model,
    };
    let loaded: LoadedTerms =
        database::call(&ctx.ports.postgrest, Caller::Service, "load_terms", &arguments).await?;
    let LoadedTerms { employee, price, prices, embedding_price, limits } = loaded;
    let limits = limits.unwrap_or_default().resolve(config);
    let priced = |employee| PricedEmployee { employee, price, prices, embedding_price };
    let profile = employee.map(|employee| Profile { employee: priced(employee), limits });
    if let Some(profile) = &profile {
        ctx.account.profile.replace(Some((profile.clone(), ctx.ports.clock.now())));
    }
    Ok(profile)
}

/// The account that vectors without a question of their own are billed to: that of the employee whom the user talked to last.
///
/// # Errors
/// `database_unavailable`.
pub async fn embedding_account<P: Platform>(ctx: &UserCtx<'_, P>) -> Result<Option<BilledAccount>, Fault> {
    let is_fresh = |(_, at): &&(Profile, Millis)| ctx.ports.clock.now().saturating_sub(*at) < FRESH_FOR;
    let known = ctx.account.profile.borrow().as_ref().filter(is_fresh).map(|(one, _)| one.clone());
    let profile = match known {
        Some(profile) => Some(profile),
        // No session has the nil UUID.
        None => load_terms(ctx, Uuid::nil(), None).await?,
    };
    Ok(profile.map(|profile| {
        BilledAccount::new(&profile.employee.employee, &profile.limits, profile.employee.embedding_price)
    }))
}
