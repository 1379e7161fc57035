//! Authentication of requests, with the keys and the verified tokens that an isolate has cached.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::User;
use super::keys::{Key, KeySet};
use super::token::{Expected, bearer, key_id, verify};
use super::verified::VerifiedTokens;
use crate::config::Config;
use crate::error::{Code, Error, Fault};
use crate::ports::{Clock, Http, HttpCall, Method, Redirect};
use crate::time::Millis;

/// Longest time until the key set has arrived, in milliseconds.
const TIMEOUT: Millis = 5000;

/// Milliseconds without a fetch after one that failed.
const PAUSE_AFTER_FAILURE: Millis = 1000;

/// Milliseconds between two looks at a fetch that another request began. A request cannot await I/O of another one
/// (<https://developers.cloudflare.com/workers/observability/errors/#cannot-perform-io-on-behalf-of-a-different-request>).
const LOOK_EVERY: Millis = 20;

/// Platform and deployment of an authentication.
pub struct AuthCtx<'a, H, C> {
    /// Issuer, key set and legacy secret.
    pub config: &'a Config,
    /// The way to the project's key set.
    pub http: &'a H,
    /// The time that tokens expire by.
    pub clock: &'a C,
}

/// An authenticated user.
#[derive(Debug)]
pub struct Authenticated {
    /// The user of the token.
    pub user: User,
    /// Failure to refresh the keys, for the log. The older ones served.
    pub stale_keys: Option<Fault>,
}

/// Keys and verified tokens of an isolate.
#[derive(Debug, Default)]
pub struct Authenticator {
    keys: RefCell<Rc<KeySet>>,
    verified: RefCell<VerifiedTokens>,
    /// Begin of the fetch that is under way.
    fetching_since: Cell<Option<Millis>>,
    failed_at: Cell<Option<Millis>>,
}

/// Keys to verify a token with.
struct Keys {
    keys: Rc<KeySet>,
    stale: Option<Fault>,
}

impl Keys {
    const fn fresh(keys: Rc<KeySet>) -> Self {
        Self { keys, stale: None }
    }
}

impl Authenticator {
    /// Finds the user of an `Authorization` header.
    ///
    /// # Errors
    /// One code for each reason, all of them 401; `auth_unavailable` when no keys are known and none can be fetched.
    pub async fn authenticate(
        &self,
        header: Option<&str>,
        ctx: &AuthCtx<'_, impl Http, impl Clock>,
    ) -> Result<Authenticated, Error> {
        let token = bearer(header)?;
        let now = ctx.clock.now();
        if let Some(user) = self.verified.borrow().user(token, now) {
            return Ok(Authenticated { user: user.clone(), stale_keys: None });
        }
        let Keys { keys, stale } = self.keys_for(token, ctx).await?;
        let issuer = ctx.config.issuer();
        let legacy = ctx.config.jwt_secret.as_deref().map(Key::from_secret);
        let expected = Expected { issuer: &issuer, legacy: legacy.as_ref() };
        let verified = verify(token, &expected, &keys, ctx.clock.now())?;
        self.verified.borrow_mut().remember(&verified, now);
        Ok(Authenticated { user: verified.user, stale_keys: stale })
    }

    /// The keys for a token: fetched again when they are old or lack its key. Requests that need the same fetch make one.
    async fn keys_for(&self, token: &str, ctx: &AuthCtx<'_, impl Http, impl Clock>) -> Result<Keys, Error> {
        let Some(id) = key_id(token)? else { return Ok(Keys::fresh(self.keys())) };
        loop {
            let (keys, now) = (self.keys(), ctx.clock.now());
            if !keys.wants_fetch(&id, now) {
                return Ok(Keys::fresh(keys));
            }
            let is_within =
                |since: Option<Millis>, span| since.is_some_and(|at| now.saturating_sub(at) < span);
            if is_within(self.fetching_since.get(), TIMEOUT) {
                if keys.find(&id).is_some() {
                    return Ok(Keys::fresh(keys));
                }
                ctx.clock.sleep(LOOK_EVERY).await;
            } else if is_within(self.failed_at.get(), PAUSE_AFTER_FAILURE) {
                let fault = || unavailable("no answer a moment ago");
                return if keys.is_empty() { Err(fault().into()) } else { Ok(Keys::fresh(keys)) };
            } else {
                return match self.fetch(ctx).await {
                    Ok(()) => Ok(Keys::fresh(self.keys())),
                    // Old keys are better than to let no user in.
                    Err(fault) if !keys.is_empty() => Ok(Keys { keys, stale: Some(fault) }),
                    Err(fault) => Err(fault.into()),
                };
            }
        }
    }

    fn keys(&self) -> Rc<KeySet> {
        Rc::clone(&self.keys.borrow())
    }

    /// Fetches the project's key set.
    async fn fetch(&self, ctx: &AuthCtx<'_, impl Http, impl Clock>) -> Result<(), Fault> {
        self.fetching_since.set(Some(ctx.clock.now()));
        // A request that ends before its fetch leaves no mark behind.
        let _mark = ResetOnDrop(&self.fetching_since);
        let fetched = fetch_keys(ctx).await;
        match fetched {
            Ok(keys) => {
                self.keys.replace(Rc::new(keys));
                self.failed_at.set(None);
                Ok(())
            }
            Err(fault) => {
                self.failed_at.set(Some(ctx.clock.now()));
                Err(fault)
            }
        }
    }
}

struct ResetOnDrop<'a>(&'a Cell<Option<Millis>>);

impl Drop for ResetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

async fn fetch_keys(ctx: &AuthCtx<'_, impl Http, impl Clock>) -> Result<KeySet, Fault> {
    let url = ctx.config.jwks_url();
    let call =
        HttpCall { method: Method::Get, url: &url, headers: &[], body: None, redirect: Redirect::Follow };
    let answer = ctx.http.send(call, TIMEOUT).await.map_err(|error| unavailable(&format!("{error:?}")))?;
    if answer.status != 200 {
        return Err(unavailable(&format!("status {}", answer.status)));
    }
    KeySet::parse(&answer.body, ctx.clock.now())
        .map_err(|error| unavailable(&format!("{:?}", error.classify())))
}

fn unavailable(cause: &str) -> Fault {
    Fault::new(Code::AuthUnavailable, format!("key set: {cause}"))
}

#[cfg(test)]
mod tests;
