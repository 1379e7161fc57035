//! Reads of rows: each route is one PostgREST query, made with the user's own token.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::error::{Code, Error, Fault, abort_field};

/// Rows of a page, when the request does not say.
const DEFAULT_LIMIT: u32 = 50;

/// Rows of a page at most: Supabase returns no more than 1,000 by default.
const MAX_LIMIT: u32 = 500;

/// Which rows: the newest `limit`, or those before a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    limit: u32,
    before: Option<DateTime<Utc>>,
}

impl Page {
    /// Reads `limit` and `before` from a request's query.
    ///
    /// # Errors
    /// `invalid_field` with what the field may be.
    pub fn parse<'a>(
        query: impl Iterator<Item = (std::borrow::Cow<'a, str>, std::borrow::Cow<'a, str>)>,
    ) -> Result<Self, Error> {
        let mut page = Self { limit: DEFAULT_LIMIT, before: None };
        for (name, value) in query {
            match name.as_ref() {
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
                    let rule = || {
                        abort_field(Code::InvalidField, "limit", format!("limit must be 1 to {MAX_LIMIT}."))
                    };
                    page.limit = limit.ok_or_else(rule)?;
                }
                "before" => {
                    let rule =
                        |_| abort_field(Code::InvalidField, "before", "before must be an RFC 3339 time.");
                    page.before = Some(DateTime::parse_from_rfc3339(&value).map_err(rule)?.to_utc());
                }
                _ => {}
            }
        }
        Ok(page)
    }

    /// The filters that PostgREST takes, for rows ordered by `column`; `prefix` names an embedded table.
    fn filters(self, prefix: &str, column: &str) -> String {
        let before = self.before.map(|at| at.to_rfc3339_opts(SecondsFormat::Micros, true));
        let before = before.map(|at| format!("&{prefix}{column}=lt.{at}")).unwrap_or_default();
        format!("&{prefix}order={column}.desc,id.desc&{prefix}limit={}{before}", self.limit)
    }
}

/// Who can be talked to: row-level security shows those who are active.
pub const EMPLOYEES: &str = "employee_profiles?select=slug,title,description&order=slug";

/// The caller's sessions, newest first.
#[must_use]
pub fn sessions(page: Page) -> String {
    let select = "id,title,employee_slug,status,message_count,last_message_at,created_at";
    format!("chat_sessions?select={select}{}", page.filters("", "last_message_at"))
}

/// One session with its newest messages: one query tells both whether it is the caller's and what it holds.
#[must_use]
pub fn messages(session: Uuid, page: Page) -> String {
    let select = "chat_messages(id,parent_id,role,content,status,metadata,created_at)";
    format!("chat_sessions?id=eq.{session}&select={select}{}", page.filters("chat_messages.", "created_at"))
}

/// Rows as they came, under `data`.
#[must_use]
pub fn envelope(rows: &str) -> String {
    format!("{{\"data\":{rows}}}")
}

#[derive(Deserialize)]
struct SessionRow<'a> {
    #[serde(borrow)]
    chat_messages: Vec<&'a RawValue>,
}

/// The messages of what [`messages`] returned, oldest first, under `data`.
///
/// # Errors
/// `session_not_found` when there is no such session of the caller's; `database_unavailable` when the rows
/// are not what was asked for.
pub fn messages_envelope(rows: &str) -> Result<String, Error> {
    let sessions: Vec<SessionRow<'_>> = serde_json::from_str(rows)
        .map_err(|error| Fault::new(Code::DatabaseUnavailable, format!("messages: {error}")))?;
    let Some(session) = sessions.into_iter().next() else {
        return Err(abort_field(
            Code::SessionNotFound,
            "session_id",
            "session_id is not a session of yours.",
        ));
    };
    let messages: Vec<_> = session.chat_messages.iter().rev().map(|row| row.get()).collect();
    Ok(envelope(&format!("[{}]", messages.join(","))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &[(&'static str, &'static str)]) -> Result<Page, Error> {
        Page::parse(query.iter().map(|(name, value)| ((*name).into(), (*value).into())))
    }

    #[test]
    fn a_page_becomes_filters_and_nothing_else_gets_through() {
        let page =
            page(&[("limit", "20"), ("before", "2026-11-23T10:00:00+01:00"), ("select", "secret")]).unwrap();
        let path = sessions(page);
        assert!(
            path.ends_with(
                "&order=last_message_at.desc,id.desc&limit=20&last_message_at=lt.2026-11-23T09:00:00.000000Z"
            ),
            "{path}"
        );
    }

    #[test]
    fn a_page_out_of_bounds_is_refused_by_name() {
        for (name, value) in [("limit", "0"), ("limit", "501"), ("limit", "x"), ("before", "1&or=(id.gt.0)")]
        {
            assert_eq!(page(&[(name, value)]).unwrap_err().field(), Some(name), "{name}={value}");
        }
    }

    #[test]
    fn messages_come_oldest_first_and_no_session_is_not_an_empty_one() {
        let rows = r#"[{"chat_messages":[{"id":2},{"id":1}]}]"#;
        assert_eq!(messages_envelope(rows).unwrap(), r#"{"data":[{"id":1},{"id":2}]}"#);
        assert_eq!(messages_envelope("[]").unwrap_err().code(), Code::SessionNotFound);
    }
}
