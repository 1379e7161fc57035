//! Limits of an expression.

/// Longest expression, in bytes.
pub const MAX_BYTES: usize = 1000;

/// Most levels of nested parentheses, functions, signs and powers.
pub const MAX_DEPTH: usize = 64;
