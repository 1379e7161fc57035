//! Pages of a list: the newest rows, or those before a position.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::query::Query;
use crate::database::malformed;
use crate::error::{Code, Error, Fault, abort_field};

/// Rows of a page by default.
const DEFAULT_LIMIT: u32 = 50;

/// Rows of a page at most: Supabase returns no more than 1,000 by default.
const MAX_LIMIT: u32 = 500;

/// The rows that a request wants: the newest `limit`, or those before a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Rows at most.
    pub limit: u32,
    /// Position that the page ends before.
    pub before: Option<Position>,
}

/// A position in a list that is ordered by time and, within one moment, by id. On the wire `{RFC 3339 time},{id}`, as `next` has
/// it; the id may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    at: DateTime<Utc>,
    /// Id of the row.
    pub id: Uuid,
}

impl Position {
    fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once(',').unwrap_or((text, ""));
        let at = DateTime::parse_from_rfc3339(at).ok()?.to_utc();
        // No id is below this one: all rows of that moment are left out.
        let id = if id.is_empty() { Uuid::nil() } else { Uuid::try_parse(id).ok()? };
        Some(Self { at, id })
    }

    /// The time as it stands in a query.
    #[must_use]
    pub fn time(self) -> String {
        self.at.to_rfc3339_opts(SecondsFormat::Micros, true)
    }
}

/// Reads `limit` alone from a query.
///
/// # Errors
/// `invalid_field` with the field's rule.
pub fn limit(query: &Query) -> Result<u32, Error> {
    query.get("limit").map_or(Ok(DEFAULT_LIMIT), parse_limit)
}

fn parse_limit(value: &str) -> Result<u32, Error> {
    let limit = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
    limit.ok_or_else(|| abort_field(Code::InvalidField, "limit", format!("limit must be 1 to {MAX_LIMIT}.")))
}

impl Page {
    /// Reads `limit` and `before` from a query.
    ///
    /// # Errors
    /// `invalid_field` with the field's rule.
    pub fn parse(query: &Query) -> Result<Self, Error> {
        let mut page = Self { limit: DEFAULT_LIMIT, before: None };
        for (name, value) in query.pairs() {
            match name {
                "limit" => page.limit = parse_limit(value)?,
                "before" => {
                    let rule = "before must be the `next` of another page, or an RFC 3339 time.";
                    let position = Position::parse(value);
                    page.before =
                        Some(position.ok_or_else(|| abort_field(Code::InvalidField, "before", rule))?);
                }
                _ => {}
            }
        }
        Ok(page)
    }

    /// Returns whether it has the newest rows.
    #[must_use]
    pub const fn is_newest(self) -> bool {
        self.before.is_none()
    }

    /// The value of `next`: the position of the last row, or `null` after a page that is not full. `rows` come newest first.
    ///
    /// # Errors
    /// `database_unavailable`, for a row without a position.
    pub fn next(self, rows: &[&RawValue]) -> Result<String, Fault> {
        let is_full = rows.len() >= self.limit as usize;
        let Some(last) = rows.last().filter(|_| is_full) else { return Ok("null".to_owned()) };
        let last: RowPosition<'_> =
            serde_json::from_str(last.get()).map_err(|error| malformed("rows", &error))?;
        Ok(format!("\"{},{}\"", last.last_message_at.unwrap_or(last.created_at), last.id))
    }
}

/// The columns that order a list: sessions by their last message, messages by their own time.
#[derive(Deserialize)]
struct RowPosition<'a> {
    id: Uuid,
    created_at: &'a str,
    last_message_at: Option<&'a str>,
}

/// The body of a page.
#[must_use]
pub fn body(rows: &[String], next: &str) -> String {
    format!("{{\"data\":[{}],\"next\":{next}}}", rows.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_out_of_bounds_is_refused_by_name() {
        for (name, value) in [
            ("limit", "0"),
            ("limit", "501"),
            ("limit", "x"),
            ("before", "1&or=(id.gt.0)"),
            ("before", "2026-11-23T10:00:00Z,1"),
        ] {
            let query = Query::parse(&format!("{name}={}", value.replace('&', "%26")));
            assert_eq!(Page::parse(&query).unwrap_err().field(), Some(name), "{name}={value}");
        }
    }

    #[test]
    fn a_full_page_says_where_the_next_one_begins() {
        let id = "00000000-0000-4000-8000-000000000001";
        let row = |more: &str| {
            let json = format!(r#"{{"id":"{id}","created_at":"2026-11-22T10:00:00+00:00"{more}}}"#);
            RawValue::from_string(json).unwrap()
        };
        let message = row("");
        let session = row(r#","last_message_at":"2026-11-23T10:00:00+00:00""#);
        let page = |query| Page::parse(&Query::parse(query)).unwrap();
        assert_eq!(page("limit=1").next(&[&message]), Ok(format!("\"2026-11-22T10:00:00+00:00,{id}\"")));
        assert_eq!(page("limit=1").next(&[&session]), Ok(format!("\"2026-11-23T10:00:00+00:00,{id}\"")));
        assert_eq!(page("limit=2").next(&[&session]), Ok("null".into()));
    }
}
