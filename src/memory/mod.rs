//! Memory across sessions: the index in the object, recall for a turn, and the vectors, facts and summaries that are made for it later.

pub mod change;
pub mod dates;
pub mod embed;
pub mod fact;
pub mod facts;
pub mod forget;
pub mod import;
pub mod index;
pub mod job;
pub mod known_facts;
mod paid_vectors;
pub mod question_vector;
pub mod rank;
pub mod rebuild;
pub mod rebuild_progress;
pub mod recall;
pub mod recalled_memory;
pub mod resave;
pub mod search;
pub mod snippet;
pub mod summary;
pub mod title;
pub mod unsaved;
pub mod vector;
pub mod words;
