//! Search of sessions by words: in their messages, from the object's index, and in their titles, which Postgres has. A query with a
//! personal value is compared by its placeholder, and so is a part of a value.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use pii::masked_text::MaskedText;
use pii::placeholder::Placeholder;
use pii::unmask::placeholders;
use serde::Serialize;
use uuid::Uuid;

use super::query::Query;
use crate::account::UserCtx;
use crate::account::vault::VaultError;
use crate::chat::message::Role;
use crate::error::{Code, Error, Fault, abort_field};
use crate::memory::index;
use crate::memory::recalled_memory::RecalledMemory;
use crate::memory::snippet::snippet;
use crate::memory::vector::Place;
use crate::memory::words::{Term, index_words, last_word, question_terms};
use crate::ports::{Platform, Sql};
use crate::storage::to_json;

/// Longest query, in characters.
const MAX_CHARS: usize = 200;

/// Shortest part of a value that finds it, in characters.
const MIN_VALUE_CHARS: usize = 3;

/// Messages that are shown of a session.
const MATCHES: usize = 3;

/// Sessions found by their messages, at most: the newest.
const MAX_SESSIONS: usize = 1000;

/// Reads `q` from a query; `None` without words.
///
/// # Errors
/// `invalid_field`.
pub(super) fn text(query: &Query) -> Result<Option<String>, Error> {
    let text = query.get("q").unwrap_or_default().trim_start();
    if text.chars().count() > MAX_CHARS {
        return Err(abort_field(Code::InvalidField, "q", format!("q may have {MAX_CHARS} characters.")));
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// A search that was made in the index.
#[derive(Debug, Default)]
pub(super) struct Search {
    terms: Vec<Term>,
    /// For each word, forms that a title may have, masked.
    title_words: Vec<Vec<String>>,
    /// Places of messages by session, newest first.
    found: BTreeMap<Uuid, Vec<Place>>,
}

/// A message with the words of a search.
#[derive(Serialize)]
struct Match {
    message_id: Uuid,
    role: Option<Role>,
    snippet: MaskedText,
    created_at: DateTime<Utc>,
}

impl Search {
    /// Searches the index for the messages that have all words of a text.
    ///
    /// # Errors
    /// `too_many_values`, `privacy_unavailable`, `database_unavailable`, `internal`.
    pub(super) async fn run<P: Platform>(ctx: &UserCtx<'_, P>, text: &str) -> Result<Self, Error> {
        let into_error = |error: VaultError| error.into_error("q");
        ctx.unlock().await.map_err(into_error)?;
        let Some(masked) = ctx.mask_known(text).map_err(into_error)? else { return Ok(Self::default()) };
        let mut terms = question_terms(&masked);
        let mut title_words: Vec<_> = terms.iter().map(title_forms).collect();
        for placeholder in placeholders([masked.as_str()]) {
            let form = index_words(&placeholder.to_string());
            let words = terms.iter().zip(&mut title_words).filter(|(term, _)| term.contains(&form));
            words.for_each(|(_, forms)| forms.push(placeholder.to_string()));
        }
        for word in masked.split(|char: char| !char.is_alphanumeric()) {
            if word.chars().count() < MIN_VALUE_CHARS {
                continue;
            }
            let with_word = ctx.placeholders_with(word);
            let word = word.to_lowercase();
            let terms = terms.iter_mut().zip(&mut title_words).filter(|(term, _)| term.contains(&word));
            for (term, forms) in terms {
                term.extend(with_word.iter().map(|placeholder| index_words(&placeholder.to_string())));
                forms.extend(with_word.iter().map(Placeholder::to_string));
            }
        }
        let found = index::places_with(&ctx.ports.sql, &terms, last_word(&masked).as_deref())?;
        Ok(Self { terms, title_words, found })
    }

    /// True if no title and no message can have the words.
    pub(super) const fn finds_nothing(&self) -> bool {
        self.terms.is_empty()
    }

    /// For each word, the forms that a title may have.
    pub(super) fn title_words(&self) -> &[Vec<String>] {
        &self.title_words
    }

    /// Sessions with a message that has the words.
    pub(super) fn sessions(&self) -> Vec<Uuid> {
        let mut sessions: Vec<_> = self.found.iter().collect();
        sessions.sort_unstable_by_key(|(_, places)| std::cmp::Reverse(places.first()));
        sessions.into_iter().take(MAX_SESSIONS).map(|(session, _)| *session).collect()
    }

    /// The newest messages of a session that have the words, as JSON, masked.
    pub(super) fn matches(&self, sql: &impl Sql, session: Uuid) -> Result<String, Fault> {
        let places = self.found.get(&session).map(Vec::as_slice).unwrap_or_default();
        let memories = index::at(sql, places.get(..MATCHES).unwrap_or(places))?;
        let matches: Vec<_> = memories.values().rev().filter_map(|one| self.matched(one)).collect();
        to_json(&matches)
    }

    fn matched(&self, memory: &RecalledMemory) -> Option<Match> {
        Some(Match {
            message_id: memory.message_id?,
            role: memory.role,
            snippet: snippet(&memory.content, &self.terms),
            created_at: memory.occurred_at,
        })
    }
}

/// Forms of a word that are looked for in titles: the word, and stems that are no part of too many others.
fn title_forms(term: &Term) -> Vec<String> {
    /// Shortest stem, in characters.
    const MIN_STEM_CHARS: usize = 4;
    let longest = term.iter().max_by_key(|form| form.chars().count());
    let is_kept = |form: &&String| Some(*form) == longest || form.chars().count() >= MIN_STEM_CHARS;
    term.iter().filter(is_kept).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_a_text_of_bounded_length() {
        let read = |query: &str| text(&Query::parse(query));
        assert_eq!(read("q=%20bees+in+Bern"), Ok(Some("bees in Bern".into())));
        assert_eq!(read("q=+"), Ok(None));
        assert_eq!(read("limit=1"), Ok(None));
        let too_long = format!("q={}", "x".repeat(MAX_CHARS + 1));
        assert_eq!(read(&too_long).unwrap_err().field(), Some("q"));
    }
}
