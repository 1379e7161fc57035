//! One run: a few users talk while things go wrong; then nothing goes wrong any more, and everything must come to rest.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use frontdesk::chat::message::Role;
use frontdesk::config::Config;
use frontdesk::session::log::KEPT_FOR;
use frontdesk::time::Millis;
use uuid::Uuid;

use super::client::Client;
use super::earlier;
use super::employees::WITH_TOOLS;
use super::mcp::McpServer;
use super::object::{ObjectNode, Surroundings};
use super::oracle::Turn;
use super::platform::Bucket;
use super::postgres::Postgres;
use super::values::person;
use super::world::World;

/// Milliseconds that everything may take to come to rest: a parked record is tried again after an hour.
const REST_WITHIN: Millis = 90 * 60 * 1000;

/// The same where background work stalls, which rests for a day at most between two tries.
const REST_AFTER_STALL: Millis = 25 * 60 * 60 * 1000;

/// Idle sessions that an object may keep in memory.
const MAX_IDLE: usize = 32;

/// Messages that a session's cache may hold.
const MAX_CACHED: usize = 100;

/// Alarms of an object that has nothing to do but to forget its logs, besides one for each log.
const IDLE_ALARMS: usize = 60;

pub struct Run {
    pub world: Rc<World>,
    pub outcome: Result<(), String>,
}

struct Scenario {
    around: Rc<Surroundings>,
    objects: Vec<Rc<ObjectNode>>,
    clients: Vec<Client>,
    /// A client of each user who was here before.
    returning: Vec<Client>,
    busy: Rc<Cell<usize>>,
    /// Messages of each client, at most.
    messages: u64,
}

pub fn run(seed: u64, trace_lines: usize) -> Run {
    let world = World::new(seed, trace_lines);
    let scenario = Scenario::new(&world);
    let outcome = scenario.play();
    world.end();
    scenario.objects.iter().for_each(|object| object.kill());
    Run { world, outcome }
}

impl Scenario {
    fn new(world: &Rc<World>) -> Self {
        let around = Rc::new(Surroundings {
            world: Rc::clone(world),
            config: Rc::new(config()),
            postgres: Postgres::new(world),
            mcp: Rc::new(McpServer::default()),
            bucket: Rc::new(Bucket::default()),
            models: Rc::default(),
        });
        let (rng, busy) = (&world.rng, Rc::new(Cell::new(0)));
        // In some runs one user has more sessions than an object keeps in memory.
        let is_wide = rng.one_in(10);
        let users = if is_wide { 1 } else { 1 + rng.index(3) };
        let remember = rng.one_in(3);
        let (mut objects, mut clients, mut returning) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..users {
            let object = ObjectNode::new(&around, person(number));
            around.bucket.keys.borrow_mut().insert(format!("{}/{}", object.user.id, Uuid::from_u128(7)));
            let sessions = if is_wide { 36 + rng.index(12) } else { 1 + rng.index(3) };
            for session in 0..sessions {
                let id = Uuid::from_u128(0x5e55_0000 + (number * 256 + session) as u128);
                let client = Client::new(world, &object, &busy).in_session(id, number);
                let employee = rng.one_in(4).then_some(WITH_TOOLS);
                clients.push(Client { employee, remember, ..client });
            }
            if let Some(client) = clients.last().filter(|_| rng.one_in(3)) {
                earlier::store_vault(&around, &object, &client.values);
                returning.push(Client::clone(client));
            }
            objects.push(object);
        }
        let messages = if is_wide { 6 } else { 50 };
        Self { around, objects, clients, returning, busy, messages }
    }

    fn play(&self) -> Result<(), String> {
        let world = &self.around.world;
        self.returning.iter().for_each(Client::return_early);
        for client in &self.clients {
            let messages = self.messages / 10 + world.rng.below(self.messages);
            client.spawn(async move |client| client.talk(messages).await);
        }
        world.run(|| self.busy.get() == 0)?;
        world.note(|| "nothing goes wrong any more".into());
        world.faults.end();
        self.come_to_rest()?;
        self.check_all()?;
        self.reread()?;
        self.idle()
    }

    /// By itself: nobody calls any more.
    fn come_to_rest(&self) -> Result<(), String> {
        let world = &self.around.world;
        let is_stalled = self.objects.iter().any(|object| object.disk.is_stalled());
        let until = world.now() + if is_stalled { REST_AFTER_STALL } else { REST_WITHIN };
        let unfinished = || self.objects.iter().find_map(|object| object.disk.unfinished());
        world.run(|| unfinished().is_none() || world.now() > until)?;
        match unfinished() {
            None => Ok(()),
            Some(table) => Err(format!("work is left behind in {table}")),
        }
    }

    /// Postgres has everything, and the ledger has what it took.
    fn check_all(&self) -> Result<(), String> {
        let postgres = &self.around.postgres;
        if !postgres.parked.borrow().is_empty() {
            return Err("a turn that was committed is still parked".into());
        }
        let turns = self.around.world.oracle.turns.borrow();
        let lacks = turns.iter().find(|(_, turn)| !turn.is_committed && !turn.is_gone);
        if let Some((id, _)) = lacks {
            return Err(format!("Postgres never got turn {id}"));
        }
        let usage = postgres.usage.borrow();
        let stored: BTreeSet<_> = usage.iter().filter(|(_, row)| row.is_turn).map(|(id, _)| *id).collect();
        let all: BTreeSet<_> = turns.iter().filter(|(_, turn)| !turn.is_gone).map(|(id, _)| *id).collect();
        if stored != all {
            return Err(format!("{} turns were stored and Postgres has {}", all.len(), stored.len()));
        }
        // A budget that is used up lets vectors and facts wait.
        let (without_vector, unread) = postgres.memory.unfinished();
        if without_vector + unread > 0 && self.around.world.oracle.daily_tokens.get().is_none() {
            return Err(format!("{without_vector} memories have no vector, {unread} were not read"));
        }
        drop(usage);
        for object in &self.objects {
            self.check_vault(object)?;
            self.check_ledger(object, &turns)?;
            self.check_index(object)?;
        }
        self.check_answers(&turns)?;
        self.check_runs()
    }

    fn check_vault(&self, object: &ObjectNode) -> Result<(), String> {
        let user = object.user.id;
        let stored = self.around.postgres.vault(user);
        let entries = object.disk.entries();
        let is_whole = entries.iter().all(|entry| stored.entries.contains(entry));
        let key = |key: &pii::seal::WrappedKey| key.key_id;
        // An object that got no answer when its user came back stores nothing.
        let is_same = object.disk.key().is_none_or(|own| Some(key(&own)) == stored.key.as_ref().map(key));
        if is_whole && is_same { Ok(()) } else { Err(format!("Postgres has not the vault of {user}")) }
    }

    /// The index has nothing that Postgres has forgotten. It may lack what came back while it was built anew.
    fn check_index(&self, object: &ObjectNode) -> Result<(), String> {
        let user = object.user.id;
        let sessions = self.around.world.oracle.sessions.borrow();
        let parked = self.around.world.oracle.parked.borrow();
        if sessions.keys().any(|session| parked.contains(session)) {
            // A record that is parked for a while comes after what was forgotten meanwhile.
            return Ok(());
        }
        let stored = self.around.postgres.memory_ids(user);
        let strange = object.disk.memory_ids().into_iter().find(|id| !stored.contains(id));
        strange.map_or(Ok(()), |id| Err(format!("the index of {user} has {id}, which Postgres has not")))
    }

    /// Everything that was spent is in the ledger, once, and nothing is reserved.
    fn check_ledger(&self, object: &ObjectNode, turns: &BTreeMap<Uuid, Turn>) -> Result<(), String> {
        let user = object.user.id;
        // What an object had reserved when it died, its next start releases.
        object.wake();
        let rows = object.disk.ledger();
        if let Some(row) = rows.iter().find(|row| row.is_reserved != 0) {
            return Err(format!("a reservation of {} tokens is never released: {}", row.tokens, row.id));
        }
        let booked: BTreeMap<_, _> = rows.iter().map(|row| (row.id, row.tokens)).collect();
        for (id, turn) in turns.iter().filter(|(_, turn)| turn.user == user) {
            if booked.get(id) != Some(&turn.took) {
                return Err(format!("turn {id} took {} and {:?} is booked", turn.took, booked.get(id)));
            }
        }
        let usage = self.around.postgres.usage.borrow();
        for (id, row) in usage.iter().filter(|(_, row)| row.user == user) {
            if booked.get(id) != Some(&row.tokens) {
                return Err(format!(
                    "{id} has {} tokens in Postgres and {:?} are booked",
                    row.tokens,
                    booked.get(id)
                ));
            }
        }
        let strange = booked.keys().find(|id| !turns.contains_key(id) && id.get_version_num() != 4);
        strange.map_or(Ok(()), |id| Err(format!("{id} is booked, which is neither a turn nor a job")))
    }

    /// Each answer in Postgres is what its last turn made of it, and the vault has every placeholder of a question.
    fn check_answers(&self, turns: &BTreeMap<Uuid, Turn>) -> Result<(), String> {
        let world = &self.around.world;
        let mut last: BTreeMap<Uuid, &Turn> = BTreeMap::new();
        let sessions = world.oracle.sessions.borrow();
        for turn in sessions.values().flatten().filter_map(|turn| turns.get(turn)) {
            last.insert(turn.answer, turn);
            last.insert(turn.question, turn);
        }
        for session in self.around.postgres.sessions.borrow().values() {
            for message in session.messages.values() {
                let Some(turn) = last.get(&message.id) else {
                    return Err(format!("message {} is in Postgres and was never stored", message.id));
                };
                if message.role == Role::Assistant && turn.stored.as_deref() != Some(message.content.as_str())
                {
                    return Err(format!(
                        "answer {} is {:?} in Postgres and was last {:?}",
                        message.id, message.content, turn.stored
                    ));
                }
                let waits = message.calls().iter().find(|call| call.is_waiting());
                // A record that was parked comes after the one that withdrew its calls, and brings them as they were.
                let was_parked = world.oracle.parked.borrow().contains(&turn.session);
                if let Some(call) = waits.filter(|_| !was_parked && !self.is_pending(message.id)) {
                    return Err(format!("call {} of an answer in Postgres waits for ever", call.id));
                }
                if world.oracle.is_erased(turn.user, turn.vault) {
                    return Err(format!("message {} of an erased user is in Postgres", message.id));
                }
            }
        }
        Ok(())
    }

    /// Whether an object has an approval pending for that answer.
    fn is_pending(&self, answer: Uuid) -> bool {
        let pending = format!("%{answer}%");
        let query = "SELECT count(*) AS number FROM pending_approval WHERE answer LIKE ?";
        self.objects.iter().any(|object| object.disk.number(query, &[(&pending).into()]) > 0)
    }

    /// A run that Postgres has as succeeded took effect once.
    fn check_runs(&self) -> Result<(), String> {
        for run in self.around.postgres.tool_runs.borrow().values() {
            let Some(call) = self.around.world.oracle.call_of(&run.arguments) else { continue };
            if run.status == "succeeded" && call.runs.get() != 1 {
                return Err(format!("call {} succeeded and ran {} times", call.number, call.runs.get()));
            }
        }
        Ok(())
    }

    /// Every turn can be replayed, in full.
    fn reread(&self) -> Result<(), String> {
        for client in &self.clients {
            for turn in client.object.disk.logs(client.session) {
                client.spawn(async move |client| client.reread(turn).await);
            }
        }
        self.around.world.run(|| self.busy.get() == 0)
    }

    /// A day later nothing is left of the logs, no alarm rings any more, and memory is bounded.
    fn idle(&self) -> Result<(), String> {
        let world = &self.around.world;
        let until = world.now() + KEPT_FOR + REST_WITHIN;
        let before: Vec<_> = self.objects.iter().map(|object| object.disk.alarm.rings()).collect();
        let logs: Vec<_> = self.objects.iter().map(|object| object.disk.log_count()).collect();
        world.run(|| world.now() > until)?;
        for ((object, before), logs) in self.objects.iter().zip(before).zip(logs) {
            let (disk, user) = (&object.disk, object.user.id);
            if disk.log_count() > 0 {
                return Err(format!(
                    "logs of {user} are never deleted; the alarm is at {:?}",
                    disk.alarm.at()
                ));
            }
            if let Some(at) = disk.alarm.at() {
                return Err(format!("the alarm of {user} never comes to rest: it is at {at}"));
            }
            let rings = (disk.alarm.rings() - before) as usize;
            if rings > IDLE_ALARMS + usize::try_from(logs).unwrap_or(0) {
                return Err(format!("the alarm of {user} rang {rings} times for {logs} logs"));
            }
            self.check_memory(object)?;
        }
        Ok(())
    }

    fn check_memory(&self, node: &Rc<ObjectNode>) -> Result<(), String> {
        let Some((_, object)) = node.wake() else { return Ok(()) };
        let sessions = object.sessions_in_memory();
        if sessions > MAX_IDLE {
            return Err(format!("{sessions} idle sessions are in memory"));
        }
        for client in self.clients.iter().filter(|client| Rc::ptr_eq(&client.object, node)) {
            let session = object.session(client.session);
            let cached = session.cache.borrow().as_ref().map_or(0, |cache| cache.messages.len());
            if cached > MAX_CACHED || session.is_busy() {
                return Err(format!("session {} has {cached} messages in memory", session.id));
            }
        }
        Ok(())
    }
}

thread_local! {
    static CONFIG: RefCell<Option<Config>> = RefCell::default();
}

fn config() -> Config {
    let vars = [
        ("SUPABASE_URL", "https://project.supabase.co"),
        ("SUPABASE_ANON_KEY", "anon"),
        ("SUPABASE_SERVICE_ROLE_KEY", "service"),
        ("OPENAI_API_KEY", "sk-1"),
        ("PII_MASTER_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="),
        ("USER_LIMITS", "{}"),
    ];
    let get = |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into());
    let read = || Config::read(get).expect("a whole configuration");
    CONFIG.with_borrow_mut(|config| config.get_or_insert_with(read).clone())
}
