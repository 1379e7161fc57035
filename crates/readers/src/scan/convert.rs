//! Conversion of the pages of a TIFF to PNGs.

use std::io::{self, Cursor, Write};

use png::{BitDepth, DeflateCompression, EncodingError, Filter};
use tiff::decoder::{Decoder, Limits};
use tiff::{ColorType, TiffError};

use super::directory::{Directory, Tag};
use super::error::ScanError;
use super::group4;
use super::kind::Kind;
use super::limit::{MAX_PIXELS, MAX_TIFF_PAGES};
use super::page::Page;
use super::pixels::Pixels;

/// Most bytes of the decoded pixels of a page: 16 million pixels in colour. With a file of 5 MiB and its PNGs, this is 61 MB.
const MAX_PAGE_BYTES: u64 = 48_000_000;

/// Most bytes of all PNGs of a file.
const MAX_PNG_BYTES: usize = 8 * 1024 * 1024;

/// Value of `Compression` for Group 4.
const GROUP_4: u32 = 4;

const DAMAGED: ScanError = ScanError::Damaged(Kind::Tiff);

/// Converts the first pages of a TIFF to PNGs.
pub(crate) fn tiff(bytes: &[u8]) -> Result<Vec<Page<'static>>, ScanError> {
    let mut pages = Vec::new();
    let mut left = MAX_PNG_BYTES;
    for directory in Directory::pages(bytes)?.iter().take(MAX_TIFF_PAGES) {
        let png = decode(bytes, directory)?.png(left)?;
        left = left.saturating_sub(png.len());
        pages.push(Page { media_type: Kind::Png.media_type(), bytes: png.into() });
    }
    if pages.is_empty() { Err(DAMAGED) } else { Ok(pages) }
}

/// The decoded pixels of a page in the layout of a PNG.
struct Drawn {
    size: Pixels,
    color: png::ColorType,
    depth: BitDepth,
    /// Pixels by rows; each row starts with a new byte.
    pixels: Vec<u8>,
}

fn decode(bytes: &[u8], page: &Directory<'_>) -> Result<Drawn, ScanError> {
    let size = page.pixels()?;
    check_form(page)?;
    if page.value(Tag::Compression)? == Some(GROUP_4) {
        let pixels = group4::decode(page)?;
        return Ok(Drawn { size, color: png::ColorType::Grayscale, depth: BitDepth::One, pixels });
    }
    check_work(bytes, page, size)?;
    let damaged = |_: TiffError| DAMAGED;
    let mut limits = Limits::default();
    limits.decoding_buffer_size = usize::try_from(MAX_PAGE_BYTES).unwrap_or(usize::MAX);
    limits.intermediate_buffer_size = bytes.len();
    let mut decoder = Decoder::new(Cursor::new(bytes)).map_err(damaged)?.with_limits(limits);
    decoder.seek_to_image(page.index).map_err(damaged)?;
    let (color, depth) = color(decoder.colortype().map_err(damaged)?)?;
    // A fourth sample that is not alpha.
    if usize::try_from(page.value_or(Tag::SamplesPerPixel, 1)?) != Ok(color.samples()) {
        return Err(ScanError::Unsupported("these colours"));
    }
    let layout = decoder.image_buffer_layout().map_err(damaged)?;
    let (width, height) = decoder.dimensions().map_err(damaged)?;
    if (Pixels { width, height }) != size
        || u64::try_from(layout.len).is_ok_and(|length| length > MAX_PAGE_BYTES)
    {
        return Err(ScanError::TooLarge);
    }
    let mut pixels = vec![0; layout.len];
    decoder.read_image_bytes(&mut pixels).map_err(damaged)?;
    Ok(Drawn { size, color, depth, pixels })
}

/// Maps the colour types that PNG and TIFF share.
fn color(color: ColorType) -> Result<(png::ColorType, BitDepth), ScanError> {
    Ok(match color {
        ColorType::Gray(1) => (png::ColorType::Grayscale, BitDepth::One),
        ColorType::Gray(2) => (png::ColorType::Grayscale, BitDepth::Two),
        ColorType::Gray(4) => (png::ColorType::Grayscale, BitDepth::Four),
        ColorType::Gray(8) => (png::ColorType::Grayscale, BitDepth::Eight),
        ColorType::RGB(8) => (png::ColorType::Rgb, BitDepth::Eight),
        ColorType::RGBA(8) => (png::ColorType::Rgba, BitDepth::Eight),
        _ => return Err(ScanError::Unsupported("these colours")),
    })
}

/// Checks that the colours, the compression and the bit order of a page are supported.
fn check_form(page: &Directory<'_>) -> Result<(), ScanError> {
    let bits = page.values(Tag::BitsPerSample)?;
    let bits = if bits.is_empty() { vec![1] } else { bits };
    let samples = page.value_or(Tag::SamplesPerPixel, 1)?;
    let compression = page.value_or(Tag::Compression, 1)?;
    let are_bits = |of: u32| bits.iter().all(|bits| *bits == of);
    let is_color = match (page.value(Tag::PhotometricInterpretation)?, samples) {
        (Some(0 | 1), 1) => [1, 2, 4, 8].into_iter().any(are_bits),
        (Some(2), 3 | 4) => are_bits(8),
        _ => false,
    };
    // The decoder would read only the first plane of a page with one plane per colour.
    let is_interleaved = samples == 1 || page.value_or(Tag::PlanarConfiguration, 1)? == 1;
    if !is_color || !is_interleaved || page.values(Tag::SampleFormat)?.iter().any(|format| *format != 1) {
        return Err(ScanError::Unsupported("colours other than black and white, 8-bit grey and 8-bit RGB"));
    }
    let is_fax = compression == GROUP_4;
    match compression {
        // No compression, LZW, deflate by either of its numbers, PackBits.
        1 | 5 | 8 | 32946 | 32773 => {}
        GROUP_4 if are_bits(1) && samples == 1 => {}
        6 | 7 => return Err(ScanError::Unsupported("JPEG in it")),
        2..=4 => return Err(ScanError::Unsupported("compression of Group 3")),
        _ => return Err(ScanError::Unsupported("this compression")),
    }
    if page.value_or(Tag::FillOrder, 1)? != 1 && !is_fax {
        return Err(ScanError::Unsupported("bits from right to left"));
    }
    Ok(())
}

/// Checks that the work for a page is in proportion to its size.
///
/// Strips that share bytes would be inflated repeatedly, and tiles that extend over the edge are decoded completely.
fn check_work(bytes: &[u8], page: &Directory<'_>, size: Pixels) -> Result<(), ScanError> {
    let counts = [page.values(Tag::StripByteCounts)?, page.values(Tag::TileByteCounts)?];
    let compressed = counts.iter().flatten().map(|count| u64::from(*count)).sum::<u64>();
    if compressed > u64::try_from(bytes.len()).unwrap_or(u64::MAX) {
        return Err(DAMAGED);
    }
    let (across, down) = (page.value(Tag::TileWidth)?, page.value(Tag::TileLength)?);
    let whole = |size: u32, tile: Option<u32>| {
        let tile = tile.unwrap_or(1).max(1);
        u64::from(size.div_ceil(tile)).saturating_mul(tile.into())
    };
    let decoded = whole(size.width, across).saturating_mul(whole(size.height, down));
    if decoded > 2 * MAX_PIXELS { Err(ScanError::TooLarge) } else { Ok(()) }
}

impl Drawn {
    /// Encodes the page as a PNG of at most `most` bytes.
    fn png(&self, most: usize) -> Result<Vec<u8>, ScanError> {
        let mut file = Bounded { bytes: Vec::new(), most };
        self.write(&mut file).map_err(|_| ScanError::TooLarge)?;
        Ok(file.bytes)
    }

    fn write(&self, file: &mut Bounded) -> Result<(), EncodingError> {
        let mut encoder = png::Encoder::new(file, self.size.width, self.size.height);
        encoder.set_color(self.color);
        encoder.set_depth(self.depth);
        // The fastest level: a page is sent once.
        encoder.set_deflate_compression(DeflateCompression::Level(1));
        encoder.set_filter(Filter::Adaptive);
        let mut writer = encoder.write_header()?;
        let mut stream = writer.stream_writer()?;
        stream.write_all(&self.pixels)?;
        stream.finish()?;
        writer.finish()
    }
}

/// A buffer that refuses to grow above a bound.
struct Bounded {
    bytes: Vec<u8>,
    most: usize,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
