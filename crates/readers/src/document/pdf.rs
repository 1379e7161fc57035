//! Text of the pages of a PDF, in drawing order.
//!
//! lopdf has the model of objects, the filters and the ciphers. Its loader and its text extraction are not used: the first
//! keeps every object that a few bytes can name a hundred thousand times, the second loses spaces. Here objects are read
//! when a page needs them, and a [`budget`] bounds all that the bytes become.

mod budget;
mod code;
mod file;
mod font;
mod lexer;
mod order;
mod page;
mod parse;
mod predefined;
mod stream;
mod tree;
mod xref;

use budget::Stop;
use file::{File, OpenError};
use page::PageText;
use passages::{Form, Part};

use super::MAX_PAGES;
use crate::error::ReadError;

/// Reads the text of a PDF, one part per page.
///
/// # Errors
/// [`ReadError::Unreadable`] or [`ReadError::TooLong`].
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Part>, ReadError> {
    let file = File::open(bytes)?;
    let pages = pages(&file)?;
    let mut reader = page::Reader::new(&file);
    let mut parts = Vec::new();
    for (number, page) in (1..).zip(&pages) {
        let PageText { mut text, has_lost } = reader.page(page)?;
        if has_lost {
            text.push_str(LOST);
        }
        if !text.trim().is_empty() {
            parts.push(Part { form: Form::Plain, page: Some(number), text });
        }
    }
    // A file whose text is lost altogether is refused like a scan.
    if parts.iter().all(|part| part.text == LOST) {
        parts.clear();
    }
    Ok(parts)
}

/// Line after the text of a page, for the user and the model.
const LOST: &str =
    "\n(A part of the text of this page could not be read: its font does not say which letters it shows.)";

/// Counts the pages of a PDF.
///
/// # Errors
/// [`ReadError::Unreadable`] or [`ReadError::TooLong`].
pub(crate) fn count_pages(bytes: &[u8]) -> Result<usize, ReadError> {
    pages(&File::open(bytes)?).map(|pages| pages.len())
}

/// Lists the pages in their order.
fn pages<'f>(file: &'f File<'_>) -> Result<Vec<tree::Page<'f>>, ReadError> {
    let pages = tree::pages(file, MAX_PAGES + 1)?;
    match pages.len() {
        0 => Err(ReadError::Unreadable("The PDF is damaged: it has no pages.")),
        1..=MAX_PAGES => Ok(pages),
        _ => Err(ReadError::too_long(&format!("A PDF may have {MAX_PAGES} pages."))),
    }
}

impl From<Stop> for ReadError {
    fn from(stop: Stop) -> Self {
        Self::too_long(&stop.to_string())
    }
}

impl From<OpenError> for ReadError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Stop(stop) => stop.into(),
            OpenError::Damaged => Self::Unreadable("The PDF is damaged: it cannot be read."),
            OpenError::Protected => {
                Self::Unreadable("The PDF is protected by a password. Send it without one.")
            }
        }
    }
}

#[cfg(test)]
mod tests;
