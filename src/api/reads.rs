//! Reads of rows: each route is one PostgREST query, made with the user's own token.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use pii::placeholder::Placeholder;
use pii::policy::Policy;
use pii::unmask::{Escape, PlaceholderMap, unmask};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::error::{Code, Error, Fault, abort_field};
use crate::ports::Journal;
use crate::session::load::Role;
use crate::session::record::{MessageRecord, Status};
use crate::tools::call::CallRecord;

/// Rows of a page, when the request does not say.
const DEFAULT_LIMIT: u32 = 50;

/// Rows of a page at most: Supabase returns no more than 1,000 by default.
const MAX_LIMIT: u32 = 500;

/// Which rows: the newest `limit`, or those before a place in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    limit: u32,
    before: Option<Place>,
}

impl Page {
    /// Whether it has the newest rows.
    #[must_use]
    pub const fn is_newest(self) -> bool {
        self.before.is_none()
    }
}

/// A place in a list that time orders and, within one moment, the id. On the wire `{RFC 3339 time},{id}`, as `next` has
/// it; the id may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    at: DateTime<Utc>,
    id: Uuid,
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once(',').unwrap_or((text, ""));
        let at = DateTime::parse_from_rfc3339(at).ok()?.to_utc();
        // No id is below this one: all rows of that moment are left out.
        let id = if id.is_empty() { Uuid::nil() } else { Uuid::try_parse(id).ok()? };
        Some(Self { at, id })
    }

    fn time(self) -> String {
        self.at.to_rfc3339_opts(SecondsFormat::Micros, true)
    }
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
                    let rule = "before must be the `next` of another page, or an RFC 3339 time.";
                    let place = Place::parse(&value);
                    page.before = Some(place.ok_or_else(|| abort_field(Code::InvalidField, "before", rule))?);
                }
                _ => {}
            }
        }
        Ok(page)
    }
}

/// Who can be talked to: row-level security shows those who are active.
pub const EMPLOYEES: &str = "employee_profiles?select=slug,title,description,reads_pictures&order=slug";

/// The caller's sessions, newest first.
#[must_use]
pub fn sessions(page: Page) -> String {
    let before = page.before.map(|place| format!("&p_before_at={}&p_before_id={}", place.time(), place.id));
    format!("rpc/list_sessions?p_limit={}{}", page.limit, before.unwrap_or_default())
}

/// One session with its newest messages: one query tells both whether it is the caller's and what it holds.
#[must_use]
pub fn messages(session: Uuid, page: Page) -> String {
    let before = page.before.map(|place| {
        let (at, id) = (place.time(), place.id);
        format!("&chat_messages.or=(created_at.lt.{at},and(created_at.eq.{at},id.lt.{id}))")
    });
    let select =
        "employee_slug,chat_messages(id,parent_id,role,content,tool_calls,status,metadata,created_at)";
    let order = "&chat_messages.order=created_at.desc,id.desc";
    let (limit, before) = (page.limit, before.unwrap_or_default());
    format!("chat_sessions?id=eq.{session}&select={select}{order}&chat_messages.limit={limit}{before}")
}

/// The caller's documents, newest first, or one of them.
#[must_use]
pub fn documents(document: Option<Uuid>) -> String {
    let one = document.map(|id| format!("?p_document={id}"));
    format!("rpc/list_documents{}", one.unwrap_or_default())
}

/// Rows of documents with their names as their user wrote them: they are nobody else's to see.
#[must_use]
pub fn documents_shown(rows: &str, values: &[(Placeholder, String)]) -> String {
    let shown =
        PlaceholderMap::new(values.iter().map(|(token, value)| (token, value.as_str())), &Policy::default());
    unmask(rows, &shown, Escape::Json)
}

/// Rows as they came, under `data`.
#[must_use]
pub fn envelope(rows: &str) -> String {
    format!("{{\"data\":{rows}}}")
}

/// What says where a row stands in its list: sessions by their last message, messages by their own time.
#[derive(Deserialize)]
struct Standing<'a> {
    id: Uuid,
    created_at: &'a str,
    last_message_at: Option<&'a str>,
}

/// A page of rows, newest first, under `data`, with where the `next` page begins: `null` when this one was not full.
fn page_envelope(
    page: Page,
    rows: &[&RawValue],
    mut texts: Vec<String>,
    reverse: bool,
) -> Result<String, Error> {
    let is_full = rows.len() >= page.limit as usize;
    let next = match rows.last().filter(|_| is_full) {
        None => "null".to_owned(),
        Some(last) => {
            let last: Standing<'_> = serde_json::from_str(last.get()).map_err(|error| malformed(&error))?;
            format!("\"{},{}\"", last.last_message_at.unwrap_or(last.created_at), last.id)
        }
    };
    if reverse {
        texts.reverse();
    }
    Ok(format!("{{\"data\":[{}],\"next\":{next}}}", texts.join(",")))
}

fn malformed(error: &serde_json::Error) -> Fault {
    // The error's text would quote what was read.
    Fault::new(Code::DatabaseUnavailable, format!("rows: {:?}", error.classify()))
}

/// What stands behind the tokens of rows, and how much of it each employee lets the user see.
///
/// Rows are passed on unparsed, values and all: what stands in brackets like a token stands inside of a string, for
/// outside of strings it is no JSON.
#[derive(Debug, Default)]
pub struct Revealed {
    /// Values by their tokens.
    pub values: Vec<(Placeholder, String)>,
    /// Policies by the employee's slug.
    pub policies: BTreeMap<String, Policy>,
}

impl Revealed {
    /// What users are shown of what is theirs and no employee's.
    #[must_use]
    pub fn shown_to_owner(&self) -> PlaceholderMap {
        PlaceholderMap::new(
            self.values.iter().map(|(token, value)| (token, value.as_str())),
            &Policy::default(),
        )
    }

    /// What is shown in a session with that employee.
    fn shown(&self, employee: &str) -> PlaceholderMap {
        // An employee that is not known shows what one without a policy shows.
        let policy = self.policies.get(employee).cloned().unwrap_or_default();
        PlaceholderMap::new(self.values.iter().map(|(token, value)| (token, value.as_str())), &policy)
    }
}

#[derive(Deserialize)]
struct Employed<'a> {
    employee_slug: &'a str,
}

/// The rows of what [`sessions`] asked for.
///
/// # Errors
/// `database_unavailable` when they are not what was asked for.
pub fn sessions_envelope(page: Page, rows: &str, revealed: &Revealed) -> Result<String, Error> {
    let rows: Vec<&RawValue> = serde_json::from_str(rows).map_err(|error| malformed(&error))?;
    let shown = |row: &&RawValue| {
        let session: Employed<'_> = serde_json::from_str(row.get())?;
        Ok(unmask(row.get(), &revealed.shown(session.employee_slug), Escape::Json))
    };
    let texts = rows.iter().map(shown).collect::<Result<_, _>>().map_err(|error| malformed(&error))?;
    page_envelope(page, &rows, texts, false)
}

#[derive(Deserialize)]
struct SessionRow<'a> {
    employee_slug: &'a str,
    #[serde(borrow)]
    chat_messages: Vec<&'a RawValue>,
}

/// The messages of what [`messages`] asked for and those that wait to be saved, oldest first.
///
/// # Errors
/// `session_not_found` when there is no such session of the caller's; `database_unavailable` when the rows
/// are not what was asked for.
pub fn messages_envelope(
    page: Page,
    rows: &str,
    waiting: &str,
    revealed: &Revealed,
) -> Result<String, Error> {
    let sessions: Vec<SessionRow<'_>> = serde_json::from_str(rows).map_err(|error| malformed(&error))?;
    let Waiting { employee, messages: mut waiting, gone_on } =
        serde_json::from_str(waiting).map_err(|error| malformed(&error))?;
    let session = sessions.into_iter().next();
    if session.is_none() && waiting.is_empty() {
        let detail = "session_id is not a session of yours.";
        return Err(abort_field(Code::SessionNotFound, "session_id", detail));
    }
    let (saved, rows) =
        session.map_or(("", Vec::new()), |session| (session.employee_slug, session.chat_messages));
    let shown = revealed.shown(employee.as_deref().unwrap_or(saved));
    let looked_at = if waiting.is_empty() { 0 } else { rows.len() };
    let newest = rows.iter().take(looked_at).map(|row| serde_json::from_str::<Standing<'_>>(row.get()));
    let newest = newest.collect::<Result<Vec<_>, _>>().map_err(|error| malformed(&error))?;
    waiting.retain(|message| newest.iter().all(|row| row.id != message.id));
    // Rows come newest first, what waits oldest first and after all rows.
    let texts = waiting.iter().rev().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
    let texts = texts.map_err(|error| malformed(&error))?.into_iter();
    let texts = texts.chain(rows.iter().map(|row| newest_of(row.get(), &gone_on)));
    page_envelope(page, &rows, texts.map(|text| unmask(&text, &shown, Escape::Json)).collect(), true)
}

/// A row, or what its answer has come to since.
fn newest_of(row: &str, gone_on: &[WaitingMessage]) -> String {
    let id = || serde_json::from_str::<Standing<'_>>(row).ok().map(|row| row.id);
    let id = if gone_on.is_empty() { None } else { id() };
    let newer = gone_on.iter().find(|message| Some(message.id) == id);
    newer.and_then(|newer| serde_json::to_string(newer).ok()).unwrap_or_else(|| row.to_owned())
}

/// What a session's object has and Postgres has not.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Waiting {
    /// Who answers, where the object knows.
    #[serde(default)]
    pub employee: Option<String>,
    /// Messages, oldest first.
    #[serde(default)]
    pub messages: Vec<WaitingMessage>,
    /// Answers that Postgres may have, and that went on since.
    #[serde(default)]
    pub gone_on: Vec<WaitingMessage>,
}

/// Finished turns that a history may lack, at most.
const MOST_WAITING: u32 = 100;

impl Waiting {
    /// What a session's journal has.
    #[must_use]
    pub fn of(journal: &impl Journal) -> Self {
        let mut waiting = Self::default();
        for ended in journal.outbox(MOST_WAITING) {
            let record = ended.record;
            waiting.employee = Some(record.handed_to.unwrap_or(record.employee_slug));
            let messages = record.messages.into_iter().map(WaitingMessage::from);
            if record.goes_on {
                messages.for_each(|message| waiting.go_on(message));
            } else {
                waiting.messages.extend(messages);
            }
        }
        if let Some(open) = journal.left_open() {
            if !open.is_again {
                waiting.messages.push(open.question().into());
            }
            waiting.employee = Some(open.employee);
        }
        waiting
    }

    /// An answer went on.
    fn go_on(&mut self, message: WaitingMessage) {
        let list = if self.messages.iter().any(|known| known.id == message.id) {
            &mut self.messages
        } else {
            &mut self.gone_on
        };
        match list.iter_mut().find(|known| known.id == message.id) {
            Some(known) => *known = message,
            None => list.push(message),
        }
    }
}

/// A message as rows have it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct WaitingMessage {
    id: Uuid,
    parent_id: Option<Uuid>,
    role: Role,
    content: String,
    #[serde(default)]
    tool_calls: Option<Vec<CallRecord>>,
    status: Status,
    metadata: serde_json::Map<String, serde_json::Value>,
    created_at: DateTime<Utc>,
}

impl From<MessageRecord> for WaitingMessage {
    fn from(record: MessageRecord) -> Self {
        let MessageRecord { id, parent_id, role, content, tool_calls, status, metadata, created_at, .. } =
            record;
        let tool_calls = (!tool_calls.is_empty()).then_some(tool_calls);
        Self { id, parent_id, role, content, tool_calls, status, metadata, created_at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &[(&'static str, &'static str)]) -> Result<Page, Error> {
        Page::parse(query.iter().map(|(name, value)| ((*name).into(), (*value).into())))
    }

    const ID: &str = "00000000-0000-4000-8000-000000000001";

    #[test]
    fn a_page_becomes_arguments_and_nothing_else_gets_through() {
        let page =
            page(&[("limit", "20"), ("before", "2026-11-23T10:00:00+01:00"), ("select", "secret")]).unwrap();
        assert_eq!(
            sessions(page),
            format!(
                "rpc/list_sessions?p_limit=20&p_before_at=2026-11-23T09:00:00.000000Z&p_before_id={}",
                Uuid::nil()
            )
        );
    }

    #[test]
    fn a_page_of_messages_begins_where_the_last_one_ended() {
        let before: &'static str = "2026-11-23T10:00:00.5+00:00,00000000-0000-4000-8000-000000000001";
        let path = messages(Uuid::nil(), page(&[("before", before)]).unwrap());
        let at = "2026-11-23T10:00:00.500000Z";
        let filter = format!("or=(created_at.lt.{at},and(created_at.eq.{at},id.lt.{ID}))");
        assert!(path.ends_with(&filter), "{path}");
    }

    #[test]
    fn a_page_out_of_bounds_is_refused_by_name() {
        for (name, value) in [
            ("limit", "0"),
            ("limit", "501"),
            ("limit", "x"),
            ("before", "1&or=(id.gt.0)"),
            ("before", "2026-11-23T10:00:00Z,1"),
        ] {
            assert_eq!(page(&[(name, value)]).unwrap_err().field(), Some(name), "{name}={value}");
        }
    }

    const MOMENTS: &str =
        r#""created_at":"2026-11-22T10:00:00+00:00","last_message_at":"2026-11-23T10:00:00+00:00""#;

    fn session(title: &str, employee: &str) -> String {
        format!(r#"{{"id":"{ID}","title":"{title}","employee_slug":"{employee}",{MOMENTS}}}"#)
    }

    fn email() -> Revealed {
        let values = vec![(Placeholder::new("EMAIL", 1), "\"ann\"@example.com".into())];
        let policies = serde_json::from_str(r#"{"open":{},"discreet":{"EMAIL":"none"}}"#).unwrap();
        Revealed { values, policies }
    }

    #[test]
    fn a_full_page_says_where_the_next_one_begins() {
        let rows = format!("[{}]", session("A", "open"));
        let full = sessions_envelope(page(&[("limit", "1")]).unwrap(), &rows, &Revealed::default()).unwrap();
        assert!(full.ends_with(&format!(r#","next":"2026-11-23T10:00:00+00:00,{ID}"}}"#)), "{full}");
        let last = sessions_envelope(page(&[]).unwrap(), &rows, &Revealed::default()).unwrap();
        assert!(last.ends_with(r#"],"next":null}"#), "{last}");
    }

    #[test]
    fn titles_show_what_their_employees_policy_shows() {
        let rows = format!("[{},{}]", session("To [EMAIL_1]", "open"), session("To [EMAIL_1]", "discreet"));
        let page = sessions_envelope(page(&[]).unwrap(), &rows, &email()).unwrap();
        assert!(page.contains(r#""title":"To \"ann\"@example.com""#), "{page}");
        assert!(page.contains(r#""title":"To [EMAIL_1]""#), "{page}");
    }

    #[test]
    fn messages_come_oldest_first_and_no_session_is_not_an_empty_one() {
        let page = page(&[]).unwrap();
        let row = |content: &str| format!(r#"{{"id":"{ID}","content":"{content}","created_at":"x"}}"#);
        let rows =
            format!(r#"[{{"employee_slug":"open","chat_messages":[{},{}]}}]"#, row("2"), row("1 [EMAIL_1]"));
        let shown = row(r#"1 \"ann\"@example.com"#);
        let envelope = messages_envelope(page, &rows, "{}", &email()).unwrap();
        assert_eq!(envelope, format!(r#"{{"data":[{shown},{}],"next":null}}"#, row("2")));
        assert_eq!(messages_envelope(page, "[]", "{}", &email()).unwrap_err().code(), Code::SessionNotFound);
    }

    #[test]
    fn what_waits_to_be_saved_is_a_part_of_the_history_once() {
        let message = |n: u128, content: &str| {
            let id = Uuid::from_u128(n);
            format!(
                r#"{{"id":"{id}","parent_id":null,"role":"user","content":"{content}","tool_calls":null,"status":"complete","metadata":{{}},"created_at":"2026-11-22T10:00:00Z"}}"#
            )
        };
        let rows = format!(
            r#"[{{"employee_slug":"open","chat_messages":[{},{}]}}]"#,
            message(2, "b"),
            message(1, "a")
        );
        let waiting = format!(
            r#"{{"employee":"open","messages":[{},{}]}}"#,
            message(2, "b"),
            message(3, "to [EMAIL_1]")
        );
        let envelope = messages_envelope(page(&[]).unwrap(), &rows, &waiting, &email()).unwrap();
        let shown = message(3, r#"to \"ann\"@example.com"#);
        assert_eq!(
            envelope,
            format!(r#"{{"data":[{},{},{shown}],"next":null}}"#, message(1, "a"), message(2, "b"))
        );
        let only = format!(r#"{{"employee":"discreet","messages":[{}]}}"#, message(3, "[EMAIL_1]"));
        let envelope = messages_envelope(page(&[]).unwrap(), "[]", &only, &email()).unwrap();
        assert_eq!(envelope, format!(r#"{{"data":[{}],"next":null}}"#, message(3, "[EMAIL_1]")));
    }

    #[test]
    fn an_answer_that_went_on_is_shown_as_it_has_come_to() {
        let message = |content: &str| {
            format!(
                r#"{{"id":"{ID}","parent_id":null,"role":"assistant","content":"{content}","tool_calls":null,"status":"complete","metadata":{{}},"created_at":"2026-11-22T10:00:00Z"}}"#
            )
        };
        let rows = format!(r#"[{{"employee_slug":"open","chat_messages":[{}]}}]"#, message("I will."));
        let waiting = format!(r#"{{"gone_on":[{}]}}"#, message("I will. Done."));
        let envelope = messages_envelope(page(&[]).unwrap(), &rows, &waiting, &Revealed::default()).unwrap();
        assert_eq!(envelope, format!(r#"{{"data":[{}],"next":null}}"#, message("I will. Done.")));
    }
}
