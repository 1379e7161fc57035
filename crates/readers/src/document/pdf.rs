//! Text of the pages of a PDF, in drawing order. lopdf only parses the file: its own text extraction loses the spaces of fonts
//! that move the pen instead.

mod budget;
mod code;
mod font;
mod object;
mod page;

use budget::{Budget, Stop};
use lopdf::{DecompressError, Document, LoadOptions, ObjectId};

use super::{Form, MAX_PAGES, Part};
use crate::error::ReadError;

/// Most bytes that all streams of a file's structure may inflate to. lopdf keeps their content in memory.
const STRUCTURE_BYTES: usize = 16 * 1024 * 1024;

/// Most bytes that one stream of a file's structure may inflate to.
const STRUCTURE_STREAM_BYTES: usize = 2 * 1024 * 1024;

/// Reads the text of a PDF, one part per page.
///
/// # Errors
/// [`ReadError::Unreadable`] or [`ReadError::TooLong`].
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Part>, ReadError> {
    let document = load(bytes)?;
    let pages = pages(&document)?;
    let mut reader = page::Reader::new(&document, Budget::full());
    let mut parts = Vec::new();
    for (number, id) in (1..).zip(pages) {
        let text = reader.page(id).map_err(|stop| match stop {
            Stop::TooLarge => ReadError::too_long("The pages of the PDF are too large to be read."),
            Stop::TooLong => ReadError::too_long("The PDF has more text than a document may have."),
        })?;
        if !text.trim().is_empty() {
            parts.push(Part { form: Form::Plain, page: Some(number), text });
        }
    }
    Ok(parts)
}

/// Counts the pages of a PDF.
///
/// # Errors
/// [`ReadError::Unreadable`] or [`ReadError::TooLong`].
pub(crate) fn count_pages(bytes: &[u8]) -> Result<usize, ReadError> {
    pages(&load(bytes)?).map(|pages| pages.len())
}

/// Lists the pages in their order.
fn pages(document: &Document) -> Result<Vec<ObjectId>, ReadError> {
    let pages: Vec<_> = document.page_iter().take(MAX_PAGES + 1).collect();
    match pages.len() {
        0 => Err(ReadError::Unreadable("The PDF is damaged: it has no pages.")),
        1..=MAX_PAGES => Ok(pages),
        _ => Err(ReadError::too_long(&format!("A PDF may have {MAX_PAGES} pages."))),
    }
}

fn load(bytes: &[u8]) -> Result<Document, ReadError> {
    // lopdf inflates all object streams while it loads the file, so each gets an equal share of the bytes.
    let structures = bytes.windows(7).filter(|window| window == b"/ObjStm").count().max(1);
    let most = (STRUCTURE_BYTES / structures).min(STRUCTURE_STREAM_BYTES);
    let options = LoadOptions::with_max_decompressed_size(most);
    match Document::load_mem_with_options(bytes, options) {
        Ok(document) if document.is_encrypted() => Err(protected()),
        Ok(document) => Ok(document),
        Err(lopdf::Error::Decompress(DecompressError::MemoryLimitExceeded { .. })) => {
            Err(ReadError::too_long("The structure of the PDF is too large to be read."))
        }
        Err(lopdf::Error::InvalidPassword | lopdf::Error::Decryption(_)) => Err(protected()),
        // The message of lopdf is dropped, because it may quote the file.
        Err(_) => Err(ReadError::Unreadable("The PDF is damaged: it cannot be read.")),
    }
}

const fn protected() -> ReadError {
    ReadError::Unreadable("The PDF is protected by a password. Send it without one.")
}

#[cfg(test)]
mod tests;
