//! Saving of a document: masked before it is cut, since a value must not be cut in two, then stored in one transaction.

use std::collections::VecDeque;
use std::slice;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::MAX_DOCUMENTS;
use super::upload::Upload;
use crate::account::UserCtx;
use crate::account::vault::VaultError;
use crate::database;
use crate::error::{Code, Error, Fault, abort};
use crate::memory::change::change;
use crate::memory::index::{self, End};
use crate::memory::recalled_memory::RecalledMemory;
use crate::ports::{Caller, Clock, Platform};
use crate::time::timestamp;
use passages::{Form, MAX_HEADER_BYTES, Part, TooManyChunks, chunk};
use pii::detect::Recognized;
use pii::mask::Author;
use pii::masked_text::{self, MaskedText};

/// Bytes of text that are masked at a time: about as many as a batch of an import has.
const MASK_BATCH_BYTES: usize = 256 * 1024;

/// Rows of a table that are masked at a time.
const MASK_BATCH_ROWS: usize = 40;

/// Rows of a table that are cut into passages, after its header.
const MAX_INDEXED_ROWS: usize = 500;

/// Longest name that is stored, in characters.
const MAX_NAME_CHARS: usize = 255;

/// A table's lines, masked: cells with tabs between them, the header first.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskedTable {
    /// Id of the document.
    pub id: Uuid,
    /// Lines of the table.
    pub text: String,
}

// Written by hand: no log line can ever hold a text.
impl std::fmt::Debug for MaskedTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MaskedTable({}, {} bytes)", self.id, self.text.len())
    }
}

/// A document as `save_document` takes it, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct NewDocument {
    /// Derived from the text and the user: a document that is sent twice is stored once.
    id: Uuid,
    name: MaskedText,
    media_type: String,
    size_bytes: u64,
    /// Arrival time: if the user was erased since, nothing is stored.
    received_at: DateTime<Utc>,
    max_documents: u32,
    /// Passages, in order.
    chunks: Vec<NewChunk>,
}

/// Passage of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct NewChunk {
    id: Uuid,
    /// Heading and text.
    content: MaskedText,
    content_tokens: u32,
}

impl NewDocument {
    /// Its passages as the index has them.
    fn memories(&self, at: DateTime<Utc>) -> Vec<RecalledMemory> {
        let memory = |chunk: &NewChunk| RecalledMemory {
            id: chunk.id,
            message_id: None,
            session_id: None,
            document_id: Some(self.id),
            media_type: Some(self.media_type.clone()),
            document: Some(self.name.to_string()),
            role: None,
            content: chunk.content.clone(),
            content_tokens: chunk.content_tokens,
            occurred_at: at,
        };
        self.chunks.iter().map(memory).collect()
    }
}

/// Result of `save_document`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavedDocument {
    /// The document's row, as lists have it; absent when it was not stored.
    #[serde(default)]
    pub document: Option<Box<RawValue>>,
    /// True if the document is new.
    #[serde(default)]
    pub is_new: bool,
    /// True if the user was erased since the document arrived.
    #[serde(default)]
    pub gone: bool,
}

/// A document that is a table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TableName {
    /// Its row, and the last part of its key in the bucket.
    pub id: Uuid,
    /// Name that the user gave it.
    #[serde(deserialize_with = "masked_text::stored")]
    pub name: MaskedText,
}

/// Outcome of saving a document.
#[derive(Clone, Debug)]
pub enum SaveOutcome {
    /// The answer of the database, and the lines of a table, to be put into the bucket.
    Saved(SavedDocument, Option<MaskedTable>),
    /// It has too many passages.
    TooLong(TooManyChunks),
}

/// The error for a document beyond [`MAX_DOCUMENTS`].
#[must_use]
pub fn too_many_documents() -> Error {
    let detail =
        format!("You may have {MAX_DOCUMENTS} documents. Delete one first: DELETE /api/documents/{{id}}.");
    abort(Code::TooManyDocuments, detail)
}

#[derive(Serialize)]
struct SaveDocument<'a> {
    p_user: Uuid,
    p_document: &'a NewDocument,
}

/// Masks a document, cuts it into passages and stores it. The vault must be unlocked.
///
/// # Errors
/// [`VaultError`]: then nothing of the document is stored.
pub async fn save_document<P: Platform>(
    ctx: &UserCtx<'_, P>,
    upload: Upload,
) -> Result<SaveOutcome, VaultError> {
    let received_at = timestamp(ctx.ports.clock.now());
    let texts: Vec<&str> = upload.parts.iter().flat_map(pieces).chain([upload.name.as_str()]).collect();
    let recognized = ctx.recognize(&texts).await?;
    let mut masked = mask_parts(ctx, &upload.parts, &recognized)?;
    if upload.parts.len() > 1 || upload.parts.iter().any(|part| part.text.len() > MASK_BATCH_BYTES) {
        // A value that was found late may stand earlier without the words that tell it.
        masked = mask_parts(ctx, &upload.parts, &recognized)?;
    }
    let of_name = recognized.last().map_or(&[][..], Vec::as_slice);
    let name = ctx.mask_with(&upload.name, Author::Outside, of_name)?;
    // A placeholder may be longer than its value, and must not be cut.
    let name = if name.chars().count() <= MAX_NAME_CHARS { name } else { MaskedText::fixed("document") };
    let chunks = match chunk(&masked.iter().map(indexed_part).collect::<Vec<_>>()) {
        Ok(chunks) => chunks,
        Err(error) => return Ok(SaveOutcome::TooLong(error)),
    };
    let id = document_id(ctx.user.id, &masked)?;
    let chunks = (0u32..).zip(chunks).map(|(index, chunk)| NewChunk {
        id: Uuid::new_v5(&id, &index.to_be_bytes()),
        content: MaskedText::composed(chunk.content),
        content_tokens: chunk.tokens,
    });
    let document = NewDocument {
        id,
        name,
        media_type: upload.media_type,
        size_bytes: upload.size_bytes,
        received_at,
        max_documents: MAX_DOCUMENTS,
        chunks: chunks.collect(),
    };
    let table = match masked.as_mut_slice() {
        [table] if table.form == Form::Table => {
            Some(MaskedTable { id, text: std::mem::take(&mut table.text) })
        }
        _ => None,
    };
    let arguments = SaveDocument { p_user: ctx.user.id, p_document: &document };
    let call = database::call(&ctx.ports.postgrest, Caller::Service, "save_document", &arguments);
    let saved: SavedDocument = change(ctx, call).await?;
    if saved.is_new {
        index::add(&ctx.ports.sql, End::Newest, &document.memories(received_at))?;
    }
    Ok(SaveOutcome::Saved(saved, table))
}

/// The id is a hash of the *masked* text. A hash of the raw text would let an attacker confirm a guess.
fn document_id(user: Uuid, masked: &[Part]) -> Result<Uuid, VaultError> {
    let json = serde_json::to_vec(masked).map_err(|_| VaultError::Failed("document: no JSON".into()))?;
    Ok(Uuid::new_v5(&Uuid::new_v5(&user, b"document"), &json))
}

/// The user's documents that are tables, newest first.
///
/// # Errors
/// `database_unavailable`.
pub async fn tables<P: Platform>(ctx: &UserCtx<'_, P>) -> Result<Vec<TableName>, Fault> {
    let path = "chat_documents?select=id,name&media_type=eq.text/csv&order=created_at.desc,id&limit=200";
    let rows = database::read(&ctx.ports.postgrest, path, &ctx.user.token).await?;
    serde_json::from_str(&rows).map_err(|error| database::malformed("tables", &error))
}

/// The part of a text that is cut into passages: of a table its first rows. Later rows are found by queries, not by meaning.
fn indexed_part(part: &Part) -> Part {
    let end = part.text.match_indices('\n').nth(MAX_INDEXED_ROWS).map(|(at, _)| at + 1);
    match end {
        Some(end) if part.form == Form::Table => {
            Part { text: part.text.get(..end).unwrap_or_default().to_owned(), ..part.clone() }
        }
        _ => part.clone(),
    }
}

/// The parts with placeholders in the place of values. `recognized` has the values of each of their [`pieces`].
fn mask_parts<P: Platform>(
    ctx: &UserCtx<'_, P>,
    raw: &[Part],
    recognized: &[Vec<Recognized>],
) -> Result<Vec<Part>, VaultError> {
    let mut recognized = recognized.iter();
    raw.iter().map(|part| Ok(Part { text: mask_part(ctx, part, &mut recognized)?, ..part.clone() })).collect()
}

/// Masks a part piece by piece, each piece of a table under the table's header: it names the columns.
fn mask_part<P: Platform>(
    ctx: &UserCtx<'_, P>,
    part: &Part,
    recognized: &mut slice::Iter<'_, Vec<Recognized>>,
) -> Result<String, VaultError> {
    let header = header(part);
    let mut text = String::with_capacity(part.text.len());
    let with_values = |piece| (piece, recognized.next().map_or(&[][..], Vec::as_slice));
    let mut pieces: VecDeque<_> = pieces(part).into_iter().map(with_values).collect();
    while let Some((piece, recognized)) = pieces.pop_front() {
        let header = header.filter(|_| !text.is_empty());
        let whole = [header.unwrap_or_default(), piece].concat();
        match ctx.mask_with(&whole, Author::Outside, recognized) {
            Ok(masked) => {
                // The header is a line of its own, and stays one.
                let own = masked.split_once('\n').filter(|_| header.is_some()).map(|(_, own)| own);
                text.push_str(own.unwrap_or(&masked));
            }
            // Half of the piece has half of the new values.
            Err(VaultError::TooManyValues) => {
                let at = middle(piece).ok_or(VaultError::TooManyValues)?;
                let (first, second) = piece.split_at(at);
                pieces.push_front((second, recognized));
                pieces.push_front((first, recognized));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(text)
}

/// The header of a table, unless it is as long as a text: then it names no columns, and is not repeated.
fn header(part: &Part) -> Option<&str> {
    let header = part.text.split_inclusive('\n').next()?;
    (part.form == Form::Table && header.len() <= MAX_HEADER_BYTES).then_some(header)
}

/// Cuts a part into pieces to mask: a table by rows, long prose by paragraphs. Prose without paragraphs is not cut.
///
/// A piece of a table is at least as long as the header above it, so that no header makes the work more than double.
fn pieces(part: &Part) -> Vec<&str> {
    let header = header(part).map_or(0, str::len);
    let mut pieces = Vec::new();
    let mut rest = part.text.as_str();
    while !rest.is_empty() {
        let end = match part.form {
            Form::Table => {
                let mut ends = rest.match_indices('\n').map(|(at, _)| at + 1).skip(MASK_BATCH_ROWS - 1);
                ends.find(|end| *end >= header)
            }
            Form::Plain | Form::Markdown => {
                let from = rest.floor_char_boundary(MASK_BATCH_BYTES);
                rest.get(from..).and_then(|tail| tail.find("\n\n")).map(|at| from + at + 2)
            }
        };
        let (piece, tail) = rest.split_at(end.unwrap_or(rest.len()));
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

/// Position at which a text is halved: between paragraphs, or else between lines.
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
            let masked: usize = pieces(&part).iter().map(|piece| piece.len() + header(&part).map_or(0, str::len)).sum();
            prop_assert!(masked <= 2 * part.text.len() + header(&part).map_or(0, str::len));
            if let Some(at) = middle(&text) {
                prop_assert!(at > 0 && at < text.len());
            }
        }
    }
}
