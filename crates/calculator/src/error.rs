//! What can be wrong with an expression: told to a model, which writes it anew.

use std::fmt;

use crate::{MAX_BYTES, MAX_DEPTH, function};

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalculatorError {
    /// The place in the expression, in characters, from 1 on.
    pub at: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// More bytes than are read.
    TooLong,
    /// Too much within each other.
    TooDeep,
    /// A number, a function or a parenthesis should be here.
    MissingOperand,
    /// Two operands stand side by side.
    MissingOperator,
    /// A parenthesis is not closed.
    MissingClose,
    /// A parenthesis is closed that was not opened.
    ExtraClose,
    /// A comma outside of a function.
    StrayComma,
    /// A character that means nothing here.
    UnknownCharacter(char),
    /// No function, constant or operator has that name.
    UnknownName(String),
    /// A function without parentheses after it.
    MissingArguments(&'static str),
    /// A function with too many arguments, or too few; how many it takes.
    Arguments(&'static str, &'static str),
    /// A decimal comma; how the number is to be written.
    DecimalComma(String),
    /// A comma that may stand between thousands, or before decimals; both ways to write the number.
    EitherComma(String, String),
    /// Between arguments of a function: a comma that may as well be one between thousands.
    ThousandsInFunction(String),
    /// Digits, points and commas that make no number.
    MalformedNumber(String),
    /// A number of more digits than are held.
    TooManyDigits,
    /// A percentage is added to a number, or taken from it.
    PercentAdded,
    /// `%` between two operands.
    PercentBetween,
    /// `of` after something that is no percentage.
    StrayOf,
    /// Division by zero, or zero to a negative power.
    DivisionByZero,
    /// More than can be held.
    TooLarge,
    /// So near to zero that nothing of it is left.
    TooSmall,
    /// A square root, or another broken power, of a negative number.
    NegativeRoot,
    /// A logarithm of zero, or of a negative number.
    Logarithm,
    /// Places to round to that are no whole number, or too many.
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
            Self::UnknownName(name) => {
                return write!(f, "{name:?} is not known. Use {}, mod, of, pi or e.", function::names());
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
