//! Facts about a user, extracted from their own words and from nothing else.
//!
//! A model reads the user's new messages beside the known facts, once the conversations are idle. Its output is not trusted: each fact
//! comes with a quote, which must stand in the user's own words. Nothing comes in that an assistant said, that stands in an
//! attachment, or that a model made up. Models get facts as data, each on one line, and never as instructions.

mod check;
pub mod command;
mod extractor;
pub mod fact;
pub mod forget;
pub mod quote;
pub mod save;
