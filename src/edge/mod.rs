//! Cloudflare: the one place that names the platform. Thin on purpose: what can be decided without it is decided
//! in the core.

mod audience;
mod auth;
mod clock;
mod database;
mod entry;
mod journal;
mod log;
mod model;
mod platform;
mod reply;
mod session;
mod sqlite;
mod strongbox;
mod user;
mod users;

use std::cell::OnceCell;
use std::rc::Rc;

use worker::Env;

use crate::config::Config;
use crate::error::{Code, Error, abort};

thread_local! {
    static CONFIG: OnceCell<Result<Rc<Config>, Vec<String>>> = const { OnceCell::new() };
}

/// The deployment's variables, read once per isolate.
fn config(env: &Env) -> Result<Rc<Config>, Error> {
    let read = || Config::read(|name| env.var(name).ok().map(|value| value.to_string())).map(Rc::new);
    let config = CONFIG.with(|config| config.get_or_init(read).clone());
    config.map_err(|problems| abort(Code::Misconfigured, format!("{}.", problems.join("; "))))
}
