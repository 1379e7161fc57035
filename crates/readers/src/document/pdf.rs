//! PDF: the text of its pages, in the order in which it is drawn. What lopdf takes apart is read here, for what it makes of it
//! alone has no spaces where a font moves instead of writing them.

mod code;
mod font;
mod page;

use lopdf::{DecompressError, Dictionary, Document, LoadOptions, Object, ObjectId};

use super::{Form, MAX_PAGES, Part};
use crate::error::ReadError;

/// What the streams of a file's structure may inflate to, in bytes: all of them, and each. lopdf keeps all that is in them.
const STRUCTURE_BYTES: usize = 16 * 1024 * 1024;
const STRUCTURE_STREAM_BYTES: usize = 2 * 1024 * 1024;

/// What its pages may inflate to, in bytes, and one stream of them: a drawing of millions of lines is no text.
const CONTENT_BYTES: usize = 48 * 1024 * 1024;
const CONTENT_STREAM_BYTES: usize = 8 * 1024 * 1024;

/// What a look at a stream counts for, however little is in it.
const LOOK_BYTES: usize = 256;

/// Why reading stopped.
#[derive(Debug)]
enum Stop {
    /// It inflates to more than it may.
    TooLarge,
    /// It has more text than a document may.
    TooLong,
}

/// What may still be inflated.
struct Budget(usize);

impl Budget {
    /// Inflates a stream; one that cannot be read has nothing in it.
    fn inflate(&mut self, stream: &lopdf::Stream) -> Result<Vec<u8>, Stop> {
        let content = match stream.get_plain_content_with_limit(self.0.min(CONTENT_STREAM_BYTES)) {
            Ok(content) => content,
            Err(lopdf::Error::Decompress(DecompressError::MemoryLimitExceeded { .. })) => {
                return Err(Stop::TooLarge);
            }
            Err(_) => Vec::new(),
        };
        self.0 = self.0.saturating_sub(content.len() + LOOK_BYTES);
        if self.0 == 0 { Err(Stop::TooLarge) } else { Ok(content) }
    }
}

/// The text of a PDF, page by page.
///
/// # Errors
/// [`ReadError::Unreadable`], [`ReadError::TooLong`].
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Part>, ReadError> {
    let document = load(bytes)?;
    let pages = pages(&document)?;
    let mut reader = page::Reader::new(&document, Budget(CONTENT_BYTES));
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

/// How many pages a PDF has.
///
/// # Errors
/// [`ReadError::Unreadable`], [`ReadError::TooLong`].
pub(crate) fn count_pages(bytes: &[u8]) -> Result<usize, ReadError> {
    pages(&load(bytes)?).map(|pages| pages.len())
}

/// The pages, in their order.
fn pages(document: &Document) -> Result<Vec<ObjectId>, ReadError> {
    let pages: Vec<_> = document.page_iter().take(MAX_PAGES + 1).collect();
    match pages.len() {
        0 => Err(ReadError::Unreadable("The PDF is damaged: it has no pages.")),
        1..=MAX_PAGES => Ok(pages),
        _ => Err(ReadError::too_long(&format!("A PDF may have {MAX_PAGES} pages."))),
    }
}

fn load(bytes: &[u8]) -> Result<Document, ReadError> {
    // These inflate while the file is loaded, however many they are: so each gets its share.
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
        // What lopdf says may quote the file.
        Err(_) => Err(ReadError::Unreadable("The PDF is damaged: it cannot be read.")),
    }
}

const fn protected() -> ReadError {
    ReadError::Unreadable("The PDF is protected by a password. Send it without one.")
}

/// A dictionary within another, be it there or elsewhere in the file.
fn dictionary<'d>(from: &'d Dictionary, key: &[u8], document: &'d Document) -> Option<&'d Dictionary> {
    match from.get_deref(key, document).ok()? {
        Object::Dictionary(dictionary) => Some(dictionary),
        Object::Stream(stream) => Some(&stream.dict),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
