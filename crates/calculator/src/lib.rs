//! Exact decimal arithmetic in the notation of everyday use: 0.1 + 0.2 is 0.3.
//!
//! In scope: numbers, percentages, operators and a fixed set of functions, in one expression. Out of scope: variables, units,
//! currencies, dates.
//!
//! `lexeme` splits an expression into lexemes, `parse` reads them by precedence and computes, `value` tracks rounding.
//!
//! Precedence from low to high: `+ -`, `* / mod of`, the sign, `^` (right-associative), `%`. So `-2^2` is -4, as in
//! mathematics, and `50%^2` is 0.25.

mod error;
mod function;
mod lexeme;
mod limit;
mod parse;
mod value;

pub use error::{CalculatorError, Reason};
pub use limit::{MAX_BYTES, MAX_DEPTH};
pub use value::Value;

/// Evaluates an expression.
///
/// # Errors
/// The reason and the position of the first mistake. Its message tells a model how to correct the expression.
pub fn evaluate(expression: &str) -> Result<Value, CalculatorError> {
    if expression.len() > MAX_BYTES {
        return Err(CalculatorError { at: 1, reason: Reason::TooLong });
    }
    parse::parse(&lexeme::lex(expression)?)
}

#[cfg(test)]
mod tests;
