//! Arithmetic as people write it, exactly in decimals: 0.1 + 0.2 is 0.3.
//!
//! In scope: numbers, percentages, operators and a fixed set of functions, in one expression. Out of scope: variables, units,
//! currencies, dates.
//!
//! `lexeme` cuts an expression up, `parse` reads it by precedence and computes, `value` tracks rounding.
//!
//! From weak to strong: `+ -`, then `* / mod of`, then the sign, then `^` (from the right), then `%`. So `-2^2` is -4, as in
//! mathematics, and `50%^2` is 0.25.

mod error;
mod function;
mod lexeme;
mod parse;
mod value;

pub use error::{CalculatorError, Reason};
pub use value::Value;

/// Longest expression, in bytes.
pub const MAX_BYTES: usize = 1000;

/// How deep parentheses, functions, signs and powers may be within each other.
pub const MAX_DEPTH: usize = 64;

/// What an expression comes to.
///
/// # Errors
/// What is wrong with it and where, in words that say how to mend it.
pub fn evaluate(expression: &str) -> Result<Value, CalculatorError> {
    if expression.len() > MAX_BYTES {
        return Err(CalculatorError { at: 1, reason: Reason::TooLong });
    }
    parse::parse(&lexeme::lex(expression)?)
}

#[cfg(test)]
mod tests;
