//! Mistakes in an expression. A model reads the messages and corrects its expression.

use std::fmt;

use crate::limit::{MAX_BYTES, MAX_DEPTH};

/// A mistake and its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalculatorError {
    /// Position in the expression, in characters, counted from 1.
    pub at: usize,
    /// The mistake at this position.
    pub reason: Reason,
}

/// Kinds of mistakes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The expression has more than [`MAX_BYTES`] bytes.
    TooLong,
    /// The expression has more than [`MAX_DEPTH`] nested levels.
    TooDeep,
    /// A number, a function or a parenthesis is missing here.
    MissingOperand,
    /// Two operands are adjacent.
    MissingOperator,
    /// A parenthesis is not closed.
    MissingClose,
    /// A parenthesis is closed that was not opened.
    ExtraClose,
    /// A comma outside of a function.
    StrayComma,
    /// A character that no expression has.
    UnknownCharacter(char),
    /// No function, constant or operator has this name.
    UnknownName {
        /// The name in lower case.
        name: String,
        /// The names of all functions.
        known: String,
    },
    /// A function without parentheses after it.
    MissingArguments(&'static str),
    /// A function with too many or too few arguments; the arguments that it takes.
    Arguments(&'static str, &'static str),
    /// A decimal comma; the number with a decimal point.
    DecimalComma(String),
    /// A comma that may separate thousands or decimals; both readings of the number.
    EitherComma(String, String),
    /// A comma among the arguments of a function that may also separate thousands.
    ThousandsInFunction(String),
    /// Digits, points and commas that are no number.
    MalformedNumber(String),
    /// A number with more than 28 digits.
    TooManyDigits,
    /// A percentage is added to a number or subtracted from it.
    PercentAdded,
    /// `%` between two operands.
    PercentBetween,
    /// `of` after something that is no percentage.
    StrayOf,
    /// Division by zero, or zero to a negative power.
    DivisionByZero,
    /// A result above the range of decimals.
    TooLarge,
    /// A result so near to zero that all its digits are lost.
    TooSmall,
    /// A square root or another fractional power of a negative number.
    NegativeRoot,
    /// A logarithm of zero or of a negative number.
    Logarithm,
    /// Decimal places for rounding that are no whole number or out of range.
    Places,
}

impl fmt::Display for CalculatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Character {}: {}", self.at, self.reason)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => {
                return write!(f, "An expression may have {MAX_BYTES} bytes. Compute it in parts.");
            }
            Self::TooDeep => return write!(f, "More than {MAX_DEPTH} levels. Compute the inner ones first."),
            Self::UnknownCharacter(c) => {
                return write!(f, "{c:?} means nothing here. Write numbers and + - * / ^ % ( ) only, without units or currencies.");
            }
            Self::UnknownName { name, known } => {
                return write!(f, "{name:?} is not known. Use {known}, mod, of, pi or e.");
            }
            Self::MissingArguments(name) => return write!(f, "Write parentheses after it: {name}(...)."),
            Self::Arguments(name, takes) => return write!(f, "{name} takes {takes}."),
            Self::DecimalComma(point) => return write!(f, "Decimals follow a point. Write {point}."),
            Self::EitherComma(whole, point) => {
                return write!(f, "The comma can be read in two ways. Write {whole} or {point}.");
            }
            Self::ThousandsInFunction(written) => {
                return write!(
                    f,
                    "{written} can be read in two ways. Write numbers without commas, and a space after a comma between arguments."
                );
            }
            Self::MalformedNumber(written) => {
                return write!(f, "{written} is no number. Write it like 1234.5, with one point and no spaces.");
            }
            Self::MissingOperand => "A number is missing here.",
            Self::MissingOperator => "An operator is missing before this. Write * to multiply, and a number without spaces in it.",
            Self::MissingClose => "This parenthesis is not closed. Write the ) that belongs to it.",
            Self::ExtraClose => "This parenthesis was not opened. Leave it out.",
            Self::StrayComma => "A comma stands between the arguments of a function only.",
            Self::TooManyDigits => "A number may have 28 digits. Round it.",
            Self::PercentAdded => {
                "It is not clear of what. Write 200 * (1 + 19%) for a number and a percentage of it, or 200 + 0.19."
            }
            Self::PercentBetween => "% follows a number as percent. Write mod for the remainder, or * to multiply.",
            Self::StrayOf => "Only a percentage stands before of. Write * to multiply.",
            Self::DivisionByZero => "Division by zero. Check the divisor.",
            Self::TooLarge => "The result is larger than 79228162514264337593543950335, which is the most. Use larger units.",
            Self::TooSmall => "The result is smaller than 28 decimals can show. Use smaller units.",
            Self::NegativeRoot => "A root of a negative number is no real number. Check its sign.",
            Self::Logarithm => "A logarithm is of a number above zero only.",
            Self::Places => "Places to round to are a whole number from -28 to 28.",
        })
    }
}
