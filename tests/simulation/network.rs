//! Calls between parts of the world: each takes its time, may be lost on the way there or back, and may arrive twice.

use std::pin::pin;
use std::rc::Rc;

use frontdesk::time::Millis;
use futures::channel::oneshot;
use futures::future::{Either, select};

use super::faults::Fault;
use super::world::{Instance, World};

/// The way of a call.
#[derive(Clone, Copy)]
pub struct Route {
    pub name: &'static str,
    /// Milliseconds that the caller waits.
    pub timeout: Millis,
    /// Whether something on the way may repeat it.
    pub repeats: bool,
}

pub const TO_OBJECT: Route = Route { name: "the object", timeout: 600_000, repeats: false };
pub const TO_BUCKET: Route = Route { name: "the bucket", timeout: 30_000, repeats: false };

/// Calls another part: `deliver` runs where the call arrives, and answers when it likes. `None` when there was no answer, whether or
/// not the call took effect.
pub async fn call<T: 'static>(
    world: &Rc<World>,
    from: Option<&Rc<Instance>>,
    route: Route,
    deliver: impl Fn(oneshot::Sender<T>) + 'static,
) -> Option<T> {
    if from.is_some_and(|instance| !instance.can_send()) {
        // It does not leave: the caller is about to die.
        return std::future::pending().await;
    }
    let (answer, answered) = oneshot::channel();
    world.spawn(None, carry(Rc::clone(world), route, deliver, answer));
    match select(answered, pin!(world.sleep(route.timeout))).await {
        Either::Left((answer, _)) => answer.ok(),
        Either::Right(_) => None,
    }
}

async fn carry<T: 'static>(
    world: Rc<World>,
    route: Route,
    deliver: impl Fn(oneshot::Sender<T>) + 'static,
    answer: oneshot::Sender<T>,
) {
    travel(&world).await;
    if world.occurs(Fault::LostRequest) {
        world.note(|| format!("a call to {} is lost", route.name));
        return;
    }
    let (reply, replied) = oneshot::channel();
    deliver(reply);
    if route.repeats && world.occurs(Fault::Duplicate) {
        let later = world.rng.pick(&[1, 40, 3000, 60_000]);
        let again = Rc::clone(&world);
        world.spawn(None, async move {
            again.sleep(later).await;
            deliver(oneshot::channel().0);
        });
    }
    let Ok(reply) = replied.await else { return };
    travel(&world).await;
    if world.occurs(Fault::LostReply) {
        world.note(|| format!("an answer of {} is lost", route.name));
        return;
    }
    // The caller may have given up.
    let _ = answer.send(reply);
}

async fn travel(world: &World) {
    let span = if world.occurs(Fault::Slow) {
        500 + world.rng.below(15_000)
    } else if world.is_uneven {
        1 << world.rng.below(12)
    } else {
        1 + world.rng.below(20)
    };
    world.sleep(span).await;
}
