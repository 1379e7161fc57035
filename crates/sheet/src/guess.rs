//! Inference of the kinds of columns from the texts of a table.

use pii::placeholder::Placeholder;

use super::cell::{Cell, Reading};
use super::number::{self, Mark};
use super::{Kind, MAX_NAME_CHARS};

/// The inference over the rows so far. A column is of a kind if all its cells are, except empty ones and placeholders.
#[derive(Clone, Debug)]
pub struct Guess(Vec<Candidates>);

/// The kinds that a column may still have.
#[derive(Clone, Debug)]
struct Candidates {
    is_seen: bool,
    /// Decimal marks with which all cells are numbers.
    marks: Vec<Mark>,
    /// True if the marks lead to different numbers.
    differs: bool,
    /// Other kinds that all cells have.
    kinds: Vec<Kind>,
}

impl Guess {
    /// Starts the inference for a table with this number of columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        let candidates = Candidates {
            is_seen: false,
            marks: vec![Mark::Point, Mark::Comma],
            differs: false,
            kinds: vec![Kind::Date, Kind::Boolean],
        };
        Self(vec![candidates; columns])
    }

    /// Takes a row that is not the header.
    pub fn row<'r>(&mut self, cells: impl IntoIterator<Item = &'r str>) {
        for (candidates, cell) in self.0.iter_mut().zip(cells) {
            let cell = cell.trim();
            if !cell.is_empty() && Placeholder::parse(cell).is_none() {
                candidates.narrow(cell);
            }
        }
    }

    /// Returns the rules to read each column. Ambiguous numbers are read like those of the other columns; if these have no
    /// decimal mark or both, the column stays text.
    #[must_use]
    pub fn readings(&self) -> Vec<Reading> {
        let has = |mark| self.0.iter().any(|candidates| candidates.mark() == Some(mark));
        let mark = match (has(Mark::Point), has(Mark::Comma)) {
            (true, false) => Some(Mark::Point),
            (false, true) => Some(Mark::Comma),
            _ => None,
        };
        self.0.iter().map(|candidates| candidates.reading(mark)).collect()
    }
}

impl Candidates {
    fn narrow(&mut self, cell: &str) {
        self.is_seen = true;
        self.marks.retain(|mark| number::read_with(cell, *mark).is_some());
        self.differs |= self.marks.len() > 1 && number::read(cell).is_none();
        self.kinds.retain(|kind| !matches!(Cell::of_text(cell, *kind), Cell::Text(_)));
    }

    /// The decimal mark, if only one is possible.
    fn mark(&self) -> Option<Mark> {
        match self.marks.as_slice() {
            [mark] => Some(*mark),
            _ => None,
        }
    }

    fn reading(&self, others: Option<Mark>) -> Reading {
        let (kind, mark) = match (self.marks.as_slice(), self.kinds.as_slice()) {
            _ if !self.is_seen => (Kind::Text, None),
            ([mark], _) => (Kind::Number, Some(*mark)),
            ([_, _], _) if !self.differs => (Kind::Number, None),
            ([_, _], _) if others.is_some() => (Kind::Number, others),
            (_, [kind]) => (*kind, None),
            _ => (Kind::Text, None),
        };
        Reading { kind, mark }
    }
}

/// Makes the names of columns from a table's first row: not empty, unique and of limited length.
#[must_use]
pub fn names<'r>(header: impl IntoIterator<Item = &'r str>) -> Vec<String> {
    let mut taken = std::collections::BTreeSet::new();
    let mut names = Vec::new();
    for (number, name) in (1..).zip(header) {
        let mut name: String =
            name.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_NAME_CHARS).collect();
        if name.is_empty() {
            name = format!("Column {number}");
        }
        // A repeated name gets the number of its column, which is unique.
        while !taken.insert(super::folded(&name)) {
            let end = format!(" ({number})");
            name = name.chars().take(MAX_NAME_CHARS - end.len()).chain(end.chars()).collect();
        }
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guessed(rows: &[&str]) -> Vec<(Kind, Option<Mark>)> {
        let mut guess = Guess::new(rows[0].split(';').count());
        for row in rows {
            guess.row(row.split(';'));
        }
        guess.readings().into_iter().map(|reading| (reading.kind, reading.mark)).collect()
    }

    #[test]
    fn a_column_has_the_kind_of_all_its_cells() {
        assert_eq!(
            guessed(&["1;2024-05-01;true;1;007;", ";;;;8;", "-2.5;2024-05-01 18:30;FALSE;x;9; "]),
            [
                (Kind::Number, Some(Mark::Point)),
                (Kind::Date, None),
                (Kind::Boolean, None),
                (Kind::Text, None),
                (Kind::Text, None),
                (Kind::Text, None),
            ]
        );
    }

    #[test]
    fn placeholders_do_not_count() {
        assert_eq!(
            guessed(&["[MONEY_1];[EMAIL_1];5 [MONEY_2]", "12;;5"]),
            [(Kind::Number, None), (Kind::Text, None), (Kind::Text, None)]
        );
    }

    #[test]
    fn a_column_that_can_be_read_in_two_ways_is_read_like_the_others() {
        let (point, comma) = ((Kind::Number, Some(Mark::Point)), (Kind::Number, Some(Mark::Comma)));
        assert_eq!(guessed(&["1.234;5,5"]), [comma, comma]);
        assert_eq!(guessed(&["1.234;5.5"]), [point, point]);
        assert_eq!(guessed(&["1.234;7"]), [(Kind::Text, None), (Kind::Number, None)]);
        assert_eq!(guessed(&["1.234;5,5;5.5"]), [(Kind::Text, None), comma, point]);
        assert_eq!(guessed(&["1.234;x", "0.5;y"]), [point, (Kind::Text, None)]);
    }

    #[test]
    fn every_column_has_a_name_of_its_own() {
        assert_eq!(
            names([" A \n b ", "", "a b", "A B", "a b (3)"]),
            ["A b", "Column 2", "a b (3)", "A B (4)", "a b (3) (5)"]
        );
        let long = "x".repeat(300);
        let names = names([long.as_str(), long.as_str()]);
        assert!(names[0] != names[1] && names.iter().all(|name| name.chars().count() == MAX_NAME_CHARS));
    }
}
