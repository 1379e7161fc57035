//! `GET /api/sessions/{id}/messages`: the history of a session, with the messages that Postgres lacks.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::not_found::no_such_session;
use super::page::{self, Page};
use super::placeholders::{RowValues, ShownValues};
use super::query::Query;
use super::reply::{self, ReplyOf};
use super::sessions::refuse_deleted;
use crate::account::UserCtx;
use crate::chat::message::Role;
use crate::chat::tool_call::ToolCall;
use crate::database::malformed;
use crate::error::{Error, Fault};
use crate::ports::{DatabaseError, Platform, Postgrest, Sql};
use crate::session::record::{MessageRecord, Status};
use crate::session::store::SessionStore;
use crate::stream::masked_values::MaskedValues;
use pii::masked_text::MaskedText;

/// Undelivered turns that a history adds to the rows of Postgres.
const MAX_UNDELIVERED: u32 = 100;

/// Most bytes of the rows of a page. A message has up to 512 KiB, and an isolate holds the page several times.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Lists the messages of a session, oldest first.
pub(super) async fn list<P: Platform>(
    ctx: &UserCtx<'_, P>,
    session: Uuid,
    query: &Query,
) -> Result<ReplyOf<P>, Error> {
    let page = Page::parse(query)?;
    refuse_deleted(ctx, session)?;
    // Before Postgres is read: a turn that is delivered during the read is then in both, and shown once, instead of in none.
    let undelivered = if page.is_newest() {
        Undelivered::of(&SessionStore::new(&ctx.ports.sql, session))?
    } else {
        Undelivered::default()
    };
    let (rows, page) = read(ctx, session, page).await?;
    let history = History::of(page, &rows, &undelivered)?;
    let values = RowValues::of(ctx, history.messages.iter().map(AsRef::as_ref)).await?;
    Ok(reply::json(200, history.body(&values)))
}

/// Reads a page of rows; a shorter one where its messages are longer than an answer may be.
async fn read<P: Platform>(
    ctx: &UserCtx<'_, P>,
    session: Uuid,
    mut page: Page,
) -> Result<(String, Page), Error> {
    loop {
        match ctx.ports.postgrest.get(&path(session, page), &ctx.user.token).await {
            Err(DatabaseError::TooLarge) if page.limit > 1 => page.limit = page.limit.div_ceil(4),
            rows => return Ok((rows.map_err(Fault::from)?, page)),
        }
    }
}

/// One session with its newest messages: one query tells both whether the session is the user's and its messages.
fn path(session: Uuid, page: Page) -> String {
    let before = page.before.map(|position| {
        let (at, id) = (position.time(), position.id);
        format!("&chat_messages.or=(created_at.lt.{at},and(created_at.eq.{at},id.lt.{id}))")
    });
    let select = "employee_slug,chat_messages(id,parent_id,role,content,tool_calls,status,metadata,created_at,feedback)";
    let order = "&chat_messages.order=created_at.desc,id.desc";
    let (limit, before) = (page.limit, before.unwrap_or_default());
    format!("chat_sessions?id=eq.{session}&select={select}{order}&chat_messages.limit={limit}{before}")
}

/// Part of a session's history that Postgres lacks.
#[derive(Debug, Default)]
struct Undelivered {
    /// Slug of the employee that answers, where it is known here.
    employee: Option<String>,
    /// Messages, oldest first.
    messages: Vec<HistoryMessage>,
    /// New versions of answers that Postgres may have: they were resumed after an approval.
    resumed: Vec<HistoryMessage>,
}

/// A message as rows have it.
#[derive(Clone, Debug, Serialize)]
struct HistoryMessage {
    id: Uuid,
    parent_id: Option<Uuid>,
    role: Role,
    content: MaskedText,
    tool_calls: Option<Vec<ToolCall>>,
    status: Status,
    metadata: serde_json::Map<String, serde_json::Value>,
    created_at: DateTime<Utc>,
    /// A message that Postgres lacks has none.
    feedback: (),
}

impl From<MessageRecord> for HistoryMessage {
    fn from(record: MessageRecord) -> Self {
        let MessageRecord { id, parent_id, role, content, tool_calls, status, metadata, created_at, .. } =
            record;
        let tool_calls = (!tool_calls.is_empty()).then_some(tool_calls);
        Self { id, parent_id, role, content, tool_calls, status, metadata, created_at, feedback: () }
    }
}

impl Undelivered {
    fn of(store: &SessionStore<'_, impl Sql>) -> Result<Self, Fault> {
        let mut undelivered = Self::default();
        for turn in store.undelivered(MAX_UNDELIVERED)? {
            let record = turn.record;
            undelivered.employee = Some(record.handed_to.unwrap_or(record.employee_slug));
            let messages = record.messages.into_iter().map(HistoryMessage::from);
            if record.continues {
                messages.for_each(|message| undelivered.resume(message));
            } else {
                undelivered.messages.extend(messages);
            }
        }
        if let Some(turn) = store.turn_in_flight()? {
            // The question of another turn is in that turn's record.
            if !turn.is_regeneration && turn.resumed.is_none() {
                undelivered.messages.push(turn.question().into());
            }
            undelivered.employee = Some(turn.employee);
        }
        Ok(undelivered)
    }

    /// Puts the new version of an answer in the place of the one before its approval.
    fn resume(&mut self, message: HistoryMessage) {
        let is_undelivered = self.messages.iter().any(|known| known.id == message.id);
        let list = if is_undelivered { &mut self.messages } else { &mut self.resumed };
        match list.iter_mut().find(|known| known.id == message.id) {
            Some(known) => *known = message,
            None => list.push(message),
        }
    }
}

#[derive(Deserialize)]
struct SessionRow<'a> {
    employee_slug: &'a str,
    #[serde(borrow)]
    chat_messages: Vec<&'a RawValue>,
}

/// Fields of a row that tell how it is shown.
#[derive(Deserialize)]
struct ShownRow<'a> {
    role: Role,
    #[serde(borrow)]
    content: &'a RawValue,
    #[serde(default)]
    metadata: ShownMetadata,
}

#[derive(Default, Deserialize)]
struct ShownMetadata {
    #[serde(default)]
    unmasked_kinds: Vec<String>,
}

#[derive(Deserialize)]
struct MessageId {
    id: Uuid,
}

/// A page of a history, masked.
#[derive(Debug)]
struct History<'a> {
    /// Slug of the session's employee.
    employee: Cow<'a, str>,
    /// JSON of the messages, oldest first.
    messages: Vec<Cow<'a, str>>,
    next: String,
}

impl<'a> History<'a> {
    /// Merges the rows of [`path`] with the messages that Postgres lacks.
    ///
    /// # Errors
    /// `session_not_found`, when the user has no such session; `database_unavailable`, for rows of another shape.
    fn of(page: Page, rows: &'a str, undelivered: &Undelivered) -> Result<Self, Error> {
        let malformed = |error| malformed("messages", &error);
        let sessions: Vec<SessionRow<'a>> = serde_json::from_str(rows).map_err(malformed)?;
        let session = sessions.into_iter().next();
        if session.is_none() && undelivered.messages.is_empty() {
            return Err(no_such_session());
        }
        let (stored, rows) =
            session.map_or(("", Vec::new()), |session| (session.employee_slug, session.chat_messages));
        let (rows, page) = within_bounds(rows, page);
        let id = |row: &&RawValue| serde_json::from_str::<MessageId>(row.get()).map(|row| row.id);
        let ids = rows.iter().map(id).collect::<Result<Vec<_>, _>>().map_err(malformed)?;
        let mut messages = Vec::with_capacity(rows.len() + undelivered.messages.len());
        // Rows come newest first.
        for (row, id) in rows.iter().zip(&ids).rev() {
            messages.push(match undelivered.resumed.iter().find(|message| message.id == *id) {
                Some(newer) => serde_json::to_string(newer).map_err(malformed)?.into(),
                None => row.get().into(),
            });
        }
        for message in undelivered.messages.iter().filter(|message| !ids.contains(&message.id)) {
            messages.push(serde_json::to_string(message).map_err(malformed)?.into());
        }
        let employee = undelivered.employee.clone().map_or(stored.into(), Cow::from);
        Ok(Self { employee, messages, next: page.next(&rows)? })
    }

    fn body(&self, values: &RowValues) -> String {
        let values = values.shown(&self.employee);
        let texts: Vec<_> = self.messages.iter().map(|row| shown(row, &values)).collect();
        page::body(&texts, &self.next)
    }
}

/// A row with the values of its user, and with the list of those that are masked.
fn shown(row: &str, values: &ShownValues) -> String {
    let Ok(ShownRow { role, content, metadata }) = serde_json::from_str(row) else {
        return values.unmask(row);
    };
    let masked = values.masked(content.get(), &metadata.unmasked_kinds);
    let shown = if role == Role::User { values.restore(row) } else { values.unmask(row) };
    with_masked(shown, &masked)
}

/// Adds the masked values to a row, which is a JSON object.
fn with_masked(mut row: String, masked: &MaskedValues) -> String {
    let json = serde_json::to_string(masked).unwrap_or_default();
    if masked.is_empty() || json.is_empty() || !row.ends_with('}') {
        return row;
    }
    row.pop();
    row + ",\"masked\":" + &json + "}"
}

/// Leaves out the oldest rows of a page that has more than [`PAGE_BYTES`]. `rows` come newest first; the first one stays.
fn within_bounds(mut rows: Vec<&RawValue>, page: Page) -> (Vec<&RawValue>, Page) {
    let mut bytes = 0;
    let fits = |row: &&&RawValue| {
        bytes += row.get().len();
        bytes <= PAGE_BYTES
    };
    let count = rows.iter().take_while(fits).count().max(1);
    if count >= rows.len() {
        return (rows, page);
    }
    rows.truncate(count);
    (rows, Page { limit: u32::try_from(count).unwrap_or(page.limit), ..page })
}

#[cfg(test)]
mod tests {
    use pii::placeholder::Placeholder;

    use super::*;
    use crate::error::Code;

    const ID: &str = "00000000-0000-4000-8000-000000000001";

    fn page(query: &str) -> Page {
        Page::parse(&Query::parse(query)).unwrap()
    }

    fn values() -> RowValues {
        let values = vec![(Placeholder::new("EMAIL", 1), "\"ann\"@example.com".to_owned())];
        RowValues::new(values, r#"{"open":{},"discreet":{"EMAIL":"none"}}"#)
    }

    fn body(rows: &str, undelivered: &Undelivered) -> Result<String, Code> {
        let history = History::of(page(""), rows, undelivered).map_err(|error| error.code())?;
        Ok(history.body(&values()))
    }

    fn message(number: u128, content: &str) -> HistoryMessage {
        HistoryMessage {
            id: Uuid::from_u128(number),
            parent_id: None,
            role: Role::User,
            content: MaskedText::from_storage(content.into()),
            tool_calls: None,
            status: Status::Complete,
            metadata: serde_json::Map::new(),
            created_at: DateTime::default(),
            feedback: (),
        }
    }

    fn json(number: u128, content: &str) -> String {
        serde_json::to_string(&message(number, content)).unwrap()
    }

    /// A row with another field.
    fn with(mut row: String, field: &str) -> String {
        row.pop();
        format!("{row},{field}}}")
    }

    #[test]
    fn values_that_a_model_read_as_they_are_are_not_masked() {
        let mut message = message(1, "to [EMAIL_1]");
        message.metadata.insert("unmasked_kinds".into(), serde_json::json!(["EMAIL"]));
        let rows = format!(
            r#"[{{"employee_slug":"open","chat_messages":[{}]}}]"#,
            serde_json::to_string(&message).unwrap()
        );
        let body = body(&rows, &Undelivered::default()).unwrap();
        assert!(body.contains("@example.com") && !body.contains("masked\":{"), "{body}");
    }

    #[test]
    fn a_page_of_messages_begins_where_the_last_one_ended() {
        let path = path(Uuid::nil(), page(&format!("before=2026-11-23T10:00:00.5%2B00:00,{ID}")));
        let at = "2026-11-23T10:00:00.500000Z";
        let filter = format!("or=(created_at.lt.{at},and(created_at.eq.{at},id.lt.{ID}))");
        assert!(path.ends_with(&filter), "{path}");
    }

    #[test]
    fn messages_come_oldest_first_and_no_session_is_not_an_empty_one() {
        let row = |content: &str| format!(r#"{{"id":"{ID}","content":"{content}","created_at":"x"}}"#);
        let rows =
            format!(r#"[{{"employee_slug":"open","chat_messages":[{},{}]}}]"#, row("2"), row("1 [EMAIL_1]"));
        let shown = row(r#"1 \"ann\"@example.com"#);
        let none = Undelivered::default();
        assert_eq!(body(&rows, &none), Ok(format!(r#"{{"data":[{shown},{}],"next":null}}"#, row("2"))));
        assert_eq!(body("[]", &none), Err(Code::SessionNotFound));
        let empty = r#"[{"employee_slug":"open","chat_messages":[]}]"#;
        assert_eq!(body(empty, &none), Ok(r#"{"data":[],"next":null}"#.into()));
    }

    #[test]
    fn a_page_of_long_messages_ends_early_and_says_where_the_next_one_begins() {
        let row = |number: u128| json(number, &"x".repeat(512 * 1024));
        let newest_first = (0..20).rev().map(row).collect::<Vec<_>>().join(",");
        let rows = format!(r#"[{{"employee_slug":"open","chat_messages":[{newest_first}]}}]"#);
        let none = Undelivered::default();
        let history = History::of(page("limit=20"), &rows, &none).unwrap();
        assert_eq!(history.messages.len(), 7);
        assert!(history.next.contains(&Uuid::from_u128(13).to_string()), "{}", history.next);
        let one =
            format!(r#"[{{"employee_slug":"open","chat_messages":[{}]}}]"#, json(1, &"x".repeat(5 << 20)));
        let history = History::of(page("limit=1"), &one, &none).unwrap();
        assert_eq!(history.messages.len(), 1);
    }

    #[test]
    fn messages_that_postgres_lacks_are_part_of_the_history_once() {
        let rows =
            format!(r#"[{{"employee_slug":"open","chat_messages":[{},{}]}}]"#, json(2, "b"), json(1, "a"));
        let messages = vec![message(2, "b"), message(3, "to [EMAIL_1]")];
        let undelivered = Undelivered { employee: Some("open".into()), messages, ..Undelivered::default() };
        let masked = r#""masked":{"[EMAIL_1]":"\"ann\"@example.com"}"#;
        let shown = with(json(3, "to \"ann\"@example.com"), masked);
        assert_eq!(
            body(&rows, &undelivered),
            Ok(format!(r#"{{"data":[{},{},{shown}],"next":null}}"#, json(1, "a"), json(2, "b")))
        );
        let undelivered = Undelivered {
            employee: Some("discreet".into()),
            messages: vec![message(3, "[EMAIL_1]")],
            ..Undelivered::default()
        };
        assert_eq!(
            body("[]", &undelivered),
            Ok(format!(
                r#"{{"data":[{}],"next":null}}"#,
                with(json(3, "[EMAIL_1]"), r#""masked":{"[EMAIL_1]":null}"#)
            ))
        );
    }

    #[test]
    fn a_resumed_answer_is_shown_as_far_as_it_has_come() {
        let rows = format!(r#"[{{"employee_slug":"open","chat_messages":[{}]}}]"#, json(1, "I will."));
        let mut undelivered = Undelivered::default();
        undelivered.resume(message(1, "I will. Soon."));
        undelivered.resume(message(1, "I will. Done."));
        let body = body(&rows, &undelivered);
        assert_eq!(body, Ok(format!(r#"{{"data":[{}],"next":null}}"#, json(1, "I will. Done."))));
    }
}
