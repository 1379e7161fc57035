//! Claims of a model, and the message of the user that each rests on.

use chrono::{DateTime, Utc};
use pii::masked_text::MaskedText;
use serde::Deserialize;
use uuid::Uuid;

use super::command::{confirms, is_order};
use super::quote::{is_grounded, is_quoted, is_requested, own_words};
use crate::memory::fact::NewFact;
use crate::text::one_line;

/// Longest fact, in characters: a sentence.
const MAX_CHARS: usize = 300;

/// Longest key, in characters, as the database has it.
const MAX_KEY_CHARS: usize = 128;

/// Categories of facts.
pub(super) const CATEGORIES: [&str; 8] =
    ["identity", "people", "place", "work", "preference", "plan", INSTRUCTION, "note"];

/// Category of wishes how to be answered.
const INSTRUCTION: &str = "instruction";

/// A message of the user.
#[derive(Debug, Deserialize)]
pub struct UserStatement {
    /// Id of the message.
    pub id: Uuid,
    /// Text of the message.
    #[serde(deserialize_with = "pii::masked_text::stored")]
    pub text: MaskedText,
    /// Time of the message.
    pub said_at: DateTime<Utc>,
}

/// A fact before its text is masked.
#[derive(Debug)]
pub struct RawFact {
    id: Uuid,
    /// One of a fixed few categories.
    pub category: String,
    /// Subject: small letters, digits and underscores.
    pub key: String,
    /// The fact, on one line.
    pub fact: String,
    pub(super) confidence: f64,
    source_message_id: Uuid,
    valid_from: DateTime<Utc>,
    pub(super) expires_at: Option<DateTime<Utc>>,
}

impl RawFact {
    /// The fact with its masked text.
    #[must_use]
    pub fn masked(self, fact: MaskedText) -> NewFact {
        let Self { id, category, key, confidence, source_message_id, valid_from, expires_at, .. } = self;
        NewFact { id, category, key, fact, confidence, source_message_id, valid_from, expires_at }
    }
}

/// A fact as a model claims it.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// One of a fixed few categories.
    pub category: &'a str,
    /// Subject of the fact.
    pub about: &'a str,
    /// The fact, a sentence.
    pub fact: &'a str,
    /// Words of the user that it rests on.
    pub quote: &'a str,
    /// Text of the assistant that the message may confirm: its values count as said then.
    pub reply_to: Option<&'a str>,
    /// Consent of the user to keep an instruction.
    pub consent: Consent,
}

/// Consent of the user to keep an instruction for an assistant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// The user approved the call that keeps it.
    Approved,
    /// Only the user's words tell: beside the quote they ask to remember.
    Words,
}

impl Claim<'_> {
    /// True if it tells an assistant how to behave.
    #[must_use]
    pub fn is_instruction(&self) -> bool {
        self.category == INSTRUCTION || is_order(self.fact) || is_order(self.quote)
    }
}

/// Reason why a claim is no fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimError {
    /// The category is unknown, or the subject or the sentence is empty or too long.
    Malformed,
    /// The quote does not stand in the user's own words.
    NotQuoted,
    /// It has words or values of other texts, and not of the user's own.
    Foreign,
    /// It tells an assistant how to behave, and the user did not ask to remember it.
    Instruction,
}

impl UserStatement {
    /// The fact that a claim about this message is.
    ///
    /// # Errors
    /// [`ClaimError`], for a claim that is none.
    pub fn fact(&self, claim: Claim<'_>) -> Result<RawFact, ClaimError> {
        let category = CATEGORIES.into_iter().find(|known| *known == claim.category);
        let category = category.ok_or(ClaimError::Malformed)?;
        let key = key(claim.about).ok_or(ClaimError::Malformed)?;
        let fact = one_line(claim.fact);
        if !(1..=MAX_CHARS).contains(&fact.chars().count()) {
            return Err(ClaimError::Malformed);
        }
        if !is_quoted(claim.quote, &self.text) {
            return Err(ClaimError::NotQuoted);
        }
        let is_confirmed = confirms(own_words(&self.text));
        if !is_grounded(&fact, &self.text, claim.reply_to.filter(|_| is_confirmed)) {
            return Err(ClaimError::Foreign);
        }
        let has_consent = claim.consent == Consent::Approved || is_requested(claim.quote, &self.text);
        if claim.is_instruction() && !has_consent {
            return Err(ClaimError::Instruction);
        }
        let about = format!("{category}/{key}/{fact}");
        Ok(RawFact {
            id: Uuid::new_v5(&self.id, about.as_bytes()),
            category: category.to_owned(),
            key,
            fact,
            confidence: 1.0,
            source_message_id: self.id,
            valid_from: self.said_at,
            expires_at: None,
        })
    }
}

/// A key: letters and digits in lower case, each other run of characters as one underscore.
fn key(text: &str) -> Option<String> {
    let words: Vec<_> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let key = words.join("_").to_lowercase();
    (!key.is_empty() && key.chars().count() <= MAX_KEY_CHARS).then_some(key)
}
