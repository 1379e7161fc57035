//! Work after turns were saved, off the critical path: vectors for memories, facts from the user's messages, summaries of long sessions,
//! titles.
//!
//! Postgres holds the list of open work, so nothing is lost with the object, and repeating work changes nothing.

use std::pin::pin;
use std::rc::Rc;

use futures::channel::oneshot;
use futures::future::{Either, select};
use serde_json::json;
use uuid::Uuid;

use super::Object;
use super::background_state::{Reading, SavedTurn};
use crate::account::UserCtx;
use crate::account::agenda::{Job, Rest};
use crate::account::paid_call;
use crate::account::stall::{self, FailedWork, Work};
use crate::auth::User;
use crate::backoff::pause;
use crate::database;
use crate::error::{Code, Fault};
use crate::log;
use crate::memory::embed::embed_pending;
use crate::memory::facts::save::extract_facts;
use crate::memory::rebuild::rebuild;
use crate::memory::rebuild_progress;
use crate::memory::recall::Summary;
use crate::memory::resave::resave;
use crate::memory::summary::summarise;
use crate::memory::title::name_session;
use crate::memory::unsaved::is_all_saved;
use crate::ports::{Caller, Clock, Host, Platform};
use crate::session::store::has_undelivered;
use crate::time::{Millis, timestamp};

/// Milliseconds after a saved turn or a part of an import after which its work is done in any case.
const RETRY_AFTER: Millis = 10 * 1000;

/// Messages that are read for facts without waiting for a rest.
const MAX_UNREAD: u32 = 6;

/// Longest time of an extraction, in milliseconds, after which it is begun again: its object has died.
const EXTRACTION_WATCH: Millis = 150 * 1000;

/// True for failures of a model, which have pauses of their own.
const fn is_of_model(code: Code) -> bool {
    matches!(code, Code::ModelRejected | Code::ModelTruncated | Code::ModelUnavailable | Code::ModelTimeout)
}

impl<P: Platform> Object<P> {
    /// Notes the work that a saved turn leaves.
    pub(super) fn plan_work(&self, saved: SavedTurn) {
        self.background.add(saved);
        if let Some(Err(fault)) = saved.reading.map(|reading| self.plan_reading(reading)) {
            log::fault(&self.ports.host, &fault);
        }
    }

    fn plan_reading(&self, reading: Reading) -> Result<(), Fault> {
        let (sql, agenda, now) = (&self.ports.sql, &self.account.agenda, self.ports.clock.now());
        let rest = Rest { since: now, lasts: self.config.facts_rest, messages: MAX_UNREAD };
        match reading {
            Reading::AtOnce => agenda.plan(Job::Facts, now, sql),
            Reading::AtRest => agenda.plan_after(rest, Job::Facts, sql),
        }
    }

    /// Starts the background work that need not wait for a rest. The agenda has it too, in case the object dies.
    pub fn run_background_later(self: &Rc<Self>, owner: Uuid) {
        if self.background_rests() {
            return;
        }
        let at = self.ports.clock.now() + RETRY_AFTER;
        if let Err(fault) = self.account.agenda.plan(Job::Background, at, &self.ports.sql) {
            log::fault(&self.ports.host, &fault);
        }
        self.start_background(User::absent(owner));
    }

    /// True after a failure, until the time of the next try: further messages do not bring it forward.
    fn background_rests(&self) -> bool {
        let (sql, agenda, now) = (&self.ports.sql, &self.account.agenda, self.ports.clock.now());
        let failures = agenda.failures(Job::Background, sql).unwrap_or(0);
        failures > 0 && !agenda.is_due(Job::Background, now, sql).unwrap_or(true)
    }

    /// Reads the user's memories from Postgres, where that is not done yet. Only a user who is there has the token for it.
    pub fn rebuild_memory_later(self: &Rc<Self>, user: &User) {
        if rebuild_progress::is_due(&self.ports.sql, self.ports.clock.now()).unwrap_or(false) {
            self.start_background(user.clone());
        }
    }

    /// Plans background work after a part of an import: each further one puts it off.
    ///
    /// # Errors
    /// `internal`, when the storage refuses.
    pub fn plan_background(&self) -> Result<(), Fault> {
        let at = self.ports.clock.now() + RETRY_AFTER;
        self.account.agenda.plan(Job::Background, at, &self.ports.sql)
    }

    /// Starts all background work that is due. A second call while some runs leaves the work to the first.
    pub(super) fn start_background(self: &Rc<Self>, user: User) {
        if !self.background.is_running.replace(true) {
            let object = Rc::clone(self);
            self.ports.host.spawn(async move { object.run_background(&user).await });
        }
    }

    /// Does all background work that is due, until an erasure cancels it.
    async fn run_background(&self, user: &User) {
        let background = &self.background;
        if self.is_erasing() {
            background.is_running.set(false);
            return;
        }
        let began = self.ports.clock.now();
        let (cancel, canceled) = oneshot::channel();
        background.cancel.replace(Some(cancel));
        let ctx = self.user(user);
        let done = match select(pin!(self.run_all(&ctx)), canceled).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        };
        background.is_running.set(false);
        let planned = done.map_or(Ok(()), |done| self.plan_next(done, began));
        // The alarm watched over the work.
        for fault in [planned, self.arm()].into_iter().filter_map(Result::err) {
            log::fault(&self.ports.host, &fault);
        }
    }

    /// Ends the job, or plans another try after a failure.
    fn plan_next(&self, done: Result<(), Fault>, began: Millis) -> Result<(), Fault> {
        let (clock, sql) = (&self.ports.clock, &self.ports.sql);
        match done {
            Ok(()) => self.plan_after_success(began),
            Err(fault) => {
                let failures = self.account.agenda.failures(Job::Background, sql)?.saturating_add(1);
                let now = clock.now();
                let at = now + pause(failures, clock.random());
                self.account.agenda.plan_again(Job::Background, at, failures, sql)?;
                if self.account.agenda.is_due(Job::Facts, now, sql)? {
                    self.account.agenda.plan(Job::Facts, at, sql)?;
                }
                Err(fault)
            }
        }
    }

    /// Ends the job, unless a request that got no answer may still reach Postgres: then it is planned for the time after that.
    fn plan_after_success(&self, began: Millis) -> Result<(), Fault> {
        let (agenda, sql) = (&self.account.agenda, &self.ports.sql);
        let is_due = agenda.is_due(Job::Background, began, sql)?;
        if !is_due && agenda.is_planned(Job::Background, sql)? {
            // A job that was planned meanwhile stays planned.
            return Ok(());
        }
        if !paid_call::undelivered(sql)?.is_empty() || !is_all_saved(sql)? {
            // Of a turn beside this work.
            return agenda.plan(Job::Background, self.ports.clock.now() + RETRY_AFTER, sql);
        }
        let settles_at = Some(rebuild_progress::settles_at(sql)?).filter(|at| *at > began);
        match [settles_at, stall::next_try(sql)?].into_iter().flatten().min() {
            Some(at) => agenda.plan(Job::Background, at, sql),
            None => agenda.finish(Job::Background, sql),
        }
    }

    async fn run_all(&self, ctx: &UserCtx<'_, P>) -> Result<(), Fault> {
        let background = &self.background;
        if !ctx.user.token.is_empty() && rebuild_progress::is_due(&ctx.ports.sql, ctx.ports.clock.now())? {
            if has_undelivered(&ctx.ports.sql)? {
                rebuild_progress::await_delivery(&ctx.ports.sql)?;
            }
            rebuild(ctx).await?;
        }
        ctx.refresh_deployment_spending().await;
        // Before another output is paid for.
        for (session, summary) in resave(ctx).await? {
            self.show_summary(session, summary);
        }
        // Each asks another model, and none of them waits for another that fails.
        let embedding = embed_pending(ctx, &background.refused);
        let embedded = self.attempt(ctx, Work::Vectors, embedding).await;
        let extracted = self.extract_due_facts(ctx).await;
        let summarising = async { self.summarise_sessions(ctx).await.and(self.name_sessions(ctx).await) };
        let summarised = self.attempt(ctx, Work::Summaries, summarising).await;
        embedded.and(extracted).and(summarised)
    }

    /// Does work that asks a model, unless it rests after a failure. A failure of the model is logged and kept with the time of the next
    /// try; it is no error here.
    async fn attempt(
        &self,
        ctx: &UserCtx<'_, P>,
        work: Work,
        job: impl Future<Output = Result<(), Fault>>,
    ) -> Result<(), Fault> {
        let (sql, clock) = (&self.ports.sql, &self.ports.clock);
        let (began, asked) = (clock.now(), self.asked(work));
        let before = FailedWork::of(work, &asked, sql)?;
        if before.as_ref().is_some_and(|failed| failed.retry_at > began) {
            return Ok(());
        }
        let outcome = job.await;
        match outcome {
            Ok(()) => match before {
                None => Ok(()),
                Some(failed) => {
                    if failed.is_stalled() {
                        self.note_stall(ctx, work, began, None).await?;
                    }
                    stall::clear(work, sql)
                }
            },
            Err(fault) if is_of_model(fault.code) => {
                let failed = before.unwrap_or_default();
                let failed = failed.and_again(&asked, fault.code, clock.now(), clock.random());
                failed.store(work, sql)?;
                let state = if failed.is_stalled() { "stalled" } else { "failed" };
                let cause = format!("{} {state}: {}", work.as_str(), fault.cause);
                log::fault(&self.ports.host, &Fault::new(fault.code, cause));
                if failed.is_stalled() {
                    self.note_stall(ctx, work, began, Some(fault.code)).await?;
                }
                Ok(())
            }
            Err(fault) => Err(fault),
        }
    }

    /// Names the model that does a work, with its address: an operator who changes either need not wait for the next try.
    fn asked(&self, work: Work) -> String {
        let config = &self.config;
        let model = match work {
            Work::Vectors => &config.embedding_model,
            Work::Facts | Work::Summaries => &config.memory_model,
        };
        format!("{model} at {}", config.model_url)
    }

    /// Tells Postgres that work stalls, or that it goes on.
    async fn note_stall(
        &self,
        ctx: &UserCtx<'_, P>,
        work: Work,
        began: Millis,
        reason: Option<Code>,
    ) -> Result<(), Fault> {
        let arguments = json!({
            "p_user": ctx.user.id,
            "p_began": timestamp(began),
            "p_work": work.as_str(),
            "p_reason": reason.map(Code::as_str),
        });
        database::raw(&self.ports.postgrest, Caller::Service, "note_stalled_work", &arguments)
            .await
            .map(|_| ())
    }

    async fn summarise_sessions(&self, ctx: &UserCtx<'_, P>) -> Result<(), Fault> {
        let sessions = &self.background.sessions;
        loop {
            let Some(session) = sessions.borrow_mut().pop_first() else { return Ok(()) };
            let summarised = summarise(ctx, session).await;
            let summary = summarised.inspect_err(|_| {
                sessions.borrow_mut().insert(session);
            })?;
            if let Some(summary) = summary {
                self.show_summary(session, summary);
            }
        }
    }

    async fn name_sessions(&self, ctx: &UserCtx<'_, P>) -> Result<(), Fault> {
        let untitled = &self.background.untitled;
        loop {
            let Some(session) = untitled.borrow_mut().pop_first() else { return Ok(()) };
            name_session(ctx, session).await.inspect_err(|_| {
                untitled.borrow_mut().insert(session);
            })?;
        }
    }

    /// Extracts facts, if the messages have waited long enough.
    async fn extract_due_facts(&self, ctx: &UserCtx<'_, P>) -> Result<(), Fault> {
        let (sql, agenda, clock) = (&self.ports.sql, &self.account.agenda, &self.ports.clock);
        if !agenda.is_due(Job::Facts, clock.now(), sql)? {
            return Ok(());
        }
        let rests_until = |now| {
            let failed = FailedWork::of(Work::Facts, &self.asked(Work::Facts), sql);
            failed.map(|failed| failed.map(|failed| failed.retry_at).filter(|at| *at > now))
        };
        if let Some(at) = rests_until(clock.now())? {
            return agenda.plan(Job::Facts, at, sql);
        }
        let watch = clock.now() + EXTRACTION_WATCH;
        agenda.plan(Job::Facts, watch, sql)?;
        let extracted = self.attempt(ctx, Work::Facts, extract_facts(ctx, &self.background.malformed)).await;
        match (extracted, rests_until(clock.now())?) {
            (Ok(()), None) => agenda.finish_begun(Job::Facts, watch, sql),
            (Ok(()), Some(at)) => agenda.plan(Job::Facts, at, sql),
            (Err(fault), _) => {
                agenda.plan(Job::Facts, clock.now(), sql)?;
                Err(fault)
            }
        }
    }

    /// Puts a new summary into a session's window, if that is in memory.
    fn show_summary(&self, session: Uuid, summary: Summary) {
        let Some(session) = self.sessions.find(session) else { return };
        if let Some(cache) = session.cache.borrow_mut().as_mut() {
            cache.summary = Some(summary);
        }
    }
}
