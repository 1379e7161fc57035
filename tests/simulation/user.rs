//! The User object: what `src/edge/user.rs` does around the core, and how a Session reaches it.

use std::cell::RefCell;
use std::rc::Rc;

use frontdesk::auth::User;
use frontdesk::config::Config;
use frontdesk::document::keep::Kept;
use frontdesk::document::upload::Upload;
use frontdesk::limit::bucket::Standing;
use frontdesk::limit::quota::{Entry, day};
use frontdesk::ports::{Strongbox as _, UserObject};
use frontdesk::user::books;
use frontdesk::user::chores::Saved;
use frontdesk::user::record::{Hidden, Refused, Wanted};
use frontdesk::user::vault::{self, Ports, UserState};
use futures::channel::oneshot;
use pii::mask::Author;
use pii::placeholder::Placeholder;
use pii::seal::FileKey;
use uuid::Uuid;

use super::alarm::{Alarm, Sleeper, keep_watch};
use super::model::SimModel;
use super::network::{TO_USER, call};
use super::postgres::{Postgres, SimDatabase};
use super::strongbox::{Safe, SafeStrongbox};
use super::world::{Life, SimClock, World};

/// Where a user's object lives, dead or alive.
pub struct UserNode {
    world: Rc<World>,
    config: Rc<Config>,
    postgres: Rc<Postgres>,
    pub user: User,
    pub safe: Rc<Safe>,
    desk: RefCell<Option<Rc<Desk>>>,
}

struct Desk {
    life: Rc<Life>,
    config: Rc<Config>,
    state: UserState,
    ports: Ports<SimDatabase, SafeStrongbox, SimModel, SimClock>,
}

impl UserNode {
    pub fn new(world: &Rc<World>, config: &Rc<Config>, postgres: &Rc<Postgres>, user: User) -> Rc<Self> {
        let node = Rc::new(Self {
            world: Rc::clone(world),
            config: Rc::clone(config),
            postgres: Rc::clone(postgres),
            user,
            safe: Rc::default(),
            desk: RefCell::default(),
        });
        keep_watch(world, &node);
        node
    }

    fn wake(&self) -> Rc<Desk> {
        let mut desk = self.desk.borrow_mut();
        match desk.as_ref().filter(|desk| desk.life.is_alive()) {
            Some(desk) => Rc::clone(desk),
            None => Rc::clone(desk.insert(Rc::new(self.construct()))),
        }
    }

    fn construct(&self) -> Desk {
        let (world, life) =
            (Rc::clone(&self.world), Life::new(format!("user {}", &self.user.id.to_string()[30..])));
        let postgres = Rc::clone(&self.postgres);
        let database = SimDatabase { world: Rc::clone(&world), life: Rc::clone(&life), postgres };
        let strongbox =
            SafeStrongbox { world: Rc::clone(&world), safe: Rc::clone(&self.safe), life: Rc::clone(&life) };
        let model = SimModel { world: Rc::clone(&world), life: Rc::clone(&life) };
        let ports = Ports { database, strongbox, model, clock: SimClock(world) };
        Desk { life, config: Rc::clone(&self.config), state: UserState::default(), ports }
    }

    /// Does something in the object, and answers with what comes of it.
    fn receive<T: 'static>(
        &self,
        reply: oneshot::Sender<T>,
        act: impl AsyncFnOnce(&World, &Rc<Desk>) -> T + 'static,
    ) {
        let (world, desk) = (Rc::clone(&self.world), self.wake());
        let life = Rc::clone(&desk.life);
        self.world.spawn(Some(&life), async move {
            let answer = act(&world, &desk).await;
            if desk.life.can_send() {
                let _ = reply.send(answer);
            }
        });
    }
}

impl Sleeper for UserNode {
    fn alarm(&self) -> &Alarm {
        &self.safe.alarm
    }

    fn ring(&self, done: oneshot::Sender<()>) {
        self.receive(done, async |_, desk| desk.deliver().await);
    }
}

impl Desk {
    async fn deliver(&self) {
        // It is tried again.
        let _ = vault::deliver(&self.state, &self.ports).await;
    }

    async fn mask(
        self: &Rc<Self>,
        world: &World,
        user: &User,
        text: &str,
        shown: Option<&[Placeholder]>,
    ) -> Result<Hidden, Refused> {
        let author = shown.map_or(Author::Outside, Author::Model);
        let hidden = vault::mask(&self.state, user, text, author, &self.config, &self.ports).await;
        let desk = Rc::clone(self);
        world.spawn(Some(&self.life), async move { desk.deliver().await });
        if let Ok(hidden) = &hidden
            && self.life.can_send()
        {
            hand_out(world, user, &hidden.values);
        }
        hidden
    }

    /// What may be spent is within the user's budget to the token.
    fn check_reserved(&self, world: &World, wanted: &Wanted) {
        world.ledger.reserved.borrow_mut().insert(wanted.entry.turn_id);
        let now = world.now();
        // With this one, of which nobody has that id.
        let all = Entry { turn_id: Uuid::nil(), day: day(now), ..wanted.entry.clone() };
        let spent = self.ports.strongbox.spent(&all, now);
        let limit = wanted.user.budget.daily_tokens.unwrap_or(u64::MAX);
        if self.life.can_send() {
            let is_within = spent.is_ok_and(|(all, _)| all.tokens <= limit);
            world.check(is_within, || format!("more than {limit} tokens are reserved"));
            let is_reserved = self.ports.strongbox.safe.has_entry(wanted.entry.turn_id);
            world.check(is_reserved, || "a turn may begin and nothing is reserved".into());
        }
    }
}

/// What leaves the object is kept by now, so no other value can get that token.
fn hand_out(world: &World, user: &User, values: &[(Placeholder, String)]) {
    for (token, value) in values {
        world.check_token(user.id, &token.to_string(), value);
    }
}

/// A user's object, as a session calls it.
pub struct SimUser {
    pub world: Rc<World>,
    pub life: Rc<Life>,
    pub node: Rc<UserNode>,
}

impl SimUser {
    async fn ask<T: 'static>(
        &self,
        act: impl AsyncFn(&World, &Rc<Desk>) -> Result<T, Refused> + Clone + 'static,
    ) -> Result<T, Refused> {
        let node = Rc::clone(&self.node);
        let deliver = move |reply| {
            let act = act.clone();
            node.receive(reply, async move |world: &World, desk: &Rc<Desk>| act(world, desk).await);
        };
        let answer = call(&self.world, Some(&self.life), TO_USER, deliver).await;
        answer.unwrap_or_else(|| Err(Refused::Failed("no answer".into())))
    }
}

impl UserObject for SimUser {
    async fn mask(&self, user: &User, text: &str, author: Author<'_>) -> Result<Hidden, Refused> {
        let shown = match author {
            Author::Outside => None,
            Author::Model(shown) => Some(shown.to_vec()),
        };
        let (user, text) = (user.clone(), text.to_owned());
        self.ask(async move |world: &World, desk: &Rc<Desk>| {
            desk.mask(world, &user, &text, shown.as_deref()).await
        })
        .await
    }

    async fn reveal(
        &self,
        user: &User,
        tokens: &[Placeholder],
    ) -> Result<Vec<(Placeholder, String)>, Refused> {
        let (user, tokens) = (user.clone(), tokens.to_vec());
        self.ask(async move |world: &World, desk: &Rc<Desk>| {
            let revealed = vault::reveal(&desk.state, &user, &tokens, &desk.config, &desk.ports).await?;
            hand_out(world, &user, &revealed);
            Ok(revealed)
        })
        .await
    }

    async fn file_key(&self, _: &User, _: Uuid) -> Result<FileKey, Refused> {
        unreachable!("nobody has tools here")
    }

    async fn keep(&self, _: &User, _: Upload) -> Result<Kept, Refused> {
        unreachable!("nobody has tools here")
    }

    async fn reserve(&self, user: &User, wanted: &Wanted) -> Result<Option<Standing>, Refused> {
        let (user, wanted) = (user.clone(), wanted.clone());
        self.ask(async move |world: &World, desk: &Rc<Desk>| {
            let standing = books::reserve(&desk.state, &user, &wanted, &desk.config, &desk.ports).await?;
            desk.check_reserved(world, &wanted);
            Ok(standing)
        })
        .await
    }

    /// What is done while nobody waits is none of this simulation's: words decide what is recalled.
    async fn remember(&self, _: Uuid, _: Saved) -> Result<(), Refused> {
        Ok(())
    }

    async fn settle(&self, _: Uuid, entry: &Entry) -> Result<(), Refused> {
        let entry = entry.clone();
        self.ask(async move |_: &World, desk: &Rc<Desk>| Ok(desk.ports.strongbox.settle(&entry)?)).await
    }
}
