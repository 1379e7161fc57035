//! Limits of a scan.

/// Largest file, in bytes.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;

/// Most pixels of a page. A4 at 600 dots per inch has 35 million; 40 million pixels of 4 bytes take 160 MB when decoded.
pub const MAX_PIXELS: u64 = 40_000_000;

/// Most pages of a TIFF that a model gets.
pub const MAX_TIFF_PAGES: usize = 5;
