//! Readers of untrusted files: documents become text in parts, scans become pages for a vision model.
//!
//! In scope: text, Markdown, CSV, HTML and PDF as text; PNG, JPEG, WebP, TIFF and PDF as pages for a
//! vision model; both as a service that takes and gives JSON. Out of scope: masking, splitting into passages, storage, text recognition,
//! and any other kind of file.
//!
//! All input is hostile: each reader checks bounds before it allocates or inflates, and fails with a [`error::ReadError`] or
//! a [`scan::ScanError`].

pub mod document;
pub mod error;
pub mod scan;
pub mod service;
