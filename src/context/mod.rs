//! What the model gets to read, and how much of it.

pub mod assemble;
pub mod tokens;
