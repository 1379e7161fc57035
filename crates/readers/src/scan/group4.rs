//! Pages with the compression of faxes, CCITT Group 4 (ITU-T T.6). Uses the `fax` crate line by line: the `tiff` crate lacks
//! support for the reversed bit order and does not bound the time for a line.

use std::convert::Infallible;

use fax::decoder::{DecodeStatus, Group4Decoder};

use super::directory::{Directory, Tag};
use super::error::ScanError;
use super::kind::Kind;
use super::pixels::Pixels;

const DAMAGED: ScanError = ScanError::Damaged(Kind::Tiff);

/// Decodes a page to the layout of a PNG: eight pixels per byte, each row starts with a new byte, 1 is white.
pub(crate) fn decode(page: &Directory<'_>) -> Result<Vec<u8>, ScanError> {
    let Pixels { width, height } = page.pixels()?;
    let (height, row_bytes) = (to_usize(height)?, to_usize(width.div_ceil(8))?);
    let is_reversed = page.value_or(Tag::FillOrder, 1)? == 2;
    // The decoder writes white as 0, and `PhotometricInterpretation` defines the meaning of 0.
    let is_zero_white = page.value(Tag::PhotometricInterpretation)? == Some(0);
    let rows_per_strip = to_usize(page.value_or(Tag::RowsPerStrip, u32::MAX)?)?.clamp(1, height);
    let strips = page.strips()?;
    if strips.len() != height.div_ceil(rows_per_strip) {
        return Err(DAMAGED);
    }
    let mut pixels = vec![0; row_bytes * height];
    for (rows, strip) in pixels.chunks_mut(row_bytes * rows_per_strip).zip(strips) {
        let bytes = strip.iter().map(|byte| if is_reversed { byte.reverse_bits() } else { *byte });
        let Ok(mut decoder) = Group4Decoder::new(bytes.map(Ok::<_, Infallible>), width);
        for row in rows.chunks_mut(row_bytes) {
            match decoder.advance().map_err(|_| DAMAGED)? {
                DecodeStatus::Incomplete => draw(row, decoder.transition(), width)?,
                // Some encoders omit white lines at the end.
                DecodeStatus::End => break,
            }
        }
    }
    if is_zero_white {
        for byte in &mut pixels {
            *byte = !*byte;
        }
    }
    Ok(pixels)
}

fn to_usize(number: u32) -> Result<usize, ScanError> {
    usize::try_from(number).map_err(|_| ScanError::TooLarge)
}

/// Sets the black pixels of a row that starts white and changes its colour at the given positions.
///
/// The positions must be strictly increasing: equal ones would make the decoder search long for those of the next line.
fn draw(row: &mut [u8], changes: &[u32], width: u32) -> Result<(), ScanError> {
    if !changes.is_sorted_by(|one, next| one < next) {
        return Err(DAMAGED);
    }
    for run in changes.chunks(2) {
        let (start, end) = match *run {
            [start, end] => (start, end.min(width)),
            [start] => (start, width),
            _ => return Ok(()),
        };
        set(row, start, end)?;
    }
    Ok(())
}

/// Sets the bits from `start` up to, but without, `end`.
fn set(row: &mut [u8], start: u32, end: u32) -> Result<(), ScanError> {
    if start >= end {
        return Ok(());
    }
    let (first, last) = (to_usize(start / 8)?, to_usize((end - 1) / 8)?);
    // Masks for the bits of the first byte from `start` on and of the last byte before `end`.
    let (head, tail) = (0xff_u8 >> (start % 8), 0xff_u8 << (7 - (end - 1) % 8));
    match row.get_mut(first..=last) {
        Some([only]) => *only |= head & tail,
        Some([one, middle @ .., other]) => {
            *one |= head;
            middle.fill(0xff);
            *other |= tail;
        }
        _ => return Err(DAMAGED),
    }
    Ok(())
}
