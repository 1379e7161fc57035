//! Scans: pictures and PDFs of paper, as a model with eyes is shown them.
//!
//! [`read`] says what a file is by its first bytes, and refuses what is too large before anything is decoded: `raster` reads
//! PNG, JPEG and WebP, `directory` TIFF. [`pages_for_model`] makes of it what models take: `convert` draws the pages of a TIFF
//! anew as PNG, those of faxes with `group4`.

mod convert;
mod directory;
mod error;
mod group4;
mod raster;

use std::borrow::Cow;

use directory::Directory;
pub use error::ScanError;

use crate::document::pdf;

/// Largest file, in bytes.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;

/// Most pixels of a page. A4 at 600 dots per inch has 35 million; to whoever decodes 40 million, at 4 bytes each, they are 160 MB.
pub const MAX_PIXELS: u64 = 40_000_000;

/// Most pages of a TIFF that are shown to a model.
pub const MAX_TIFF_PAGES: usize = 5;

/// A PDF may begin with something else, and its header is looked for in so many bytes.
const PDF_HEADER_WITHIN: usize = 1024;

/// A kind of file that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Portable Network Graphics.
    Png,
    /// JPEG.
    Jpeg,
    /// WebP.
    WebP,
    /// Tagged Image File Format.
    Tiff,
    /// Portable Document Format.
    Pdf,
}

impl Kind {
    /// The kind of a file, by its content: its name and its media type are what its sender says.
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(Self::Tiff),
            _ => {
                let start = bytes.get(..PDF_HEADER_WITHIN.min(bytes.len())).unwrap_or_default();
                start.windows(5).any(|window| window == b"%PDF-").then_some(Self::Pdf)
            }
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
            Self::Tiff => "image/tiff",
            Self::Pdf => "application/pdf",
        }
    }
}

/// How large a page is, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// From left to right, at least 1.
    pub width: u32,
    /// From top to bottom, at least 1.
    pub height: u32,
}

impl Pixels {
    /// What a header says, if a page may be that large.
    fn checked(self, kind: Kind) -> Result<Self, ScanError> {
        match u64::from(self.width).saturating_mul(self.height.into()) {
            0 => Err(ScanError::Damaged(kind)),
            1..=MAX_PIXELS => Ok(self),
            _ => Err(ScanError::TooManyPixels(self)),
        }
    }
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scan {
    /// The kind of file.
    pub kind: Kind,
    /// How many pages it has. Of a TIFF [`MAX_TIFF_PAGES`] are shown.
    pub pages: usize,
    /// How large the first page is; `None` for a PDF.
    pub pixels: Option<Pixels>,
}

/// What a model is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// The media type: a PNG, a JPEG, a WebP, or a PDF with all its pages.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Cow<'a, [u8]>,
}

/// What a file is, by its headers.
///
/// # Errors
/// Why it cannot be read.
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
    let pixels = pixels.ok_or(ScanError::Damaged(kind))?.checked(kind)?;
    Ok(Scan { kind, pages: 1, pixels: Some(pixels) })
}

fn read_tiff(bytes: &[u8]) -> Result<Scan, ScanError> {
    let directories = Directory::pages(bytes)?;
    let mut sizes = directories.iter().take(MAX_TIFF_PAGES).map(Directory::pixels);
    let pixels = sizes.next().ok_or(ScanError::Damaged(Kind::Tiff))??;
    sizes.try_for_each(|pixels| pixels.map(drop))?;
    Ok(Scan { kind: Kind::Tiff, pages: directories.len(), pixels: Some(pixels) })
}

/// What a model is shown of a file: the file itself, or the first pages of a TIFF as PNGs, for models do not read TIFF.
///
/// # Errors
/// Why a TIFF cannot be converted. What it needs in memory stays under 64 MB.
pub fn pages_for_model<'a>(bytes: &'a [u8], scan: &Scan) -> Result<Vec<Page<'a>>, ScanError> {
    match scan.kind {
        Kind::Tiff => convert::tiff(bytes),
        kind => Ok(vec![Page { media_type: kind.media_type(), bytes: bytes.into() }]),
    }
}

#[cfg(test)]
mod tests;
