//! The lexemes of an expression. A comma that can be read in two ways is an error, never a guess.

use rust_decimal::Decimal;

use crate::error::{CalculatorError, Reason};

/// A number, a name, an operator, a parenthesis or a comma.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lexeme {
    Number(Decimal),
    /// A word, in lower case.
    Name(String),
    Plus,
    Minus,
    Times,
    Over,
    Power,
    Percent,
    Open,
    Close,
    Comma,
}

/// A lexeme and its position in characters, counted from 1.
pub(crate) type PlacedLexeme = (usize, Lexeme);

/// Splits an expression into lexemes.
pub(crate) fn lex(expression: &str) -> Result<Vec<PlacedLexeme>, CalculatorError> {
    let mut lexer = Lexer { rest: expression, at: 1, lexemes: Vec::new(), calls: Vec::new() };
    while let Some(c) = lexer.rest.chars().next() {
        lexer.lexeme(c)?;
    }
    Ok(lexer.lexemes)
}

struct Lexer<'a> {
    rest: &'a str,
    at: usize,
    lexemes: Vec<PlacedLexeme>,
    /// The open parentheses; true for those of a function, in which a comma separates arguments.
    calls: Vec<bool>,
}

impl<'a> Lexer<'a> {
    fn lexeme(&mut self, c: char) -> Result<(), CalculatorError> {
        let lexeme = match c {
            _ if c.is_whitespace() => {
                self.take(1);
                return Ok(());
            }
            '0'..='9' | '.' => return self.number(),
            _ if c.is_alphabetic() => {
                let (at, word) = self.take_while(|c| c.is_alphanumeric() || c == '_');
                self.lexemes.push((at, Lexeme::Name(word.to_lowercase())));
                return Ok(());
            }
            '*' if self.rest.starts_with("**") => {
                self.push(2, Lexeme::Power);
                return Ok(());
            }
            '+' => Lexeme::Plus,
            '-' | '−' => Lexeme::Minus,
            '*' | '×' => Lexeme::Times,
            '/' | '÷' => Lexeme::Over,
            '^' => Lexeme::Power,
            '%' => Lexeme::Percent,
            ',' => Lexeme::Comma,
            '(' => {
                self.calls.push(matches!(self.lexemes.last(), Some((_, Lexeme::Name(_)))));
                Lexeme::Open
            }
            ')' => {
                self.calls.pop();
                Lexeme::Close
            }
            _ => return Err(CalculatorError { at: self.at, reason: Reason::UnknownCharacter(c) }),
        };
        self.push(1, lexeme);
        Ok(())
    }

    fn push(&mut self, length: usize, lexeme: Lexeme) {
        self.lexemes.push((self.at, lexeme));
        self.take(length);
    }

    /// Consumes `length` characters.
    fn take(&mut self, length: usize) -> &'a str {
        let end = self.rest.char_indices().nth(length).map_or(self.rest.len(), |(end, _)| end);
        let (taken, rest) = self.rest.split_at(end);
        (self.rest, self.at) = (rest, self.at + length);
        taken
    }

    fn take_while(&mut self, is_part: impl Fn(char) -> bool) -> (usize, &'a str) {
        let at = self.at;
        (at, self.take(self.rest.chars().take_while(|c| is_part(*c)).count()))
    }

    /// Reads a run of digits, points and commas: one number, or several arguments.
    fn number(&mut self) -> Result<(), CalculatorError> {
        let (at, mut run) = self.take_while(|c| matches!(c, '0'..='9' | '.' | '_' | ','));
        // A trailing comma is a lexeme of its own.
        let kept = run.trim_end_matches(',').len();
        let (number, commas) = run.split_at(kept);
        run = number;
        let after = at + kept;
        let placed = |reason| CalculatorError { at, reason };
        if self.calls.last() == Some(&true) {
            if is_thousands_anywhere(run) {
                return Err(placed(Reason::ThousandsInFunction(run.to_owned())));
            }
            let mut at = at;
            for (nth, argument) in run.split(',').enumerate() {
                if nth > 0 {
                    self.lexemes.push((at - 1, Lexeme::Comma));
                }
                let number = decimal(argument).map_err(|reason| CalculatorError { at, reason })?;
                self.lexemes.push((at, Lexeme::Number(number)));
                at += argument.len() + 1;
            }
        } else {
            let number = without_commas(run).and_then(|run| decimal(&run)).map_err(placed)?;
            self.lexemes.push((at, Lexeme::Number(number)));
        }
        self.lexemes.extend((after..).zip(commas.chars()).map(|(at, _)| (at, Lexeme::Comma)));
        Ok(())
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns true for one to three digits without a leading zero: the first group of thousands.
fn begins_thousands(group: &str) -> bool {
    is_digits(group) && group.len() <= 3 && !group.starts_with('0')
}

/// Returns true for three digits, with or without decimals: a later group of thousands.
fn goes_on_thousands(group: &str) -> bool {
    let whole = group.split('.').next().unwrap_or_default();
    is_digits(whole) && whole.len() == 3
}

/// Returns true if a comma between arguments may also separate thousands.
fn is_thousands_anywhere(run: &str) -> bool {
    let before = run.split(',');
    before.zip(run.split(',').skip(1)).any(|(one, next)| begins_thousands(one) && goes_on_thousands(next))
}

/// Removes the commas between thousands.
fn without_commas(run: &str) -> Result<String, Reason> {
    let mut groups = run.split(',');
    let first = groups.next().unwrap_or_default();
    let more: Vec<_> = groups.collect();
    let Some((last, middle)) = more.split_last() else { return Ok(run.to_owned()) };
    let has_point = run.contains('.');
    let is_thousands = begins_thousands(first)
        && middle.iter().all(|group| is_digits(group) && group.len() == 3)
        && goes_on_thousands(last);
    let joined = run.replace(',', "");
    match (is_thousands, middle.is_empty() && !has_point) {
        (true, false) => Ok(joined),
        (true, true) => Err(Reason::EitherComma(joined, format!("{first}.{last}"))),
        (false, true) => Err(Reason::DecimalComma(format!("{first}.{last}"))),
        (false, false) => Err(Reason::MalformedNumber(run.to_owned())),
    }
}

/// Parses digits with at most one point and `_` between digits.
fn decimal(written: &str) -> Result<Decimal, Reason> {
    let malformed = || Reason::MalformedNumber(written.to_owned());
    let (whole, decimals) = written.split_once('.').unwrap_or((written, "0"));
    let is_group = |part: &str| part.split('_').all(is_digits);
    if !((whole.is_empty() || is_group(whole)) && is_group(decimals)) {
        return Err(malformed());
    }
    Decimal::from_str_exact(&written.replace('_', "")).map_err(|_| Reason::TooManyDigits)
}
