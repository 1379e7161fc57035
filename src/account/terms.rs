//! The terms on which a user is answered: the employee with its prices, and the user's limits. Users may not read them, so the service
//! key asks for them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::UserCtx;
use crate::chat::employee::{Employee, PricedEmployee};
use crate::chat::limits::UserLimits;
use crate::chat::price::Price;
use crate::database;
use crate::error::Fault;
use crate::limit::plan::StoredLimits;
use crate::ports::{Caller, Platform};

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

/// Terms of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// The employee and the prices of its models.
    pub employee: PricedEmployee,
    /// Price of the model that makes vectors, if it is known.
    pub embedding_price: Option<Price>,
    /// Limits of the user over all sessions.
    pub limits: UserLimits,
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
) -> Result<Option<Terms>, Fault> {
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
    let terms =
        |employee| Terms { employee: PricedEmployee { employee, price, prices }, embedding_price, limits };
    Ok(employee.map(terms))
}
