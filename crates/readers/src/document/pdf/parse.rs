//! Objects of a PDF from their lexemes, within the budget.

use lopdf::{Dictionary, Object, StringFormat};

use super::budget::{Budget, MOST_ELEMENTS, Stop};
use super::lexer::{Lexeme, Lexer, hex, literal, name};

/// Most levels of arrays and dictionaries in each other.
const DEEPEST: usize = 32;

/// Reads objects at one place of a file or of an object stream.
pub(crate) struct Parser<'c, 'b> {
    pub(crate) lexer: Lexer<'c>,
    budget: &'b Budget,
}

/// Number and generation of an object in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) number: u32,
    pub(crate) generation: u16,
}

impl<'c, 'b> Parser<'c, 'b> {
    pub(crate) const fn new(bytes: &'c [u8], at: usize, budget: &'b Budget) -> Self {
        Self { lexer: Lexer::new(bytes, at), budget }
    }

    /// Reads `number generation obj`.
    pub(crate) fn header(&mut self) -> Option<Header> {
        let (Lexeme::Integer(number), Lexeme::Integer(generation)) = (self.lexer.next()?, self.lexer.next()?)
        else {
            return None;
        };
        self.lexer.skip_space();
        if !self.lexer.rest().starts_with(b"obj") {
            return None;
        }
        self.lexer.advance(3);
        Some(Header {
            number: u32::try_from(number).ok()?,
            generation: u16::try_from(generation).unwrap_or(0),
        })
    }

    /// Reads the next object; `None` where there is none.
    pub(crate) fn object(&mut self) -> Result<Option<Object>, Stop> {
        let start = self.lexer.at();
        let object = match self.lexer.next() {
            Some(lexeme) => self.value(lexeme, 0),
            None => Ok(None),
        };
        self.budget.work(self.lexer.at() - start)?;
        object
    }

    fn value(&mut self, lexeme: Lexeme<'c>, depth: usize) -> Result<Option<Object>, Stop> {
        let object = match lexeme {
            Lexeme::Integer(number) => self.reference(number).unwrap_or(Object::Integer(number)),
            Lexeme::Real(number) => Object::Real(number),
            Lexeme::Name(raw) => {
                self.budget.keep(raw.len())?;
                return Ok(Some(Object::Name(name(raw).into_owned())));
            }
            Lexeme::Literal(raw) => {
                self.budget.keep(raw.len())?;
                return Ok(Some(Object::String(literal(raw).into_owned(), StringFormat::Literal)));
            }
            Lexeme::Hex(raw) => {
                self.budget.keep(raw.len())?;
                return Ok(Some(Object::String(hex(raw), StringFormat::Hexadecimal)));
            }
            Lexeme::ArrayStart if depth < DEEPEST => Object::Array(self.array(depth)?),
            Lexeme::DictStart if depth < DEEPEST => Object::Dictionary(self.dictionary(depth)?),
            Lexeme::Word(b"true") => Object::Boolean(true),
            Lexeme::Word(b"false") => Object::Boolean(false),
            Lexeme::Word(b"null") => Object::Null,
            _ => return Ok(None),
        };
        self.budget.keep(0)?;
        Ok(Some(object))
    }

    fn reference(&mut self, number: i64) -> Option<Object> {
        // Most numbers are followed by no digit, which spares the look ahead.
        let next = self.lexer.rest().iter().find(|byte| !super::lexer::is_space(**byte))?;
        if !next.is_ascii_digit() {
            return None;
        }
        let mut ahead = self.lexer.clone();
        let (Some(Lexeme::Integer(generation)), Some(Lexeme::Word(b"R"))) = (ahead.next(), ahead.next())
        else {
            return None;
        };
        let id = (u32::try_from(number).ok()?, u16::try_from(generation).ok()?);
        self.lexer = ahead;
        Some(Object::Reference(id))
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Object>, Stop> {
        let mut array = Vec::new();
        while let Some(lexeme) = self.lexer.next() {
            match lexeme {
                // An array that is not closed ends with its object.
                Lexeme::ArrayEnd | Lexeme::Word(b"endobj") => break,
                _ if array.len() >= MOST_ELEMENTS => return Err(Stop::Values),
                _ => array.extend(self.value(lexeme, depth + 1)?),
            }
        }
        Ok(array)
    }

    fn dictionary(&mut self, depth: usize) -> Result<Dictionary, Stop> {
        let mut dictionary = Dictionary::new();
        while let Some(lexeme) = self.lexer.next() {
            match lexeme {
                Lexeme::Name(key) => {
                    let mut ahead = self.lexer.clone();
                    match ahead.next() {
                        Some(Lexeme::DictEnd) | None => {}
                        Some(value) => {
                            self.lexer = ahead;
                            self.budget.keep(key.len())?;
                            if let Some(value) = self.value(value, depth + 1)? {
                                dictionary.set(name(key).into_owned(), value);
                            }
                        }
                    }
                }
                Lexeme::DictEnd | Lexeme::Word(b"endobj" | b"stream") => break,
                _ => {}
            }
        }
        Ok(dictionary)
    }
}
