//! Reads tokens by precedence, and computes on the way.

use rust_decimal::Decimal;

use super::function::{Function, constant, function};
use super::token::{Placed, Token};
use super::{MAX_DEPTH, Reason, Value, Wrong};

/// What the tokens of an expression come to.
pub(super) fn parse(tokens: &[Placed]) -> Result<Value, Wrong> {
    let end = tokens.last().map_or(1, |(at, _)| at + 1);
    let mut parser = Parser { tokens, end, depth: 0 };
    let value = parser.sum()?.value;
    match parser.peek() {
        None => Ok(value),
        Some(Token::Close) => Err(parser.wrong(Reason::ExtraClose)),
        Some(Token::Comma) => Err(parser.wrong(Reason::StrayComma)),
        Some(_) => Err(parser.wrong(Reason::MissingOperator)),
    }
}

/// What an operand comes to, and where its `%` is if it is a percentage: `19%` or `-19%`, but not `(19%)`.
#[derive(Clone, Copy)]
struct Operand {
    value: Value,
    percent: Option<usize>,
}

impl From<Value> for Operand {
    fn from(value: Value) -> Self {
        Self { value, percent: None }
    }
}

struct Parser<'a> {
    /// What is not read yet.
    tokens: &'a [Placed],
    /// The place after the last token.
    end: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.first().map(|(_, token)| token)
    }

    /// Where the next token is.
    fn at(&self) -> usize {
        self.tokens.first().map_or(self.end, |(at, _)| *at)
    }

    fn wrong(&self, reason: Reason) -> Wrong {
        Wrong { at: self.at(), reason }
    }

    fn skip(&mut self) {
        self.tokens = self.tokens.get(1..).unwrap_or_default();
    }

    fn sum(&mut self) -> Result<Operand, Wrong> {
        let mut left = self.product()?;
        loop {
            let at = self.at();
            let compute = match self.peek() {
                Some(Token::Plus) => Value::plus,
                Some(Token::Minus) => Value::minus,
                _ => return Ok(left),
            };
            self.skip();
            let right = self.product()?;
            // A pocket calculator takes 19% of what stands before, a spreadsheet adds 0.19: only after 1 these are the same.
            if let (None, false, Some(at)) = (left.percent, left.value.is_one(), right.percent) {
                return Err(Wrong { at, reason: Reason::PercentAdded });
            }
            let value = compute(left.value, right.value).map_err(|reason| Wrong { at, reason })?;
            left = Operand { value, percent: left.percent };
        }
    }

    fn product(&mut self) -> Result<Operand, Wrong> {
        let mut left = self.signed()?;
        loop {
            let at = self.at();
            let compute = match self.peek() {
                Some(Token::Times) => Value::times,
                Some(Token::Over) => Value::over,
                Some(Token::Name(name)) if name == "mod" => Value::modulo,
                Some(Token::Name(name)) if name == "of" => {
                    left.percent.ok_or_else(|| self.wrong(Reason::StrayOf))?;
                    Value::times
                }
                _ => return Ok(left),
            };
            self.skip();
            let right = self.signed()?;
            left = compute(left.value, right.value).map_err(|reason| Wrong { at, reason })?.into();
        }
    }

    /// All that is within something passes through here.
    fn signed(&mut self) -> Result<Operand, Wrong> {
        if self.depth > MAX_DEPTH {
            return Err(self.wrong(Reason::TooDeep));
        }
        self.depth += 1;
        let operand = match self.peek() {
            Some(Token::Minus) => {
                self.skip();
                self.signed().map(|operand| Operand { value: operand.value.negated(), ..operand })
            }
            Some(Token::Plus) => {
                self.skip();
                self.signed()
            }
            _ => self.power(),
        };
        self.depth -= 1;
        operand
    }

    fn power(&mut self) -> Result<Operand, Wrong> {
        let base = self.percentage()?;
        let at = self.at();
        if self.peek() != Some(&Token::Power) {
            return Ok(base);
        }
        self.skip();
        let exponent = self.signed()?;
        let power = base.value.to_power(exponent.value);
        power.map(Operand::from).map_err(|reason| Wrong { at, reason })
    }

    fn percentage(&mut self) -> Result<Operand, Wrong> {
        let value = self.operand()?;
        let at = self.at();
        if self.peek() != Some(&Token::Percent) {
            return Ok(value.into());
        }
        self.skip();
        let is_operand = match self.peek() {
            Some(Token::Number(_) | Token::Open | Token::Percent) => true,
            Some(Token::Name(name)) => name != "of" && name != "mod",
            _ => false,
        };
        if is_operand {
            return Err(Wrong { at, reason: Reason::PercentBetween });
        }
        let hundredth = Value::exact(Decimal::new(1, 2));
        let value = value.times(hundredth).map_err(|reason| Wrong { at, reason })?;
        Ok(Operand { value, percent: Some(at) })
    }

    fn operand(&mut self) -> Result<Value, Wrong> {
        let at = self.at();
        match self.peek() {
            Some(Token::Number(number)) => {
                self.skip();
                Ok(Value::exact(*number))
            }
            Some(Token::Name(name)) => {
                let (constant, function) = (constant(name), function(name));
                if constant.is_none() && function.is_none() {
                    let is_word = name == "of";
                    let reason =
                        if is_word { Reason::MissingOperand } else { Reason::UnknownName(name.clone()) };
                    return Err(self.wrong(reason));
                }
                self.skip();
                match (constant, function) {
                    (_, Some(function)) => self.call(function, at),
                    (Some(constant), None) => Ok(constant),
                    (None, None) => Err(Wrong { at, reason: Reason::MissingOperand }),
                }
            }
            Some(Token::Open) => {
                self.skip();
                let value = self.sum()?.value;
                self.close(at)?;
                Ok(value)
            }
            _ => Err(self.wrong(Reason::MissingOperand)),
        }
    }

    /// The function that is named at `at`, of what stands in parentheses after it.
    fn call(&mut self, function: Function, at: usize) -> Result<Value, Wrong> {
        let open = self.at();
        if self.peek() != Some(&Token::Open) {
            return Err(Wrong { at, reason: Reason::MissingArguments(function.name) });
        }
        self.skip();
        let mut arguments = Vec::new();
        if self.peek() != Some(&Token::Close) {
            arguments.push(self.sum()?.value);
            while self.peek() == Some(&Token::Comma) {
                self.skip();
                arguments.push(self.sum()?.value);
            }
        }
        self.close(open)?;
        function.of(&arguments).map_err(|reason| Wrong { at, reason })
    }

    /// Closes the parenthesis that was opened at `open`.
    fn close(&mut self, open: usize) -> Result<(), Wrong> {
        match self.peek() {
            Some(Token::Close) => {
                self.skip();
                Ok(())
            }
            None => Err(Wrong { at: open, reason: Reason::MissingClose }),
            Some(Token::Comma) => Err(self.wrong(Reason::StrayComma)),
            Some(_) => Err(self.wrong(Reason::MissingOperator)),
        }
    }
}
