//! Documents for retrieval: bytes become text in parts, and masked parts are split into passages.
//!
//! [`kind`] detects the kind, [`extract`] reads the text, [`mod@chunk`] splits it.

pub mod charset;
pub mod chunk;
mod encoding;
pub mod extract;
mod hidden;
mod html;
pub mod kind;
pub(crate) mod pdf;
mod prose;
mod style;
mod table;

use serde::{Deserialize, Serialize};

use crate::error::ReadError;

/// Most text of a table, in bytes. Only its first rows become passages.
pub const MAX_TABLE_BYTES: usize = 5 * 1024 * 1024;

/// Most text of a table's first row, in bytes. The row names the columns, so it is masked and read with other rows again.
pub const MAX_HEADER_BYTES: usize = 64 * 1024;

/// Most text of a document, in bytes.
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;

/// Most chunks of a document.
pub const MAX_CHUNKS: usize = 1000;

/// Most pages of a PDF.
pub const MAX_PAGES: usize = 500;

/// Makes the error for more than [`MAX_CHUNKS`].
pub(crate) fn too_many_chunks() -> ReadError {
    ReadError::too_long(&format!("A document may come to {MAX_CHUNKS} passages."))
}

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
