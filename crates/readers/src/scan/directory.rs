//! The directories of a TIFF, one for each page (TIFF 6.0, section 2:
//! <https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf>). They are checked before a decoder sees the file: a few
//! bytes can make it allocate more memory or take more time than there is.

use super::error::ScanError;
use super::kind::Kind;
use super::page::check_size;
use super::pixels::Pixels;
use crate::document::MAX_PAGES;

/// Tags that are read or checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub(crate) enum Tag {
    NewSubfileType = 254,
    ImageWidth = 256,
    ImageLength = 257,
    BitsPerSample = 258,
    Compression = 259,
    PhotometricInterpretation = 262,
    FillOrder = 266,
    StripOffsets = 273,
    SamplesPerPixel = 277,
    RowsPerStrip = 278,
    StripByteCounts = 279,
    PlanarConfiguration = 284,
    TileWidth = 322,
    TileLength = 323,
    TileByteCounts = 325,
    SampleFormat = 339,
}

/// Bits of `NewSubfileType` for a preview or a mask of another page.
const NO_PAGE: u32 = 0b101;

/// Most values of a tag. Pages with more strips or tiles are refused.
const MAX_VALUES: usize = 16 * 1024;

/// Size of an entry of a directory, in bytes.
const ENTRY: usize = 12;

const DAMAGED: ScanError = ScanError::Damaged(Kind::Tiff);

/// The directory of one page.
#[derive(Clone, Copy)]
pub(crate) struct Directory<'a> {
    /// Number of the directory in the file, counted from 0.
    pub(crate) index: usize,
    file: File<'a>,
    entries: &'a [[u8; ENTRY]],
}

#[derive(Clone, Copy)]
struct File<'a> {
    bytes: &'a [u8],
    is_big_endian: bool,
}

impl<'a> File<'a> {
    fn bytes<const N: usize>(self, start: u32) -> Option<[u8; N]> {
        self.bytes.get(usize::try_from(start).ok()?..)?.first_chunk().copied()
    }

    fn u16(self, bytes: [u8; 2]) -> u16 {
        if self.is_big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    fn u32(self, bytes: [u8; 4]) -> u32 {
        if self.is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    /// Reads the entries of the directory at `start`, and the offset of the next one: 0 after the last.
    fn directory(self, start: u32) -> Option<(&'a [[u8; ENTRY]], u32)> {
        let count = usize::from(self.u16(self.bytes(start)?));
        let rest = self.bytes.get(usize::try_from(start).ok()?..)?.get(2..)?;
        let (entries, rest) = rest.split_at_checked(count.checked_mul(ENTRY)?)?;
        Some((entries.as_chunks().0, self.u32(*rest.first_chunk()?)))
    }
}

impl<'a> Directory<'a> {
    /// Lists the pages of a file without previews and masks.
    pub(crate) fn pages(bytes: &'a [u8]) -> Result<Vec<Self>, ScanError> {
        let file = File { bytes, is_big_endian: bytes.starts_with(b"MM") };
        let mut next = file.u32(file.bytes(4).ok_or(DAMAGED)?);
        let mut pages = Vec::new();
        for index in 0.. {
            if next == 0 {
                break;
            }
            // This also ends a cyclic chain of directories.
            if index >= MAX_PAGES {
                return Err(ScanError::TooManyPages);
            }
            let (entries, after) = file.directory(next).ok_or(DAMAGED)?;
            let page = Self { index, file, entries };
            if page.value_or(Tag::NewSubfileType, 0)? & NO_PAGE == 0 {
                pages.push(page);
            }
            next = after;
        }
        Ok(pages)
    }

    /// Reads the size of the page and checks its bounds.
    pub(crate) fn pixels(&self) -> Result<Pixels, ScanError> {
        let (width, height) = (self.value(Tag::ImageWidth)?, self.value(Tag::ImageLength)?);
        let size = Pixels { width: width.ok_or(DAMAGED)?, height: height.ok_or(DAMAGED)? };
        check_size(size, Kind::Tiff)
    }

    /// Reads the numbers of a tag; empty if the tag is missing.
    pub(crate) fn values(&self, tag: Tag) -> Result<Vec<u32>, ScanError> {
        let is_tag =
            |entry: &&[u8; ENTRY]| matches!(entry, [a, b, ..] if self.file.u16([*a, *b]) == tag as u16);
        let mut found = self.entries.iter().filter(is_tag);
        let Some(&[_, _, kind_a, kind_b, count @ .., a, b, c, d]) = found.next() else {
            return Ok(Vec::new());
        };
        // Readers differ in which duplicate they use: a decoder might see a value that was not checked here.
        if found.next().is_some() {
            return Err(DAMAGED);
        }
        let width = match self.file.u16([kind_a, kind_b]) {
            3 => 2,
            4 => 4,
            _ => return Err(DAMAGED),
        };
        let count = usize::try_from(self.file.u32(count)).map_err(|_| DAMAGED)?;
        if count > MAX_VALUES {
            return Err(ScanError::TooLarge);
        }
        let length = width * count;
        let inline = [a, b, c, d];
        let values = if length <= inline.len() {
            inline.get(..length)
        } else {
            let start = usize::try_from(self.file.u32(inline)).map_err(|_| DAMAGED)?;
            self.file.bytes.get(start..).and_then(|rest| rest.get(..length))
        };
        let values = values.ok_or(DAMAGED)?;
        Ok(if width == 2 {
            values.as_chunks().0.iter().map(|value| self.file.u16(*value).into()).collect()
        } else {
            values.as_chunks().0.iter().map(|value| self.file.u32(*value)).collect()
        })
    }

    /// Reads the single number of a tag; `None` if the tag is missing.
    pub(crate) fn value(&self, tag: Tag) -> Result<Option<u32>, ScanError> {
        match *self.values(tag)? {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(DAMAGED),
        }
    }

    pub(crate) fn value_or(&self, tag: Tag, default: u32) -> Result<u32, ScanError> {
        Ok(self.value(tag)?.unwrap_or(default))
    }

    /// Finds the bytes of each strip.
    pub(crate) fn strips(&self) -> Result<Vec<&'a [u8]>, ScanError> {
        let (starts, lengths) = (self.values(Tag::StripOffsets)?, self.values(Tag::StripByteCounts)?);
        if starts.len() != lengths.len() {
            return Err(DAMAGED);
        }
        let strip = |(start, length)| {
            let (start, length) = (usize::try_from(start).ok()?, usize::try_from(length).ok()?);
            self.file.bytes.get(start..)?.get(..length)
        };
        starts.into_iter().zip(lengths).map(|place| strip(place).ok_or(DAMAGED)).collect()
    }
}
