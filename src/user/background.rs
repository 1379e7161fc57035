//! Work after turns were saved, off the critical path: vectors for memories, facts from the user's messages, summaries of long sessions.
//!
//! Postgres holds the list of open work, so nothing is lost with the object, and repeating work changes nothing.

use std::pin::pin;
use std::rc::Rc;

use futures::channel::oneshot;
use futures::future::{Either, select};
use uuid::Uuid;

use super::Object;
use super::background_state::{Reading, SavedTurn};
use crate::account::UserCtx;
use crate::account::agenda::{Job, Rest};
use crate::account::paid_call;
use crate::auth::User;
use crate::backoff::background_pause;
use crate::error::Fault;
use crate::log;
use crate::memory::embed::embed_pending;
use crate::memory::facts::save::extract_facts;
use crate::memory::rebuild::rebuild;
use crate::memory::rebuild_progress;
use crate::memory::recall::Summary;
use crate::memory::summary::summarise;
use crate::ports::{Clock, Host, Platform};
use crate::session::store::has_undelivered;
use crate::time::Millis;

/// Milliseconds after a saved turn or a part of an import after which its work is done in any case.
const RETRY_AFTER: Millis = 10 * 1000;

/// Messages that are read for facts without waiting for a rest.
const MAX_UNREAD: u32 = 6;

/// Longest time of an extraction, in milliseconds, after which it is begun again: its object has died.
const EXTRACTION_WATCH: Millis = 150 * 1000;

impl<P: Platform> Object<P> {
    /// Notes the work that a saved turn leaves.
    pub(super) fn plan_work(&self, saved: SavedTurn) {
        self.background.add(saved.session);
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
                let at = now + background_pause(fault.code, failures, clock.random());
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
        if !paid_call::undelivered(sql)?.is_empty() {
            // Of a turn beside this work.
            return agenda.plan(Job::Background, self.ports.clock.now() + RETRY_AFTER, sql);
        }
        let settles_at = rebuild_progress::settles_at(sql)?;
        if settles_at > began {
            agenda.plan(Job::Background, settles_at, sql)
        } else {
            agenda.finish(Job::Background, sql)
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
        // Each asks another model, and none of them waits for another that fails.
        let embedded = embed_pending(ctx, &background.refused).await;
        let extracted = self.extract_due_facts(ctx).await;
        let summarised = self.summarise_sessions(ctx).await;
        embedded.and(extracted).and(summarised)
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

    /// Extracts facts, if the messages have waited long enough.
    async fn extract_due_facts(&self, ctx: &UserCtx<'_, P>) -> Result<(), Fault> {
        let (sql, agenda, clock) = (&self.ports.sql, &self.account.agenda, &self.ports.clock);
        if !agenda.is_due(Job::Facts, clock.now(), sql)? {
            return Ok(());
        }
        let watch = clock.now() + EXTRACTION_WATCH;
        agenda.plan(Job::Facts, watch, sql)?;
        match extract_facts(ctx, &self.background.malformed).await {
            Ok(()) => agenda.finish_begun(Job::Facts, watch, sql),
            Err(fault) => {
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
