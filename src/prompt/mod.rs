//! The prompt: assembled within a token budget, with a receipt of the items kept and dropped.

pub mod assemble;
pub mod client_messages;
mod fence;
pub mod recalled;
pub mod receipt;
pub mod source;
