//! Bounds on what the bytes of one PDF become, for all of its pages, fonts and structures together.

use std::cell::Cell;
use std::fmt;

/// Most work for one document. A unit is one byte that is inflated or scanned, about 3 ns in a release build.
const MOST_WORK: usize = 40 * 1024 * 1024;

/// Most values that are kept: objects, elements of arrays, entries of dictionaries and of fonts' tables.
const MOST_VALUES: usize = 112 * 1024;

/// Most bytes that one stream may inflate to: a drawing of millions of lines is no text.
pub(crate) const STREAM_BYTES: usize = 4 * 1024 * 1024;

/// Most objects of a file. Each takes memory, whether a page needs it or not.
pub(crate) const MOST_ENTRIES: usize = 128 * 1024;

/// Most elements of one array: more than a large font has glyphs.
pub(crate) const MOST_ELEMENTS: usize = 32 * 1024;

/// Bytes of a string or a name that count as one value.
const VALUE_BYTES: usize = 64;

/// Reasons to stop reading a document. [`fmt::Display`] names the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// All streams together inflate to too many bytes, or the same bytes are read too often.
    Work,
    /// The objects and fonts have more values than allowed.
    Values,
    /// The file has more objects than allowed.
    Objects,
    /// One stream, or all streams of one page, inflate to more than [`STREAM_BYTES`].
    Stream,
    /// The document has more text than allowed.
    Text,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Work => {
                let most = MOST_WORK >> 20;
                write!(f, "The pages of a PDF may unpack to about {most} MiB, and this one takes more work.")
            }
            Self::Values => write!(
                f,
                "The pages and fonts of a PDF may have {MOST_VALUES} values, {MOST_ELEMENTS} of them in one list, \
                 and this one has more."
            ),
            Self::Objects => {
                write!(f, "A PDF may have {MOST_ENTRIES} objects, and this one has more.")
            }
            Self::Stream => {
                let most = STREAM_BYTES >> 20;
                write!(f, "A page of a PDF may unpack to {most} MiB, and this one has a larger one.")
            }
            Self::Text => f.write_str("The PDF has more text than a document may have."),
        }
    }
}

/// Work and values that are left for a document. Shared by everything that reads it.
pub(crate) struct Budget {
    work: Cell<usize>,
    values: Cell<usize>,
}

impl Budget {
    /// A budget for one document.
    pub(crate) const fn full() -> Self {
        Self { work: Cell::new(MOST_WORK), values: Cell::new(MOST_VALUES) }
    }

    /// Books work before or after it is done.
    pub(crate) fn work(&self, units: usize) -> Result<(), Stop> {
        let left = self.work.get().checked_sub(units).ok_or(Stop::Work)?;
        self.work.set(left);
        Ok(())
    }

    /// Books one value of so many bytes that is kept.
    pub(crate) fn keep(&self, bytes: usize) -> Result<(), Stop> {
        let left = self.values.get().checked_sub(1 + bytes / VALUE_BYTES).ok_or(Stop::Values)?;
        self.values.set(left);
        Ok(())
    }
}
