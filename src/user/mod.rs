//! What a User object does: it owns what must be the same in all of a user's sessions.

pub mod books;
pub mod chores;
pub mod record;
pub mod vault;
