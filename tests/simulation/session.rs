//! The Session object: what `src/edge/session.rs` does around the core, and how a client reaches it.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;

use frontdesk::api::chat::Ask;
use frontdesk::auth::User;
use frontdesk::config::Config;
use frontdesk::error::{Error, Fault};
use frontdesk::ports::{
    Clock as _, Files, Journal as _, Outside, OutsideBody, OutsideError, Ports, Post, Posted,
    World as PortWorld,
};
use frontdesk::retell::{self, Retold};
use frontdesk::session::log::KEPT_FOR;
use frontdesk::session::outbox;
use frontdesk::session::state::SessionState;
use frontdesk::stream::event::Event;
use frontdesk::stream::ui::{FrameId, HEARTBEAT, UiEncoder};
use frontdesk::time::Millis;
use frontdesk::turn::{self, Prepared, WATCH_EVERY};
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::channel::oneshot;
use futures::future::{Either, select};
use uuid::Uuid;

use super::alarm::{Alarm, Sleeper, keep_watch};
use super::disk::{Disk, DiskJournal};
use super::model::SimModel;
use super::postgres::{Postgres, SimDatabase};
use super::user::{SimUser, UserNode};
use super::world::{Life, SimClock, World};

const HEARTBEAT_EVERY: Millis = 15 * 1000;

/// What a client asks of a session.
#[derive(Clone)]
pub enum Call {
    Turn(Ask),
    Resume(Option<FrameId>),
    Stop,
}

/// What it gets.
pub enum Response {
    Stream(UnboundedReceiver<String>),
    Json(String),
    Nothing,
    Stopped,
}

/// Where a session's object lives, dead or alive.
pub struct SessionNode {
    world: Rc<World>,
    config: Rc<Config>,
    postgres: Rc<Postgres>,
    pub user: Rc<UserNode>,
    pub id: Uuid,
    pub disk: Rc<Disk>,
    desk: RefCell<Option<Rc<Desk>>>,
}

struct Desk {
    world: Rc<World>,
    life: Rc<Life>,
    config: Rc<Config>,
    state: SessionState,
    audience: Audience,
    ports: Ports<Simulated>,
}

/// What no employee here has tools for.
struct Nothing;

impl Files for Nothing {
    async fn put(&self, _: Uuid, _: Uuid, _: Vec<u8>) -> Result<(), Fault> {
        unreachable!("nobody has tools here")
    }

    async fn get(&self, _: Uuid, _: Uuid) -> Result<Option<Vec<u8>>, Fault> {
        unreachable!("nobody has tools here")
    }
}

impl Outside for Nothing {
    type Body = Self;

    async fn post(&self, _: &Post<'_>) -> Result<Posted<Self>, OutsideError> {
        unreachable!("nobody has tools here")
    }
}

impl OutsideBody for Nothing {
    async fn read(&mut self) -> Result<Option<Vec<u8>>, OutsideError> {
        unreachable!("nobody has tools here")
    }
}

/// What is simulated.
struct Simulated;

impl PortWorld for Simulated {
    type Database = SimDatabase;
    type User = SimUser;
    type Model = SimModel;
    type Journal = DiskJournal;
    type Clock = SimClock;
    type Files = Nothing;
    type Outside = Nothing;
}

#[derive(Default)]
struct Audience {
    readers: RefCell<Vec<UnboundedSender<String>>>,
    waiting: RefCell<Vec<oneshot::Sender<()>>>,
}

impl SessionNode {
    pub fn new(
        world: &Rc<World>,
        config: &Rc<Config>,
        postgres: &Rc<Postgres>,
        user: &Rc<UserNode>,
        id: Uuid,
    ) -> Rc<Self> {
        let node = Rc::new(Self {
            world: Rc::clone(world),
            config: Rc::clone(config),
            postgres: Rc::clone(postgres),
            user: Rc::clone(user),
            id,
            disk: Rc::default(),
            desk: RefCell::default(),
        });
        keep_watch(world, &node);
        node
    }

    /// The object that lives, or a new one; `None` when that dies at once.
    fn wake(&self) -> Option<Rc<Desk>> {
        let mut desk = self.desk.borrow_mut();
        if let Some(desk) = desk.as_ref().filter(|desk| desk.life.is_alive()) {
            return Some(Rc::clone(desk));
        }
        self.world.note(|| format!("session {} is born", &self.id.to_string()[30..]));
        let new = desk.insert(Rc::new(self.construct()));
        let journal = &new.ports.journal;
        // Whatever is open now was left so by an object that died.
        turn::recover(journal, &new.ports.clock, &new.config);
        journal.is_awake.set(true);
        if !new.life.can_send() {
            self.world.kill(&new.life);
            return None;
        }
        Some(Rc::clone(new))
    }

    fn construct(&self) -> Desk {
        let world = || Rc::clone(&self.world);
        let life = Life::new(format!("session {}", &self.id.to_string()[30..]));
        let own = || Rc::clone(&life);
        let journal = DiskJournal {
            world: world(),
            disk: Rc::clone(&self.disk),
            life: own(),
            is_awake: Cell::new(false),
        };
        let ports = Ports {
            database: SimDatabase { world: world(), life: own(), postgres: Rc::clone(&self.postgres) },
            user: SimUser { world: world(), life: own(), node: Rc::clone(&self.user) },
            model: SimModel { world: world(), life: own() },
            journal,
            clock: SimClock(world()),
            files: Nothing,
            outside: Nothing,
        };
        let (state, audience) = (SessionState::default(), Audience::default());
        Desk { world: world(), life, config: Rc::clone(&self.config), state, audience, ports }
    }

    /// Does what a client asks.
    pub fn receive(&self, call: Call, reply: oneshot::Sender<Result<Response, Error>>) {
        let Some(desk) = self.wake() else { return };
        let user = self.user.user.clone();
        let life = Rc::clone(&desk.life);
        self.world.spawn(Some(&life), async move {
            let answer = match call {
                Call::Turn(ask) => take_turn(&desk, user, ask).await,
                Call::Resume(after) => resume(&desk, &user, after).await,
                Call::Stop => Ok(desk.stop()),
            };
            if desk.life.can_send() {
                let _ = reply.send(answer);
            }
        });
    }
}

impl Sleeper for SessionNode {
    fn alarm(&self) -> &Alarm {
        &self.disk.alarm
    }

    fn ring(&self, done: oneshot::Sender<()>) {
        let Some(desk) = self.wake() else { return };
        let life = Rc::clone(&desk.life);
        self.world.spawn(Some(&life), async move {
            let (journal, clock) = (&desk.ports.journal, &desk.ports.clock);
            journal.forget_logs(clock.now().saturating_sub(KEPT_FOR));
            if desk.state.is_busy() {
                journal.wake_at(clock.now() + WATCH_EVERY).await;
            }
            desk.deliver().await;
            if desk.life.can_send() {
                let _ = done.send(());
            }
        });
    }
}

async fn take_turn(desk: &Rc<Desk>, user: User, ask: Ask) -> Result<Response, Error> {
    let is_stream = ask.stream;
    if let Some(turn) = retell::find(&desk.state, &ask, &desk.ports.journal) {
        return if is_stream {
            resume(desk, &user, Some(FrameId { turn, frame: 0 })).await
        } else {
            whole(desk, &user, turn).await
        };
    }
    let prepared = turn::prepare(&desk.state, user.clone(), ask, &desk.config, &desk.ports).await?;
    let turn = prepared.turn_id();
    if is_stream {
        let (frames, readable) = unbounded();
        desk.audience.readers.borrow_mut().push(frames);
        begin(desk, prepared);
        Ok(Response::Stream(readable))
    } else {
        begin(desk, prepared);
        whole(desk, &user, turn).await
    }
}

/// Begins to answer. The turn goes on whether or not anyone reads it.
fn begin(desk: &Rc<Desk>, prepared: Prepared) {
    let desk = Rc::clone(desk);
    let life = Rc::clone(&desk.life);
    Rc::clone(&desk.world).spawn(Some(&life), async move {
        let turn = prepared.turn_id();
        let mut encoder = UiEncoder::new(turn);
        let emit = |event: &Event<'_>| desk.write(&encoder.encode(event));
        let answering = pin!(turn::answer(prepared, &desk.state, &desk.config, &desk.ports, emit));
        let Either::Left((answered, _)) = select(answering, pin!(desk.beat())).await else { return };
        if answered.blanked.is_some() {
            desk.world.ledger.turn(turn, |turn| turn.is_blanked = true);
        }
        desk.audience.dismiss();
        desk.deliver().await;
    });
}

/// Tells a turn again, from a frame on, and goes on as it happens.
async fn resume(desk: &Rc<Desk>, user: &User, after: Option<FrameId>) -> Result<Response, Error> {
    let Some(Retold { frames: told, goes_on }) =
        retell::frames(&desk.state, user, after, &desk.ports).await?
    else {
        return Ok(Response::Nothing);
    };
    let (frames, readable) = unbounded();
    let _ = frames.unbounded_send(told);
    if goes_on {
        desk.audience.readers.borrow_mut().push(frames);
    }
    Ok(Response::Stream(readable))
}

/// A turn as one JSON object, when it is over.
async fn whole(desk: &Rc<Desk>, user: &User, turn: Uuid) -> Result<Response, Error> {
    if desk.state.running() == Some(turn) {
        let _ = desk.audience.end().await;
    }
    Ok(Response::Json(retell::whole(&desk.state, user, turn, &desk.ports).await?))
}

impl Desk {
    fn write(&self, text: &str) {
        if self.life.can_send() {
            // Those who are gone do not matter.
            self.audience
                .readers
                .borrow_mut()
                .retain(|reader| reader.unbounded_send(text.to_owned()).is_ok());
        }
    }

    fn stop(&self) -> Response {
        let running = self.state.running();
        let is_stopped = self.state.stop();
        if let Some(turn) = running.filter(|_| is_stopped) {
            let now = self.world.now();
            self.world.note(|| format!("turn {turn} is stopped"));
            self.world.ledger.turn(turn, |turn| turn.stopped_at = Some(now));
        }
        Response::Stopped
    }

    async fn beat(&self) {
        loop {
            self.ports.clock.sleep(HEARTBEAT_EVERY).await;
            self.write(HEARTBEAT);
        }
    }

    async fn deliver(&self) {
        let Ports { database, user, journal, clock, .. } = &self.ports;
        match outbox::deliver(database, user, journal, clock).await {
            Ok(()) if !self.state.is_busy() => match journal.next_chore() {
                Some(when) => journal.wake_at(when.max(clock.now() + WATCH_EVERY)).await,
                None => journal.let_sleep().await,
            },
            Ok(()) => journal.wake_at(clock.now() + WATCH_EVERY).await,
            // What could not be delivered is tried again.
            Err(_) => {}
        }
    }
}

impl Audience {
    fn end(&self) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        self.waiting.borrow_mut().push(tell);
        told
    }

    fn dismiss(&self) {
        self.readers.take();
        for tell in self.waiting.take() {
            let _ = tell.send(());
        }
    }
}
