//! The ceiling of a deployment: what all users together may spend in a day. A hot turn checks it against what the object knows; work in
//! the background keeps that fresh.

use std::pin::pin;

use futures::future::{Either, select};
use serde::Deserialize;
use serde_json::json;

use super::UserCtx;
use super::ledger::LimitError;
use crate::chat::limits::Budget;
use crate::database;
use crate::error::Fault;
use crate::limit::quota::{Cost, Exceeded, until_tomorrow};
use crate::log;
use crate::ports::{Caller, Clock, Platform};
use crate::time::Millis;

/// Milliseconds that a turn waits for a report.
const DEADLINE: Millis = 1000;

/// Result of `deployment_spending`.
#[derive(Deserialize)]
struct Spent {
    tokens: u64,
    usd: f64,
}

impl<P: Platform> UserCtx<'_, P> {
    /// Checks a cost against the ceiling, as far as the deployment's spending is known here.
    ///
    /// # Errors
    /// [`LimitError::Exceeded`].
    pub fn check_ceiling(&self, wanted: Cost) -> Result<(), LimitError> {
        let (ceiling, now) = (self.ceiling(), self.ports.clock.now());
        if ceiling.is_unlimited() || self.account.deployment.get().allows(&ceiling, wanted, now) {
            return Ok(());
        }
        Err(LimitError::Exceeded { budget: Exceeded::Deployment, wait: until_tomorrow(now) })
    }

    /// Reads the deployment's spending before a turn, where the object knows none that is usable: its first turn in a while. Without a
    /// report in time the turn begins all the same.
    pub async fn await_deployment_spending(&self) {
        let now = self.ports.clock.now();
        if self.ceiling().is_unlimited() || !self.account.deployment.get().is_stale(now) {
            return;
        }
        let read = pin!(self.read_deployment_spending());
        let deadline = pin!(self.ports.clock.sleep(DEADLINE));
        if let Either::Right(_) = select(read, deadline).await {
            self.note_failed_report();
        }
    }

    /// Reads the deployment's spending in the background, where what the object knows has grown old.
    pub async fn refresh_deployment_spending(&self) {
        if self.is_spending_ageing() {
            self.read_deployment_spending().await;
        }
    }

    /// True if work in the background should read the deployment's spending.
    #[must_use]
    pub fn is_spending_ageing(&self) -> bool {
        !self.ceiling().is_unlimited() && self.account.deployment.get().is_ageing(self.ports.clock.now())
    }

    fn ceiling(&self) -> Budget {
        self.config.ceiling.into()
    }

    async fn read_deployment_spending(&self) {
        let caller = Caller::Service;
        let read: Result<Spent, Fault> =
            database::call(&self.ports.postgrest, caller, "deployment_spending", &json!({})).await;
        match read {
            Ok(Spent { tokens, usd }) => {
                let spent = Cost { tokens, ..Cost::new(0, Some(usd)) };
                let mut known = self.account.deployment.get();
                known.report(spent, self.ports.clock.now());
                self.account.deployment.set(known);
            }
            Err(fault) => {
                log::fault(&self.ports.host, &fault);
                self.note_failed_report();
            }
        }
    }

    fn note_failed_report(&self) {
        let mut known = self.account.deployment.get();
        known.note_failure(self.ports.clock.now());
        self.account.deployment.set(known);
    }
}
