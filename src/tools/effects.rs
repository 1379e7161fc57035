//! What tools leave to their turn: it becomes true when the turn is saved, together with it, or not at all.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::memory::facts::NewFact;
use crate::model::usage::Usage;
use crate::session::memory::Memory;

/// All of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Effects {
    /// What is to be remembered.
    pub facts: Vec<NewFact>,
    /// What models took that tools asked, and what that cost.
    pub spent: Vec<(Usage, Option<f64>)>,
    /// Files that were made.
    pub files: Vec<NewFile>,
    /// The employee who takes over, and what it costs.
    pub hand_over: Option<Memory>,
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
    pub table_rows: u64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}
