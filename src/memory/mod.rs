//! Memory across sessions: recall for a turn, and the vectors, facts and summaries that are made for it later.

pub mod embed;
pub mod facts;
pub mod import;
pub mod job;
pub mod recall;
pub mod summary;
