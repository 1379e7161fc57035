//! Scans: pictures and PDFs of paper, for a vision model.
//!
//! [`read`] detects the kind by the first bytes and refuses files that are too large before it decodes anything: `raster` reads
//! PNG, JPEG and WebP, `directory` TIFF. [`pages_for_model`] returns files that models accept: `convert` turns the pages of a
//! TIFF into PNGs, those of faxes with `group4`.

mod convert;
mod directory;
mod error;
mod group4;
mod kind;
mod limit;
mod page;
mod pixels;
mod raster;

use directory::Directory;
pub use error::ScanError;
pub use kind::Kind;
pub use limit::{MAX_BYTES, MAX_PIXELS, MAX_TIFF_PAGES};
pub use page::Page;
use page::check_size;
pub use pixels::Pixels;

use crate::document::pdf;

/// Description of a file by its headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// The kind of file.
    pub kind: Kind,
    /// Number of pages. A model gets the first [`MAX_TIFF_PAGES`] of a TIFF.
    pub pages: usize,
    /// Size of the first page; `None` for a PDF.
    pub pixels: Option<Pixels>,
}

/// Reads the headers of a file.
///
/// # Errors
/// [`ScanError`] with the reason that the file cannot be read.
pub fn read(bytes: &[u8]) -> Result<Scan, ScanError> {
    if bytes.len() > MAX_BYTES {
        return Err(ScanError::TooManyBytes);
    }
    let kind = Kind::of(bytes).ok_or(ScanError::Unknown)?;
    let pixels = match kind {
        Kind::Png => raster::png(bytes),
        Kind::Jpeg => raster::jpeg(bytes),
        Kind::WebP => raster::webp(bytes),
        Kind::Tiff => return read_tiff(bytes),
        Kind::Pdf => {
            let pages = pdf::count_pages(bytes).map_err(|error| ScanError::Pdf(error.to_string()))?;
            return Ok(Scan { kind, pages, pixels: None });
        }
    };
    let pixels = check_size(pixels.ok_or(ScanError::Damaged(kind))?, kind)?;
    Ok(Scan { kind, pages: 1, pixels: Some(pixels) })
}

fn read_tiff(bytes: &[u8]) -> Result<Scan, ScanError> {
    let directories = Directory::pages(bytes)?;
    let mut sizes = directories.iter().take(MAX_TIFF_PAGES).map(Directory::pixels);
    let pixels = sizes.next().ok_or(ScanError::Damaged(Kind::Tiff))??;
    sizes.try_for_each(|pixels| pixels.map(drop))?;
    Ok(Scan { kind: Kind::Tiff, pages: directories.len(), pixels: Some(pixels) })
}

/// Returns a file for a model: the file itself, or the first pages of a TIFF as PNGs, because models do not read TIFF.
///
/// # Errors
/// [`ScanError`] with the reason that a TIFF cannot be converted. A conversion needs less than 64 MB of memory.
pub fn pages_for_model<'a>(bytes: &'a [u8], scan: &Scan) -> Result<Vec<Page<'a>>, ScanError> {
    match scan.kind {
        Kind::Tiff => convert::tiff(bytes),
        kind => Ok(vec![Page { media_type: kind.media_type(), bytes: bytes.into() }]),
    }
}

#[cfg(test)]
mod tests;
