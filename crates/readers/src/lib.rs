//! Readers of files that come from outside: documents become text in parts, scans become pages as models take them.
//!
//! In scope: text, Markdown, CSV, HTML and PDF as text; masked text cut into passages; PNG, JPEG, WebP, TIFF and PDF as
//! pages for a vision model. Out of scope: masking, storage, text recognition, and any other kind of file.
//!
//! All input is hostile: each reader bounds what it allocates and inflates before it does so, and refuses with a
//! [`error::ReadError`] or a [`scan::ScanError`].

pub mod document;
pub mod error;
pub mod scan;
