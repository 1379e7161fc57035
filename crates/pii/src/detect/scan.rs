//! A text as detectors read it: words, tokens, and the labels around a place.

use std::cell::{Cell, OnceCell};

use super::class::{DIGIT, TOKEN, WORD, class};
use super::label::{ByLabel, Labels, Mark, read};
use super::signs::Signs;
use super::table::{Below, Tables, insert_column, insert_values};
use super::vocabulary::Label;

/// Bytes looked at before a candidate for a word that says what it is, and behind it.
const CONTEXT: usize = 48;
const AFTER: usize = 12;

/// Bytes of a token that is shown even if it has no digit: the shortest key.
pub(super) const LONG: usize = 16;

/// Bytes behind a label in which its cell ends.
const LONGEST_REST: usize = 12;

/// Columns of one table that are looked at for one label.
const MOST_COLUMNS: usize = 8;

/// Bytes before a token with a digit whose words are shown too.
const LEAD: usize = 16;

/// Words after which a point does not end a sentence.
const ABBREVIATIONS: &[&str] = &[
    "n", "no", "nr", "nro", "num", "number", "idnr", "tel", "ref", "ext", "mob", "acct", "lic", "geb", "nac",
];
const LONGEST_ABBREVIATION: usize = 6;

/// A folded text.
#[derive(Debug)]
pub(super) struct Text<'a> {
    pub(super) str: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) signs: Signs,
    marks: Vec<Mark>,
    by_label: OnceCell<ByLabel>,
    /// The labels of all marks.
    vocabulary: Labels,
    tables: Tables,
    /// The ends of all `INSERT INTO`.
    inserts: OnceCell<Vec<usize>>,
    /// The place that was asked for last, and what labels it: several detectors ask of the same one.
    labelled: Cell<Option<(usize, Labels)>>,
}

/// A run of letters, digits and underscores.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Classes of its bytes, one bit each.
    pub(super) kinds: u8,
}

impl Word {
    pub(super) const fn has(&self, kind: u8) -> bool {
        self.kinds & kind != 0
    }

    pub(super) const fn is_number(&self) -> bool {
        self.kinds == DIGIT
    }

    pub(super) const fn len(&self) -> usize {
        self.end - self.start
    }
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let marks = read(text);
        Self {
            str: text,
            bytes: text.as_bytes(),
            signs: Signs::new(text.as_bytes()),
            vocabulary: marks.iter().fold(Labels::default(), |all, mark| all.and(mark.labels)),
            marks,
            by_label: OnceCell::new(),
            tables: Tables::default(),
            inserts: OnceCell::new(),
            labelled: Cell::new(None),
        }
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

    /// As much of the text from a place as there is, up to `most` bytes.
    pub(super) fn ahead(&self, start: usize, most: usize) -> &'a [u8] {
        self.slice(start, (start + most).min(self.bytes.len()))
    }

    /// The text from a place on, up to about `most` bytes, in whole characters.
    pub(super) fn str_ahead(&self, start: usize, most: usize) -> &'a str {
        self.str.get(start..self.str.floor_char_boundary(start + most)).unwrap_or_default()
    }

    /// Finds the end of the run of such bytes from `start` on.
    pub(super) fn run(&self, start: usize, kind: impl Fn(u8) -> bool) -> usize {
        let rest = self.bytes.get(start..).unwrap_or_default();
        start + rest.iter().position(|byte| !kind(*byte)).unwrap_or(rest.len())
    }

    /// Tokens, which are words and what hyphens and points join: those that have a digit, and long ones.
    pub(super) fn tokens(&self) -> impl Iterator<Item = Word> {
        let mut at = 0;
        let mut groups = self.signs.groups.iter().map(|group| group.start).peekable();
        std::iter::from_fn(move || {
            while groups.next_if(|start| *start < at).is_some() {}
            let digit = groups.peek().copied().unwrap_or(self.bytes.len());
            let token = self.long_token(at, digit).or_else(|| self.token_at(digit, at))?;
            at = token.end;
            Some(token)
        })
    }

    /// The first long token that begins between two places: one look at each so many bytes cannot miss it.
    fn long_token(&self, at: usize, end: usize) -> Option<Word> {
        let mut place = at + LONG - 1;
        while place < end {
            let Some(token) = self.token_at(place, at) else {
                place += LONG;
                continue;
            };
            if token.len() >= LONG {
                return Some(token);
            }
            place = token.end + LONG;
        }
        None
    }

    /// The token that a place is in, as far as it stands behind another place.
    fn token_at(&self, place: usize, least: usize) -> Option<Word> {
        let before = self.slice(least, place).iter().rev();
        let start = place - before.take_while(|byte| class(**byte) & TOKEN != 0).count();
        let rest = self.bytes.get(start..).unwrap_or_default().iter().map(|byte| class(*byte) & TOKEN);
        let (mut end, mut kinds) = (start, 0);
        for class in rest.take_while(|class| *class != 0) {
            kinds |= class;
            end += 1;
        }
        (end > place).then_some(Word { start, end, kinds })
    }

    /// The words of a token, and those that stand shortly before it but behind another place: a month before its day.
    pub(super) fn words(&self, token: Word, least: usize) -> impl Iterator<Item = Word> {
        let mut start = token.start.saturating_sub(LEAD).max(least);
        while start < token.start && is_word(self.before(start)) {
            start += 1;
        }
        runs(self.slice(start, token.end), start)
    }

    /// Tells if a label applies to the number at `start`: it stands before it in the same sentence, without another number in
    /// between, or it heads the column.
    pub(super) fn is_labelled(&self, start: usize, label: Label) -> bool {
        if !self.has(label) {
            return false;
        }
        let labels = match self.labelled.get() {
            Some((place, labels)) if place == start => labels,
            _ => {
                let labels = self.read_labels(start);
                self.labelled.set(Some((start, labels)));
                labels
            }
        };
        labels.has(label)
    }

    /// Tells if a label stands anywhere in the text.
    pub(super) const fn has(&self, label: Label) -> bool {
        self.vocabulary.has(label)
    }

    fn read_labels(&self, start: usize) -> Labels {
        let beside = self.labels_in(self.sentence_start(start), start);
        beside.and(self.heading_labels(start))
    }

    /// The labels in the cells that head the column of a place.
    fn heading_labels(&self, place: usize) -> Labels {
        let above = self.tables.headings(self.bytes, place);
        let named = self.insert_before(place).and_then(|insert| insert_column(self.bytes, insert, place));
        above.chain(named).fold(Labels::default(), |all, (from, to)| all.and(self.labels_in(from, to)))
    }

    /// The end of the last `INSERT INTO` before a place.
    fn insert_before(&self, place: usize) -> Option<usize> {
        if !self.has(Label::Insert) {
            return None;
        }
        let inserts = self.inserts.get_or_init(|| self.ends_of(Label::Insert).collect());
        inserts.get(inserts.partition_point(|end| *end <= place).checked_sub(1)?).copied()
    }

    /// The cells below each heading of a label. Rows of one table head no other.
    pub(super) fn cells_below(&self, label: Label) -> impl Iterator<Item = (usize, usize)> {
        let mut table = Below::default();
        let mut columns = 0;
        self.ends_of(label).flat_map(move |end| {
            let inserted = self.insert_before(end).map(|insert| insert_values(self.bytes, insert, end));
            if let Some(values) = inserted.filter(|values| !values.is_empty()) {
                return values;
            }
            let is_same = end <= table.header_end;
            columns = if is_same { columns + 1 } else { 0 };
            let is_row = !is_same && end <= table.end || !self.ends_cell(end);
            let below =
                if is_row || columns >= MOST_COLUMNS { None } else { self.tables.below(self.bytes, end) };
            let Some(below) = below else { return Vec::new() };
            (table.header_end, table.end) = (below.header_end, below.end);
            below.cells
        })
    }

    /// Tells if a cell or a line may end behind a word.
    fn ends_cell(&self, end: usize) -> bool {
        let rest = self.ahead(end, LONGEST_REST);
        let next =
            rest.iter().find(|byte| !matches!(byte, b' ' | b'"' | b'_') && !byte.is_ascii_alphanumeric());
        next.is_none_or(|byte| matches!(byte, b',' | b';' | b'|' | b'\t' | b'\n' | b'\r'))
            && rest.len() < LONGEST_REST
            || next.is_some_and(|byte| {
                matches!(byte, b';' | b'|' | b'\t' | b'\n' | b'\r')
                    || *byte == b',' && !rest.windows(2).any(|pair| pair == b", ")
            })
    }

    /// The labels that end behind `from`, and at `to` at the latest.
    pub(super) fn labels_in(&self, from: usize, to: usize) -> Labels {
        let first = self.marks.partition_point(|mark| mark.end <= from);
        let marks = self.marks.get(first..).unwrap_or_default().iter();
        marks
            .take_while(|mark| mark.end <= to)
            .fold(Labels::default(), |labels, mark| labels.and(mark.labels))
    }

    /// The end of the label that stands last before a place in its sentence.
    pub(super) fn last(&self, start: usize, label: Label) -> Option<usize> {
        if !self.has(label) {
            return None;
        }
        let from = self.sentence_start(start);
        let before = self.marks.partition_point(|mark| mark.end <= start);
        let marks = self.marks.get(..before).unwrap_or_default().iter().rev();
        marks.take_while(|mark| mark.end > from).find(|mark| mark.labels.has(label)).map(|mark| mark.end)
    }

    /// Tells if a label names something else, and no nearer label fits.
    pub(super) fn is_rather(&self, start: usize, other: Label, own: Label) -> bool {
        // "about my order, call …" is not about the number of the order.
        let apart = |end: usize| self.slice(end, start).contains(&b',');
        match (self.last(start, other).filter(|end| !apart(*end)), self.last(start, own)) {
            (Some(other), own) => own.is_none_or(|own| own < other),
            (None, _) => self.is_labelled(start, other) && !self.is_labelled(start, own),
        }
    }

    /// The ends of all words of a label.
    pub(super) fn ends_of(&self, label: Label) -> impl Iterator<Item = usize> {
        let ends = if self.has(label) {
            self.by_label.get_or_init(|| ByLabel::new(&self.marks)).of(label)
        } else {
            &[]
        };
        ends.iter().copied()
    }

    /// Tells if a label stands in the line around the span, on either side.
    pub(super) fn is_near(&self, start: usize, end: usize, label: Label) -> bool {
        if !self.has(label) {
            return false;
        }
        let from = start.saturating_sub(CONTEXT);
        let before = self.slice(from, start);
        // A number on a line of its own belongs to the line above.
        let own = before.trim_ascii_end();
        let is_alone =
            own.len() < before.len() && before.get(own.len()..).is_some_and(|gap| gap.contains(&b'\n'));
        let before = if is_alone { own } else { before };
        let line = from + before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.labels_in(line, start).has(label)
            || self.follows(end, AFTER, label)
            || self.heading_labels(start).has(label)
    }

    /// Tells if a label stands in the same sentence, at most so many bytes behind a place.
    pub(super) fn follows(&self, end: usize, most: usize, label: Label) -> bool {
        let after = self.ahead(end, most);
        let ends = |pair: &[u8]| matches!(pair, [b'\n' | b'0'..=b'9', _] | [b'.' | b'!' | b'?' | b';', b' ']);
        let sentence = after.windows(2).position(ends).unwrap_or(after.len());
        self.has(label) && self.labels_in(end, end + sentence).has(label)
    }

    fn sentence_start(&self, start: usize) -> usize {
        let least = start.saturating_sub(CONTEXT);
        let mut at = start;
        while at > least && !self.ends_sentence(at - 1, start) {
            at -= 1;
        }
        at
    }

    fn ends_sentence(&self, place: usize, start: usize) -> bool {
        let next = self.at(place + 1);
        match self.at(place) {
            // `SSN:` and its number may have lines of their own.
            b'\n' => {
                self.slice(place + 1, start).iter().any(|byte| !byte.is_ascii_whitespace())
                    || !self.is_colon(place)
            }
            // `phone2` is a word.
            b'0'..=b'9' => !(self.before(place).is_ascii_alphabetic() || self.before(place) == b'_'),
            b'!' | b'?' | b';' => place + 1 < start && next == b' ',
            b'.' => next == b' ' && !self.abbreviates(place),
            _ => false,
        }
    }

    /// Tells if a colon ends the line before a newline.
    fn is_colon(&self, newline: usize) -> bool {
        let before = self.slice(newline.saturating_sub(4), newline);
        before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\r' | b'*')) == Some(&b':')
    }

    /// Tells if the point belongs to the word before it: "no. 5", "d.o.b. 1990".
    fn abbreviates(&self, place: usize) -> bool {
        let before = self.slice(place.saturating_sub(LONGEST_ABBREVIATION + 1), place);
        let letters = before.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let word = self.slice(place - letters, place);
        let is_initial = letters == 1 && self.before(place - 1) == b'.';
        is_initial || ABBREVIATIONS.iter().any(|one| word.eq_ignore_ascii_case(one.as_bytes()))
    }
}

/// All runs of letters, digits and underscores; `offset` is where the bytes stand.
fn runs(bytes: &[u8], offset: usize) -> impl Iterator<Item = Word> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..)?;
        let start = at + rest.iter().position(|byte| class(*byte) & WORD != 0)?;
        let mut kinds = 0;
        let length = bytes.get(start..)?.iter().position(|byte| {
            let class = class(*byte) & WORD;
            kinds |= class;
            class == 0
        });
        at = length.map_or(bytes.len(), |length| start + length);
        Some(Word { start: offset + start, end: offset + at, kinds })
    })
}

/// Letters, digits and the underscore.
pub(super) const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
