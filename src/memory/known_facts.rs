//! The facts about a user that hold now, as the object keeps them for its turns. Postgres has them as the record.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use pii::masked_text::MaskedText;
use serde_json::json;
use uuid::Uuid;

use super::fact::{Fact, NewFact};
use super::index::{State, set_state, state};
use super::words::{Term, index_words};
use crate::account::UserCtx;
use crate::database;
use crate::error::Fault;
use crate::ports::{Caller, Platform, Sql};
use crate::storage::{from_json, to_json};

/// Facts that are recalled at most.
const MAX_RECALLED: usize = 20;

/// The facts for the words of a question: those that share one first, then the surest and newest.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn for_question(sql: &impl Sql, terms: &[Term], now: DateTime<Utc>) -> Result<Vec<Fact>, Fault> {
    let mut facts = all(sql)?;
    facts.retain(|fact| fact.expires_at.is_none_or(|at| at > now));
    let shared = |fact: &Fact| {
        let words = index_words(&format!("{} {} {}", fact.category, fact.key.replace('_', " "), fact.fact));
        let words: BTreeSet<_> = words.split(' ').collect();
        terms.iter().filter(|term| term.iter().any(|form| words.contains(form.as_str()))).count()
    };
    facts.sort_by_cached_key(|fact| {
        std::cmp::Reverse((shared(fact), percent(fact.confidence), fact.valid_from))
    });
    facts.truncate(MAX_RECALLED);
    Ok(facts)
}

/// Reads the facts from Postgres.
///
/// # Errors
/// `database_unavailable`, `internal`.
pub async fn reload<P: Platform>(ctx: &UserCtx<'_, P>) -> Result<(), Fault> {
    let arguments = json!({ "p_user": ctx.user.id });
    let facts: Vec<Fact> =
        database::call(&ctx.ports.postgrest, Caller::Service, "current_facts", &arguments).await?;
    store(&ctx.ports.sql, &facts)
}

/// Adds facts, each in the place of the one of its category and key.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn add(sql: &impl Sql, new: &[NewFact]) -> Result<(), Fault> {
    if new.is_empty() {
        return Ok(());
    }
    let mut facts = all(sql)?;
    for fact in new {
        facts.retain(|known| (&known.category, &known.key) != (&fact.category, &fact.key));
        facts.push(fact.clone().into());
    }
    store(sql, &facts)
}

/// Removes facts. Returns false if one was not here: then another one of its category and key may be, which Postgres has forgotten.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn remove(sql: &impl Sql, ids: &[Uuid]) -> Result<bool, Fault> {
    let mut facts = all(sql)?;
    let before = facts.len();
    facts.retain(|fact| !ids.contains(&fact.id));
    store(sql, &facts)?;
    Ok(before - facts.len() == ids.len())
}

/// Replaces the text of a fact. Returns false if it was not here.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn correct(sql: &impl Sql, id: Uuid, text: &MaskedText) -> Result<bool, Fault> {
    let mut facts = all(sql)?;
    let Some(fact) = facts.iter_mut().find(|fact| fact.id == id) else { return Ok(false) };
    (fact.fact, fact.confidence) = (text.clone(), 1.0);
    store(sql, &facts)?;
    Ok(true)
}

fn all(sql: &impl Sql) -> Result<Vec<Fact>, Fault> {
    state(sql, State::Facts)?.map_or(Ok(Vec::new()), |json| from_json(&json, "facts"))
}

fn store(sql: &impl Sql, facts: &[Fact]) -> Result<(), Fault> {
    set_state(sql, State::Facts, &to_json(&facts)?)
}

/// Confidence as a number that can be ordered.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn percent(confidence: f64) -> u8 {
    (confidence.clamp(0.0, 1.0) * 100.0) as u8
}
