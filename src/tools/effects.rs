//! What tools leave to their turn: it becomes true when the turn is saved, together with it, or not at all.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::session::memory::Memory;

/// All of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// What is to be remembered.
    pub facts: Vec<NewFact>,
    /// Files that were made.
    pub files: Vec<NewFile>,
    /// The employee who takes over, and what it costs.
    pub hand_over: Option<Memory>,
}

/// A fact, as `commit_turn` takes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewFact {
    /// Its row.
    pub id: Uuid,
    /// One of `memory::facts`' categories.
    pub category: String,
    /// What it is about, in a word or two.
    pub key: String,
    /// A sentence, masked.
    pub fact: String,
    /// From 0 to 1.
    pub confidence: f64,
    /// The message that it comes from.
    pub source_message_id: Uuid,
    /// Since when.
    pub valid_from: DateTime<Utc>,
}

/// A file, as `commit_turn` takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewFile {
    /// Its row, and its name in storage.
    pub id: Uuid,
    /// What it is called, masked.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// Rows of its table.
    pub rows: u32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}
