//! The log of a running turn, as it is written.

use super::TurnCtx;
use crate::ports::{Clock, Platform};
use crate::session::store::SessionStore;
use crate::stream::turn_event::TurnEvent;
use crate::time::Millis;

/// Milliseconds between two writes to storage: a crash loses one such span of text at most.
const WRITE_EVERY: Millis = 1000;

/// Writes events into the log in memory at once, and into storage at most once in [`WRITE_EVERY`]. A write that fails is no reason
/// to stop: its events are written with the next.
pub(super) struct LogWriter<'a, P: Platform> {
    ctx: TurnCtx<'a, P>,
    /// Number of events in storage.
    stored: usize,
    stored_at: Millis,
}

impl<'a, P: Platform> LogWriter<'a, P> {
    /// A writer for the turn that begins now.
    pub(super) fn new(ctx: TurnCtx<'a, P>) -> Self {
        Self { ctx, stored: 0, stored_at: ctx.session.user.ports.clock.now() }
    }

    /// Appends an event.
    pub(super) fn write(&mut self, event: &TurnEvent) {
        if let Some(log) = self.ctx.session.session.log.borrow_mut().as_mut() {
            log.events.push(event.clone());
        }
        // A tool may have changed something: its call and result are stored at once.
        let is_call = matches!(event, TurnEvent::ToolCall { .. } | TurnEvent::ToolResult { .. });
        let now = self.ctx.session.user.ports.clock.now();
        if is_call || now.saturating_sub(self.stored_at) >= WRITE_EVERY {
            self.flush();
            self.stored_at = now;
        }
    }

    /// Stores the events that are not stored yet.
    pub(super) fn flush(&mut self) {
        let log = self.ctx.session.session.log.borrow();
        let Some(log) = log.as_ref() else { return };
        let new = log.events.get(self.stored..).unwrap_or_default();
        let store = SessionStore::new(&self.ctx.session.user.ports.sql, log.head.session_id);
        if !new.is_empty() && store.append_events(log.head.turn_id, new).is_ok() {
            self.stored = log.events.len();
        }
    }
}
