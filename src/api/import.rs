//! `/api/import`: conversations from elsewhere, imported while they arrive.

mod lines;

use std::rc::Rc;

use serde::Serialize;
use serde_json::json;

use self::lines::LineReader;
use super::not_found::user_erased;
use super::problem;
use super::reply::{self, ReplyOf};
use crate::account::UserCtx;
use crate::account::intake::Intake;
use crate::auth::User;
use crate::database;
use crate::error::{Code, Error, abort, abort_field};
use crate::log;
use crate::memory::import::{ImportCounts, ImportSource, import};
use crate::ports::{Caller, Clock, FrameWriter, Host, Platform, ReplyBody, RequestBody};
use crate::time::{Millis, timestamp};
use crate::user::Object;

/// `GET /api/import`: the number of memories that have no vector yet.
pub(super) async fn pending<P: Platform>(ctx: &UserCtx<'_, P>) -> Result<ReplyOf<P>, Error> {
    let caller = Caller::User(&ctx.user.token);
    let pending: u64 =
        database::call(&ctx.ports.postgrest, caller, "pending_memories_count", &json!({})).await?;
    Ok(reply::json(200, json!({ "pending": pending }).to_string()))
}

/// `POST /api/import`: imports batch by batch, and writes a line after each. An error in the first batch has its status, one in a
/// later batch is the last line.
pub(super) async fn post<P: Platform>(
    object: &Rc<Object<P>>,
    user: &User,
    body: impl RequestBody + 'static,
) -> Result<ReplyOf<P>, Error> {
    let names = object.user(user).names().await.map_err(|error| error.into_error("session"))?;
    let mut importer = Importer {
        object: Rc::clone(object),
        user: user.clone(),
        began: object.ports.clock.now(),
        body,
        lines: LineReader::new(names),
        progress: Progress::default(),
    };
    importer.import_next().await?;
    let (writer, readable) = object.ports.host.open_stream();
    object.ports.host.spawn(async move {
        importer.run(&writer).await;
        writer.close();
    });
    Ok(reply::with_body(200, "application/x-ndjson", ReplyBody::Stream(readable)))
}

/// Progress of an import: a line of the reply.
#[derive(Debug, Default, Serialize)]
struct Progress {
    /// Messages that are new.
    imported: u64,
    /// Messages that were there before.
    known: u64,
    /// Lines without a message.
    skipped: u64,
    /// True in the last line.
    done: bool,
}

impl Progress {
    /// Counts a batch.
    ///
    /// # Errors
    /// `session_not_found`, when a session of the batch is another user's; `user_erased`.
    fn add(&mut self, batch: &ImportCounts) -> Result<(), Error> {
        if batch.gone {
            return Err(user_erased());
        }
        if let Some(foreign) = batch.foreign.first() {
            let detail = format!("{foreign} is not a session of yours. What came before it is imported.");
            return Err(abort_field(Code::SessionNotFound, "session", detail));
        }
        self.imported += batch.imported;
        self.known += batch.known;
        Ok(())
    }

    fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

/// A running import.
struct Importer<P: Platform, B> {
    object: Rc<Object<P>>,
    user: User,
    began: Millis,
    body: B,
    lines: LineReader,
    progress: Progress,
}

impl<P: Platform, B: RequestBody> Importer<P, B> {
    /// Imports the batches after the first, and writes the lines of all.
    async fn run(&mut self, writer: &impl FrameWriter) {
        writer.write(self.progress.line().as_bytes());
        while !self.progress.done {
            if let Err(error) = self.import_next().await {
                log::error(&self.object.ports.host, &error);
                writer.write(problem::line(&error).as_bytes());
                break;
            }
            writer.write(self.progress.line().as_bytes());
        }
        self.object.deliver_vault_later(&self.user);
    }

    /// Imports the next batch.
    async fn import_next(&mut self) -> Result<(), Error> {
        let is_last = self.read_batch().await?;
        self.refuse_after_erasure()?;
        let ctx = self.object.user(&self.user);
        ctx.take_in(Intake::Bytes, self.lines.take_bytes(), "body")?;
        let batch = self.lines.take();
        if !batch.is_empty() {
            ctx.check_memories("body")?;
            let employee = &self.object.config.default_employee;
            let source = ImportSource { employee, started_at: timestamp(self.began) };
            let counts =
                async { import(&ctx, source, batch).await.map_err(|error| error.into_error("content")) };
            // Between two batches an erasure may begin: it ends the import.
            self.progress.add(&self.object.write(counts).await?)?;
            self.object.plan_background()?;
        }
        self.progress.skipped = self.lines.skipped;
        self.progress.done = is_last;
        Ok(())
    }

    /// Refuses the rest of an import whose user was erased since it began: not even a key may be made for it.
    fn refuse_after_erasure(&self) -> Result<(), Error> {
        let newest = self.object.erasure()?.map(|(erasure, _)| erasure);
        let is_erased =
            newest.is_some_and(|newest| newest.finished_at.is_some() && newest.requested_at >= self.began);
        if is_erased { Err(user_erased()) } else { Ok(()) }
    }

    /// Reads until the batch is full; returns whether the body has ended.
    async fn read_batch(&mut self) -> Result<bool, Error> {
        let broke_off =
            |_| abort(Code::InvalidJson, "The body broke off. Send it again: what is there is known.");
        while let Some(piece) = self.body.read().await.map_err(broke_off)? {
            if self.lines.feed(&piece)? {
                return Ok(false);
            }
        }
        self.lines.end()?;
        Ok(true)
    }
}
