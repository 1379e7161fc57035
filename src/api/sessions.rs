//! `/api/sessions`: the list of sessions, and one session to read, change and delete.

use std::rc::Rc;

use chrono::{DateTime, Utc};
use pii::masked_text::MaskedText;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use uuid::Uuid;
use wire_text::WireText;

use super::body::field;
use super::not_found::no_such_session;
use super::page::{self, Page, Position};
use super::placeholders::RowValues;
use super::query::Query;
use super::reply::{self, ReplyOf};
use super::search::{self, Search};
use crate::account::UserCtx;
use crate::account::vault::VaultError;
use crate::auth::User;
use crate::chat::message;
use crate::database::{self, malformed};
use crate::error::{Code, Error, Fault, abort, abort_field};
use crate::ports::{Caller, Platform, Sql};
use crate::session::deletion;
use crate::session::store::SessionStore;
use crate::text::one_line;
use crate::time::timestamp;
use crate::user::{DeletedSession, Object};

/// Longest title that a user may write, in characters.
const MAX_TITLE_CHARS: usize = 200;

/// Undelivered turns that are looked at for a session that Postgres does not have.
const MAX_UNDELIVERED: u32 = 100;

/// `GET /api/sessions`: newest first; with `q`, those that have its words, with the messages that have them.
pub(super) async fn list<P: Platform>(
    object: &Rc<Object<P>>,
    user: &User,
    query: &Query,
) -> Result<ReplyOf<P>, Error> {
    let ctx = &object.user(user);
    let (page, filter, text) = (Page::parse(query)?, Filter::parse(query)?, search::text(query)?);
    let search = match text {
        Some(text) => {
            // A search may be the first request to an object without an index.
            object.rebuild_memory_later(user);
            Some(Search::run(ctx, &text).await?)
        }
        None => None,
    };
    if search.as_ref().is_some_and(Search::finds_nothing) {
        return Ok(reply::json(200, page::body(&[], "null")));
    }
    let arguments = ListSessions::new(page, filter, search.as_ref());
    let caller = Caller::User(&ctx.user.token);
    let rows = database::raw(&ctx.ports.postgrest, caller, "list_sessions", &arguments).await?;
    let deleted = deletion::sessions(&ctx.ports.sql)?;
    let page = SessionPage::read(&rows, page, &deleted, |session| match &search {
        Some(search) => search.matches(&ctx.ports.sql, session).map(Some),
        None => Ok(None),
    })?;
    let values = RowValues::of(ctx, page.rows.iter().map(|(row, _)| row.as_str())).await?;
    Ok(reply::json(200, page.body(&values)))
}

/// `GET /api/sessions/{id}`: one session, whether or not Postgres has it yet.
pub(super) async fn get<P: Platform>(ctx: &UserCtx<'_, P>, id: Uuid) -> Result<ReplyOf<P>, Error> {
    refuse_deleted(ctx, id)?;
    // Before Postgres is read: a turn that is delivered during the read is then in both instead of in none.
    let undelivered = UndeliveredSession::of(&SessionStore::new(&ctx.ports.sql, id), id)?;
    let path = format!("rpc/list_sessions?p_session={id}");
    let rows = database::read(&ctx.ports.postgrest, &path, &ctx.user.token).await?;
    let rows: Vec<&RawValue> =
        serde_json::from_str(&rows).map_err(|error| malformed("list_sessions", &error))?;
    let row = match (rows.first(), undelivered) {
        (Some(row), _) => row.get().to_owned(),
        (None, Some(session)) => session.row(),
        (None, None) => return Err(no_such_session()),
    };
    Ok(reply::json(200, unmask(ctx, &row).await?))
}

/// `PATCH /api/sessions/{id}`: changes title, archive or pin. The title is masked before it leaves.
pub(super) async fn update<P: Platform>(
    ctx: &UserCtx<'_, P>,
    id: Uuid,
    body: &[u8],
) -> Result<ReplyOf<P>, Error> {
    let Changes { title, archived, pinned } = Changes::parse(body)?;
    refuse_deleted(ctx, id)?;
    let title = match title {
        Some(title) => {
            let into_error = |error: VaultError| error.into_error("title");
            ctx.unlock().await.map_err(into_error)?;
            Some(ctx.mask_outside(&title).await.map_err(into_error)?)
        }
        None => None,
    };
    let undelivered = UndeliveredSession::of(&SessionStore::new(&ctx.ports.sql, id), id)?;
    let arguments = json!({
        "p_user": ctx.user.id,
        "p_session": id,
        "p_changes": { "title": title, "archived": archived, "pinned": pinned },
        "p_undelivered": undelivered,
    });
    let row = database::raw(&ctx.ports.postgrest, Caller::Service, "update_session", &arguments).await?;
    if row == "null" { Err(no_such_session()) } else { Ok(reply::json(200, unmask(ctx, &row).await?)) }
}

/// `DELETE /api/sessions/{id}`: with its messages, memories and files.
pub(super) async fn delete<P: Platform>(
    object: &Object<P>,
    user: &User,
    id: Uuid,
) -> Result<ReplyOf<P>, Error> {
    match object.delete_session(user, id).await? {
        DeletedSession::Deleted => Ok(reply::empty(204)),
        DeletedSession::Unknown => Err(no_such_session()),
    }
}

/// Refuses to read or change a session that is being deleted.
pub(super) fn refuse_deleted<P: Platform>(ctx: &UserCtx<'_, P>, id: Uuid) -> Result<(), Error> {
    if deletion::requested_at(&ctx.ports.sql, id)?.is_some() { Err(no_such_session()) } else { Ok(()) }
}

/// Sessions that a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Filter {
    is_archived: bool,
    /// `None` for sessions of both kinds.
    is_pinned: Option<bool>,
}

impl Filter {
    fn parse(query: &Query) -> Result<Self, Error> {
        let flag = |name: &'static str| match query.get(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(abort_field(Code::InvalidField, name, format!("{name} must be true or false."))),
        };
        Ok(Self { is_archived: flag("archived")?.unwrap_or(false), is_pinned: flag("pinned")? })
    }
}

/// Arguments of `list_sessions`.
#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "names of the SQL function's parameters")]
struct ListSessions<'a> {
    p_limit: u32,
    p_before_at: Option<String>,
    p_before_id: Option<Uuid>,
    p_archived: bool,
    p_pinned: Option<bool>,
    p_words: Option<&'a [Vec<String>]>,
    p_found: Option<Vec<Uuid>>,
}

impl<'a> ListSessions<'a> {
    fn new(page: Page, filter: Filter, search: Option<&'a Search>) -> Self {
        Self {
            p_limit: page.limit,
            p_before_at: page.before.map(Position::time),
            p_before_id: page.before.map(|position| position.id),
            p_archived: filter.is_archived,
            p_pinned: filter.is_pinned,
            p_words: search.map(Search::title_words),
            p_found: search.map(Search::sessions),
        }
    }
}

#[derive(Deserialize)]
struct SessionRow<'a> {
    id: Uuid,
    employee_slug: &'a str,
}

impl<'a> SessionRow<'a> {
    fn read(row: &'a str) -> Result<Self, Fault> {
        serde_json::from_str(row).map_err(|error| malformed("list_sessions", &error))
    }
}

/// A page of sessions, masked.
struct SessionPage {
    /// JSON of each session, with the slug of its employee.
    rows: Vec<(String, String)>,
    next: String,
}

impl SessionPage {
    /// Reads the rows of `list_sessions` but those of deleted sessions. `matches` gives the JSON of a session's matches.
    fn read(
        rows: &str,
        page: Page,
        deleted: &[Uuid],
        matches: impl Fn(Uuid) -> Result<Option<String>, Fault>,
    ) -> Result<Self, Fault> {
        let stored: Vec<&RawValue> =
            serde_json::from_str(rows).map_err(|error| malformed("list_sessions", &error))?;
        let mut rows = Vec::with_capacity(stored.len());
        for row in &stored {
            let SessionRow { id, employee_slug } = SessionRow::read(row.get())?;
            if deleted.contains(&id) {
                continue;
            }
            let row = match matches(id)? {
                Some(matches) => {
                    let fields = row.get().trim_end().trim_end_matches('}');
                    format!("{fields},\"matches\":{matches}}}")
                }
                None => row.get().to_owned(),
            };
            rows.push((row, employee_slug.to_owned()));
        }
        Ok(Self { rows, next: page.next(&stored)? })
    }

    fn body(&self, values: &RowValues) -> String {
        let texts: Vec<_> = self.rows.iter().map(|(row, employee)| values.unmask(row, employee)).collect();
        page::body(&texts, &self.next)
    }
}

/// Unmasks one session.
async fn unmask<P: Platform>(ctx: &UserCtx<'_, P>, row: &str) -> Result<String, Error> {
    let values = RowValues::of(ctx, [row]).await?;
    Ok(values.unmask(row, SessionRow::read(row)?.employee_slug))
}

/// A session of which Postgres may have no turn yet: an argument of `update_session`.
#[derive(Debug, PartialEq, Serialize)]
struct UndeliveredSession {
    #[serde(skip)]
    id: Uuid,
    employee_slug: String,
    title: MaskedText,
    created_at: DateTime<Utc>,
    #[serde(skip)]
    last_message_at: DateTime<Utc>,
    #[serde(skip)]
    message_count: usize,
}

impl UndeliveredSession {
    fn of(store: &SessionStore<'_, impl Sql>, id: Uuid) -> Result<Option<Self>, Fault> {
        let mut session: Option<Self> = None;
        for turn in store.undelivered(MAX_UNDELIVERED)? {
            // The rest of a turn of a deleted session has no messages.
            let Some(last) = turn.record.messages.last() else { continue };
            let (created_at, last_message_at) = (turn.record.started_at, last.created_at);
            let session = session.get_or_insert_with(|| Self {
                id,
                employee_slug: String::new(),
                title: turn.record.title.clone(),
                created_at,
                last_message_at,
                message_count: 0,
            });
            session.message_count += turn.record.messages.len();
            session.last_message_at = last_message_at;
            session.employee_slug = turn.record.handed_to.unwrap_or(turn.record.employee_slug);
        }
        if let Some(turn) = store.turn_in_flight()? {
            let admitted_at = timestamp(turn.admitted_at);
            let session = session.get_or_insert_with(|| Self {
                id,
                employee_slug: String::new(),
                title: message::title(&turn.message),
                created_at: admitted_at,
                last_message_at: admitted_at,
                message_count: 0,
            });
            session.message_count += 1;
            session.last_message_at = admitted_at;
            session.employee_slug = turn.employee;
        }
        Ok(session)
    }

    /// The session as `list_sessions` would have it.
    fn row(&self) -> String {
        let row = json!({
            "id": self.id,
            "title": self.title,
            "employee_slug": self.employee_slug,
            "archived": false,
            "pinned": false,
            "message_count": self.message_count,
            "last_message_at": self.last_message_at,
            "created_at": self.created_at,
        });
        row.to_string()
    }
}

/// Changes to a session. What is absent stays.
#[derive(Debug, PartialEq, Eq)]
struct Changes {
    title: Option<String>,
    archived: Option<bool>,
    pinned: Option<bool>,
}

#[derive(Deserialize)]
struct ChangesBody<'a> {
    #[serde(borrow, default)]
    title: Option<&'a RawValue>,
    #[serde(borrow, default)]
    archived: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pinned: Option<&'a RawValue>,
}

impl Changes {
    fn parse(body: &[u8]) -> Result<Self, Error> {
        let body: ChangesBody<'_> = serde_json::from_slice(body)
            .map_err(|_| abort(Code::InvalidJson, "The body must be a JSON object in UTF-8."))?;
        let title = field(body.title, title_rule)?.map(|WireText(title)| one_line(&title));
        if title.as_ref().is_some_and(|title| !(1..=MAX_TITLE_CHARS).contains(&title.chars().count())) {
            return Err(title_rule());
        }
        let flag = |raw, name: &'static str| {
            field(raw, || abort_field(Code::InvalidField, name, format!("{name} must be true or false.")))
        };
        let changes =
            Self { title, archived: flag(body.archived, "archived")?, pinned: flag(body.pinned, "pinned")? };
        if changes == (Self { title: None, archived: None, pinned: None }) {
            let detail = "The body must have at least one of title, archived and pinned.";
            return Err(abort_field(Code::InvalidField, "title", detail));
        }
        Ok(changes)
    }
}

fn title_rule() -> Error {
    let rule = format!("title must be a text of 1 to {MAX_TITLE_CHARS} characters.");
    abort_field(Code::InvalidField, "title", rule)
}

#[cfg(test)]
mod tests {
    use pii::placeholder::Placeholder;

    use super::*;

    const ID: &str = "00000000-0000-4000-8000-000000000001";

    fn page(query: &str) -> Page {
        Page::parse(&Query::parse(query)).unwrap()
    }

    fn session(title: &str, employee: &str) -> String {
        format!(
            r#"{{"id":"{ID}","title":"{title}","employee_slug":"{employee}","created_at":"2026-11-22T10:00:00+00:00","last_message_at":null}}"#
        )
    }

    #[test]
    fn a_page_becomes_arguments_and_nothing_else_gets_through() {
        let query = "limit=20&before=2026-11-23T10:00:00%2B01:00&select=secret&pinned=true";
        let filter = Filter::parse(&Query::parse(query)).unwrap();
        let arguments = serde_json::to_value(ListSessions::new(page(query), filter, None)).unwrap();
        let expected = json!({
            "p_limit": 20, "p_before_at": "2026-11-23T09:00:00.000000Z", "p_before_id": Uuid::nil(),
            "p_archived": false, "p_pinned": true, "p_words": null, "p_found": null,
        });
        assert_eq!(arguments, expected);
        let error = Filter::parse(&Query::parse("archived=1")).unwrap_err();
        assert_eq!(error.field(), Some("archived"));
    }

    #[test]
    fn a_change_names_what_it_changes() {
        let parse = |body: &str| Changes::parse(body.as_bytes());
        let title = |title: &str| Ok(Changes { title: Some(title.into()), archived: None, pinned: None });
        assert_eq!(parse(r#"{"title":" Plans\nfor May ","other":1}"#), title("Plans for May"));
        let longest = "é".repeat(MAX_TITLE_CHARS);
        assert_eq!(parse(&format!(r#"{{"title":"{longest}"}}"#)), title(&longest));
        let flags = Changes { title: None, archived: Some(false), pinned: Some(true) };
        assert_eq!(parse(r#"{"title":null,"archived":false,"pinned":true}"#), Ok(flags));
        let too_long = format!(r#"{{"title":"{longest}x"}}"#);
        for (body, field) in [
            ("{}", "title"),
            (r#"{"title":""}"#, "title"),
            (r#"{"title":" "}"#, "title"),
            (r#"{"title":7}"#, "title"),
            (&too_long, "title"),
            (r#"{"archived":"yes"}"#, "archived"),
            (r#"{"pinned":1}"#, "pinned"),
        ] {
            assert_eq!(parse(body).unwrap_err().field(), Some(field), "{body:.40}");
        }
        for body in ["", "7", "{"] {
            assert_eq!(parse(body).unwrap_err().code(), Code::InvalidJson, "{body}");
        }
    }

    fn body(rows: &str, deleted: &[Uuid], values: &RowValues) -> String {
        SessionPage::read(rows, page(""), deleted, |_| Ok(None)).unwrap().body(values)
    }

    #[test]
    fn a_session_that_is_being_deleted_is_not_listed() {
        let rows = format!("[{}]", session("Gone", "open"));
        let deleted = [Uuid::try_parse(ID).unwrap()];
        assert_eq!(body(&rows, &deleted, &RowValues::default()), r#"{"data":[],"next":null}"#);
    }

    #[test]
    fn matches_are_a_field_of_their_session() {
        let rows = format!("[{}]", session("Bees", "open"));
        let matches = |_| Ok(Some(r#"[{"snippet":"To [EMAIL_1]"}]"#.to_owned()));
        let page = SessionPage::read(&rows, page(""), &[], matches).unwrap();
        let values = vec![(Placeholder::new("EMAIL", 1), "ann@example.com".to_owned())];
        let body = page.body(&RowValues::new(values, "{}"));
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["data"][0]["matches"], json!([{ "snippet": "To ann@example.com" }]));
        assert_eq!(body["data"][0]["title"], "Bees");
    }

    #[test]
    fn titles_show_what_their_employees_policy_shows() {
        let values = vec![(Placeholder::new("EMAIL", 1), "\"ann\"@example.com".to_owned())];
        let values = RowValues::new(values, r#"{"open":{},"discreet":{"EMAIL":"none"}}"#);
        let rows = format!("[{},{}]", session("To [EMAIL_1]", "open"), session("To [EMAIL_1]", "discreet"));
        let body = body(&rows, &[], &values);
        assert!(body.contains(r#""title":"To \"ann\"@example.com""#), "{body}");
        assert!(body.contains(r#""title":"To [EMAIL_1]""#), "{body}");
        assert!(body.ends_with(r#"],"next":null}"#), "{body}");
    }
}
