//! Sizes of pictures from the headers of PNG, JPEG and WebP. Each header is a few bytes at a known offset: a decoder, which
//! nothing else needs, would be more code.

use super::pixels::Pixels;

/// Reads `N` bytes at an offset.
fn at<const N: usize>(bytes: &[u8], start: usize) -> Option<[u8; N]> {
    bytes.get(start..)?.first_chunk().copied()
}

/// Reads the size from the first chunk of a PNG (<https://www.w3.org/TR/png-3/#11IHDR>).
pub(crate) fn png(bytes: &[u8]) -> Option<Pixels> {
    if at(bytes, 8)? != [0, 0, 0, 13, b'I', b'H', b'D', b'R'] {
        return None;
    }
    let [width, height] = [at(bytes, 16)?, at(bytes, 20)?].map(u32::from_be_bytes);
    Some(Pixels { width, height })
}

/// Reads the size from the frame header of a JPEG and skips the segments before it (ITU-T T.81, B.1 and B.2.2).
pub(crate) fn jpeg(bytes: &[u8]) -> Option<Pixels> {
    let mut rest = bytes.get(2..)?;
    loop {
        let [0xff, marker, after @ ..] = rest else { return None };
        match marker {
            // A fill byte.
            0xff => rest = rest.get(1..)?,
            // Markers without a segment.
            0x01 | 0xd0..=0xd7 => rest = after,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let [_, _, _, height @ .., _, _] = at::<7>(after, 0)?;
                let width = at(after, 5)?;
                let [width, height] = [width, height].map(u16::from_be_bytes).map(u32::from);
                return Some(Pixels { width, height });
            }
            // The pixels or their end before any frame header, or a marker that is invalid here.
            0x00 | 0x02..=0xbf | 0xd8..=0xda => return None,
            _ => {
                let length = usize::from(u16::from_be_bytes(at(after, 0)?));
                // The length includes its own two bytes.
                rest = after.get(length.max(2)..)?;
            }
        }
    }
}

/// Reads the size of the frame or of the canvas from the first chunk of a WebP
/// (<https://developers.google.com/speed/webp/docs/riff_container>).
pub(crate) fn webp(bytes: &[u8]) -> Option<Pixels> {
    const START: usize = 20;
    match &at(bytes, 12)? {
        // Lossy (RFC 6386, 9.1): a key frame with sizes of 14 bits each.
        b"VP8 " => {
            let [tag, _, _, 0x9d, 0x01, 0x2a] = at(bytes, START)? else { return None };
            let [width, height] = [at(bytes, START + 6)?, at(bytes, START + 8)?].map(u16::from_le_bytes);
            let [width, height] = [width, height].map(|size| u32::from(size & 0x3fff));
            (tag & 1 == 0).then_some(Pixels { width, height })
        }
        // Lossless: sizes minus 1, of 14 bits each.
        b"VP8L" => {
            let [0x2f, sizes @ ..] = at::<5>(bytes, START)? else { return None };
            let sizes = u32::from_le_bytes(sizes);
            Some(Pixels { width: (sizes & 0x3fff) + 1, height: ((sizes >> 14) & 0x3fff) + 1 })
        }
        // Extended: flags, then the sizes of the canvas minus 1, of 24 bits each.
        b"VP8X" => {
            let size = |[a, b, c]: [u8; 3]| u32::from_le_bytes([a, b, c, 0]) + 1;
            Some(Pixels { width: size(at(bytes, START + 4)?), height: size(at(bytes, START + 7)?) })
        }
        _ => None,
    }
}
