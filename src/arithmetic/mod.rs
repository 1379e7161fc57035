//! Arithmetic as people write it, exactly in decimals: 0.1 + 0.2 is 0.3.
//!
//! `token` cuts an expression up, `parse` reads it by precedence and computes, `value` computes and knows what was rounded.
//!
//! From weak to strong: `+ -`, then `* / mod of`, then the sign, then `^` (from the right), then `%`. So `-2^2` is -4, as in
//! mathematics, and `50%^2` is 0.25.

mod function;
mod parse;
mod token;
mod value;
mod wrong;

pub use value::Value;
pub use wrong::{Reason, Wrong};

/// Longest expression, in bytes.
pub const MAX_BYTES: usize = 1000;

/// How deep parentheses, functions, signs and powers may be within each other.
pub const MAX_DEPTH: usize = 64;

/// What an expression comes to.
///
/// # Errors
/// What is wrong with it and where, in words that say how to mend it.
pub fn evaluate(expression: &str) -> Result<Value, Wrong> {
    if expression.len() > MAX_BYTES {
        return Err(Wrong { at: 1, reason: Reason::TooLong });
    }
    parse::parse(&token::cut(expression)?)
}

#[cfg(test)]
mod tests;
