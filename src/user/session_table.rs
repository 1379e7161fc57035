//! Sessions in memory: those in use, and recently used ones within a bound.

use std::cell::RefCell;
use std::rc::Rc;

use uuid::Uuid;

use crate::ports::FrameWriter;
use crate::session::state::Session;

/// Idle sessions that stay in memory.
const MAX_IDLE: usize = 32;

/// Bytes of idle sessions that stay in memory. An isolate has 128 MB for all of its objects
/// (<https://developers.cloudflare.com/durable-objects/platform/limits/>).
const MAX_IDLE_BYTES: usize = 4 * 1024 * 1024;

/// Sessions of one user, the least recently used first.
#[derive(Debug)]
pub(super) struct SessionTable<W>(RefCell<Vec<Rc<Session<W>>>>);

impl<W> Default for SessionTable<W> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<W: FrameWriter> SessionTable<W> {
    /// The session with that id, cold if it was not in memory. It is the most recently used one from now on.
    pub(super) fn get(&self, id: Uuid) -> Rc<Session<W>> {
        if self.len() > MAX_IDLE {
            // A refused request leaves its session behind, and ends without an eviction of its own.
            self.evict();
        }
        let mut sessions = self.0.borrow_mut();
        let at = sessions.iter().rposition(|session| session.id == id);
        let session = at.map_or_else(|| Rc::new(Session::new(id)), |at| sessions.remove(at));
        sessions.push(Rc::clone(&session));
        session
    }

    /// The session with that id, if it is in memory.
    pub(super) fn find(&self, id: Uuid) -> Option<Rc<Session<W>>> {
        self.0.borrow().iter().find(|session| session.id == id).cloned()
    }

    /// Drops a session that nothing is answered in.
    pub(super) fn remove(&self, id: Uuid) {
        self.0.borrow_mut().retain(|session| session.id != id || session.is_busy());
    }

    /// Evicts idle sessions beyond the bounds, the least recently used first.
    pub(super) fn evict(&self) {
        let mut sessions = self.0.borrow_mut();
        let (mut idle, mut bytes) = (0, 0);
        let mut kept: Vec<_> = sessions
            .drain(..)
            .rev()
            .filter(|session| {
                // A request that waits holds a reference of its own.
                if session.is_busy() || Rc::strong_count(session) > 1 {
                    return true;
                }
                idle += 1;
                bytes += session.bytes();
                idle <= MAX_IDLE && bytes <= MAX_IDLE_BYTES
            })
            .collect();
        kept.reverse();
        *sessions = kept;
    }

    /// Checks for a turn that is prepared or answered in that session.
    pub(super) fn is_busy(&self, id: Uuid) -> bool {
        self.0.borrow().iter().any(|session| session.id == id && session.is_busy())
    }

    /// True if a turn is prepared or answered in any session.
    pub(super) fn is_any_busy(&self) -> bool {
        self.0.borrow().iter().any(|session| session.is_busy())
    }

    /// Calls `act` on every session in memory.
    pub(super) fn for_each(&self, act: impl Fn(&Session<W>)) {
        self.0.borrow().iter().for_each(|session| act(session));
    }

    /// Number of sessions in memory.
    pub(super) fn len(&self) -> usize {
        self.0.borrow().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct NoStream;

    impl FrameWriter for NoStream {
        fn write(&self, _: &[u8]) {}
        fn close(&self) {}
        fn abort(&self) {}
    }

    #[test]
    fn idle_sessions_are_evicted_and_busy_ones_stay() {
        let table = SessionTable::<NoStream>::default();
        let busy = table.get(Uuid::from_u128(1));
        let admission = busy.admit();
        drop(busy);
        for id in 2..200 {
            table.get(Uuid::from_u128(id));
        }
        table.evict();
        assert_eq!(table.len(), MAX_IDLE + 1);
        assert!(table.get(Uuid::from_u128(1)).is_busy(), "the busy session is the same one");
        drop(admission);
        for id in 300..400 {
            table.get(Uuid::from_u128(id));
        }
        table.evict();
        assert_eq!(table.len(), MAX_IDLE);
    }
}
