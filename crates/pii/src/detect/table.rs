//! Column headings, which label cells that nothing beside them labels: of tables as text, and of SQL's INSERT.

use std::cell::{Cell, OnceCell};

use super::class::{WORD, class};

/// Bytes of a table's line, and its rows, that are looked at: a bound on the work that a text can make.
const LONGEST_LINE: usize = 1024;
const MOST_ROWS: usize = 64;

/// Bytes of a column's heading at most.
const LONGEST_HEADING: usize = 32;

/// Signs that part cells, in the order in which they are tried.
const DELIMITERS: [u8; 4] = [b'\t', b';', b'|', b','];

/// Bytes between `INSERT INTO` and its columns, and of a row of its values, that are looked at.
const LONGEST_TABLE_NAME: usize = 128;
const LONGEST_TUPLE: usize = 512;

/// Bytes of all rows of values.
const LONGEST_VALUES: usize = 2048;

/// The place of a text's part: its first byte, and the byte after its last.
pub(super) type Span = (usize, usize);

/// Cache of the lines and rows of a text.
#[derive(Debug, Default)]
pub(super) struct Tables {
    lines: OnceCell<Vec<Line>>,
    /// The row that was asked for last: it is asked for each of its cells.
    row: Cell<Option<Row>>,
}

/// The cells of one column, without its heading.
#[derive(Debug, Default)]
pub(super) struct Below {
    pub(super) cells: Vec<Span>,
    /// The end of the header's line, and of the last row's.
    pub(super) header_end: usize,
    pub(super) end: usize,
}

/// A line, and its parts once they were asked for.
#[derive(Debug)]
struct Line {
    start: usize,
    end: usize,
    parts: OnceCell<Parts>,
}

#[derive(Debug, Default)]
struct Parts {
    /// The number of delimiters of each kind.
    counts: [u16; DELIMITERS.len()],
    /// Some digits are not a part of a word.
    has_number: bool,
}

/// A line, and if it is a row of a table, the lines that may head it.
#[derive(Debug, Clone, Copy)]
struct Row {
    start: usize,
    end: usize,
    delimiter: u8,
    /// The nearest line above that looks like a header, and the topmost: prose may stand over a table, and words in a cell.
    heads: [Option<Span>; 2],
}

impl Tables {
    /// The cells that head a place in a table that is separated by tabs, semicolons, bars or commas.
    pub(super) fn headings(&self, text: &[u8], place: usize) -> impl Iterator<Item = Span> {
        let known = self.row.get().filter(|row| row.start <= place && place <= row.end);
        let row = known.unwrap_or_else(|| self.row(text, place));
        self.row.set(Some(row));
        let column = row.heads.iter().flatten().next().and_then(|_| {
            cells(text, (row.start, row.end), row.delimiter)
                .position(|(start, end)| start <= place && place <= end)
        });
        row.heads.into_iter().flatten().filter_map(move |head| cells(text, head, row.delimiter).nth(column?))
    }

    /// The cells below the one that a place is in, if that is in the header of a table.
    pub(super) fn below(&self, text: &[u8], place: usize) -> Option<Below> {
        let lines = self.lines(text);
        let at = line_at(lines, place);
        let head = lines
            .get(at)
            .filter(|line| !line.read(text).has_number && line.end - line.start <= LONGEST_LINE)?;
        let span = (head.start, head.end);
        (0..).zip(DELIMITERS).filter(|(kind, _)| head.parts(text, *kind) > 0).find_map(|(kind, delimiter)| {
            let rows =
                lines.iter().skip(at + 1).take_while(|line| line.parts(text, kind) == head.parts(text, kind));
            let last = rows.clone().last().filter(|_| is_named_header(text, span, delimiter))?;
            let column =
                cells(text, span, delimiter).position(|(start, end)| start <= place && place <= end)?;
            let cell = |line: &Line| cells(text, (line.start, line.end), delimiter).nth(column);
            let cells = rows.filter_map(cell).map(|cell| unquoted(text, cell)).collect();
            Some(Below { cells, header_end: head.end, end: last.end })
        })
    }

    fn lines(&self, text: &[u8]) -> &[Line] {
        self.lines.get_or_init(|| {
            let mut lines = Vec::new();
            let mut start = 0;
            for line in text.split(|byte| *byte == b'\n') {
                let end = start + line.len();
                lines.push(Line { start, end, parts: OnceCell::new() });
                start = end + 1;
            }
            lines
        })
    }

    fn row(&self, text: &[u8], place: usize) -> Row {
        let lines = self.lines(text);
        let at = line_at(lines, place);
        let plain = Row { start: place, end: place, delimiter: 0, heads: [None; 2] };
        let Some(line) = lines.get(at) else { return plain };
        let plain = Row { start: line.start, end: line.end, ..plain };
        for (kind, delimiter) in (0..).zip(DELIMITERS).filter(|(kind, _)| line.parts(text, *kind) > 0) {
            let above = lines.iter().take(at).rev().take(MOST_ROWS);
            let mut heads = above
                .take_while(|one| one.parts(text, kind) > 0)
                .filter(|one| one.parts(text, kind) == line.parts(text, kind) && !one.read(text).has_number)
                .map(|one| (one.start, one.end))
                .filter(|one| is_header(text, *one, delimiter));
            if let Some(nearest) = heads.next() {
                return Row { delimiter, heads: [Some(nearest), heads.last()], ..plain };
            }
        }
        plain
    }
}

impl Line {
    /// The number of delimiters of one kind.
    fn parts(&self, text: &[u8], kind: usize) -> u16 {
        self.read(text).counts.get(kind).copied().unwrap_or_default()
    }

    fn read(&self, text: &[u8]) -> &Parts {
        self.parts.get_or_init(|| {
            let line = slice(text, self.start, self.end);
            if line.len() > LONGEST_LINE {
                return Parts::default();
            }
            Parts { counts: count(line), has_number: has_number(line) }
        })
    }
}

fn line_at(lines: &[Line], place: usize) -> usize {
    lines.partition_point(|line| line.start <= place).saturating_sub(1)
}

/// Counts the delimiters of each kind outside of quotes. A single quotation mark quotes nothing.
fn count(line: &[u8]) -> [u16; DELIMITERS.len()] {
    let [mut tabs, mut semicolons, mut bars, mut commas] = [0; DELIMITERS.len()];
    let is_quoting = has_pairs(line);
    let mut is_quoted = false;
    for byte in line {
        match byte {
            b'"' if is_quoting => is_quoted = !is_quoted,
            _ if is_quoted => {}
            b'\t' => tabs += 1,
            b';' => semicolons += 1,
            b'|' => bars += 1,
            b',' => commas += 1,
            _ => {}
        }
    }
    [tabs, semicolons, bars, commas]
}

/// Tells if digits stand without a letter before them, unlike in `line_2`.
fn has_number(line: &[u8]) -> bool {
    let mut before = 0;
    line.iter().any(|byte| {
        let is_number = byte.is_ascii_digit() && class(before) & WORD == 0;
        before = *byte;
        is_number
    })
}

fn has_pairs(line: &[u8]) -> bool {
    line.contains(&b'"') && line.iter().fold(true, |is_even, byte| is_even ^ (*byte == b'"'))
}

/// The cells of a line; what quotation marks enclose is not parted.
fn cells(text: &[u8], (from, to): Span, delimiter: u8) -> impl Iterator<Item = Span> + Clone {
    let line = slice(text, from, to);
    let is_quoting = has_pairs(line);
    let mut is_quoted = false;
    let mut at = from;
    line.split(move |byte| {
        is_quoted ^= is_quoting && *byte == b'"';
        !is_quoted && *byte == delimiter
    })
    .map(move |cell| {
        let start = at;
        at += cell.len() + 1;
        (start, start + cell.len())
    })
}

/// Tells if the cells of a line without numbers are short, and some of them words.
fn is_header(text: &[u8], line: Span, delimiter: u8) -> bool {
    let is_heading = |(from, to): Span| slice(text, from, to).trim_ascii().len() <= LONGEST_HEADING;
    let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || *byte >= 0x80;
    cells(text, line, delimiter).all(is_heading) && slice(text, line.0, line.1).iter().any(is_letter)
}

/// Tells if a line has two names or more, and nothing but names in its cells: no code, no prose.
fn is_named_header(text: &[u8], line: Span, delimiter: u8) -> bool {
    let is_letter = |byte: &u8| {
        byte.is_ascii_alphabetic() || matches!(byte, b' ' | b'_' | b'-' | b'/' | b'0'..=b'9' | 0x80..)
    };
    let names = cells(text, line, delimiter).map(|cell| unquoted(text, cell));
    let mut names = names.map(|(from, to)| slice(text, from, to)).filter(|name| !name.is_empty());
    let is_closed = text.get(line.1.wrapping_sub(1)) != Some(&b',');
    is_closed
        && is_header(text, line, delimiter)
        && names.clone().count() >= 2
        && names.all(|name| name.iter().all(is_letter))
}

/// A cell without spaces and quotation marks around it.
fn unquoted(text: &[u8], (mut start, mut end): Span) -> Span {
    let is_space = |at: usize| text.get(at).is_some_and(u8::is_ascii_whitespace);
    let is_quote = |at: usize| text.get(at) == Some(&b'"');
    while start < end && is_space(start) {
        start += 1;
    }
    while start < end && is_space(end - 1) {
        end -= 1;
    }
    if end > start + 1 && is_quote(start) && is_quote(end - 1) { (start + 1, end - 1) } else { (start, end) }
}

/// The name of the column that a place in `INSERT INTO t (a, b) VALUES (1, 2)` belongs to; `insert` is behind `INTO`.
pub(super) fn insert_column(text: &[u8], insert: usize, place: usize) -> Option<Span> {
    let open = insert + slice(text, insert, insert + LONGEST_TABLE_NAME).iter().position(|b| *b == b'(')?;
    let names = slice(text, open + 1, (open + LONGEST_LINE).min(place));
    let close = open + 1 + names.iter().position(|byte| *byte == b')')?;
    let before = slice(text, place.saturating_sub(LONGEST_TUPLE).max(close + 1), place);
    let tuple = before.iter().rposition(|byte| *byte == b'(')?;
    let mut is_quoted = false;
    let commas = before.iter().skip(tuple).filter(|byte| {
        is_quoted ^= **byte == b'\'';
        !is_quoted && **byte == b','
    });
    cells(text, (open + 1, close), b',').nth(commas.count())
}

/// The values of the column of `INSERT INTO t (a, b) VALUES (1, 'x'), …` whose name is at a place; `insert` is behind `INTO`.
pub(super) fn insert_values(text: &[u8], insert: usize, place: usize) -> Vec<Span> {
    let names = slice(text, insert, insert + LONGEST_TABLE_NAME + LONGEST_LINE);
    let list = names.iter().position(|byte| *byte == b'(').and_then(|open| {
        let length = names.get(open..)?.iter().position(|byte| *byte == b')')?;
        Some((insert + open + 1, insert + open + length))
    });
    let Some((open, close)) = list.filter(|(open, close)| *open < place && place <= *close) else {
        return Vec::new();
    };
    let Some(column) = cells(text, (open, close), b',').position(|(from, to)| from <= place && place <= to)
    else {
        return Vec::new();
    };
    let (mut values, mut is_quoted, mut cell, mut at) = (Vec::new(), false, 0, None);
    for (offset, byte) in slice(text, close + 1, close + 1 + LONGEST_VALUES).iter().enumerate() {
        is_quoted ^= *byte == b'\'';
        let here = close + 1 + offset;
        match byte {
            _ if is_quoted => {}
            b';' => break,
            b'(' => (cell, at) = (0, Some(here + 1)),
            b',' | b')' => {
                values.extend(at.filter(|_| cell == column).map(|from| without_quotes(text, (from, here))));
                (cell, at) = (cell + 1, at.filter(|_| *byte == b',').map(|_| here + 1));
            }
            _ => {}
        }
    }
    values
}

/// A value of SQL without spaces and the single quotation marks around it.
fn without_quotes(text: &[u8], (mut start, mut end): Span) -> Span {
    let is_edge = |at: usize| text.get(at).is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b'\'');
    while start < end && is_edge(start) {
        start += 1;
    }
    while start < end && is_edge(end - 1) {
        end -= 1;
    }
    (start, end)
}

fn slice(text: &[u8], start: usize, end: usize) -> &[u8] {
    text.get(start..end.min(text.len())).unwrap_or_default()
}
