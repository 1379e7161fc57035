//! Why a scan cannot be read: told to a model or a person, who may send another.

use std::fmt;

use super::{Kind, MAX_BYTES, MAX_PIXELS, Pixels};

/// Why a scan cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanError {
    /// It is of no kind that is read.
    Unknown,
    /// The file is larger than it may be.
    TooManyBytes,
    /// A page is larger than it may be.
    TooManyPixels(Pixels),
    /// A TIFF with more pages than are gone through.
    TooManyPages,
    /// It is cut off, or was never whole.
    Damaged(Kind),
    /// A TIFF that keeps its pixels in a way that is not converted; what it is that is not.
    Unsupported(&'static str),
    /// A TIFF that would need too much memory.
    TooLarge,
    /// A PDF that cannot be read, and why.
    Pdf(String),
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("A scan must be a PNG, a JPEG, a WebP, a TIFF or a PDF."),
            Self::TooManyBytes => write!(f, "A scan may have {} MiB.", MAX_BYTES >> 20),
            Self::TooManyPixels(Pixels { width, height }) => {
                let most = MAX_PIXELS / 1_000_000;
                write!(
                    f,
                    "A page may have {most} million pixels, and this has {width} x {height}. Scan it at 300 dpi."
                )
            }
            Self::TooManyPages => f.write_str("The TIFF has too many pages. Send it in parts."),
            Self::Damaged(kind) => {
                let kind = match kind {
                    Kind::Png => "PNG",
                    Kind::Jpeg => "JPEG",
                    Kind::WebP => "WebP",
                    Kind::Tiff => "TIFF",
                    Kind::Pdf => "PDF",
                };
                write!(f, "The {kind} is damaged: it cannot be read.")
            }
            Self::Unsupported(what) => {
                write!(f, "A TIFF with {what} is not read. Save it as PNG, JPEG or PDF.")
            }
            Self::TooLarge => {
                f.write_str("The pages of the TIFF are too large. Save them as PNG, JPEG or PDF.")
            }
            Self::Pdf(detail) => f.write_str(detail),
        }
    }
}
