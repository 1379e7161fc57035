//! Pages for a model, and the check of their size.

use std::borrow::Cow;

use super::error::ScanError;
use super::kind::Kind;
use super::limit::MAX_PIXELS;
use super::pixels::Pixels;

/// A page, or a PDF with all its pages, as a model gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// The media type of a PNG, a JPEG, a WebP or a PDF.
    pub media_type: &'static str,
    /// Content of the file.
    pub bytes: Cow<'a, [u8]>,
}

/// Checks the size that a header gives for a page.
pub(crate) fn check_size(size: Pixels, kind: Kind) -> Result<Pixels, ScanError> {
    match u64::from(size.width).saturating_mul(size.height.into()) {
        0 => Err(ScanError::Damaged(kind)),
        1..=MAX_PIXELS => Ok(size),
        _ => Err(ScanError::TooManyPixels(size)),
    }
}
