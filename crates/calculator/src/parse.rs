//! Recursive-descent parser that computes while it reads.

use rust_decimal::Decimal;

use crate::error::{CalculatorError, Reason};
use crate::function::{self, Function, constant, function};
use crate::lexeme::{Lexeme, PlacedLexeme};
use crate::limit::MAX_DEPTH;
use crate::value::Value;

/// Computes the value of an expression from its lexemes.
pub(crate) fn parse(lexemes: &[PlacedLexeme]) -> Result<Value, CalculatorError> {
    let end = lexemes.last().map_or(1, |(at, _)| at + 1);
    let mut parser = Parser { lexemes, end, depth: 0 };
    let value = parser.sum()?.value;
    match parser.peek() {
        None => Ok(value),
        Some(Lexeme::Close) => Err(parser.error(Reason::ExtraClose)),
        Some(Lexeme::Comma) => Err(parser.error(Reason::StrayComma)),
        Some(_) => Err(parser.error(Reason::MissingOperator)),
    }
}

/// An operand with its value.
#[derive(Clone, Copy)]
struct Operand {
    value: Value,
    /// Position of the `%` of a percentage: `19%` or `-19%`, but not `(19%)`.
    percent: Option<usize>,
}

impl From<Value> for Operand {
    fn from(value: Value) -> Self {
        Self { value, percent: None }
    }
}

struct Parser<'a> {
    /// The lexemes that are still unread.
    lexemes: &'a [PlacedLexeme],
    /// The position after the last lexeme.
    end: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Lexeme> {
        self.lexemes.first().map(|(_, lexeme)| lexeme)
    }

    /// The position of the next lexeme.
    fn at(&self) -> usize {
        self.lexemes.first().map_or(self.end, |(at, _)| *at)
    }

    fn error(&self, reason: Reason) -> CalculatorError {
        CalculatorError { at: self.at(), reason }
    }

    fn skip(&mut self) {
        self.lexemes = self.lexemes.get(1..).unwrap_or_default();
    }

    fn sum(&mut self) -> Result<Operand, CalculatorError> {
        let mut left = self.product()?;
        loop {
            let at = self.at();
            let compute = match self.peek() {
                Some(Lexeme::Plus) => Value::plus,
                Some(Lexeme::Minus) => Value::minus,
                _ => return Ok(left),
            };
            self.skip();
            let right = self.product()?;
            // A pocket calculator adds 19% of the left operand, a spreadsheet adds 0.19: both agree only on `1 + 19%`.
            if let (None, false, Some(at)) = (left.percent, left.value.is_one(), right.percent) {
                return Err(CalculatorError { at, reason: Reason::PercentAdded });
            }
            let value = compute(left.value, right.value).map_err(|reason| CalculatorError { at, reason })?;
            left = Operand { value, percent: left.percent };
        }
    }

    fn product(&mut self) -> Result<Operand, CalculatorError> {
        let mut left = self.signed()?;
        loop {
            let at = self.at();
            let compute = match self.peek() {
                Some(Lexeme::Times) => Value::times,
                Some(Lexeme::Over) => Value::over,
                Some(Lexeme::Name(name)) if name == "mod" => Value::modulo,
                Some(Lexeme::Name(name)) if name == "of" => {
                    left.percent.ok_or_else(|| self.error(Reason::StrayOf))?;
                    Value::times
                }
                _ => return Ok(left),
            };
            self.skip();
            let right = self.signed()?;
            left = compute(left.value, right.value).map_err(|reason| CalculatorError { at, reason })?.into();
        }
    }

    /// Reads an operand with its sign. Every nested level passes through here, so the depth is checked here.
    fn signed(&mut self) -> Result<Operand, CalculatorError> {
        if self.depth > MAX_DEPTH {
            return Err(self.error(Reason::TooDeep));
        }
        self.depth += 1;
        let operand = match self.peek() {
            Some(Lexeme::Minus) => {
                self.skip();
                self.signed().map(|operand| Operand { value: operand.value.negated(), ..operand })
            }
            Some(Lexeme::Plus) => {
                self.skip();
                self.signed()
            }
            _ => self.power(),
        };
        self.depth -= 1;
        operand
    }

    fn power(&mut self) -> Result<Operand, CalculatorError> {
        let base = self.percentage()?;
        let at = self.at();
        if self.peek() != Some(&Lexeme::Power) {
            return Ok(base);
        }
        self.skip();
        let exponent = self.signed()?;
        let power = base.value.to_power(exponent.value);
        power.map(Operand::from).map_err(|reason| CalculatorError { at, reason })
    }

    fn percentage(&mut self) -> Result<Operand, CalculatorError> {
        let value = self.operand()?;
        let at = self.at();
        if self.peek() != Some(&Lexeme::Percent) {
            return Ok(value.into());
        }
        self.skip();
        let is_operand = match self.peek() {
            Some(Lexeme::Number(_) | Lexeme::Open | Lexeme::Percent) => true,
            Some(Lexeme::Name(name)) => name != "of" && name != "mod",
            _ => false,
        };
        if is_operand {
            return Err(CalculatorError { at, reason: Reason::PercentBetween });
        }
        let hundredth = Value::exact(Decimal::new(1, 2));
        let value = value.times(hundredth).map_err(|reason| CalculatorError { at, reason })?;
        Ok(Operand { value, percent: Some(at) })
    }

    fn operand(&mut self) -> Result<Value, CalculatorError> {
        let at = self.at();
        match self.peek() {
            Some(Lexeme::Number(number)) => {
                self.skip();
                Ok(Value::exact(*number))
            }
            Some(Lexeme::Name(name)) => {
                let (constant, function) = (constant(name), function(name));
                if constant.is_none() && function.is_none() {
                    let is_word = name == "of";
                    let unknown = || Reason::UnknownName { name: name.clone(), known: function::names() };
                    return Err(self.error(if is_word { Reason::MissingOperand } else { unknown() }));
                }
                self.skip();
                match (constant, function) {
                    (_, Some(function)) => self.call(function, at),
                    (Some(constant), None) => Ok(constant),
                    (None, None) => Err(CalculatorError { at, reason: Reason::MissingOperand }),
                }
            }
            Some(Lexeme::Open) => {
                self.skip();
                let value = self.sum()?.value;
                self.close(at)?;
                Ok(value)
            }
            _ => Err(self.error(Reason::MissingOperand)),
        }
    }

    /// Calls the function named at `at` with the arguments in the parentheses after it.
    fn call(&mut self, function: Function, at: usize) -> Result<Value, CalculatorError> {
        let open = self.at();
        if self.peek() != Some(&Lexeme::Open) {
            return Err(CalculatorError { at, reason: Reason::MissingArguments(function.name) });
        }
        self.skip();
        let mut arguments = Vec::new();
        if self.peek() != Some(&Lexeme::Close) {
            arguments.push(self.sum()?.value);
            while self.peek() == Some(&Lexeme::Comma) {
                self.skip();
                arguments.push(self.sum()?.value);
            }
        }
        self.close(open)?;
        function.of(&arguments).map_err(|reason| CalculatorError { at, reason })
    }

    /// Closes the parenthesis that was opened at `open`.
    fn close(&mut self, open: usize) -> Result<(), CalculatorError> {
        match self.peek() {
            Some(Lexeme::Close) => {
                self.skip();
                Ok(())
            }
            None => Err(CalculatorError { at: open, reason: Reason::MissingClose }),
            Some(Lexeme::Comma) => Err(self.error(Reason::StrayComma)),
            Some(_) => Err(self.error(Reason::MissingOperator)),
        }
    }
}
