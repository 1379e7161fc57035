//! Verifying tokens with keys fetched from the project and shared by all requests of an isolate.

use std::cell::RefCell;
use std::rc::Rc;

use super::clock::EdgeClock;
use super::database::status_and_body;
use super::log;
use super::platform::call;
use crate::auth::User;
use crate::auth::keys::{Key, KeySet};
use crate::auth::token::{Expected, bearer, verify, wants_keys};
use crate::auth::verified::VerifiedTokens;
use crate::config::Config;
use crate::error::{Code, Error, Fault};
use crate::ports::Clock;

thread_local! {
    static KEYS: RefCell<Rc<KeySet>> = RefCell::default();
    static VERIFIED: RefCell<VerifiedTokens> = RefCell::default();
}

/// How long Auth may take to send its keys, in milliseconds.
const TIMEOUT: f64 = 5000.0;

/// Who sent that `Authorization` header.
pub(super) async fn authenticate(header: Option<&str>, config: &Config) -> Result<User, Error> {
    let token = bearer(header)?;
    let now = EdgeClock.now();
    if let Some(user) = VERIFIED.with_borrow(|verified| verified.user(token, now).cloned()) {
        return Ok(user);
    }
    let issuer = config.issuer();
    let legacy = config.jwt_secret.as_deref().map(Key::from_secret);
    let mut keys = KEYS.with_borrow(Rc::clone);
    let expected = Expected { issuer: &issuer, legacy: legacy.as_ref() };
    if wants_keys(token, &keys, now)? {
        match fetch_keys(config).await {
            Ok(fetched) => {
                keys = Rc::new(fetched);
                KEYS.set(Rc::clone(&keys));
            }
            // Keys that are a little old are better than nobody signed in.
            Err(fault) if keys.is_empty() => return Err(fault.into()),
            Err(fault) => log::fault(&fault),
        }
    }
    let (user, expires_at) = verify(token, &expected, &keys, now)?;
    VERIFIED.with_borrow_mut(|verified| verified.remember(&user, expires_at, now));
    Ok(user)
}

async fn fetch_keys(config: &Config) -> Result<KeySet, Fault> {
    let unavailable = |cause: String| Fault::new(Code::AuthUnavailable, cause);
    let answer = call("GET", &config.jwks_url(), "", None, TIMEOUT).await;
    let answer = answer.ok().and_then(status_and_body);
    match answer {
        Some((200, body)) => {
            KeySet::parse(&body, EdgeClock.now()).map_err(|error| unavailable(format!("key set: {error}")))
        }
        Some((status, _)) => Err(unavailable(format!("key set: status {status}"))),
        None => Err(unavailable("key set: no answer".into())),
    }
}
