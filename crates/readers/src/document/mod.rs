//! Documents for retrieval: bytes become text in parts.
//!
//! [`kind`] detects the kind, [`extract`] reads the text.

pub mod charset;
mod encoding;
pub mod extract;
mod hidden;
mod html;
pub mod kind;
pub(crate) mod pdf;
mod style;
mod table;

/// Most text of a table, in bytes. Only its first rows become passages.
pub const MAX_TABLE_BYTES: usize = 5 * 1024 * 1024;

/// Most text of a document, in bytes.
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;

/// Most pages of a PDF.
pub const MAX_PAGES: usize = 500;
