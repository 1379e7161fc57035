//! Calls between parts: each takes its time, may be lost on the way there or back, and may arrive twice.

use std::pin::pin;
use std::rc::Rc;

use frontdesk::time::Millis;
use futures::channel::oneshot;
use futures::future::{Either, select};

use super::faults::Fault;
use super::world::{Life, World};

/// How a call travels.
#[derive(Clone, Copy)]
pub struct Route {
    pub name: &'static str,
    /// How long the caller waits.
    pub patience: Millis,
    /// Whether something on the way may repeat it.
    pub repeats: bool,
}

pub const TO_POSTGRES: Route = Route { name: "postgres", patience: 8000, repeats: true };
pub const TO_USER: Route = Route { name: "user object", patience: 600_000, repeats: false };
pub const TO_SESSION: Route = Route { name: "session object", patience: 600_000, repeats: false };

/// Calls somebody: `deliver` runs where the call arrives, and answers when it likes. `None` when there was no answer,
/// whatever came of the call.
pub async fn call<T: 'static>(
    world: &Rc<World>,
    from: Option<&Rc<Life>>,
    route: Route,
    deliver: impl Fn(oneshot::Sender<T>) + 'static,
) -> Option<T> {
    if from.is_some_and(|life| !life.can_send()) {
        // It does not leave: the caller is about to die.
        return std::future::pending().await;
    }
    let (answer, answered) = oneshot::channel();
    world.spawn(None, carry(Rc::clone(world), route, deliver, answer));
    match select(answered, pin!(world.sleep(route.patience))).await {
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
    if world.strikes(Fault::LostRequest) {
        world.note(|| format!("a call to {} is lost", route.name));
        return;
    }
    let (reply, replied) = oneshot::channel();
    deliver(reply);
    if route.repeats && world.strikes(Fault::Duplicate) {
        let later = world.chance.pick(&[1, 40, 3000, 60_000]);
        let again = Rc::clone(&world);
        world.spawn(None, async move {
            again.sleep(later).await;
            deliver(oneshot::channel().0);
        });
    }
    let Ok(reply) = replied.await else { return };
    travel(&world).await;
    if world.strikes(Fault::LostReply) {
        world.note(|| format!("an answer of {} is lost", route.name));
        return;
    }
    // The caller may have given up.
    let _ = answer.send(reply);
}

async fn travel(world: &World) {
    let span = if world.strikes(Fault::Slow) {
        500 + world.chance.below(15_000)
    } else {
        1 + world.chance.below(20)
    };
    world.sleep(span).await;
}
