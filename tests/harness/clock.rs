//! A clock that stands still until a test, or the executor, moves it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Poll, Waker};

use frontdesk::ports::{Clock, Secret};
use frontdesk::time::Millis;

/// Time and randomness. Clones are handles of the same clock.
#[derive(Clone)]
pub struct ScriptedClock(Rc<Inner>);

struct Inner {
    now: Cell<Millis>,
    /// Spans that the code under test slept.
    slept: RefCell<Vec<Millis>>,
    timers: RefCell<Vec<(Millis, Waker)>>,
    randoms: Cell<u64>,
}

impl ScriptedClock {
    /// A clock that stands at `now`.
    pub fn new(now: Millis) -> Self {
        let (now, randoms) = (Cell::new(now), Cell::new(1));
        Self(Rc::new(Inner { now, slept: RefCell::default(), timers: RefCell::default(), randoms }))
    }

    /// Moves the clock forward to a moment.
    pub fn set(&self, now: Millis) {
        assert!(now >= self.now(), "time does not go back");
        self.0.now.set(now);
        let mut timers = self.0.timers.borrow_mut();
        let due = timers.extract_if(.., |(at, _)| *at <= now);
        due.for_each(|(_, waker)| waker.wake());
    }

    /// Moves the clock forward by a span.
    pub fn advance(&self, span: Millis) {
        self.set(self.now() + span);
    }

    /// Jumps to the next timer; `false` when there is none.
    pub fn jump(&self) -> bool {
        let next = self.0.timers.borrow().iter().map(|(at, _)| *at).min();
        next.inspect(|at| self.set(self.now().max(*at))).is_some()
    }

    /// Waits as the world outside does: it is not among the spans that were slept.
    pub async fn wait(&self, span: Millis) {
        let until = self.now() + span;
        let mut has_yielded = false;
        std::future::poll_fn(|context| {
            if !std::mem::replace(&mut has_yielded, true) {
                // Others run first, as they do while anything is on its way.
                if span == 0 {
                    context.waker().wake_by_ref();
                } else {
                    self.0.timers.borrow_mut().push((until, context.waker().clone()));
                }
                return Poll::Pending;
            }
            if self.now() >= until {
                return Poll::Ready(());
            }
            // Polled for another reason: perhaps by another task's waker.
            self.0.timers.borrow_mut().push((until, context.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    /// Spans that were slept, without heartbeats and time limits that were given up.
    pub fn slept(&self) -> Vec<Millis> {
        self.0.slept.borrow().clone()
    }
}

impl Clock for ScriptedClock {
    fn now(&self) -> Millis {
        self.0.now.get()
    }

    async fn sleep(&self, span: Millis) {
        self.wait(span).await;
        self.0.slept.borrow_mut().push(span);
    }

    /// Different each time, in the bytes that ids are made of, and 0 at the first byte, so that pauses are full.
    fn random(&self) -> [u8; 16] {
        let number = self.0.randoms.replace(self.0.randoms.get() + 1);
        let mut bytes = [0; 16];
        bytes[2..10].copy_from_slice(&number.to_be_bytes());
        bytes
    }

    fn secret(&self) -> Option<Secret> {
        let mut secret = Secret::default();
        secret[..16].copy_from_slice(&self.random());
        Some(secret)
    }
}
