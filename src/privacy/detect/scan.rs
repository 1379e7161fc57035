//! Reading bytes: classes, words, and what stands before a place.

use std::cell::Cell;

/// Bytes looked at before a candidate for a word that says what it is.
const CONTEXT: usize = 48;

/// Words after which a point does not end a sentence.
const ABBREVIATIONS: &[&str] =
    &["no", "nr", "num", "number", "idnr", "tel", "ref", "ext", "mob", "acct", "lic"];

/// Bytes of a table's line, and its rows, that are looked at: a bound on the work that a text can make.
const LONGEST_LINE: usize = 1024;
const MOST_ROWS: usize = 64;

/// Bytes of a column's heading at most.
const LONGEST_HEADING: usize = 32;

/// A folded text.
#[derive(Debug)]
pub(super) struct Text<'a> {
    pub(super) bytes: &'a [u8],
    heading: Cell<Option<Heading<'a>>>,
    table: Cell<Option<Table>>,
}

/// What was last found to head a place: several detectors ask of the same one.
#[derive(Debug, Clone, Copy)]
struct Heading<'a> {
    place: usize,
    text: Option<&'a [u8]>,
}

/// Where the table of the line that begins at `line` begins: it is asked for each of the line's cells.
#[derive(Debug, Clone, Copy)]
struct Table {
    line: usize,
    top: usize,
}

/// What a text has at all: it decides which detectors look.
#[derive(Debug, Default)]
pub(super) struct Clues {
    pub(super) at: bool,
    pub(super) colon: bool,
    pub(super) digits: usize,
}

impl<'a> Text<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, heading: Cell::new(None), table: Cell::new(None) }
    }

    pub(super) fn clues(&self) -> Clues {
        let mut clues = Clues::default();
        for byte in self.bytes {
            match byte {
                b'@' => clues.at = true,
                b':' => clues.colon = true,
                b'0'..=b'9' => clues.digits += 1,
                _ => {}
            }
        }
        clues
    }

    /// The byte at a place; 0 outside of the text.
    pub(super) fn at(&self, place: usize) -> u8 {
        self.bytes.get(place).copied().unwrap_or(0)
    }

    /// The byte before a place; 0 at the beginning.
    pub(super) fn before(&self, place: usize) -> u8 {
        place.checked_sub(1).map_or(0, |place| self.at(place))
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'a [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// Where the run of bytes of that kind from `start` ends.
    pub(super) fn run(&self, start: usize, kind: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(start..).unwrap_or_default();
        start + rest.iter().position(|byte| !kind(*byte)).unwrap_or(rest.len())
    }

    /// All runs of bytes of that kind, as their starts and ends.
    pub(super) fn runs(&self, kind: impl Fn(u8) -> bool) -> impl Iterator<Item = (usize, usize)> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let start = self.run(at, |byte| !kind(byte));
            at = self.run(start, &kind);
            (at > start).then_some((start, at))
        })
    }

    /// Whether one of `words` (lower case) labels what begins at `start`: it stands before it in the same sentence, with no
    /// other number in between; or it heads the column.
    pub(super) fn is_labelled(&self, start: usize, words: &[&str]) -> bool {
        let from = self.sentence_start(start);
        has_word(self.slice(from, start), words)
            || self.heading(start).is_some_and(|heading| has_word(heading, words))
    }

    /// Whether one of `words` stands within the line around the span, on either side.
    pub(super) fn is_near(&self, start: usize, end: usize, words: &[&str]) -> bool {
        let from = start.saturating_sub(CONTEXT);
        let before = self.slice(from, start);
        // A number on a line of its own belongs to the line above.
        let own = before.trim_ascii_end();
        let is_alone =
            own.len() < before.len() && before.get(own.len()..).is_some_and(|gap| gap.contains(&b'\n'));
        let before = if is_alone { own } else { before };
        let line = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let after = self.slice(end, (end + 12).min(self.bytes.len()));
        let after = after.split(|byte| *byte == b'\n').next().unwrap_or_default();
        has_word(before.get(line..).unwrap_or_default(), words)
            || has_word(after, words)
            || self.heading(start).is_some_and(|heading| has_word(heading, words))
    }

    fn sentence_start(&self, start: usize) -> usize {
        let least = start.saturating_sub(CONTEXT);
        let mut at = start;
        while at > least {
            let byte = self.before(at);
            let next = self.at(at);
            let ends = match byte {
                b'\n' | b'0'..=b'9' => true,
                b'!' | b'?' | b';' => at < start && next == b' ',
                b'.' => next == b' ' && !self.abbreviates(at - 1),
                _ => false,
            };
            if ends {
                break;
            }
            at -= 1;
        }
        at
    }

    /// Whether the word that ends at a place is written with a point: "no. 5".
    fn abbreviates(&self, place: usize) -> bool {
        let before = self.slice(0, place);
        let letters = before.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let word = self.slice(place - letters, place).to_ascii_lowercase();
        ABBREVIATIONS.iter().any(|one| one.as_bytes() == word)
    }

    /// The first line's cell above a place in a table that is separated by tabs, semicolons, bars or commas.
    fn heading(&self, place: usize) -> Option<&'a [u8]> {
        if let Some(known) = self.heading.get().filter(|known| known.place == place) {
            return known.text;
        }
        let text = self.find_heading(place);
        self.heading.set(Some(Heading { place, text }));
        text
    }

    fn find_heading(&self, place: usize) -> Option<&'a [u8]> {
        let line_start = self.line_start(place)?;
        let line_end = self.slice(place, (place + LONGEST_LINE).min(self.bytes.len()));
        let line_end = place + line_end.iter().position(|byte| *byte == b'\n').unwrap_or(line_end.len());
        let line = self.slice(line_start, line_end);
        let delimiter = [b'\t', b';', b'|', b','].into_iter().find(|delimiter| line.contains(delimiter))?;
        let count = |line: &[u8]| line.split(|byte| *byte == delimiter).count() - 1;
        let column = count(self.slice(line_start, place));
        let top = self.table_top(line_start, delimiter);
        if top == line_start {
            return None;
        }
        let head = self.slice(top, self.run(top, |byte| byte != b'\n'));
        let heading = head.split(|byte| *byte == delimiter).nth(column)?;
        let is_heading = heading.len() <= LONGEST_HEADING && !heading.iter().any(u8::is_ascii_digit);
        (count(head) == count(line) && is_heading).then_some(heading)
    }

    /// Up to the first of the lines above that have the same delimiter.
    fn table_top(&self, line: usize, delimiter: u8) -> usize {
        if let Some(known) = self.table.get().filter(|known| known.line == line) {
            return known.top;
        }
        let mut top = line;
        for _ in 0..MOST_ROWS {
            let Some(above) = top.checked_sub(1).and_then(|end| self.line_start(end)) else { break };
            if !self.slice(above, top - 1).contains(&delimiter) {
                break;
            }
            top = above;
        }
        self.table.set(Some(Table { line, top }));
        top
    }

    /// Where the line of a place begins; `None` when that is too far to look.
    fn line_start(&self, place: usize) -> Option<usize> {
        let least = place.saturating_sub(LONGEST_LINE);
        let before = self.slice(least, place);
        match before.iter().rposition(|byte| *byte == b'\n') {
            Some(newline) => Some(least + newline + 1),
            None => (least == 0).then_some(0),
        }
    }
}

/// Letters, digits and the underscore.
pub(super) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether `text` has one of `words`, written in any case, not as a part of a longer word.
fn has_word(text: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| {
        let word = word.as_bytes();
        text.windows(word.len()).enumerate().any(|(at, window)| {
            let before = at.checked_sub(1).and_then(|at| text.get(at)).copied().unwrap_or(b' ');
            let after = text.get(at + word.len()).copied().unwrap_or(b' ');
            window.eq_ignore_ascii_case(word)
                && !before.is_ascii_alphabetic()
                && !(after.is_ascii_alphabetic() && word.last().is_some_and(u8::is_ascii_alphabetic))
        })
    })
}
