//! Documents that users upload for retrieval: bytes become text in parts, these are masked, and chunks are cut from them.
//!
//! [`kind`] says what the bytes are, [`extract`] reads them, [`mod@chunk`] cuts, [`keep`] masks and stores.

pub mod chunk;
mod encoding;
mod html;
pub mod keep;
pub mod kind;
pub(crate) mod pdf;
mod prose;
mod table;
pub mod upload;

pub mod extract;

use serde::{Deserialize, Serialize};

/// Largest upload, in bytes.
pub const MAX_UPLOAD_BYTES: usize = 5 * 1024 * 1024;

/// The same of a table, of which only the first rows are cut into passages.
pub const MAX_TABLE_BYTES: usize = MAX_UPLOAD_BYTES;

/// Most text that a document may have, in bytes.
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;

/// Most chunks that a document may have.
pub const MAX_CHUNKS: usize = 1000;

/// Most pages that a PDF may have.
pub const MAX_PAGES: usize = 500;

/// Most documents that a user may have.
pub const MAX_DOCUMENTS: u32 = 200;

/// A part of a document's text: what must not be masked or cut together with another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// How its structure is spelled.
    pub form: Form,
    /// The page that it is on, where there are pages.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub page: Option<u32>,
    /// What stands there.
    pub text: String,
}

/// How a text spells its structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Lines, and paragraphs with blank lines between them.
    Plain,
    /// The same with headings: `# Title`.
    Markdown,
    /// Rows, a line each, cells with tabs between them. The first one is the header.
    Table,
}
