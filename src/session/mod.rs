//! What a Session object knows: its hot memory, the turn that is open, and the records on their way to Postgres.

pub mod load;
pub mod log;
pub mod memory;
pub mod outbox;
pub mod record;
pub mod state;
pub mod tree;
pub mod values;
