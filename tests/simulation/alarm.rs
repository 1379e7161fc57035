//! Alarms of objects: they ring although the object is gone, and again when it dies over them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Poll, Waker};

use frontdesk::time::Millis;
use futures::channel::oneshot;

use super::world::World;

/// How long after a failed try an alarm rings again.
const AGAIN_AFTER: Millis = 2000;

/// One object's alarm, in its storage.
#[derive(Default)]
pub struct Alarm {
    at: Cell<Option<Millis>>,
    watcher: RefCell<Option<Waker>>,
}

/// What an alarm can wake.
pub trait Sleeper {
    fn alarm(&self) -> &Alarm;
    /// Wakes the object; `done` is answered when it has done what is to be done, and dropped when it died over it.
    fn ring(&self, done: oneshot::Sender<()>);
}

impl Alarm {
    pub fn at(&self) -> Option<Millis> {
        self.at.get()
    }

    pub fn set(&self, at: Option<Millis>) {
        self.at.set(at);
        if let Some(watcher) = self.watcher.borrow().as_ref() {
            watcher.wake_by_ref();
        }
    }

    /// Waits until it is time.
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

/// Rings whenever it is time.
pub fn keep_watch<S: Sleeper + 'static>(world: &Rc<World>, sleeper: &Rc<S>) {
    world.spawn(None, watch(Rc::clone(world), Rc::clone(sleeper)));
}

async fn watch(world: Rc<World>, sleeper: Rc<impl Sleeper>) {
    loop {
        sleeper.alarm().is_due(&world).await;
        let (mut done, mut is_done) = oneshot::channel();
        sleeper.ring(done);
        while is_done.await.is_err() {
            world.sleep(AGAIN_AFTER).await;
            (done, is_done) = oneshot::channel();
            sleeper.ring(done);
        }
    }
}
