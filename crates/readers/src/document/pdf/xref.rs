//! Places of the objects of a PDF: from its cross-reference tables and streams (ISO 32000-1, 7.5.4 and 7.5.8), or by a scan of
//! the whole file where those are damaged.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use lopdf::{Dictionary, Object, Stream};

use super::budget::{Budget, MOST_ENTRIES, STREAM_BYTES, Stop};
use super::lexer::{Lexeme, is_space};
use super::parse::Parser;
use super::stream::{content, inflate};

/// Bytes at the end of a file in which `startxref` is searched.
const END_BYTES: usize = 2048;

/// Work for each table, so that many empty ones are bounded.
const SECTION_WORK: usize = 64;

/// Work for each entry of a table.
const ENTRY_WORK: usize = 8;

/// The place of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The object is deleted, whatever older tables say.
    Free,
    /// Offset in the file.
    Offset(u32),
    /// In the object stream with this number.
    Member(u32),
}

/// An object: its place, and its value once it is read. `None` inside where there is no object.
pub(crate) struct Slot {
    pub(crate) place: Place,
    pub(crate) object: OnceCell<Option<Box<Object>>>,
}

/// The objects of a file by their number, and the dictionary that names the first ones.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) slots: BTreeMap<u32, Slot>,
    pub(crate) trailer: Dictionary,
}

impl Table {
    fn add(&mut self, number: u32, place: Place) -> Result<(), Stop> {
        if self.slots.len() >= MOST_ENTRIES && !self.slots.contains_key(&number) {
            return Err(Stop::Objects);
        }
        self.slots.entry(number).or_insert_with(|| Slot::at(place));
        Ok(())
    }

    fn replace(&mut self, number: u32, place: Place) -> Result<(), Stop> {
        self.slots.remove(&number);
        self.add(number, place)
    }
}

/// Reads the tables from the newest to the oldest. `None` where one is damaged.
pub(crate) fn read(bytes: &[u8], budget: &Budget) -> Result<Option<Table>, Stop> {
    let mut table = Table::default();
    let mut seen = BTreeSet::new();
    let Some(start) = start(bytes) else { return Ok(None) };
    let mut next = Some(start);
    while let Some(at) = next.filter(|at| seen.insert(*at)) {
        let Some(trailer) = section(bytes, at, &mut table, budget)? else { return Ok(None) };
        next = offset(&trailer, b"Prev");
        if table.trailer.is_empty() {
            table.trailer = trailer;
        }
    }
    Ok(Some(table))
}

/// Reads the offset behind the last `startxref`.
fn start(bytes: &[u8]) -> Option<usize> {
    let end = bytes.get(bytes.len().saturating_sub(END_BYTES)..)?;
    let word = b"startxref";
    let at = end.windows(word.len()).rposition(|window| window == word)?;
    let digits = end.get(at + word.len()..)?.trim_ascii_start();
    let length = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
    std::str::from_utf8(digits.get(..length)?).ok()?.parse().ok()
}

/// Reads a table or a stream with its trailer. Entries that a newer one has stay.
fn section(bytes: &[u8], at: usize, table: &mut Table, budget: &Budget) -> Result<Option<Dictionary>, Stop> {
    budget.work(SECTION_WORK)?;
    let mut parser = Parser::new(bytes, at, budget);
    let mut ahead = parser.lexer.clone();
    if ahead.next() != Some(Lexeme::Word(b"xref")) {
        return stream(bytes, at, table, budget);
    }
    parser.lexer = ahead;
    let mut entries = Vec::new();
    loop {
        match parser.lexer.next() {
            Some(Lexeme::Integer(first)) => {
                let Some(Lexeme::Integer(count)) = parser.lexer.next() else { return Ok(None) };
                if subsection(&mut parser, Subsection { first, count }, &mut entries, budget)?.is_none() {
                    return Ok(None);
                }
            }
            Some(Lexeme::Word(b"trailer")) => break,
            _ => return Ok(None),
        }
    }
    let Some(Object::Dictionary(trailer)) = parser.object()? else { return Ok(None) };
    // A hybrid file lists the members of object streams as free, and again in a stream that goes before the table.
    if let Some(at) = offset(&trailer, b"XRefStm") {
        stream(bytes, at, table, budget)?;
    }
    for (number, place) in entries {
        table.add(number, place)?;
    }
    Ok(Some(trailer))
}

/// Numbers of the objects of a part of a table.
#[derive(Clone, Copy)]
struct Subsection {
    first: i64,
    count: i64,
}

/// Reads the entries of a part of a table: offset, generation, and `n` or `f`.
fn subsection(
    parser: &mut Parser<'_, '_>,
    part: Subsection,
    entries: &mut Vec<(u32, Place)>,
    budget: &Budget,
) -> Result<Option<()>, Stop> {
    let mut first = part.first;
    for step in 0..part.count {
        let (Some(Lexeme::Integer(offset)), Some(Lexeme::Integer(generation)), Some(Lexeme::Word(kind))) =
            (parser.lexer.next(), parser.lexer.next(), parser.lexer.next())
        else {
            return Ok(None);
        };
        budget.work(ENTRY_WORK)?;
        if entries.len() >= MOST_ENTRIES {
            return Err(Stop::Objects);
        }
        // Some programs count from 1, but the entry that begins the list of free objects is object 0.
        if step == 0 && first == 1 && generation == 65_535 && kind == b"f" {
            first = 0;
        }
        let place = match u32::try_from(offset) {
            Ok(offset) if kind == b"n" => Place::Offset(offset),
            _ => Place::Free,
        };
        if let Ok(number) = u32::try_from(first.saturating_add(step)) {
            entries.push((number, place));
        }
    }
    Ok(Some(()))
}

/// Reads a cross-reference stream. Its dictionary is the trailer.
fn stream(bytes: &[u8], at: usize, table: &mut Table, budget: &Budget) -> Result<Option<Dictionary>, Stop> {
    let mut parser = Parser::new(bytes, at, budget);
    if parser.header().is_none() {
        return Ok(None);
    }
    let Some(Object::Dictionary(trailer)) = parser.object()? else { return Ok(None) };
    let length = offset(&trailer, b"Length");
    let Some(content) = content(&mut parser, length, budget)? else { return Ok(None) };
    let raw = bytes.get(content).unwrap_or_default().to_vec();
    let data = inflate(Stream::new(trailer.clone(), raw), STREAM_BYTES, budget)?;
    rows(&data, &trailer, table, budget)?;
    Ok(Some(trailer))
}

/// Reads the rows of a cross-reference stream: the kind, and two numbers.
fn rows(data: &[u8], trailer: &Dictionary, table: &mut Table, budget: &Budget) -> Result<(), Stop> {
    let numbers = |key| -> Vec<i64> {
        let array = trailer.get(key).and_then(Object::as_array).map(Vec::as_slice).unwrap_or_default();
        array.iter().map(|number| number.as_i64().unwrap_or(0)).collect()
    };
    let widths = numbers(b"W");
    let [kind_width, one_width, two_width] =
        [0, 1, 2].map(|at| widths.get(at).and_then(|width| usize::try_from(*width).ok()).unwrap_or(0).min(8));
    let length = (kind_width + one_width + two_width).max(1);
    let mut index = numbers(b"Index");
    if index.is_empty() {
        index = vec![0, i64::MAX];
    }
    let mut rows = data.chunks_exact(length);
    for [first, count] in index.as_chunks().0 {
        for (step, row) in (0..*count).zip(rows.by_ref()) {
            let Ok(number) = u32::try_from(first.saturating_add(step)) else { return Ok(()) };
            let (kind, rest) = row.split_at(kind_width.min(length));
            let (one, _) = rest.split_at(one_width.min(rest.len()));
            let kind = if kind_width == 0 { 1 } else { big_endian(kind) };
            let place = match (kind, u32::try_from(big_endian(one))) {
                (1, Ok(offset)) => Place::Offset(offset),
                (2, Ok(container)) => Place::Member(container),
                _ => Place::Free,
            };
            budget.work(ENTRY_WORK)?;
            table.add(number, place)?;
        }
    }
    Ok(())
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn offset(trailer: &Dictionary, key: &[u8]) -> Option<usize> {
    trailer.get(key).and_then(Object::as_i64).ok().and_then(|at| usize::try_from(at).ok())
}

/// A table that a scan of the whole file found.
#[derive(Default)]
pub(crate) struct Scan {
    pub(crate) table: Table,
    /// Numbers of the object streams. Their members are not in the table yet.
    pub(crate) containers: Vec<u32>,
}

impl Scan {
    /// Adds the member of an object stream, unless it stands in the file itself.
    pub(crate) fn add_member(&mut self, number: u32, container: u32) -> Result<(), Stop> {
        self.table.add(number, Place::Member(container))
    }
}

/// Finds the objects of a file by their first lines, `number generation obj`. Of two with one number the later one stays.
pub(crate) fn scan(bytes: &[u8], budget: &Budget) -> Result<Scan, Stop> {
    budget.work(bytes.len())?;
    let mut scan = Scan::default();
    let (mut last, mut catalog) = (None, None);
    for (at, byte) in bytes.iter().enumerate() {
        let rest = match byte {
            b'o' | b't' | b'/' => bytes.get(at..).unwrap_or_default(),
            _ => continue,
        };
        if rest.starts_with(b"obj") {
            if let Some(start) = start_of_header(bytes, at)
                && let Some(header) = Parser::new(bytes, start, budget).header()
            {
                budget.work(ENTRY_WORK)?;
                last = Some(header.number);
                let start = u32::try_from(start).unwrap_or(u32::MAX);
                scan.table.replace(header.number, Place::Offset(start))?;
            }
        } else if rest.starts_with(b"/ObjStm") {
            scan.containers.extend(last.filter(|number| scan.containers.last() != Some(number)));
        } else if rest.starts_with(b"/Catalog") {
            catalog = last.or(catalog);
        } else if rest.starts_with(b"trailer") || rest.starts_with(b"/XRef") {
            let trailer = trailer(bytes, at, budget)?;
            if let Some(trailer) = trailer.filter(|trailer| trailer.has(b"Root")) {
                scan.table.trailer = trailer;
            }
        }
    }
    if let Some(number) = catalog.filter(|_| scan.table.trailer.is_empty()) {
        scan.table.trailer.set("Root", Object::Reference((number, 0)));
    }
    Ok(scan)
}

/// Steps back from `obj` over the generation and the number.
fn start_of_header(bytes: &[u8], obj: usize) -> Option<usize> {
    let mut at = obj;
    for _ in 0..2 {
        for is_part in [|byte: u8| is_space(byte), |byte: u8| byte.is_ascii_digit()] {
            let before = bytes.get(at.saturating_sub(LONGEST_HEADER)..at)?;
            let length = before.iter().rev().position(|byte| !is_part(*byte)).unwrap_or(before.len());
            if length == 0 {
                return None;
            }
            at -= length;
        }
    }
    Some(at)
}

/// Most digits or spaces in the first line of an object.
const LONGEST_HEADER: usize = 20;

/// Reads the dictionary after `trailer`, or the one that the name `/XRef` stands in.
fn trailer(bytes: &[u8], at: usize, budget: &Budget) -> Result<Option<Dictionary>, Stop> {
    let start = if bytes.get(at) == Some(&b't') {
        at + b"trailer".len()
    } else {
        let from = at.saturating_sub(LONGEST_TRAILER);
        let before = bytes.get(from..at).unwrap_or_default();
        budget.work(before.len())?;
        let header = before.windows(3).rposition(|window| window == b"obj");
        from + header.map_or(0, |header| header + 3)
    };
    match Parser::new(bytes, start, budget).object()? {
        Some(Object::Dictionary(trailer)) => Ok(Some(trailer)),
        _ => Ok(None),
    }
}

/// Bytes of the dictionary of a cross-reference stream before its type.
const LONGEST_TRAILER: usize = 1024;
