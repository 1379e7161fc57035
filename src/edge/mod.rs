//! Cloudflare: the one place that names the platform. Thin on purpose: what can be decided without it is decided
//! in the core.

mod audience;
mod auth;
mod clock;
mod database;
mod documents;
mod entry;
mod files;
mod journal;
mod log;
mod model;
mod outside;
mod platform;
mod reply;
mod session;
mod sqlite;
mod strongbox;
mod user;
mod users;

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use worker::Env;

use crate::config::Config;
use crate::error::{Code, Error, abort};
use crate::model::breaker::Breaker;

thread_local! {
    static BREAKER: Rc<RefCell<Breaker>> = Rc::default();
    static CONFIG: OnceCell<Result<Rc<Config>, Vec<String>>> = const { OnceCell::new() };
}

/// What the sessions of this isolate know of models' health.
fn breaker() -> Rc<RefCell<Breaker>> {
    BREAKER.with(Rc::clone)
}

/// The deployment's variables, read once per isolate.
fn config(env: &Env) -> Result<Rc<Config>, Error> {
    let read = || Config::read(|name| env.var(name).ok().map(|value| value.to_string())).map(Rc::new);
    let config = CONFIG.with(|config| config.get_or_init(read).clone());
    config.map_err(|problems| abort(Code::Misconfigured, format!("{}.", problems.join("; "))))
}
