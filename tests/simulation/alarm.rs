//! Alarms of objects: they ring although the object is gone, and again when it dies over them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Poll, Waker};

use frontdesk::time::Millis;
use futures::channel::oneshot;

use super::world::World;

/// Milliseconds after a failed try at which an alarm rings again.
const RETRY_AFTER: Millis = 2000;

/// One object's alarm, as far as it is durable.
#[derive(Default)]
pub struct Alarm {
    at: Cell<Option<Millis>>,
    rings: Cell<u32>,
    watcher: RefCell<Option<Waker>>,
}

/// An object that an alarm can wake.
pub trait Sleeper {
    fn alarm(&self) -> &Alarm;
    /// Notes that no alarm is set any more, since it rings.
    fn rang(&self);
    /// Wakes the object; `done` is answered when it has done what is due, and dropped when it died over it.
    fn ring(&self, done: oneshot::Sender<()>);
}

impl Alarm {
    pub fn at(&self) -> Option<Millis> {
        self.at.get()
    }

    /// Number of times that it rang.
    pub fn rings(&self) -> u32 {
        self.rings.get()
    }

    pub fn set(&self, at: Option<Millis>) {
        if self.at.replace(at) != at
            && let Some(watcher) = self.watcher.borrow().as_ref()
        {
            watcher.wake_by_ref();
        }
    }

    /// Waits until it is due.
    async fn is_due(&self, world: &World) {
        let mut timer_at = None;
        std::future::poll_fn(|context| {
            self.watcher.replace(Some(context.waker().clone()));
            match self.at.get() {
                Some(at) if at <= world.now() => {
                    self.at.set(None);
                    return Poll::Ready(());
                }
                Some(at) if timer_at != Some(at) => {
                    timer_at = Some(at);
                    world.set_timer(at, context.waker());
                }
                _ => {}
            }
            Poll::Pending
        })
        .await;
    }
}

/// Rings whenever the alarm is due.
pub fn keep_watch<S: Sleeper + 'static>(world: &Rc<World>, sleeper: &Rc<S>) {
    world.spawn(None, watch(Rc::clone(world), Rc::clone(sleeper)));
}

async fn watch(world: Rc<World>, sleeper: Rc<impl Sleeper>) {
    loop {
        sleeper.alarm().is_due(&world).await;
        sleeper.rang();
        let (mut done, mut is_done) = oneshot::channel();
        loop {
            let alarm = sleeper.alarm();
            alarm.rings.set(alarm.rings() + 1);
            sleeper.ring(done);
            if is_done.await.is_ok() {
                break;
            }
            world.sleep(RETRY_AFTER).await;
            (done, is_done) = oneshot::channel();
        }
    }
}
