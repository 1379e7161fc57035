//! Cells. Nothing is ever made into something else in silence: what is not surely of its column's kind stays text.

use std::borrow::Cow;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Kind;
use super::number::{self, Mark};

/// From here on a whole number has more digits than a spreadsheet keeps.
const TOO_LARGE: u64 = 1_000_000_000_000_000;

/// What stands in a cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// A text, never an empty one.
    Text(String),
    /// A number, a finite one.
    Number(f64),
    /// A day.
    Date(NaiveDate),
    /// A day and a time of day, to the millisecond.
    DateTime(NaiveDateTime),
    /// True or false.
    Boolean(bool),
}

/// How the texts of a column are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What the column holds.
    pub kind: Kind,
    /// What stands before decimals, if that is known.
    pub mark: Option<Mark>,
}

impl Cell {
    /// The cell of a column of that kind that a text spells. Dates as ISO 8601 has them, without a zone, for a spreadsheet has
    /// none; numbers with or without thousands set off, unless they can be read in two ways.
    #[must_use]
    pub fn of_text(text: impl AsRef<str> + Into<String>, kind: Kind) -> Self {
        Self::read(text, Reading { kind, mark: None })
    }

    /// The same for a column of which more is known.
    #[must_use]
    pub fn read(text: impl AsRef<str> + Into<String>, reading: Reading) -> Self {
        let trimmed = text.as_ref().trim();
        if trimmed.is_empty() {
            return Self::Empty;
        }
        let cell = match reading.kind {
            Kind::Text => None,
            Kind::Number => reading
                .mark
                .map_or_else(|| number::read(trimmed), |mark| number::read_with(trimmed, mark))
                .map(Self::Number),
            Kind::Date => date(trimmed),
            Kind::Boolean => boolean(trimmed),
        };
        cell.unwrap_or_else(|| Self::Text(text.into()))
    }

    /// The cell of a column of that kind that a value of JSON stands for. Lists and objects are text. Of a number that is no text
    /// and has more than 20 digits before its decimals, the last were lost when it was read, and it counts as the number it is.
    #[must_use]
    pub fn of_json(value: Value, kind: Kind) -> Self {
        match value {
            Value::Null => Self::Empty,
            Value::Bool(value) if kind == Kind::Boolean => Self::Boolean(value),
            Value::String(text) => Self::of_text(text, kind),
            Value::Number(number) if kind == Kind::Number => {
                let whole = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
                match number.as_f64() {
                    Some(value) if whole.is_none_or(|whole| whole < TOO_LARGE) => Self::of_number(value),
                    _ => Self::Text(number.to_string()),
                }
            }
            other => Self::Text(other.to_string()),
        }
    }

    /// A number, and what Excel shows for what is none.
    #[must_use]
    pub fn of_number(value: f64) -> Self {
        // There is one zero.
        if value.is_finite() { Self::Number(value + 0.0) } else { Self::Text("#NUM!".into()) }
    }

    /// What is read again as the same cell: ISO 8601 for dates, a point before decimals.
    #[must_use]
    pub fn spelled(&self) -> Cow<'_, str> {
        match self {
            Self::Empty => "".into(),
            Self::Text(text) => text.into(),
            Self::Number(value) => spelled_number(*value).into(),
            Self::Date(date) => date.to_string().into(),
            Self::DateTime(time) if has_millis(*time) => {
                time.format("%Y-%m-%d %H:%M:%S%.3f").to_string().into()
            }
            Self::DateTime(time) => time.format("%Y-%m-%d %H:%M:%S").to_string().into(),
            Self::Boolean(true) => "TRUE".into(),
            Self::Boolean(false) => "FALSE".into(),
        }
    }
}

/// As the kept form has it.
impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Empty => serializer.serialize_unit(),
            Self::Number(value) => serializer.serialize_f64(*value),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Text(_) | Self::Date(_) | Self::DateTime(_) => serializer.serialize_str(&self.spelled()),
        }
    }
}

/// Whether a second is not all that there is to a time.
pub(crate) fn has_millis(time: NaiveDateTime) -> bool {
    time.nanosecond() > 0
}

/// A number with a point before its decimals, and a power of ten where it would be long without one.
pub(crate) fn spelled_number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-5..1e15).contains(&size) { value.to_string() } else { format!("{value:E}") }
}

/// `2026-01-31`, `2026-01-31T18:30`, `2026-01-31 18:30:00`, with up to three decimals.
fn date(text: &str) -> Option<Cell> {
    let (day, time) = text.split_once(['T', ' ']).map_or((text, None), |(day, time)| (day, Some(time)));
    if !has_shape(day, "0000-00-00") {
        return None;
    }
    let day: NaiveDate = day.parse().ok()?;
    let Some(time) = time else { return Some(Cell::Date(day)) };
    let format = if has_shape(time, "00:00") {
        "%H:%M"
    } else if ["00:00:00", "00:00:00.0", "00:00:00.00", "00:00:00.000"]
        .iter()
        .any(|shape| has_shape(time, shape))
    {
        "%H:%M:%S%.f"
    } else {
        return None;
    };
    let time = NaiveTime::parse_from_str(time, format).ok()?;
    // No spreadsheet has leap seconds.
    (time.nanosecond() < 1_000_000_000).then_some(Cell::DateTime(day.and_time(time)))
}

/// Whether a text has digits where a shape has zeros, and is the same elsewhere.
fn has_shape(text: &str, shape: &str) -> bool {
    let is_alike = |(one, other): (u8, u8)| if other == b'0' { one.is_ascii_digit() } else { one == other };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(is_alike)
}

/// Only the words themselves: `yes` and `1` may mean more than that.
fn boolean(text: &str) -> Option<Cell> {
    let is = |word| text.eq_ignore_ascii_case(word);
    (is("true") || is("false")).then(|| Cell::Boolean(is("true")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const KINDS: [Kind; 4] = [Kind::Text, Kind::Number, Kind::Date, Kind::Boolean];

    fn text(text: &str) -> Cell {
        Cell::Text(text.into())
    }

    fn time(text: &str) -> Cell {
        Cell::DateTime(NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").unwrap())
    }

    #[test]
    fn a_text_is_read_by_its_columns_kind_and_only_by_that() {
        let day = Cell::Date(NaiveDate::from_ymd_opt(2024, 2, 29).unwrap());
        for (given, kind, cell) in [
            ("007", Kind::Number, text("007")),
            (" 12.5 ", Kind::Number, Cell::Number(12.5)),
            ("12.5", Kind::Text, text("12.5")),
            (" as it is ", Kind::Text, text(" as it is ")),
            ("2024-02-29", Kind::Date, day),
            ("2024-02-29T18:30", Kind::Date, time("2024-02-29T18:30:00")),
            ("2024-02-29 18:30:05.25", Kind::Date, time("2024-02-29T18:30:05.25")),
            ("TRUE", Kind::Boolean, Cell::Boolean(true)),
            ("false", Kind::Boolean, Cell::Boolean(false)),
            (" \n", Kind::Text, Cell::Empty),
        ] {
            assert_eq!(Cell::of_text(given, kind), cell, "{given}");
        }
    }

    #[test]
    fn what_is_not_surely_of_that_kind_stays_text() {
        for (kind, texts) in [
            (Kind::Number, ["1,234", "[MONEY_1]", "12 [MONEY_1]"]),
            (Kind::Date, ["2023-02-29", "01.02.2024", "2024-2-3"]),
            (Kind::Date, ["2024-02-29T18:30:00Z", "2024-02-29T23:59:60", "2024-02-29T24:00"]),
            (Kind::Date, ["2024-02-29 18:30:05.123456", "[DATE_1]", "20240229"]),
            (Kind::Boolean, ["yes", "1", "[TRUE_1]"]),
        ] {
            for given in texts {
                assert_eq!(Cell::of_text(given, kind), text(given));
            }
        }
    }

    #[test]
    fn a_value_of_json_is_read_by_its_columns_kind() {
        for (value, kind, cell) in [
            (json!(null), Kind::Text, Cell::Empty),
            (json!(""), Kind::Text, Cell::Empty),
            (json!(12.5), Kind::Number, Cell::Number(12.5)),
            (json!("12.5"), Kind::Number, Cell::Number(12.5)),
            (json!(-0.0), Kind::Number, Cell::Number(0.0)),
            (json!(1e20), Kind::Number, Cell::Number(1e20)),
            (json!(999_999_999_999_999_u64), Kind::Number, Cell::Number(999_999_999_999_999.0)),
            (json!(4_111_111_111_111_111_u64), Kind::Number, text("4111111111111111")),
            (json!(-4_111_111_111_111_111_i64), Kind::Number, text("-4111111111111111")),
            (json!(12.5), Kind::Text, text("12.5")),
            (json!(1), Kind::Boolean, text("1")),
            (json!(true), Kind::Boolean, Cell::Boolean(true)),
            (json!(true), Kind::Number, text("true")),
            (json!(45_000), Kind::Date, text("45000")),
            (json!(["a", 1]), Kind::Text, text(r#"["a",1]"#)),
        ] {
            assert_eq!(Cell::of_json(value, kind), cell);
        }
    }

    #[test]
    fn numbers_that_are_none_are_seen() {
        assert_eq!(Cell::of_number(f64::MAX * 2.0), text("#NUM!"));
        assert_eq!(spelled_number(1e300), "1E300");
        assert_eq!(spelled_number(-0.000_012_5), "-0.0000125");
    }

    proptest! {
        #[test]
        fn what_was_read_is_read_again_as_the_same(given in "[-0-9.,eE'tru T:]{0,12}|\\PC{0,8}", kind in 0..4_usize) {
            let cell = Cell::of_text(given.as_str(), KINDS[kind]);
            prop_assert_eq!(&Cell::of_json(serde_json::to_value(&cell).unwrap(), KINDS[kind]), &cell);
        }

        #[test]
        fn a_text_loses_nothing(given in "\\PC{0,8}") {
            match Cell::of_text(given.as_str(), Kind::Text) {
                Cell::Text(text) => prop_assert_eq!(text, given),
                cell => prop_assert!(cell == Cell::Empty && given.trim().is_empty()),
            }
        }
    }
}
