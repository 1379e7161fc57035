//! Work after turns were saved, off the critical path: titles at once; vectors for memories, facts from the user's messages and
//! summaries of long sessions when the user rests, for several turns together.
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

/// Milliseconds after a part of an import after which its work is done, and after which a call is told to Postgres that was paid beside work.
const RETRY_AFTER: Millis = 10 * 1000;

/// Messages that end the wait for a rest.
const MAX_WAITING: u32 = 6;

/// Longest time of a job, in milliseconds, after which it is begun again: its object has died.
const JOB_WATCH: Millis = 150 * 1000;

/// True for failures of a model, which have pauses of their own.
const fn is_of_model(code: Code) -> bool {
    matches!(code, Code::ModelRejected | Code::ModelTruncated | Code::ModelUnavailable | Code::ModelTimeout)
}

impl<P: Platform> Object<P> {
    /// Notes the work that a saved turn leaves. All but a title waits for a rest of the user, or for a number of messages.
    pub(super) fn plan_work(&self, saved: SavedTurn) {
        self.background.add(saved);
        if let Err(fault) = self.plan_after_turn(saved.reading) {
            log::fault(&self.ports.host, &fault);
        }
    }

    fn plan_after_turn(&self, reading: Option<Reading>) -> Result<(), Fault> {
        let (sql, agenda, now) = (&self.ports.sql, &self.account.agenda, self.ports.clock.now());
        let rest = Rest { since: now, lasts: self.config.background_rest, messages: MAX_WAITING };
        agenda.plan_after(rest, Job::Background, sql)?;
        match reading {
            None => Ok(()),
            Some(Reading::AtOnce) => agenda.plan(Job::Facts, now, sql),
            Some(Reading::AtRest) => agenda.plan_after(rest, Job::Facts, sql),
        }
    }

    /// Starts the background work that does not wait for a rest, if there is any.
    pub(super) fn start_due_background(self: &Rc<Self>, owner: Uuid) -> Result<(), Fault> {
        let is_due = |job| self.account.agenda.is_due(job, self.ports.clock.now(), &self.ports.sql);
        if self.background.has_untitled() || is_due(Job::Background)? || is_due(Job::Facts)? {
            self.start_background(User::absent(owner));
        }
        Ok(())
    }

    /// Does background work at once: what was stored is asked for soon. After a failure it waits for the next try.
    pub fn run_background_now(self: &Rc<Self>, owner: Uuid) {
        if self.background_rests() {
            return;
        }
        if let Err(fault) = self.account.agenda.plan(Job::Background, self.ports.clock.now(), &self.ports.sql)
        {
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
        let (cancel, canceled) = oneshot::channel();
        background.cancel.replace(Some(cancel));
        let done = match select(pin!(self.run_due(user)), canceled).await {
            Either::Left((done, _)) => done,
            Either::Right(_) => Ok(()),
        };
        background.is_running.set(false);
        // The alarm watched over the work.
        for fault in [done, self.arm()].into_iter().filter_map(Result::err) {
            log::fault(&self.ports.host, &fault);
        }
    }

    /// Does what is due, and plans the next run.
    async fn run_due(&self, user: &User) -> Result<(), Fault> {
        let began = self.ports.clock.now();
        let watch = self.begin_job(began)?;
        let done = self.run_all(&self.user(user), watch.is_some()).await;
        self.plan_next(done, watch, began)
    }

    /// Begins the job, if it is due: puts its time off to when it is begun again, should the object die. Returns that time.
    fn begin_job(&self, now: Millis) -> Result<Option<Millis>, Fault> {
        let (agenda, sql) = (&self.account.agenda, &self.ports.sql);
        if !agenda.is_due(Job::Background, now, sql)? {
            return Ok(None);
        }
        let watch = now + JOB_WATCH;
        agenda.plan_again(Job::Background, watch, agenda.failures(Job::Background, sql)?, sql)?;
        Ok(Some(watch))
    }

    /// Ends the job, or plans another try after a failure.
    fn plan_next(&self, done: Result<(), Fault>, watch: Option<Millis>, began: Millis) -> Result<(), Fault> {
        let (agenda, clock, sql) = (&self.account.agenda, &self.ports.clock, &self.ports.sql);
        match done {
            Ok(()) => self.plan_after_success(watch, began),
            Err(fault) => {
                let failures = agenda.failures(Job::Background, sql)?.saturating_add(1);
                let now = clock.now();
                let at = now + pause(failures, clock.random());
                agenda.plan_again(Job::Background, at, failures, sql)?;
                if agenda.is_due(Job::Facts, now, sql)? {
                    agenda.plan(Job::Facts, at, sql)?;
                }
                Err(fault)
            }
        }
    }

    /// Ends the job, unless a request that got no answer may still reach Postgres, or a call was paid beside it: then it is planned for
    /// the time after that. One that was planned meanwhile stays planned.
    fn plan_after_success(&self, watch: Option<Millis>, began: Millis) -> Result<(), Fault> {
        let (agenda, sql, job) = (&self.account.agenda, &self.ports.sql, Job::Background);
        let is_planned = match watch {
            Some(watch) => !agenda.is_unchanged(job, watch, sql)?,
            None => agenda.is_planned(job, sql)?,
        };
        if is_planned {
            return Ok(());
        }
        let is_told = paid_call::undelivered(sql)?.is_empty() && is_all_saved(sql)?;
        let untold = (!is_told).then(|| self.ports.clock.now() + RETRY_AFTER);
        let settles_at = Some(rebuild_progress::settles_at(sql)?).filter(|at| *at > began);
        match [untold, settles_at, stall::next_try(sql)?].into_iter().flatten().min() {
            Some(at) => agenda.plan(job, at, sql),
            None => agenda.finish(job, sql),
        }
    }

    async fn run_all(&self, ctx: &UserCtx<'_, P>, is_due: bool) -> Result<(), Fault> {
        let background = &self.background;
        let (sql, clock) = (&ctx.ports.sql, &ctx.ports.clock);
        let rebuilds = !ctx.user.token.is_empty() && rebuild_progress::is_due(sql, clock.now())?;
        if rebuilds {
            if has_undelivered(sql)? {
                rebuild_progress::await_delivery(sql)?;
            }
            rebuild(ctx).await?;
        }
        ctx.refresh_deployment_spending().await;
        // Before another output is paid for.
        for (session, summary) in resave(ctx).await? {
            self.show_summary(session, summary);
        }
        // Each asks another model, and none of them waits for another that fails.
        let is_due = is_due || rebuilds;
        let embedded = if is_due {
            self.attempt(ctx, Work::Vectors, embed_pending(ctx, &background.refused)).await
        } else {
            Ok(())
        };
        let extracted = self.extract_due_facts(ctx).await;
        let summarising = async {
            let summarised = if is_due { self.summarise_sessions(ctx).await } else { Ok(()) };
            summarised.and(self.name_sessions(ctx).await)
        };
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
        let watch = clock.now() + JOB_WATCH;
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
