//! The object's alarm: everything that is due.

use std::rc::Rc;

use super::Object;
use crate::account::agenda::Job;
use crate::account::{ledger, owner};
use crate::auth::User;
use crate::error::Fault;
use crate::log;
use crate::ports::{Clock, Platform, Ports};
use crate::session::outbox::PARKED_FOR;
use crate::session::store::{delete_old, next_due, sessions_in_flight, unpark};
use crate::time::Millis;
use crate::turn::WATCH_EVERY;

/// Shortest time to the next alarm, in milliseconds: work that stays due must not wake the object without a pause.
const MIN_PAUSE: Millis = 1000;

impl<P: Platform> Object<P> {
    /// Runs all due jobs: deletes old logs, delivers turns and vault entries, starts background work. Then sets the alarm again.
    pub async fn alarm(self: &Rc<Self>) {
        self.account.agenda.rang();
        if let Err(fault) = self.do_due().await {
            log::fault(&self.ports.host, &fault);
        }
        self.sessions.evict();
        if let Err(fault) = self.arm() {
            log::fault(&self.ports.host, &fault);
        }
    }

    async fn do_due(self: &Rc<Self>) -> Result<(), Fault> {
        let Ports { sql, clock, .. } = &self.ports;
        let now = clock.now();
        // Should the object die on the way, it wakes to go on.
        self.account.agenda.wake_by(now + WATCH_EVERY, sql);
        self.close_orphans()?;
        delete_old(sql, now)?;
        ledger::delete_old(sql, now)?;
        unpark(sql, now.saturating_sub(PARKED_FOR))?;
        let Some(owner) = owner(sql)? else {
            // A user who stored nothing yet: the next request reads the memories again.
            return self.account.agenda.finish(Job::Background, sql);
        };
        let user = User::absent(owner);
        if self.is_erasing() {
            return self.go_on_erasing(&user).await;
        }
        let deleted = self.go_on_deleting_sessions(&user).await;
        self.deliver_all(&user).await;
        if self.account.agenda.is_due(Job::VaultDelivery, clock.now(), sql)? {
            self.deliver_vault(&user).await;
        }
        // Not within the alarm: no other rings before its end, and a delivery that failed would wait for a slow model.
        self.start_due_background(owner)?;
        deleted
    }

    /// Sets the alarm to the earliest moment at which something is due; none when nothing is.
    pub(super) fn arm(&self) -> Result<(), Fault> {
        let Ports { sql, clock, .. } = &self.ports;
        let now = clock.now();
        let is_running = self.background.is_running.get();
        let is_open = is_running || self.sessions.is_any_busy() || !sessions_in_flight(sql)?.is_empty();
        let watch = is_open.then_some(now + WATCH_EVERY);
        // What runs plans its next time itself.
        let waits = |job| !(is_running && matches!(job, Job::Background | Job::Facts));
        let due = [watch, next_due(sql, PARKED_FOR)?, self.account.agenda.next_due(waits, sql)?];
        let next = due.into_iter().flatten().min();
        self.account.agenda.set(next.map(|at| at.max(now + MIN_PAUSE)), sql);
        Ok(())
    }
}
