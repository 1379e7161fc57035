//! Errors of reading a scan. Their messages tell a model or a person how to send a readable one.

use std::fmt;

use super::kind::Kind;
use super::limit::{MAX_BYTES, MAX_PIXELS};
use super::pixels::Pixels;

/// Reasons that a scan cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanError {
    /// The file is of no supported kind.
    Unknown,
    /// The file has more than [`MAX_BYTES`] bytes.
    TooManyBytes,
    /// A page has more than [`MAX_PIXELS`] pixels.
    TooManyPixels(Pixels),
    /// A TIFF with more directories than a document may have pages.
    TooManyPages,
    /// The file is cut off or malformed.
    Damaged(Kind),
    /// A TIFF with an unsupported feature, such as its compression.
    Unsupported(&'static str),
    /// A TIFF that would need too much memory or time.
    TooLarge,
    /// A PDF that cannot be read, with the reason.
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
