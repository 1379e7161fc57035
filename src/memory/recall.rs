//! Memories for a message: the best ones by meaning and by words, from all sessions and documents of the user. One local step.

use chrono::{DateTime, Utc};
use pii::masked_text::MaskedText;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::dates::named_dates;
use super::fact::Fact;
use super::known_facts;
use super::recalled_memory::RecalledMemory;
use super::search::{Query, search};
use super::vector::SmallVector;
use super::words::question_terms;
use crate::error::Fault;
use crate::model::vector_use::VectorUse;
use crate::ports::Sql;

/// Tokens of a short memory. Enough memories are read to fill a whole prompt with short ones.
const SHORT_MEMORY: u32 = 20;

/// Memories that are read at most.
const MAX_MEMORIES: u32 = 400;

/// Part of its score that a question keeps: answers and statements are worth more.
const QUESTION_WEIGHT: f32 = 0.9;

/// Part of its score that a memory of another speaker keeps when the message names one.
const OTHER_SPEAKER_WEIGHT: f32 = 0.75;

/// A request to recall.
#[derive(Clone, Copy, Debug)]
pub struct RecallRequest<'a> {
    /// The message, masked.
    pub text: &'a MaskedText,
    /// Its vector; without one words alone decide.
    pub vector: Option<&'a SmallVector>,
    /// Tokens of the prompt that the memories are for.
    pub budget: u32,
    /// Memories that are wanted at least, however small the prompt is.
    pub least: u32,
}

/// Everything that was recalled, the best first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recalled {
    /// Facts about the user that hold now.
    pub facts: Vec<Fact>,
    /// Messages and passages of documents.
    pub memories: Vec<RecalledMemory>,
    /// Summary of the session.
    pub summary: Option<Summary>,
    /// Part of the message's vector in it.
    pub vector: Option<VectorUse>,
}

/// Summary of a session up to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Its text, masked.
    #[serde(deserialize_with = "pii::masked_text::stored")]
    pub text: MaskedText,
    /// Last message that it covers.
    pub covers: Uuid,
    /// Moment of its first version: a summary that was forgotten and begun anew has another.
    pub since: DateTime<Utc>,
}

/// Recalls facts and memories for a message.
///
/// # Errors
/// `internal`, when the storage refuses.
pub fn recall(sql: &impl Sql, request: &RecallRequest<'_>, now: DateTime<Utc>) -> Result<Recalled, Fault> {
    let facts = known_facts::for_question(sql, &question_terms(request.text), now)?;
    Ok(Recalled { facts, memories: memories(sql, request)?, ..Recalled::default() })
}

/// Memories for a message, the best first.
fn memories(sql: &impl Sql, request: &RecallRequest<'_>) -> Result<Vec<RecalledMemory>, Fault> {
    let RecallRequest { text, vector, budget, least } = *request;
    let most = (budget / SHORT_MEMORY).clamp(least.min(MAX_MEMORIES), MAX_MEMORIES);
    // Neighbours of a hit need not exist: some places are read in vain.
    let (terms, dates) = (question_terms(text), named_dates(text));
    let query = Query { terms: &terms, dates: &dates, vector };
    let found = search(sql, &query, MAX_MEMORIES as usize)?;
    let mut memories = weigh(found, text);
    memories.truncate(most as usize);
    Ok(memories)
}

/// Orders memories by their scores, with less for questions, and for other speakers than those that the message names.
fn weigh(found: Vec<(RecalledMemory, f32)>, text: &str) -> Vec<RecalledMemory> {
    let said = text.to_lowercase();
    let is_named = |speaker: &String| contains_word(&said, speaker);
    let speakers: Vec<_> = found.iter().map(|(memory, _)| memory.speaker()).collect();
    let names_one = speakers.iter().flatten().any(is_named);
    let weight = |memory: &RecalledMemory, speaker: Option<&String>| {
        let asked = if memory.asks() { QUESTION_WEIGHT } else { 1.0 };
        let is_other = names_one && speaker.is_some_and(|speaker| !is_named(speaker));
        asked * if is_other { OTHER_SPEAKER_WEIGHT } else { 1.0 }
    };
    let mut weighed: Vec<_> = found
        .into_iter()
        .zip(&speakers)
        .map(|((memory, score), speaker)| {
            let weight = weight(&memory, speaker.as_ref());
            (memory, score * weight)
        })
        .collect();
    weighed.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    weighed.into_iter().map(|(memory, _)| memory).collect()
}

/// True if a text has a name as words of its own.
fn contains_word(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, found)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}
