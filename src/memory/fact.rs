//! Facts about a user: as they are found, and as turns read them.

use chrono::{DateTime, Utc};
use pii::masked_text::MaskedText;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A new fact, masked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewFact {
    /// Derived from the message and the fact, so that the same fact is stored once.
    pub id: Uuid,
    /// One of a fixed few categories.
    pub category: String,
    /// Subject: small letters, digits and underscores.
    pub key: String,
    /// The fact, on one line.
    #[serde(deserialize_with = "pii::masked_text::stored")]
    pub fact: MaskedText,
    /// Confidence, 0 to 1.
    pub confidence: f64,
    /// Message that it was extracted from.
    pub source_message_id: Uuid,
    /// Moment since which it holds: the message's time.
    pub valid_from: DateTime<Utc>,
    /// Moment after which it does not matter any more.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A fact about the user that holds now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// Id of the fact.
    pub id: Uuid,
    /// One of a fixed few categories.
    pub category: String,
    /// Subject: a later fact of the same category and key takes its place.
    pub key: String,
    /// A sentence, masked.
    #[serde(deserialize_with = "pii::masked_text::stored")]
    pub fact: MaskedText,
    /// Confidence, 0 to 1.
    pub confidence: f64,
    /// Moment since which it holds.
    pub valid_from: DateTime<Utc>,
    /// Moment after which it does not matter any more.
    pub expires_at: Option<DateTime<Utc>>,
}

impl From<NewFact> for Fact {
    fn from(fact: NewFact) -> Self {
        let NewFact { id, category, key, fact, confidence, valid_from, expires_at, .. } = fact;
        Self { id, category, key, fact, confidence, valid_from, expires_at }
    }
}
