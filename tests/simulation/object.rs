//! A user's object, dead or alive, and the requests that reach it.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use frontdesk::auth::User;
use frontdesk::config::Config;
use frontdesk::error::Error;
use frontdesk::model::known_models::KnownModels;
use frontdesk::ports::Ports;
use frontdesk::session::approval::Decision;
use frontdesk::stream::ui_messages::FrameId;
use frontdesk::time::Millis;
use frontdesk::turn::request::{AnswerForm, TurnRequest};
use frontdesk::user::{Object, TurnReply};
use futures::channel::mpsc::UnboundedReceiver;
use futures::channel::oneshot;
use uuid::Uuid;

use super::alarm::{Alarm, Sleeper, keep_watch};
use super::disk::{Disk, SimSql};
use super::http::SimHttp;
use super::mcp::McpServer;
use super::platform::{Bucket, NoReaders, SimBlobs, SimClock, SimHost, Simulated};
use super::postgres::{Postgres, SimPostgrest};
use super::world::{Instance, World};

/// A request of a client to its user's object.
#[derive(Clone)]
pub enum Request {
    Turn(TurnRequest),
    Decide(Vec<Decision>, AnswerForm),
    Resume(Option<FrameId>),
    Stop,
    Erase,
}

/// Its answer.
pub enum Response {
    Stream(UnboundedReceiver<String>),
    Whole(String),
    Undecided(Vec<Uuid>),
    Nothing,
    Stopped,
    Erased,
}

/// Parts of the world that every object reaches.
pub struct Surroundings {
    pub world: Rc<World>,
    pub config: Rc<Config>,
    pub postgres: Rc<Postgres>,
    pub mcp: Rc<McpServer>,
    pub bucket: Rc<Bucket>,
    /// Health of the models, shared by all objects: they are in one isolate.
    pub models: Rc<RefCell<KnownModels>>,
}

/// The place of a user's object.
pub struct ObjectNode {
    around: Rc<Surroundings>,
    pub user: User,
    pub disk: Rc<Disk>,
    instance: RefCell<Option<Live>>,
    /// Moment of the last start.
    started_at: Cell<Millis>,
}

struct Live {
    instance: Rc<Instance>,
    object: Weak<Object<Simulated>>,
}

impl ObjectNode {
    pub fn new(around: &Rc<Surroundings>, user: User) -> Rc<Self> {
        let disk = Disk::new(&around.world, &around.config, user.id);
        let (around, instance) = (Rc::clone(around), RefCell::default());
        let node = Rc::new(Self { around, user, disk, instance, started_at: Cell::new(0) });
        keep_watch(&node.around.world, &node);
        node
    }

    /// The living object, or a new one; `None` when that dies at once.
    pub fn wake(&self) -> Option<(Rc<Instance>, Rc<Object<Simulated>>)> {
        if let Some(live) = &*self.instance.borrow()
            && live.instance.is_alive()
            && let Some(object) = live.object.upgrade()
        {
            return Some((Rc::clone(&live.instance), object));
        }
        let world = &self.around.world;
        let name = format!("object {}", &self.user.id.to_string()[30..]);
        world.note(|| format!("{name} starts"));
        self.started_at.set(world.now());
        let instance = Instance::new(name, Rc::clone(&self.disk) as Rc<dyn super::world::Storage>);
        let object = self.start(&instance);
        let (weak, held) = (Rc::downgrade(&object), Rc::clone(&object));
        instance.hold(held);
        self.instance.replace(Some(Live { instance: Rc::clone(&instance), object: weak }));
        world.end_step(&instance);
        instance.is_alive().then_some((instance, object))
    }

    fn start(&self, instance: &Rc<Instance>) -> Rc<Object<Simulated>> {
        let Surroundings { world, config, postgres, mcp, bucket, models } = &*self.around;
        let (world, own) = (|| Rc::clone(world), || Rc::clone(instance));
        let is_started = Rc::new(Cell::new(false));
        let ports = Ports {
            clock: SimClock(world()),
            sql: SimSql { disk: Rc::clone(&self.disk), instance: own(), is_started: Rc::clone(&is_started) },
            postgrest: SimPostgrest {
                world: world(),
                instance: own(),
                postgres: Rc::clone(postgres),
                started_at: self.started_at.get(),
            },
            http: SimHttp { world: world(), instance: own(), mcp: Rc::clone(mcp) },
            blobs: SimBlobs { world: world(), instance: own(), bucket: Rc::clone(bucket) },
            readers: NoReaders,
            host: SimHost { world: world(), instance: own() },
        };
        let object = Object::start(Rc::clone(config), Rc::clone(models), ports);
        is_started.set(true);
        object
    }

    /// Kills the object, if it lives.
    pub fn kill(&self) {
        if let Some(live) = self.instance.take() {
            self.around.world.kill(&live.instance);
        }
    }

    /// Does as a client requests.
    pub fn receive(
        self: &Rc<Self>,
        session: Uuid,
        request: Request,
        reply: oneshot::Sender<Result<Response, Error>>,
    ) {
        let Some((instance, object)) = self.wake() else { return };
        let (world, user) = (Rc::clone(&self.around.world), self.user.clone());
        let own = Rc::clone(&instance);
        self.around.world.spawn(Some(&instance), async move {
            let answer = handle(&world, &object, &user, (session, request)).await;
            if own.can_send() {
                let _ = reply.send(answer);
            }
        });
    }
}

impl Sleeper for ObjectNode {
    fn alarm(&self) -> &Alarm {
        &self.disk.alarm
    }

    fn rang(&self) {
        self.disk.rang();
    }

    fn ring(&self, done: oneshot::Sender<()>) {
        let Some((instance, object)) = self.wake() else { return };
        self.around.world.note(|| format!("the alarm of {} rings", instance.name));
        let own = Rc::clone(&instance);
        self.around.world.spawn(Some(&instance), async move {
            object.alarm().await;
            if own.can_send() {
                let _ = done.send(());
            }
        });
    }
}

async fn handle(
    world: &World,
    object: &Rc<Object<Simulated>>,
    user: &User,
    (session, request): (Uuid, Request),
) -> Result<Response, Error> {
    let reply = match request {
        Request::Turn(request) => object.take_turn(user, request).await?,
        Request::Decide(decisions, form) => object.decide(user, session, decisions, form).await?,
        Request::Resume(after) => {
            let session = object.session(session);
            object.resume(user, &session, after).await?
        }
        Request::Stop => {
            stop(world, object, session);
            return Ok(Response::Stopped);
        }
        Request::Erase => {
            object.erase(user).await?;
            return Ok(Response::Erased);
        }
    };
    Ok(match reply {
        TurnReply::Stream(stream) => Response::Stream(stream.readable),
        TurnReply::Whole(json, _) => Response::Whole(json),
        TurnReply::Undecided(ids) => Response::Undecided(ids),
        TurnReply::Nothing => Response::Nothing,
    })
}

fn stop(world: &World, object: &Rc<Object<Simulated>>, session: Uuid) {
    let session = object.session(session);
    let running = session.running_turn();
    if let Some(turn) = running.filter(|_| session.stop()) {
        let now = world.now();
        world.note(|| format!("turn {turn} is stopped"));
        world.oracle.turn(turn, |turn| turn.stopped_at = Some(now));
    }
}
