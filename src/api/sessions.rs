//! `GET /api/sessions`: the list of sessions.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::page::{self, Page};
use super::placeholders::RowValues;
use super::query::Query;
use super::reply::{self, ReplyOf};
use crate::account::UserCtx;
use crate::database::{self, malformed};
use crate::error::{Error, Fault};
use crate::ports::Platform;

/// Lists sessions, newest first.
pub(super) async fn list<P: Platform>(ctx: &UserCtx<'_, P>, query: &Query) -> Result<ReplyOf<P>, Error> {
    let page = Page::parse(query)?;
    let rows = database::read(&ctx.ports.postgrest, &path(page), &ctx.user.token).await?;
    let values = RowValues::of(ctx, [rows.as_str()]).await?;
    Ok(reply::json(200, body(page, &rows, &values)?))
}

fn path(page: Page) -> String {
    let before =
        page.before.map(|position| format!("&p_before_at={}&p_before_id={}", position.time(), position.id));
    format!("rpc/list_sessions?p_limit={}{}", page.limit, before.unwrap_or_default())
}

#[derive(Deserialize)]
struct SessionRow<'a> {
    employee_slug: &'a str,
}

fn body(page: Page, rows: &str, values: &RowValues) -> Result<String, Fault> {
    let malformed = |error| malformed("list_sessions", &error);
    let rows: Vec<&RawValue> = serde_json::from_str(rows).map_err(malformed)?;
    let unmask = |row: &&RawValue| {
        let session: SessionRow<'_> = serde_json::from_str(row.get())?;
        Ok(values.unmask(row.get(), session.employee_slug))
    };
    let texts = rows.iter().map(unmask).collect::<Result<Vec<_>, _>>().map_err(malformed)?;
    Ok(page::body(&texts, &page.next(&rows)?))
}

#[cfg(test)]
mod tests {
    use pii::placeholder::Placeholder;
    use uuid::Uuid;

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
        let page = page("limit=20&before=2026-11-23T10:00:00%2B01:00&select=secret");
        assert_eq!(
            path(page),
            format!(
                "rpc/list_sessions?p_limit=20&p_before_at=2026-11-23T09:00:00.000000Z&p_before_id={}",
                Uuid::nil()
            )
        );
    }

    #[test]
    fn titles_show_what_their_employees_policy_shows() {
        let values = vec![(Placeholder::new("EMAIL", 1), "\"ann\"@example.com".to_owned())];
        let values = RowValues::new(values, r#"{"open":{},"discreet":{"EMAIL":"none"}}"#);
        let rows = format!("[{},{}]", session("To [EMAIL_1]", "open"), session("To [EMAIL_1]", "discreet"));
        let body = body(page(""), &rows, &values).unwrap();
        assert!(body.contains(r#""title":"To \"ann\"@example.com""#), "{body}");
        assert!(body.contains(r#""title":"To [EMAIL_1]""#), "{body}");
        assert!(body.ends_with(r#"],"next":null}"#), "{body}");
    }
}
