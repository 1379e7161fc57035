//! Fonts: the text and the width of each code.

use std::collections::BTreeMap;
use std::rc::Rc;

use encoding_rs::Encoding as Charset;
use lopdf::{Dictionary, Object};

use super::budget::Stop;
use super::code::{Encoding, ToUnicode, base_of};
use super::file::File;
use super::predefined;
use crate::document::MAX_TEXT_BYTES;
use crate::document::encoding::Latin;

/// Most fonts of a document.
const MOST_FONTS: usize = 1000;

/// Width of codes without one, in thousandths of the font's size.
const USUAL_WIDTH: f32 = 500.0;

/// Work for each code that is shown or measured.
const CODE_WORK: usize = 8;

/// Work for each run of widths.
const RUN_WORK: usize = 32;

/// The fonts of a document, and the tables that several of them share. Each is read once, and known by its address.
#[derive(Default)]
pub(crate) struct Fonts {
    read: BTreeMap<usize, Rc<Font>>,
    tables: BTreeMap<usize, Option<Rc<ToUnicode>>>,
    encodings: BTreeMap<(usize, Latin), Rc<Encoding>>,
    widths: BTreeMap<usize, Rc<Runs>>,
}

/// A font with its texts and widths by code.
pub(crate) struct Font {
    table: Option<Rc<ToUnicode>>,
    codes: Codes,
    usual_width: f32,
}

enum Codes {
    /// One byte each, with texts by the font's encoding.
    Simple { encoding: Rc<Encoding>, widths: Box<[f32; 256]> },
    /// By a charset; without one two bytes each, unless `ToUnicode` has one-byte codes.
    Composite { charset: Option<&'static Charset>, widths: Rc<Runs> },
}

/// Widths of runs of codes, by the first code of each.
type Runs = BTreeMap<u16, Run>;

struct Run {
    last: u16,
    width: f32,
}

impl Fonts {
    /// Returns a font by its dictionary.
    pub(crate) fn get(&mut self, font: &Dictionary, file: &File<'_>) -> Result<Rc<Font>, Stop> {
        let address = std::ptr::from_ref(font).addr();
        if let Some(font) = self.read.get(&address) {
            return Ok(Rc::clone(font));
        }
        if self.read.len() >= MOST_FONTS {
            return Err(Stop::Values);
        }
        let font = Rc::new(self.load(font, file)?);
        self.read.insert(address, Rc::clone(&font));
        Ok(font)
    }

    fn load(&mut self, font: &Dictionary, file: &File<'_>) -> Result<Font, Stop> {
        let table = self.table(font, file)?;
        let name = |key| Ok(file.get(font, key)?.and_then(|name| name.as_name().ok()).unwrap_or_default());
        if name(b"Subtype")? != b"Type0" {
            let codes =
                Codes::Simple { encoding: self.encoding(font, file)?, widths: simple_widths(font, file)? };
            return Ok(Font { table, codes, usual_width: USUAL_WIDTH });
        }
        let charset = predefined::charset(name(b"Encoding")?);
        let descendants = file.array(font, b"DescendantFonts")?;
        let descendant = match descendants.first() {
            Some(descendant) => file.resolve(descendant)?.and_then(|font| font.as_dict().ok()),
            None => None,
        };
        let Some(descendant) = descendant else {
            let codes = Codes::Composite { charset, widths: Rc::default() };
            return Ok(Font { table, codes, usual_width: 1000.0 });
        };
        let usual_width =
            file.get(descendant, b"DW")?.and_then(|width| width.as_float().ok()).unwrap_or(1000.0);
        let widths = self.widths(file.array(descendant, b"W")?, usual_width, file)?;
        Ok(Font { table, codes: Codes::Composite { charset, widths }, usual_width })
    }

    fn table(&mut self, font: &Dictionary, file: &File<'_>) -> Result<Option<Rc<ToUnicode>>, Stop> {
        let Some(Object::Stream(stream)) = file.get(font, b"ToUnicode")? else { return Ok(None) };
        let address = std::ptr::from_ref(stream).addr();
        if let Some(table) = self.tables.get(&address) {
            return Ok(table.clone());
        }
        let table = ToUnicode::of(stream, file)?.map(Rc::new);
        self.tables.insert(address, table.clone());
        Ok(table)
    }

    fn encoding(&mut self, font: &Dictionary, file: &File<'_>) -> Result<Rc<Encoding>, Stop> {
        let (latin, differences) = base_of(font, file)?;
        let key = (if differences.is_empty() { 0 } else { differences.as_ptr().addr() }, latin);
        if let Some(encoding) = self.encodings.get(&key) {
            return Ok(Rc::clone(encoding));
        }
        let encoding = Rc::new(Encoding::read(latin, differences, file)?);
        self.encodings.insert(key, Rc::clone(&encoding));
        Ok(encoding)
    }

    /// Reads `/W` of a composite font.
    fn widths(&mut self, all: &[Object], usual: f32, file: &File<'_>) -> Result<Rc<Runs>, Stop> {
        let address = all.as_ptr().addr();
        if let Some(runs) = self.widths.get(&address).filter(|_| !all.is_empty()) {
            return Ok(Rc::clone(runs));
        }
        let runs = Rc::new(composite_widths(all, usual, file)?);
        self.widths.insert(address, Rc::clone(&runs));
        Ok(runs)
    }
}

impl Font {
    /// Appends the text of a string and measures the string.
    pub(crate) fn show(&self, bytes: &[u8], out: &mut String, file: &File<'_>) -> Result<Shown, Stop> {
        let mut shown = Shown::default();
        file.budget.work(bytes.len() * CODE_WORK)?;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (code, after) = rest.split_at(self.length(rest).min(rest.len()));
            rest = after;
            let number = code.iter().fold(0, |number, byte| (number << 8) | u32::from(*byte));
            shown.width += self.width(u16::try_from(number).unwrap_or(u16::MAX));
            shown.codes += 1.0;
            // Word spacing applies to one-byte codes only.
            shown.spaces += if code == b" " { 1.0 } else { 0.0 };
            shown.has_lost |= !self.push(code, number, out);
            // One code may have many characters, so that a string can be longer than a document.
            if out.len() > MAX_TEXT_BYTES {
                return Err(Stop::Text);
            }
        }
        Ok(shown)
    }

    /// Bytes of the code at the start of a string.
    fn length(&self, string: &[u8]) -> usize {
        match self.codes {
            Codes::Composite { charset: Some(charset), .. } => predefined::length(charset, string),
            Codes::Composite { .. } if self.table.as_ref().is_none_or(|table| !table.is_narrow) => 2,
            _ => 1,
        }
    }

    /// Appends the text of a code; `false` where the font does not say which letters it shows.
    fn push(&self, code: &[u8], number: u32, out: &mut String) -> bool {
        if self.table.as_ref().is_some_and(|table| table.push(number, out)) {
            return true;
        }
        match (&self.codes, code) {
            // Codes without a glyph in the encoding draw nothing.
            (Codes::Simple { encoding, .. }, [code]) => {
                encoding.push(*code, out);
                true
            }
            (Codes::Composite { charset: Some(charset), .. }, code) => predefined::push(charset, code, out),
            // The first glyph stands for characters that the font lacks.
            _ => number == 0,
        }
    }

    fn width(&self, code: u16) -> f32 {
        let width = match &self.codes {
            Codes::Simple { widths, .. } => {
                widths.get(usize::from(code)).copied().filter(|width| *width > 0.0)
            }
            Codes::Composite { widths, .. } => {
                let run = widths.range(..=code).next_back();
                run.filter(|(_, run)| code <= run.last).map(|(_, run)| run.width)
            }
        };
        width.unwrap_or(self.usual_width)
    }
}

/// Measures of a string: width in thousandths of the font's size, number of codes, number of spaces among them.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) width: f32,
    pub(crate) codes: f32,
    pub(crate) spaces: f32,
    /// True if a code has no text: it is lost.
    pub(crate) has_lost: bool,
}

/// Reads `/Widths` of a simple font. 0 is a code without a width.
fn simple_widths(font: &Dictionary, file: &File<'_>) -> Result<Box<[f32; 256]>, Stop> {
    let mut widths = Box::new([0.0; 256]);
    let first = file.get(font, b"FirstChar")?.and_then(|first| first.as_i64().ok());
    let Some(first) = first.and_then(|first| usize::try_from(first).ok()) else { return Ok(widths) };
    let places = widths.get_mut(first..).unwrap_or_default();
    for (place, object) in places.iter_mut().zip(file.array(font, b"Widths")?) {
        *place = file.resolve(object)?.and_then(|width| width.as_float().ok()).unwrap_or(0.0);
    }
    Ok(widths)
}

/// Reads `first [width …]` or `first last width`, repeated.
fn composite_widths(all: &[Object], usual: f32, file: &File<'_>) -> Result<Runs, Stop> {
    let mut runs = Runs::new();
    let mut rest = all.iter();
    while let (Some(first), Some(next)) = (rest.next().and_then(code), rest.next()) {
        match file.resolve(next)? {
            Some(Object::Array(widths)) => {
                file.budget.work(widths.len() * RUN_WORK)?;
                for (code, width) in (first..=u16::MAX).zip(widths) {
                    let run = Run { last: code, width: width.as_float().unwrap_or(usual) };
                    if runs.insert(code, run).is_none() {
                        file.budget.keep(0)?;
                    }
                }
            }
            Some(next) => {
                let width = rest.next().and_then(|width| width.as_float().ok());
                if let (Some(last), Some(width)) = (code(next), width) {
                    file.budget.work(RUN_WORK)?;
                    file.budget.keep(0)?;
                    runs.insert(first, Run { last, width });
                }
            }
            None => break,
        }
    }
    Ok(runs)
}

fn code(object: &Object) -> Option<u16> {
    u16::try_from(object.as_i64().ok()?).ok()
}
