//! `GET /api/me/export`: everything that is stored of the user, as NDJSON that `POST /api/import` reads.

use std::borrow::Cow;
use std::pin::pin;
use std::rc::Rc;

use futures::future::{Either, select};
use pii::policy::Policy;
use pii::unmask::{Escape, restore, unmask};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::placeholders::values_in;
use super::problem;
use super::reply::{self, ReplyOf};
use crate::auth::User;
use crate::chat::message::Role;
use crate::database::{self, malformed};
use crate::error::{Error, Fault};
use crate::log;
use crate::ports::{
    Caller, Clock, DatabaseError, FrameWriter, Host, Platform, Postgrest, ReplyBody, RpcCall,
};
use crate::session::record::MessageRecord;
use crate::session::store::undelivered;
use crate::storage::to_json;
use crate::time::Millis;
use crate::user::Object;

/// Kinds of rows, in the order in which they are exported.
const KINDS: [&str; 11] = [
    "session", "message", "summary", "feedback", "tool_run", "fact", "document", "file", "memory", "usage",
    "value",
];

/// Rows that are read at a time.
const PAGE: u32 = 200;

/// Longest time that a reader may take for a page, in milliseconds.
const MAX_WAIT: Millis = 60 * 1000;

/// `GET /api/me/export`: page by page, unmasked. An error in the first page has its status, one in a later page is the last line.
pub(super) async fn get<P: Platform>(object: &Rc<Object<P>>, user: &User) -> Result<ReplyOf<P>, Error> {
    object.deliver_all(user).await;
    let mut export = Export::new(Rc::clone(object), user.clone());
    let first = export.next_page().await?;
    let (writer, readable) = object.ports.host.open_stream();
    let mut reply = reply::with_body(200, "application/x-ndjson", ReplyBody::Stream(readable));
    let disposition = "attachment; filename=\"frontdesk-export.ndjson\"".to_owned();
    reply.headers.push(("content-disposition", disposition));
    object.ports.host.spawn(async move { export.run(&writer, first).await });
    Ok(reply)
}

/// A running export.
struct Export<P: Platform> {
    object: Rc<Object<P>>,
    user: User,
    /// Kinds that are not complete, the present one first.
    kinds: &'static [&'static str],
    /// Position of the last row of the present kind.
    after: Option<Position>,
    /// Rows of a page.
    limit: u32,
    lines: usize,
}

/// Position of a row among those of its kind.
#[derive(Deserialize)]
struct Position {
    at: String,
    id: String,
}

/// Author of a row.
#[derive(Deserialize)]
struct RowAuthor<'a> {
    kind: Cow<'a, str>,
    #[serde(default)]
    role: Option<Role>,
}

impl RowAuthor<'_> {
    /// False for rows that a model wrote.
    fn is_user(&self) -> bool {
        self.role != Some(Role::Assistant) && !matches!(&*self.kind, "tool_run" | "summary" | "fact")
    }
}

/// Result of `export_user`.
#[derive(Deserialize)]
struct RowPage<'a> {
    #[serde(borrow)]
    rows: Vec<&'a RawValue>,
    after: Option<Position>,
}

/// A message that Postgres does not have yet, as a line.
#[derive(Serialize)]
struct UndeliveredMessage<'a> {
    kind: &'static str,
    session_id: Uuid,
    #[serde(flatten)]
    message: &'a MessageRecord,
}

impl<P: Platform> Export<P> {
    fn new(object: Rc<Object<P>>, user: User) -> Self {
        Self { object, user, kinds: &KINDS, after: None, limit: PAGE, lines: 0 }
    }

    /// Writes the first page and all others. Each waits until the reader has taken the one before.
    async fn run(mut self, writer: &impl FrameWriter, first: String) {
        let mut page = first;
        loop {
            writer.write(page.as_bytes());
            if !self.is_taken(writer).await {
                // The reader is gone, or must not take a part for the whole.
                return writer.abort();
            }
            if self.kinds.is_empty() {
                break;
            }
            match self.next_page().await {
                Ok(next) => page = next,
                Err(error) => return self.fail(writer, &error),
            }
        }
        match self.undelivered().await {
            Ok(lines) => {
                let end = json!({ "kind": "end", "lines": self.lines });
                writer.write(format!("{lines}{end}\n").as_bytes());
                writer.close();
            }
            Err(error) => self.fail(writer, &error),
        }
    }

    fn fail(&self, writer: &impl FrameWriter, error: &Error) {
        log::error(&self.object.ports.host, error);
        writer.write(problem::line(error).as_bytes());
        writer.close();
    }

    async fn is_taken(&self, writer: &impl FrameWriter) -> bool {
        let late = self.object.ports.clock.sleep(MAX_WAIT);
        match select(pin!(writer.drained()), pin!(late)).await {
            Either::Left((is_there, _)) => is_there,
            Either::Right(_) => false,
        }
    }

    /// Reads the next page that has rows, and returns its lines; none after the last one.
    async fn next_page(&mut self) -> Result<String, Error> {
        let mut lines = String::new();
        while let ([kind, others @ ..], true) = (self.kinds, lines.is_empty()) {
            let json = self.read(kind).await?;
            let RowPage { rows, after } =
                serde_json::from_str(&json).map_err(|error| malformed("export_user", &error))?;
            self.lines += rows.len();
            lines = self.unmask(rows.iter().map(|row| row.get())).await?;
            if after.is_none() {
                self.kinds = others;
            }
            self.after = after;
        }
        Ok(lines)
    }

    /// Reads a page of rows; a shorter one where they are longer than an answer may be.
    async fn read(&mut self, kind: &str) -> Result<String, Fault> {
        let (at, id) = self.after.as_ref().map(|after| (&after.at, &after.id)).unzip();
        loop {
            let arguments =
                json!({ "p_kind": kind, "p_after_at": at, "p_after_id": id, "p_limit": self.limit });
            let call = RpcCall {
                function: "export_user",
                arguments: &arguments.to_string(),
                caller: Caller::User(&self.user.token),
                timeout: database::TIMEOUT,
            };
            match self.object.ports.postgrest.call(call).await {
                Err(DatabaseError::TooLarge) if self.limit > 1 => self.limit = self.limit.div_ceil(4),
                answer => return Ok(answer?),
            }
        }
    }

    /// Lines of the messages that Postgres lacks still.
    async fn undelivered(&mut self) -> Result<String, Error> {
        let mut rows = Vec::new();
        for record in undelivered(&self.object.ports.sql)? {
            for message in &record.messages {
                let session_id = record.session_id;
                rows.push(to_json(&UndeliveredMessage { kind: "message", session_id, message })?);
            }
        }
        self.lines += rows.len();
        self.unmask(rows.iter().map(String::as_str)).await
    }

    /// Puts the user's values into rows, whatever an employee shows: they are theirs. Within a URL only where the user wrote it.
    async fn unmask<'a>(&self, rows: impl Iterator<Item = &'a str>) -> Result<String, Error> {
        let rows: Vec<_> = rows.collect();
        let (ctx, all) = (self.object.user(&self.user), rows.concat());
        let values = values_in(&ctx, &all, &Policy::full()).await?;
        let mut lines = String::new();
        for row in rows {
            let is_own = serde_json::from_str::<RowAuthor<'_>>(row).is_ok_and(|author| author.is_user());
            let put = if is_own { restore } else { unmask };
            lines.push_str(&put(row, &values, Escape::Json));
            lines.push('\n');
        }
        Ok(lines)
    }
}
