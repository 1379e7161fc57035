//! Frontdesk: named AI employees behind one HTTPS endpoint at the edge.
//!
//! A turn, in reading order:
//!
//! 1. [`api`] routes and validates the request, [`auth`] says who asks.
//! 2. [`turn`] tells the story: admit, load, assemble, answer, settle.
//! 3. [`session`] is what the Session object keeps: hot memory, the open turn, the outbox.
//! 4. [`context`] fits the prompt to its budget, [`model`] asks and decodes, [`stream`] spells the events.
//! 5. `edge` (wasm32 only) is the one place that knows Cloudflare: it puts real things behind [`ports`].
//!
//! Everything but `edge` is pure: no I/O, no clock, no chance but what comes in as a value or through a port.

pub mod api;
pub mod auth;
pub mod backoff;
pub mod config;
pub mod context;
pub mod document;
pub mod employee;
pub mod error;
pub mod limit;
pub mod memory;
pub mod model;
pub mod ports;
pub mod retell;
pub mod session;
pub mod stream;
pub mod text;
pub mod time;
pub mod tools;
pub mod turn;
pub mod user;

#[cfg(target_arch = "wasm32")]
mod edge;
