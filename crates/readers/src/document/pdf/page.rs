//! Text of a page. The operators that move the pen are interpreted, because a gap is a space, a line end or a paragraph end.

use std::borrow::Cow;
use std::rc::Rc;

use lopdf::{Dictionary, Object, Stream};

use super::budget::{STREAM_BYTES, Stop};
use super::file::File;
use super::font::{Font, Fonts};
use super::lexer::{Lexeme, Lexer, hex, is_space, literal, name};
use super::order::{logical, right_to_left};
use super::tree::Page;
use crate::document::MAX_TEXT_BYTES;

/// Most levels of nested form XObjects.
const DEEPEST: usize = 4;

/// Most graphics states on the stack.
const MOST_STATES: usize = 64;

/// Most operands of one operator. Operators of text have six at most.
const MOST_OPERANDS: usize = 32;

/// Work for each operator in addition to its bytes.
const OPERATOR_WORK: usize = 16;

/// Least gap between words, in sizes of the font.
const WORD_GAP: f32 = 0.18;

/// Least gap between lines, in sizes of the font.
const LINE_GAP: f32 = 0.5;

/// Least gap between paragraphs, in sizes of the font.
const PARAGRAPH_GAP: f32 = 1.75;

/// Reads the pages of one document.
pub(crate) struct Reader<'f, 'b> {
    file: &'f File<'b>,
    fonts: Fonts,
    text: String,
    /// Text of all pages so far, in bytes.
    length: usize,
}

/// Text of a page.
#[derive(Default)]
pub(crate) struct PageText {
    pub(crate) text: String,
    /// True if some codes have no text.
    pub(crate) has_lost: bool,
}

impl<'f, 'b> Reader<'f, 'b> {
    pub(crate) fn new(file: &'f File<'b>) -> Self {
        Self { file, fonts: Fonts::default(), text: String::new(), length: 0 }
    }

    /// Reads the text of a page.
    pub(crate) fn page(&mut self, page: &Page<'f>) -> Result<PageText, Stop> {
        let content = self.content(page.dictionary)?;
        let traits = self.draw(&content, &page.resources, State::default(), 0)?;
        let text = std::mem::take(&mut self.text);
        self.length += text.len();
        let text = if traits.is_visual { logical(&text) } else { text };
        Ok(PageText { text, has_lost: traits.has_lost })
    }

    /// Inflates the streams of a page, which draw as one.
    fn content(&self, page: &'f Dictionary) -> Result<Vec<u8>, Stop> {
        let contents = match self.file.get(page, b"Contents")? {
            Some(Object::Stream(stream)) => return self.file.inflate(stream, STREAM_BYTES),
            Some(Object::Array(contents)) => contents.as_slice(),
            _ => &[],
        };
        let mut content = Vec::new();
        for object in contents {
            if let Some(Object::Stream(stream)) = self.file.resolve(object)? {
                let left = STREAM_BYTES.saturating_sub(content.len());
                content.extend(self.file.inflate(stream, left)?);
                content.push(b'\n');
            }
        }
        Ok(content)
    }

    fn draw(
        &mut self,
        content: &[u8],
        resources: &[&'f Dictionary],
        state: State,
        depth: usize,
    ) -> Result<Traits, Stop> {
        let mut pen = Pen {
            state,
            kept: Vec::new(),
            text: IDENTITY,
            line: IDENTITY,
            last: None,
            traits: Traits::default(),
        };
        let mut lexer = Lexer::new(content, 0);
        let mut operation = Operation::default();
        let mut start = 0;
        while let Some(lexeme) = lexer.next() {
            let Lexeme::Word(operator) = lexeme else {
                operation.add(lexeme, &mut lexer);
                continue;
            };
            operation.operator = operator;
            self.file.budget.work(OPERATOR_WORK + lexer.at() - start)?;
            start = lexer.at();
            match operator {
                b"Do" => {
                    let within = self.draw_within(&operation, resources, &pen, depth)?;
                    pen.traits = pen.traits.or(within);
                }
                b"Tf" => {
                    pen.state.font = match operation.name() {
                        Some(name) => self.font(&name, resources)?,
                        None => None,
                    };
                    pen.state.size = operation.number(1);
                }
                b"ID" => skip_image(&mut lexer),
                _ => pen.follow(&operation, &mut self.text, self.file)?,
            }
            operation.operands.clear();
            if self.length + self.text.len() > MAX_TEXT_BYTES {
                return Err(Stop::Text);
            }
        }
        self.file.budget.work(lexer.at() - start)?;
        Ok(pen.traits)
    }

    /// Draws an XObject if it is a form and not an image.
    fn draw_within(
        &mut self,
        operation: &Operation<'_>,
        resources: &[&'f Dictionary],
        pen: &Pen,
        depth: usize,
    ) -> Result<Traits, Stop> {
        let Some(name) = operation.name().filter(|_| depth < DEEPEST) else { return Ok(Traits::default()) };
        let Some(form) = self.form(&name, resources)? else { return Ok(Traits::default()) };
        let content = self.file.inflate(form, STREAM_BYTES)?;
        let own = self.file.dictionary(&form.dict, b"Resources")?;
        let mut state = pen.state.clone();
        let matrix = self.file.array(&form.dict, b"Matrix")?;
        if !matrix.is_empty() {
            let mut own = IDENTITY;
            own.iter_mut().zip(matrix).for_each(|(to, from)| *to = from.as_float().unwrap_or(0.0));
            state.matrix = times(&own, &state.matrix);
        }
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        match own {
            Some(own) => self.draw(&content, &[own], state, depth + 1),
            None => self.draw(&content, resources, state, depth + 1),
        }
    }

    fn form(&self, name: &[u8], resources: &[&'f Dictionary]) -> Result<Option<&'f Stream>, Stop> {
        for resources in resources {
            let Some(objects) = self.file.dictionary(resources, b"XObject")? else { continue };
            let Some(Object::Stream(stream)) = self.file.get(objects, name)? else { continue };
            let subtype = self.file.get(&stream.dict, b"Subtype")?;
            if subtype.is_some_and(|subtype| subtype.as_name().is_ok_and(|name| name == b"Form")) {
                return Ok(Some(stream));
            }
        }
        Ok(None)
    }

    fn font(&mut self, name: &[u8], resources: &[&'f Dictionary]) -> Result<Option<Rc<Font>>, Stop> {
        for resources in resources {
            let Some(fonts) = self.file.dictionary(resources, b"Font")? else { continue };
            if let Some(font) = self.file.dictionary(fonts, name)? {
                return self.fonts.get(font, self.file).map(Some);
            }
        }
        Ok(None)
    }
}

/// An operator with its operands.
#[derive(Default)]
struct Operation<'c> {
    operator: &'c [u8],
    operands: Vec<Operand<'c>>,
}

#[derive(Clone, Copy)]
enum Operand<'c> {
    Lexeme(Lexeme<'c>),
    /// The lexemes of an array, as written.
    Array(&'c [u8]),
}

impl<'c> Operation<'c> {
    /// Adds an operand that begins with a lexeme. Arrays and dictionaries are skipped, not read.
    fn add(&mut self, first: Lexeme<'c>, lexer: &mut Lexer<'c>) {
        let start = lexer.at();
        let mut end = start;
        let mut depth = 0_usize;
        let mut lexeme = Some(first);
        while let Some(next) = lexeme {
            match next {
                Lexeme::ArrayStart | Lexeme::DictStart => depth += 1,
                Lexeme::ArrayEnd | Lexeme::DictEnd => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                break;
            }
            end = lexer.at();
            lexeme = lexer.next();
        }
        if self.operands.len() < MOST_OPERANDS {
            self.operands.push(match first {
                Lexeme::ArrayStart => Operand::Array(lexer.slice(start, end)),
                first => Operand::Lexeme(first),
            });
        }
    }

    fn number(&self, at: usize) -> f32 {
        match self.operands.get(at) {
            Some(Operand::Lexeme(lexeme)) => number(*lexeme).unwrap_or(0.0),
            _ => 0.0,
        }
    }

    fn matrix(&self) -> Matrix {
        std::array::from_fn(|at| self.number(at))
    }

    fn name(&self) -> Option<Cow<'c, [u8]>> {
        match self.operands.first() {
            Some(Operand::Lexeme(Lexeme::Name(raw))) => Some(name(raw)),
            _ => None,
        }
    }

    fn string(&self, at: usize) -> Option<Cow<'c, [u8]>> {
        match self.operands.get(at) {
            Some(Operand::Lexeme(lexeme)) => string(*lexeme),
            _ => None,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "positions on a page are small")]
const fn number(lexeme: Lexeme<'_>) -> Option<f32> {
    match lexeme {
        Lexeme::Integer(number) => Some(number as f32),
        Lexeme::Real(number) => Some(number),
        _ => None,
    }
}

fn string(lexeme: Lexeme<'_>) -> Option<Cow<'_, [u8]>> {
    match lexeme {
        Lexeme::Literal(raw) => Some(literal(raw)),
        Lexeme::Hex(raw) => Some(hex(raw).into()),
        _ => None,
    }
}

/// Skips the data of an inline image, which ends with `EI` between white space.
fn skip_image(lexer: &mut Lexer<'_>) {
    let rest = lexer.rest();
    let is_end = |window: &[u8]| matches!(window, [before, b'E', b'I'] if is_space(*before));
    let mut from = 0;
    while let Some(at) = rest.get(from..).and_then(|rest| rest.windows(3).position(is_end)) {
        from += at + 3;
        if rest.get(from).is_none_or(|after| is_space(*after)) {
            return lexer.advance(from);
        }
    }
    lexer.advance(rest.len());
}

type Matrix = [f32; 6];

const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// Multiplies two matrices: the result applies `first`, then `then`.
fn times(first: &Matrix, then: &Matrix) -> Matrix {
    let turned = |x: f32, y: f32| (x * then[0] + y * then[2], x * then[1] + y * then[3]);
    let (right, up, place) =
        (turned(first[0], first[1]), turned(first[2], first[3]), turned(first[4], first[5]));
    [right.0, right.1, up.0, up.1, place.0 + then[4], place.1 + then[5]]
}

/// The part of the graphics state that positions text.
#[derive(Clone)]
struct State {
    matrix: Matrix,
    font: Option<Rc<Font>>,
    size: f32,
    leading: f32,
    of_code: f32,
    of_space: f32,
}

impl Default for State {
    fn default() -> Self {
        Self { matrix: IDENTITY, font: None, size: 0.0, leading: 0.0, of_code: 0.0, of_space: 0.0 }
    }
}

struct Pen {
    state: State,
    kept: Vec<State>,
    text: Matrix,
    line: Matrix,
    /// End of the last string.
    last: Option<Vector>,
    traits: Traits,
}

/// Facts about the strings that were drawn.
#[derive(Clone, Copy, Default)]
struct Traits {
    /// True if some codes have no text.
    has_lost: bool,
    /// True if letters that are read from right to left stand in a string from left to right.
    is_visual: bool,
}

impl Traits {
    const fn or(self, other: Self) -> Self {
        Self { has_lost: self.has_lost || other.has_lost, is_visual: self.is_visual || other.is_visual }
    }
}

/// A position or a direction on the page.
#[derive(Clone, Copy)]
struct Vector {
    x: f32,
    y: f32,
}

impl Pen {
    fn follow(&mut self, operation: &Operation<'_>, out: &mut String, file: &File<'_>) -> Result<(), Stop> {
        match operation.operator {
            b"q" if self.kept.len() < MOST_STATES => self.kept.push(self.state.clone()),
            b"Q" => self.state = self.kept.pop().unwrap_or_else(|| self.state.clone()),
            b"cm" => self.state.matrix = times(&operation.matrix(), &self.state.matrix),
            b"BT" => (self.text, self.line) = (IDENTITY, IDENTITY),
            b"Tm" => {
                self.line = operation.matrix();
                self.text = self.line;
            }
            b"Td" => self.move_line(operation.number(0), operation.number(1)),
            b"TD" => {
                self.state.leading = -operation.number(1);
                self.move_line(operation.number(0), operation.number(1));
            }
            b"T*" => self.move_line(0.0, -self.state.leading),
            b"TL" => self.state.leading = operation.number(0),
            b"Tc" => self.state.of_code = operation.number(0),
            b"Tw" => self.state.of_space = operation.number(0),
            b"Tj" => self.show(operation.string(0), out, file)?,
            b"TJ" => self.show_all(operation.operands.first(), out, file)?,
            b"'" => {
                self.move_line(0.0, -self.state.leading);
                self.show(operation.string(0), out, file)?;
            }
            b"\"" => {
                (self.state.of_space, self.state.of_code) = (operation.number(0), operation.number(1));
                self.move_line(0.0, -self.state.leading);
                self.show(operation.string(2), out, file)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn move_line(&mut self, x: f32, y: f32) {
        self.line = times(&[1.0, 0.0, 0.0, 1.0, x, y], &self.line);
        self.text = self.line;
    }

    fn advance(&mut self, by: f32) {
        self.text = times(&[1.0, 0.0, 0.0, 1.0, by, 0.0], &self.text);
    }

    fn show_all(
        &mut self,
        strings: Option<&Operand<'_>>,
        out: &mut String,
        file: &File<'_>,
    ) -> Result<(), Stop> {
        let Some(Operand::Array(strings)) = strings else { return Ok(()) };
        for lexeme in Lexer::new(strings, 0) {
            match number(lexeme) {
                Some(back) => self.advance(-back / 1000.0 * self.state.size),
                None => self.show(string(lexeme), out, file)?,
            }
        }
        Ok(())
    }

    fn show(&mut self, string: Option<Cow<'_, [u8]>>, out: &mut String, file: &File<'_>) -> Result<(), Stop> {
        let (Some(font), Some(bytes)) = (self.state.font.clone(), string) else { return Ok(()) };
        let [a, b, _, _, x, y] = times(&self.text, &self.state.matrix);
        self.separate(out, Vector { x: a, y: b }, Vector { x, y });
        let before = out.len();
        let shown = font.show(&bytes, out, file)?;
        let is_visual = right_to_left(out.get(before..).unwrap_or_default()) > 1;
        self.traits = self.traits.or(Traits { has_lost: shown.has_lost, is_visual });
        let State { size, of_code, of_space, .. } = self.state;
        self.advance(shown.width / 1000.0 * size + shown.codes * of_code + shown.spaces * of_space);
        let [_, _, _, _, x, y] = times(&self.text, &self.state.matrix);
        self.last = Some(Vector { x, y });
        Ok(())
    }

    /// Appends a separator for the gap between the last string and `start`. `baseline` is one unit of text along the line.
    fn separate(&self, out: &mut String, baseline: Vector, start: Vector) {
        let Some(last) = self.last else { return };
        let unit = baseline.x.hypot(baseline.y);
        let size = (unit * self.state.size).abs();
        if out.is_empty() || out.ends_with('\n') || size <= f32::EPSILON {
            return;
        }
        let (right, down) = (start.x - last.x, start.y - last.y);
        let along = (right * baseline.x + down * baseline.y) / unit / size;
        let aside = ((down * baseline.x - right * baseline.y) / unit / size).abs();
        if aside > PARAGRAPH_GAP {
            out.push_str("\n\n");
        } else if aside > LINE_GAP || along < -1.0 {
            out.push('\n');
        } else if along > WORD_GAP && !out.ends_with(' ') {
            out.push(' ');
        }
    }
}
