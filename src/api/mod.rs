//! The HTTP surface without HTTP: routes, requests, and how errors are told.

pub mod approvals;
mod attachment;
pub mod chat;
pub mod cors;
pub mod facts;
pub mod files;
pub mod import;
pub mod pictures;
pub mod problem;
pub mod rate;
pub mod reads;
pub mod routes;

/// Largest request body, in bytes.
pub const MAX_BODY_BYTES: usize = 256 * 1024;
