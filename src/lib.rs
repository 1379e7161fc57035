//! Frontdesk: named AI employees behind one HTTPS endpoint at the edge.
//!
//! A turn, in reading order:
//!
//! 1. [`api`] checks, routes and validates the request: a stateless part in the Worker, then the user's object. [`auth`] verifies the
//!    access token.
//! 2. [`user`] is the object of one user: everything that must be serial or hot. [`account`] has its vault and its ledger.
//! 3. [`turn`] tells the story of a turn, a file for each state.
//! 4. [`session`] is one session inside the object: its window, its log, its outbox.
//! 5. [`prompt`] fits the prompt into its budget, [`memory`] recalls, [`model`] streams the completion, [`tools`] run, [`stream`]
//!    unmasks the events on their way to the client.
//! 6. `edge` (wasm32 only) is the one place that names Cloudflare: it implements [`ports`].
//!
//! Everything but `edge` is pure: I/O, time and randomness come in as values or through ports. [`chat`] is the
//! vocabulary that all of it shares.

pub mod account;
pub mod api;
pub mod auth;
pub mod backoff;
pub mod chat;
pub mod config;
pub mod database;
pub mod documents;
pub mod error;
pub mod files;
pub mod help_breaker;
pub mod ids;
pub mod limit;
pub mod log;
pub mod memory;
pub mod model;
pub mod origin;
pub mod ports;
pub mod prompt;
pub mod session;
pub mod storage;
pub mod stream;
pub mod text;
pub mod time;
pub mod tools;
pub mod turn;
pub mod user;
pub mod wire_form;

#[cfg(target_arch = "wasm32")]
mod edge;
