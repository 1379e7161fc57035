//! Cells. A text that is not unambiguously of its column's kind stays text, so that no conversion loses data.

use std::borrow::Cow;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Kind;
use super::number::{self, Mark};

/// Whole numbers from here on have more digits than a spreadsheet keeps.
const TOO_LARGE: u64 = 1_000_000_000_000_000;

/// A cell of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cell {
    /// A cell without a value.
    #[default]
    Empty,
    /// A text that is not empty.
    Text(String),
    /// A finite number.
    Number(f64),
    /// A day without a time.
    Date(NaiveDate),
    /// A day and a time of day, to the millisecond.
    DateTime(NaiveDateTime),
    /// True or false.
    Boolean(bool),
}

/// Rules to read the texts of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Kind of the column.
    pub kind: Kind,
    /// Decimal mark, if it is known.
    pub mark: Option<Mark>,
}

impl Cell {
    /// Reads a cell of the given kind from a text.
    ///
    /// Dates follow ISO 8601 without a zone, because spreadsheets have none. Numbers may have separators between thousands,
    /// unless they can be read in two ways.
    #[must_use]
    pub fn of_text(text: impl AsRef<str> + Into<String>, kind: Kind) -> Self {
        Self::read(text, Reading { kind, mark: None })
    }

    /// Reads a cell by the rules of its column.
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

    /// Reads a cell of the given kind from a JSON value. Lists and objects become text.
    ///
    /// JSON numbers with more than 20 digits before the decimals lost their last digits when they were parsed. They count as
    /// the numbers that they were parsed to.
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

    /// Makes a number, or Excel's `#NUM!` if the value is not finite.
    #[must_use]
    pub fn of_number(value: f64) -> Self {
        // Adding 0.0 turns -0 into 0.
        if value.is_finite() { Self::Number(value + 0.0) } else { Self::Text("#NUM!".into()) }
    }

    /// Writes the cell so that reading it yields the same cell: dates in ISO 8601, a decimal point.
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

/// Writes the cell for the stored form.
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

/// Returns true if the time has a fraction of a second.
pub(crate) fn has_millis(time: NaiveDateTime) -> bool {
    time.nanosecond() > 0
}

/// Writes a number with a decimal point, and with a power of ten if it would be long without one.
pub(crate) fn spelled_number(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-5..1e15).contains(&size) { value.to_string() } else { format!("{value:E}") }
}

/// Reads `2026-01-31`, `2026-01-31T18:30` or `2026-01-31 18:30:00`, with up to three decimals.
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
    // Spreadsheets have no leap seconds.
    (time.nanosecond() < 1_000_000_000).then_some(Cell::DateTime(day.and_time(time)))
}

/// Returns true if a text has digits at the zeros of a shape and is equal elsewhere.
fn has_shape(text: &str, shape: &str) -> bool {
    let is_alike = |(one, other): (u8, u8)| if other == b'0' { one.is_ascii_digit() } else { one == other };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(is_alike)
}

/// Reads `true` and `false` only: `yes` and `1` may mean something else.
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
    fn ambiguous_texts_stay_text() {
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
    fn infinite_and_long_numbers_are_written() {
        assert_eq!(Cell::of_number(f64::MAX * 2.0), text("#NUM!"));
        assert_eq!(spelled_number(1e300), "1E300");
        assert_eq!(spelled_number(-0.000_012_5), "-0.0000125");
    }

    proptest! {
        #[test]
        fn a_written_cell_is_read_as_the_same(given in "[-0-9.,eE'tru T:]{0,12}|\\PC{0,8}", kind in 0..4_usize) {
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
