//! Documents for retrieval: bytes become text in parts, and masked parts are cut into passages.
//!
//! [`kind`] tells the kind by the bytes, [`extract`] reads them, [`mod@chunk`] cuts.

pub mod chunk;
mod encoding;
pub mod extract;
mod html;
pub mod kind;
pub(crate) mod pdf;
mod prose;
mod table;

use serde::{Deserialize, Serialize};

/// Most text of a table, in bytes, of which only the first rows are cut into passages.
pub const MAX_TABLE_BYTES: usize = 5 * 1024 * 1024;

/// Most text that a document may have, in bytes.
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;

/// Most chunks that a document may have.
pub const MAX_CHUNKS: usize = 1000;

/// Most pages that a PDF may have.
pub const MAX_PAGES: usize = 500;

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
