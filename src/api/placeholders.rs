//! Values in the place of the placeholders of rows.
//!
//! Rows are passed on as PostgREST's JSON, unparsed: a placeholder stands inside a string, because outside of strings its brackets
//! are no JSON.

use std::collections::BTreeMap;

use futures::future::join;
use serde_json::json;

use crate::account::UserCtx;
use crate::account::vault::VaultError;
use crate::database;
use crate::error::Error;
use crate::ports::{Caller, Platform};
use crate::stream::masked_values::MaskedValues;
use pii::placeholder::Placeholder;
use pii::policy::Policy;
use pii::unmask::{Escape, PlaceholderMap, placeholders, restore, unmask};

/// Values behind placeholders, and each employee's policy on them.
#[derive(Debug, Default)]
pub struct RowValues {
    values: Vec<(Placeholder, String)>,
    /// By the slug of the employee.
    policies: BTreeMap<String, Policy>,
}

impl RowValues {
    /// Reads the values behind the placeholders of texts, and the policies on them. Texts without placeholders need neither.
    ///
    /// # Errors
    /// `privacy_unavailable`, `database_unavailable`.
    pub async fn of<P: Platform>(
        ctx: &UserCtx<'_, P>,
        texts: impl IntoIterator<Item = &str>,
    ) -> Result<Self, Error> {
        let placeholders = placeholders(texts);
        if placeholders.is_empty() {
            return Ok(Self::default());
        }
        let caller = Caller::User(&ctx.user.token);
        let arguments = json!({});
        let policies = database::call(&ctx.ports.postgrest, caller, "unmask_policies", &arguments);
        let (unlocked, policies) = join(ctx.restore(), policies).await;
        unlocked.map_err(VaultError::into_fault)?;
        Ok(Self { values: ctx.values(&placeholders), policies: policies? })
    }

    /// Unmasks a row of a session with that employee.
    #[must_use]
    pub fn unmask(&self, row: &str, employee: &str) -> String {
        self.shown(employee).unmask(row)
    }

    /// The values as the policy of an employee has them shown, for all rows of its session.
    #[must_use]
    pub fn shown(&self, employee: &str) -> ShownValues {
        // An unknown employee has the policy of one that sets none.
        let policy = self.policies.get(employee).cloned().unwrap_or_default();
        let values = self.values.iter().map(|(placeholder, value)| (placeholder, value.as_str()));
        ShownValues(PlaceholderMap::new(values, &policy))
    }

    #[cfg(test)]
    pub(super) fn new(values: Vec<(Placeholder, String)>, policies: &str) -> Self {
        Self { values, policies: serde_json::from_str(policies).unwrap() }
    }
}

/// Values under the policy of one employee.
#[derive(Debug)]
pub struct ShownValues(PlaceholderMap);

impl ShownValues {
    /// Unmasks a row.
    #[must_use]
    pub fn unmask(&self, row: &str) -> String {
        unmask(row, &self.0, Escape::Json)
    }

    /// Unmasks a row that its user wrote, also within URLs: they are the user's own.
    #[must_use]
    pub fn restore(&self, row: &str) -> String {
        restore(row, &self.0, Escape::Json)
    }

    /// Masked values in a text. Models read the values of the `plain_kinds` as they are.
    #[must_use]
    pub fn masked(&self, text: &str, plain_kinds: &[String]) -> MaskedValues {
        MaskedValues::of(&placeholders([text]), &self.0, plain_kinds)
    }
}

/// Values of all placeholders of a text, under a policy.
///
/// # Errors
/// `privacy_unavailable`, `database_unavailable`.
pub async fn values_in<P: Platform>(
    ctx: &UserCtx<'_, P>,
    text: &str,
    policy: &Policy,
) -> Result<PlaceholderMap, Error> {
    let placeholders = placeholders([text]);
    if !placeholders.is_empty() {
        ctx.restore().await.map_err(VaultError::into_fault)?;
    }
    Ok(ctx.placeholder_map(&placeholders, policy))
}

/// Unmasks rows that belong to the user and to no employee.
///
/// # Errors
/// As [`values_in`].
pub async fn unmask_own<P: Platform>(ctx: &UserCtx<'_, P>, rows: &str) -> Result<String, Error> {
    Ok(restore(rows, &values_in(ctx, rows, &Policy::default()).await?, Escape::Json))
}

/// Unmasks rows that a model wrote of the user.
///
/// # Errors
/// As [`values_in`].
pub async fn unmask_learned<P: Platform>(ctx: &UserCtx<'_, P>, rows: &str) -> Result<String, Error> {
    Ok(unmask(rows, &values_in(ctx, rows, &Policy::default()).await?, Escape::Json))
}
