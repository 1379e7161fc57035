//! What the model gets to read, and how much of it.

pub mod assemble;
pub mod receipt;
pub mod recollect;
pub mod source;
