//! Messages a minute: of the user over all sessions, and of each session.
//!
//! Buckets live in memory. An object that was away long enough to lose one would have refilled it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use uuid::Uuid;

use crate::error::{Code, Error, abort_for};
use crate::limit::bucket::{Bucket, RateLimitStatus};
use crate::time::Millis;

/// Buckets of sessions kept at a time; full ones are dropped first.
const MAX_BUCKETS: usize = 1000;

/// The buckets of one user.
#[derive(Debug, Default)]
pub struct RateLimits {
    user: Cell<Bucket>,
    sessions: RefCell<BTreeMap<Uuid, Bucket>>,
}

/// Messages a minute that a turn may not exceed.
#[derive(Clone, Copy, Debug, Default)]
pub struct RateQuotas {
    /// Of the session, as its employee sets it.
    pub session: Option<u32>,
    /// Of the user.
    pub user: Option<u32>,
}

/// A message taken from the buckets, not yet counted.
#[derive(Debug)]
pub struct RateTaken {
    session: Uuid,
    session_bucket: Bucket,
    user_bucket: Bucket,
    /// The nearer of the two limits, where there is one.
    pub status: Option<RateLimitStatus>,
}

impl RateLimits {
    /// Takes one message of a session. It counts once [`RateLimits::count`] is called with the result.
    ///
    /// # Errors
    /// `rate_limited`.
    pub fn take(&self, session: Uuid, quotas: RateQuotas, now: Millis) -> Result<RateTaken, Error> {
        let mut session_bucket = self.sessions.borrow().get(&session).copied().unwrap_or_default();
        let mut user_bucket = self.user.get();
        let own = quotas.session.map(|quota| {
            session_bucket.take(quota, now).map_err(|wait| too_fast(quota, wait, "this session"))
        });
        let all = quotas
            .user
            .map(|quota| user_bucket.take(quota, now).map_err(|wait| too_fast(quota, wait, "you")));
        let statuses = [own.transpose()?, all.transpose()?];
        let status = statuses.into_iter().flatten().min_by_key(|status| status.remaining);
        Ok(RateTaken { session, session_bucket, user_bucket, status })
    }

    /// Counts a message that was admitted.
    pub fn count(&self, taken: &RateTaken, now: Millis) {
        self.user.set(taken.user_bucket);
        let mut sessions = self.sessions.borrow_mut();
        if sessions.len() >= MAX_BUCKETS {
            sessions.retain(|_, bucket| !bucket.is_full(now));
        }
        sessions.insert(taken.session, taken.session_bucket);
    }
}

fn too_fast(quota: u32, wait: Millis, whose: &str) -> Error {
    let seconds = wait.div_ceil(1000).max(1);
    let detail =
        format!("There may be {quota} messages a minute from {whose}. Send it again in {seconds} s.");
    abort_for(Code::RateLimited, seconds, detail)
}
