//! Bounds on the work for the pages of one document.

use lopdf::DecompressError;

/// Most bytes that all pages may inflate to.
const CONTENT_BYTES: usize = 48 * 1024 * 1024;

/// Most bytes that one stream of a page may inflate to: a drawing of millions of lines is no text.
const CONTENT_STREAM_BYTES: usize = 8 * 1024 * 1024;

/// Bytes charged for each stream in addition to its content, so that many empty streams are bounded too.
const STREAM_BYTES: usize = 256;

/// Reasons to stop reading a document.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The pages inflate to more bytes than allowed.
    TooLarge,
    /// The document has more text than allowed.
    TooLong,
}

/// Bytes that the pages of a document may still inflate to.
pub(crate) struct Budget(usize);

impl Budget {
    /// A budget for one document.
    pub(crate) const fn full() -> Self {
        Self(CONTENT_BYTES)
    }

    /// Inflates a stream. An unreadable stream counts as empty.
    pub(crate) fn inflate(&mut self, stream: &lopdf::Stream) -> Result<Vec<u8>, Stop> {
        let content = match stream.get_plain_content_with_limit(self.0.min(CONTENT_STREAM_BYTES)) {
            Ok(content) => content,
            Err(lopdf::Error::Decompress(DecompressError::MemoryLimitExceeded { .. })) => {
                return Err(Stop::TooLarge);
            }
            Err(_) => Vec::new(),
        };
        self.0 = self.0.saturating_sub(content.len() + STREAM_BYTES);
        if self.0 == 0 { Err(Stop::TooLarge) } else { Ok(content) }
    }
}
