//! One turn, from the user's message to the record of its answer. A file for each state, in this order:
//!
//! ```text
//! prepare   admit     one turn at a time in a session
//!           mask      placeholders for personal values; nothing leaves the object without
//!           load      the cached window, or one read of Postgres                              ┐ side by side
//!           recall    memories for the message                                                ┘
//!           assemble  persona, recent messages, recalled memories and the message, within the token budget
//!           reserve   messages a minute, tokens and dollars of the day
//!           keep      the message is durable from here on             ── the first byte may go out
//! answer    stream    model → log → unmasked events; retries and failover until the first token      ┐ up to
//!           call      tools: masked, checked, run side by side, masked again; then the model again   ┘ eight steps
//!           finish    usage, cost, and the masked record in the outbox ── the last byte may go out
//! ```
//!
//! An answer that needs the user's approval ends there. [`approve`] resumes it as a turn of its own, with the same message.
//! [`replay`] serves readers that come back. Delivery to Postgres is the outbox's (`session::outbox`).

pub mod agent_loop;
pub mod answer;
pub mod approve;
pub mod client_turn;
pub mod finish;
pub mod prepare;
pub mod replay;
pub mod request;

mod agent_config;
mod call_tools;
mod load;
mod log_writer;
mod mask_client;
mod plain_values;
mod progress;
mod prompt;
mod reserve;
mod url_guards;

use crate::ports::Platform;
use crate::session::state::SessionCtx;
use crate::time::Millis;
use crate::tools::toolbox::Toolbox;

/// Longest time of a turn, in milliseconds.
const MAX_TURN: Millis = 10 * 60 * 1000;

/// Milliseconds after which the object wakes to look after a turn in flight. If it died, it closes the turn as interrupted.
pub const WATCH_EVERY: Millis = 10 * 1000;

/// Everything that a turn needs.
pub struct TurnCtx<'a, P: Platform> {
    /// Id of the session.
    pub session: SessionCtx<'a, P>,
    /// Tools of the user's employees.
    pub toolbox: &'a Toolbox,
}

// Written by hand: a derive would ask the same of `P`.
impl<P: Platform> Clone for TurnCtx<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P: Platform> Copy for TurnCtx<'_, P> {}
