//! Documents in the User object: masked before they are cut, for a value must not be cut in two, and stored.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use pii::mask::Author;
use readers::document::chunk::chunk;
use readers::document::{Form, Part};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::MAX_DOCUMENTS;
use super::upload::Upload;
use crate::auth::User;
use crate::config::Config;
use crate::error::{Code, Error, abort};
use crate::ports::{Clock, Database, Model, Strongbox};
use crate::time::timestamp;
use crate::user::record::Refused;
use crate::user::vault::{self, Ports, UserState};

/// Text that is masked in one go, in bytes: about what an import's batch has.
const AT_ONCE: usize = 256 * 1024;

/// Rows of a table that are masked in one go, under their header: it is what tells what stands in a column.
const ROWS_AT_ONCE: usize = 40;

/// Rows of a table that are cut into passages, after its header.
const ROWS_SEARCHED: usize = 500;

/// Longest name that is stored, in characters.
const LONGEST_NAME: usize = 255;

/// The lines of a table, masked: cells with tabs between them, the header first.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// The document.
    pub id: Uuid,
    /// What they say.
    pub text: String,
}

// By hand, so that no log line can ever hold a text.
impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lines({}, {} bytes)", self.id, self.text.len())
    }
}

/// A document as `save_document` takes it, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewDocument {
    /// The same for the same text of the same user: one that is sent twice is stored once.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// What it was.
    pub media_type: String,
    /// How large it was.
    pub size_bytes: u64,
    /// When it came: a user who was erased since is gone.
    pub received_at: DateTime<Utc>,
    /// How many documents the user may have.
    #[serde(rename = "max_documents")]
    pub most: u32,
    /// Its chunks, in order.
    pub chunks: Vec<NewChunk>,
}

/// A chunk as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewChunk {
    /// Its row.
    pub id: Uuid,
    /// Where it stands, and what stands there.
    pub content: String,
    /// Its tokens.
    pub content_tokens: u32,
}

/// What `save_document` answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavedDocument {
    /// The document's row, as lists have it; none when it was not stored.
    #[serde(default)]
    pub document: Option<Box<RawValue>>,
    /// Whether it is new.
    #[serde(default)]
    pub is_new: bool,
    /// Whether its user was erased since it came.
    #[serde(default)]
    pub gone: bool,
}

/// A document that is a table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TableName {
    /// Its row, and the name under which its lines lie in storage.
    pub id: Uuid,
    /// What its user calls it, masked.
    pub name: String,
}

/// What became of a document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Kept {
    /// It is stored, unless there are as many as there may be; and the masked lines of a table, to be put where files lie.
    Saved(SavedDocument, Option<Lines>),
    /// It comes to too many chunks, and what its sender is told.
    TooLong(String),
}

/// What is told of a document that was not stored: the user has as many as they may.
#[must_use]
pub fn too_many() -> Error {
    let detail =
        format!("You may have {MAX_DOCUMENTS} documents. Delete one first: DELETE /api/documents/{{id}}.");
    abort(Code::TooManyDocuments, detail)
}

/// Masks a document, cuts it and stores it.
///
/// # Errors
/// [`Refused`], and then nothing of it is stored.
pub async fn keep(
    state: &UserState,
    user: &User,
    upload: Upload,
    config: &Config,
    ports: &Ports<impl Database, impl Strongbox, impl Model, impl Clock>,
) -> Result<Kept, Refused> {
    let received_at = timestamp(ports.clock.now());
    let mut masked = mask(state, user, &upload.parts, config, ports).await?;
    if upload.parts.len() > 1 || upload.parts.iter().any(|part| part.text.len() > AT_ONCE) {
        // What is known by now may stand, without what tells it, where nobody knew it yet.
        masked = mask(state, user, &upload.parts, config, ports).await?;
    }
    let name = vault::mask(state, user, &upload.name, Author::Outside, config, ports).await?.text;
    // Tokens may be longer than what they stand for, and one must not be cut.
    let name = if name.chars().count() <= LONGEST_NAME { name } else { "document".into() };
    let chunks = match chunk(&masked.iter().map(searched).collect::<Vec<_>>()) {
        Ok(chunks) => chunks,
        Err(error) => return Ok(Kept::TooLong(error.to_string())),
    };
    // Of the masked text: of the raw one, even a sum would tell who guesses it that they guessed right.
    let json = serde_json::to_vec(&masked).map_err(|_| Refused::Failed("document: no JSON".into()))?;
    let id = Uuid::new_v5(&Uuid::new_v5(&user.id, b"document"), &json);
    let chunks = (0u32..).zip(chunks).map(|(index, chunk)| NewChunk {
        id: Uuid::new_v5(&id, &index.to_be_bytes()),
        content: chunk.content,
        content_tokens: chunk.tokens,
    });
    let document = NewDocument {
        id,
        name,
        media_type: upload.media_type,
        size_bytes: upload.size_bytes,
        received_at,
        most: MAX_DOCUMENTS,
        chunks: chunks.collect(),
    };
    let lines = match masked.as_mut_slice() {
        [table] if table.form == Form::Table => Some(Lines { id, text: std::mem::take(&mut table.text) }),
        _ => None,
    };
    Ok(Kept::Saved(ports.database.save_document(user.id, &document).await?, lines))
}

/// What of a part is cut into passages: of a table its first rows. Nobody looks for row 90,000 by its meaning; all of them can be
/// asked for by what stands in them.
fn searched(part: &Part) -> Part {
    let end = part.text.match_indices('\n').nth(ROWS_SEARCHED).map(|(at, _)| at + 1);
    match end {
        Some(end) if part.form == Form::Table => {
            Part { text: part.text.get(..end).unwrap_or_default().to_owned(), ..part.clone() }
        }
        _ => part.clone(),
    }
}

/// The parts with tokens where values were.
async fn mask(
    state: &UserState,
    user: &User,
    raw: &[Part],
    config: &Config,
    ports: &Ports<impl Database, impl Strongbox, impl Model, impl Clock>,
) -> Result<Vec<Part>, Refused> {
    let mut masked = Vec::with_capacity(raw.len());
    for part in raw {
        let header = part.text.split_inclusive('\n').next().filter(|_| part.form == Form::Table);
        let mut text = String::with_capacity(part.text.len());
        let mut pieces: VecDeque<_> = pieces(part).into();
        while let Some(piece) = pieces.pop_front() {
            let header = header.filter(|_| !text.is_empty());
            let whole = [header.unwrap_or_default(), piece].concat();
            match vault::mask(state, user, &whole, Author::Outside, config, ports).await {
                Ok(hidden) => {
                    // The header is a line of its own, and stays one.
                    let own = hidden
                        .text
                        .split_once('\n')
                        .filter(|_| header.is_some())
                        .map(|(_, own)| own.to_owned());
                    text.push_str(own.as_deref().unwrap_or(&hidden.text));
                }
                // Many values are new: half of it has half of them.
                Err(Refused::TooManyValues) => {
                    let at = middle(piece).ok_or(Refused::TooManyValues)?;
                    let (first, second) = piece.split_at(at);
                    pieces.push_front(second);
                    pieces.push_front(first);
                }
                Err(refused) => return Err(refused),
            }
        }
        masked.push(Part { text, ..part.clone() });
    }
    Ok(masked)
}

/// What of a part is masked in one go: a table by rows, and prose, if it is long, by paragraphs. Prose without any is not cut.
fn pieces(part: &Part) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = part.text.as_str();
    while !rest.is_empty() {
        let end = match part.form {
            Form::Table => rest.match_indices('\n').nth(ROWS_AT_ONCE - 1).map(|(at, _)| at + 1),
            Form::Plain | Form::Markdown => {
                let from = rest.floor_char_boundary(AT_ONCE);
                rest.get(from..).and_then(|tail| tail.find("\n\n")).map(|at| from + at + 2)
            }
        };
        let (piece, tail) = rest.split_at(end.unwrap_or(rest.len()));
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

/// Where a text is halved: between paragraphs, or else between lines.
fn middle(text: &str) -> Option<usize> {
    let half = text.floor_char_boundary(text.len() / 2);
    let (first, second) = text.split_at(half);
    let between = |mark: &str| {
        let before = first.rfind(mark).map(|at| at + mark.len());
        let after = second.find(mark).map(|at| half + at + mark.len());
        before.or(after).filter(|at| *at < text.len())
    };
    between("\n\n").or_else(|| between("\n"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_are_the_text_and_halves_are_smaller(text in "(?s)[a-zé\n]{0,4000}", is_table: bool, times in 1usize..200) {
            let form = if is_table { Form::Table } else { Form::Plain };
            let part = Part { form, page: None, text: text.repeat(times) };
            prop_assert_eq!(pieces(&part).concat(), part.text.as_str());
            if let Some(at) = middle(&text) {
                prop_assert!(at > 0 && at < text.len());
            }
        }
    }
}
