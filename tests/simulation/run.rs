//! One run: a few users talk while things go wrong; then nothing goes wrong any more, and all must come to rest.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use frontdesk::config::Config;
use frontdesk::session::log::KEPT_FOR;
use frontdesk::time::Millis;
use uuid::Uuid;

use super::client::Client;
use super::postgres::Postgres;
use super::session::SessionNode;
use super::user::UserNode;
use super::values::person;
use super::world::World;

/// How long all may take to come to rest: what is parked is tried again after an hour.
const REST_WITHIN: Millis = 90 * 60 * 1000;

pub struct Run {
    pub world: Rc<World>,
    pub outcome: Result<(), String>,
}

struct Town {
    world: Rc<World>,
    postgres: Rc<Postgres>,
    users: Vec<Rc<UserNode>>,
    clients: Vec<Client>,
    busy: Rc<Cell<usize>>,
}

pub fn run(seed: u64, is_traced: bool) -> Run {
    let world = World::new(seed, is_traced);
    let town = Town::new(&world);
    let outcome = town.live();
    world.end();
    Run { world, outcome }
}

impl Town {
    fn new(world: &Rc<World>) -> Self {
        let config = Rc::new(config());
        let postgres = Postgres::new(world);
        let busy = Rc::new(Cell::new(0));
        let (mut users, mut clients) = (Vec::new(), Vec::new());
        for number in 0..=world.chance.index(3) {
            let user = UserNode::new(world, &config, &postgres, person(number));
            for session in 0..=world.chance.index(3) {
                let id = Uuid::from_u128(0x5e55_0000 + (number * 16 + session) as u128);
                let session = SessionNode::new(world, &config, &postgres, &user, id);
                clients.push(Client::new(world, &session, number, &busy));
            }
            users.push(user);
        }
        Self { world: Rc::clone(world), postgres, users, clients, busy }
    }

    fn live(&self) -> Result<(), String> {
        for client in &self.clients {
            let messages = 5 + self.world.chance.below(50);
            client.spawn(async move |client| client.talk(messages).await);
        }
        self.world.run(|| self.busy.get() == 0)?;
        self.world.note(|| "nothing goes wrong any more".into());
        self.world.faults.cease();
        self.come_to_rest()?;
        self.check_all()?;
        self.reread()?;
        self.forget()
    }

    /// By itself: nobody calls any more.
    fn come_to_rest(&self) -> Result<(), String> {
        let until = self.world.now() + REST_WITHIN;
        let is_at_rest = || {
            self.clients.iter().all(|client| client.session.disk.is_at_rest())
                && self.users.iter().all(|user| user.safe.is_at_rest())
        };
        self.world.run(|| is_at_rest() || self.world.now() > until)?;
        if is_at_rest() { Ok(()) } else { Err("a turn or a value is left behind".into()) }
    }

    /// Postgres has all, and the books have what it took.
    fn check_all(&self) -> Result<(), String> {
        let stored = self.postgres.turns();
        if !self.postgres.parked.borrow().is_empty() {
            return Err("a turn that was taken is still parked".into());
        }
        let turns = self.world.ledger.turns.borrow();
        let all: BTreeMap<_, _> = turns.iter().map(|(id, turn)| (*id, (turn.user, turn.took))).collect();
        if stored != all {
            return Err(format!("{} turns were kept and Postgres has {}", all.len(), stored.len()));
        }
        for user in &self.users {
            let id = user.user.id;
            let kept = self.postgres.vault(id).entries;
            if user.safe.entries().iter().any(|entry| !kept.contains(entry)) {
                return Err("Postgres has not all of a vault".into());
            }
            let took: BTreeMap<_, _> = all
                .iter()
                .filter(|(_, (owner, _))| *owner == id)
                .map(|(turn, (_, took))| (*turn, *took))
                .collect();
            let booked = user.safe.booked();
            if booked != took {
                return Err(format!("{booked:?} is booked of {took:?}"));
            }
        }
        Ok(())
    }

    /// Every turn can be told again, in full.
    fn reread(&self) -> Result<(), String> {
        for client in &self.clients {
            for turn in client.session.disk.logs() {
                client.spawn(async move |client| client.reread(turn).await);
            }
        }
        self.world.run(|| self.busy.get() == 0)
    }

    /// A day later nothing is left of the logs.
    fn forget(&self) -> Result<(), String> {
        let until = self.world.now() + KEPT_FOR + REST_WITHIN;
        self.world.run(|| self.world.now() > until)?;
        let left = self.clients.iter().find(|client| !client.session.disk.logs().is_empty());
        left.map_or(Ok(()), |client| {
            let (session, disk) = (client.session.id, &client.session.disk);
            let logs = disk.logs();
            Err(format!(
                "logs of session {session} are never forgotten: {logs:?}, alarm at {:?}",
                disk.alarm.at()
            ))
        })
    }
}

fn config() -> Config {
    let vars = [
        ("SUPABASE_URL", "https://project.supabase.co"),
        ("SUPABASE_ANON_KEY", "anon"),
        ("SUPABASE_SERVICE_ROLE_KEY", "service"),
        ("OPENAI_API_KEY", "sk-1"),
        ("PII_MASTER_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="),
    ];
    let get = |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into());
    Config::read(get).expect("a whole configuration")
}
