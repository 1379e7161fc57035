//! Passages: the parts of a document's text, split where its structure ends.
//!
//! In scope: parts of text in three notations, split into passages with their headings. Out of scope: reading files (`readers`), masking,
//! storage.
//!
//! The crate is apart from `readers`, so that who stores passages does not bring the readers of files with it.

mod chunk;
mod prose;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use chunk::{Chunk, chunk};

/// Most text of a table's first row, in bytes. The row names the columns, so it is masked and read with other rows again.
pub const MAX_HEADER_BYTES: usize = 64 * 1024;

/// Most chunks of a document.
pub const MAX_CHUNKS: usize = 1000;

/// A part of a document's text. Parts are masked and split separately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Notation of its structure.
    pub form: Form,
    /// Page number in a PDF, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub page: Option<u32>,
    /// Text of the part.
    pub text: String,
}

/// Notations of a text's structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Lines, with blank lines between paragraphs.
    Plain,
    /// Like `Plain`, with headings: `# Title`.
    Markdown,
    /// A line per row, with tabs between cells. The first row is the header.
    Table,
}

/// More than [`MAX_CHUNKS`] chunks. [`fmt::Display`] writes a sentence for the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyChunks;

impl fmt::Display for TooManyChunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "A document may come to {MAX_CHUNKS} passages. Send it in parts.")
    }
}

impl std::error::Error for TooManyChunks {}
