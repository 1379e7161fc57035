//! Text of a page. The operators that move the pen are interpreted, because a gap is a space, a line end or a paragraph end.

use std::collections::BTreeMap;
use std::rc::Rc;

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, ObjectId};

use super::budget::{Budget, Stop};
use super::font::{Font, named};
use super::object::dictionary;
use crate::document::MAX_TEXT_BYTES;

/// Most levels of nested form XObjects.
const DEEPEST: usize = 4;

/// Most graphics states on the stack.
const MOST_STATES: usize = 64;

/// Most fonts of a document. The tables of each font are read.
const MOST_FONTS: usize = 1000;

/// Least gap between words, in sizes of the font.
const WORD_GAP: f32 = 0.18;

/// Least gap between lines, in sizes of the font.
const LINE_GAP: f32 = 0.5;

/// Least gap between paragraphs, in sizes of the font.
const PARAGRAPH_GAP: f32 = 1.75;

/// Reads the pages of one document, and each of its fonts once.
pub(crate) struct Reader<'d> {
    document: &'d Document,
    budget: Budget,
    fonts: BTreeMap<usize, Rc<Font>>,
    text: String,
    /// Text of all pages so far, in bytes.
    length: usize,
}

impl<'d> Reader<'d> {
    pub(crate) const fn new(document: &'d Document, budget: Budget) -> Self {
        Self { document, budget, fonts: BTreeMap::new(), text: String::new(), length: 0 }
    }

    /// Reads the text of a page.
    pub(crate) fn page(&mut self, page: ObjectId) -> Result<String, Stop> {
        let mut resources = Vec::new();
        if let Ok((own, inherited)) = self.document.get_page_resources(page) {
            resources.extend(own);
            resources.extend(inherited.into_iter().filter_map(|id| self.document.get_dictionary(id).ok()));
        }
        let mut content = Vec::new();
        for id in self.document.get_page_contents(page) {
            if let Ok(stream) = self.document.get_object(id).and_then(Object::as_stream) {
                content.extend(self.budget.inflate(stream)?);
                content.push(b'\n');
            }
        }
        self.draw(&content, &resources, State::default(), 0)?;
        let text = std::mem::take(&mut self.text);
        self.length += text.len();
        Ok(text)
    }

    fn draw(
        &mut self,
        content: &[u8],
        resources: &[&'d Dictionary],
        state: State,
        depth: usize,
    ) -> Result<(), Stop> {
        let mut pen = Pen { state, kept: Vec::new(), text: IDENTITY, line: IDENTITY, last: None };
        // A malformed operator ends the text of this page, not of the document.
        for operation in Content::<Vec<Operation>>::decode_iter(content).map_while(Result::ok) {
            match operation.operator.as_str() {
                "Do" => self.draw_within(&operation, resources, &pen, depth)?,
                "Tf" => {
                    let name = operation.operands.first().and_then(|name| name.as_name().ok());
                    pen.state.font = match name {
                        Some(name) => self.font(name, resources)?,
                        None => None,
                    };
                    pen.state.size = number(&operation, 1);
                }
                _ => pen.follow(&operation, &mut self.text),
            }
            if self.length + self.text.len() > MAX_TEXT_BYTES {
                return Err(Stop::TooLong);
            }
        }
        Ok(())
    }

    /// Draws an XObject if it is a form and not an image.
    fn draw_within(
        &mut self,
        operation: &Operation,
        resources: &[&'d Dictionary],
        pen: &Pen,
        depth: usize,
    ) -> Result<(), Stop> {
        let Some(name) = operation.operands.first().and_then(|name| name.as_name().ok()) else {
            return Ok(());
        };
        let form = resources.iter().find_map(|resources| {
            let stream =
                dictionary(resources, b"XObject", self.document)?.get_deref(name, self.document).ok()?;
            let stream = stream.as_stream().ok()?;
            stream
                .dict
                .get(b"Subtype")
                .and_then(Object::as_name)
                .is_ok_and(|name| name == b"Form")
                .then_some(stream)
        });
        let Some(form) = form.filter(|_| depth < DEEPEST) else { return Ok(()) };
        let content = self.budget.inflate(form)?;
        let own = dictionary(&form.dict, b"Resources", self.document);
        let mut state = pen.state.clone();
        let matrix =
            form.dict.get_deref(b"Matrix", self.document).ok().and_then(|matrix| matrix.as_array().ok());
        if let Some(matrix) = matrix {
            state.matrix = times(&matrix_of(matrix), &state.matrix);
        }
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        match own {
            Some(own) => self.draw(&content, &[own], state, depth + 1),
            None => self.draw(&content, resources, state, depth + 1),
        }
    }

    fn font(&mut self, name: &[u8], resources: &[&'d Dictionary]) -> Result<Option<Rc<Font>>, Stop> {
        let font = resources.iter().find_map(|resources| named(resources, name, self.document));
        let Some(font) = font else { return Ok(None) };
        // A font is identified by the address of its dictionary.
        let place = std::ptr::from_ref(font).addr();
        if self.fonts.len() >= MOST_FONTS && !self.fonts.contains_key(&place) {
            return Err(Stop::TooLarge);
        }
        let document = self.document;
        let font = self.fonts.entry(place).or_insert_with(|| Rc::new(Font::read(font, document)));
        Ok(Some(Rc::clone(font)))
    }
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

fn number(operation: &Operation, at: usize) -> f32 {
    operation.operands.get(at).and_then(|number| number.as_float().ok()).unwrap_or(0.0)
}

fn matrix_of(numbers: &[Object]) -> Matrix {
    let mut matrix = [0.0; 6];
    matrix.iter_mut().zip(numbers).for_each(|(to, from)| *to = from.as_float().unwrap_or(0.0));
    matrix
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
}

/// A position or a direction on the page.
#[derive(Clone, Copy)]
struct Vector {
    x: f32,
    y: f32,
}

impl Pen {
    fn follow(&mut self, operation: &Operation, out: &mut String) {
        match operation.operator.as_str() {
            "q" if self.kept.len() < MOST_STATES => self.kept.push(self.state.clone()),
            "Q" => self.state = self.kept.pop().unwrap_or_else(|| self.state.clone()),
            "cm" => self.state.matrix = times(&matrix_of(&operation.operands), &self.state.matrix),
            "BT" => (self.text, self.line) = (IDENTITY, IDENTITY),
            "Tm" => {
                self.line = matrix_of(&operation.operands);
                self.text = self.line;
            }
            "Td" => self.move_line(number(operation, 0), number(operation, 1)),
            "TD" => {
                self.state.leading = -number(operation, 1);
                self.move_line(number(operation, 0), number(operation, 1));
            }
            "T*" => self.move_line(0.0, -self.state.leading),
            "TL" => self.state.leading = number(operation, 0),
            "Tc" => self.state.of_code = number(operation, 0),
            "Tw" => self.state.of_space = number(operation, 0),
            "Tj" => self.show(operation.operands.first(), out),
            "TJ" => self.show_all(operation.operands.first(), out),
            "'" => {
                self.move_line(0.0, -self.state.leading);
                self.show(operation.operands.first(), out);
            }
            "\"" => {
                (self.state.of_space, self.state.of_code) = (number(operation, 0), number(operation, 1));
                self.move_line(0.0, -self.state.leading);
                self.show(operation.operands.get(2), out);
            }
            _ => {}
        }
    }

    fn move_line(&mut self, x: f32, y: f32) {
        self.line = times(&[1.0, 0.0, 0.0, 1.0, x, y], &self.line);
        self.text = self.line;
    }

    fn advance(&mut self, by: f32) {
        self.text = times(&[1.0, 0.0, 0.0, 1.0, by, 0.0], &self.text);
    }

    fn show_all(&mut self, strings: Option<&Object>, out: &mut String) {
        for object in strings.and_then(|strings| strings.as_array().ok()).into_iter().flatten() {
            match object.as_float() {
                Ok(back) => self.advance(-back / 1000.0 * self.state.size),
                Err(_) => self.show(Some(object), out),
            }
        }
    }

    fn show(&mut self, string: Option<&Object>, out: &mut String) {
        let (Some(font), Some(bytes)) =
            (self.state.font.clone(), string.and_then(|string| string.as_str().ok()))
        else {
            return;
        };
        let [a, b, _, _, x, y] = times(&self.text, &self.state.matrix);
        self.separate(out, Vector { x: a, y: b }, Vector { x, y });
        let shown = font.show(bytes, out);
        let State { size, of_code, of_space, .. } = self.state;
        self.advance(shown.width / 1000.0 * size + shown.codes * of_code + shown.spaces * of_space);
        let [_, _, _, _, x, y] = times(&self.text, &self.state.matrix);
        self.last = Some(Vector { x, y });
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
