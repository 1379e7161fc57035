//! One session inside the user's object: its cached window, its tree of messages, the turn in flight, logs, records and outbox.
//!
//! Each session is rows of the object's SQLite, and a [`state::Session`] in memory while it is in use.

pub mod approval;
pub mod branch;
pub mod cache;
pub mod deletion;
pub mod in_flight;
pub mod load;
pub mod log;
pub mod outbox;
mod outbox_row;
pub mod path;
pub mod record;
pub mod state;
pub mod store;
pub mod subscribers;
