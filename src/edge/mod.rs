//! Cloudflare: the only module that names the platform. It implements [`crate::ports`] and decides nothing.

mod blobs;
mod clock;
mod entry;
mod host;
mod http;
mod object;
mod platform;
mod readers;
mod serve;
mod sql;

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use worker::Env;

use crate::api::entry::Isolate;
use crate::model::known_models::KnownModels;

thread_local! {
    static MODELS: Rc<RefCell<KnownModels>> = Rc::default();
    static ISOLATE: OnceCell<Rc<Isolate>> = const { OnceCell::new() };
}

/// Health and dialects of the models, as the objects of this isolate know them.
fn models() -> Rc<RefCell<KnownModels>> {
    MODELS.with(Rc::clone)
}

/// State of this isolate. The deployment's variables are read once.
fn isolate(env: &Env) -> Rc<Isolate> {
    let read = || Rc::new(Isolate::new(|name| env.var(name).ok().map(|value| value.to_string())));
    ISOLATE.with(|isolate| Rc::clone(isolate.get_or_init(read)))
}
