//! The way of an answer to the client: masked turn events, unmasked client events, and their spelling on the wire.
//!
//! The same turn events always make the same client events, and these the same frames. A reader that resumes relies on that.

pub mod client_event;
pub mod masked_values;
pub mod openai_chunks;
pub mod openai_error;
pub mod turn_event;
pub mod ui_messages;
pub mod unmasker;
