//! One platform: handles of everything that survives an object, and the executor that runs its tasks.

use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use frontdesk::memory::index::{self, End};
use frontdesk::memory::recalled_memory::RecalledMemory;
use frontdesk::memory::vector::SmallVector;
use frontdesk::model::known_models::KnownModels;
use frontdesk::ports::{Platform, Ports};
use futures::future::LocalBoxFuture;
use futures::stream::{FuturesUnordered, StreamExt as _};
use serde_json::{Value, json};
use uuid::Uuid;

use super::blobs::MemoryBlobs;
use super::clock::ScriptedClock;
use super::fixtures::START;
use super::host::ScriptedHost;
use super::http::{ScriptedHttp, vector};
use super::postgrest::ScriptedPostgrest;
use super::readers::InProcess;
use super::sqlite::SqliteStorage;

/// Every port, scripted but the SQL.
pub struct Scripted;

impl Platform for Scripted {
    type Clock = ScriptedClock;
    type Sql = SqliteStorage;
    type Postgrest = ScriptedPostgrest;
    type Http = ScriptedHttp;
    type Blobs = MemoryBlobs;
    type Readers = InProcess;
    type Host = ScriptedHost;
}

/// Handles of one platform.
pub struct TestPlatform {
    pub clock: ScriptedClock,
    pub storage: SqliteStorage,
    pub postgrest: ScriptedPostgrest,
    pub http: ScriptedHttp,
    pub blobs: MemoryBlobs,
    pub host: ScriptedHost,
    /// Health of the models, as the objects of one isolate share it.
    pub models: Rc<RefCell<KnownModels>>,
    tasks: RefCell<FuturesUnordered<LocalBoxFuture<'static, ()>>>,
}

impl TestPlatform {
    /// Puts memories into the index, the best first for any question with a vector.
    pub fn remember(&self, memories: &[Value]) {
        for (step, memory) in (0..).zip(memories) {
            let mut memory = memory.clone();
            if memory["id"].is_null() {
                memory["id"] = json!(Uuid::new_v5(&Uuid::nil(), &[step]));
            }
            let memory: RecalledMemory = serde_json::from_value(memory).unwrap();
            index::add(&self.storage, End::Newest, std::slice::from_ref(&memory)).unwrap();
            let vector = SmallVector::new(&vector(step.into())).unwrap();
            index::set_vectors(&self.storage, &[(memory.id, vector)]).unwrap();
        }
        self.storage.confirm();
    }
}

impl Default for TestPlatform {
    fn default() -> Self {
        let (clock, storage) = (ScriptedClock::new(START), SqliteStorage::default());
        Self {
            postgrest: ScriptedPostgrest::new(clock.clone(), storage.clone()),
            http: ScriptedHttp::new(clock.clone(), storage.clone()),
            blobs: MemoryBlobs::default(),
            host: ScriptedHost::new(storage.clone()),
            models: Rc::default(),
            tasks: RefCell::default(),
            clock,
            storage,
        }
    }
}

/// A waker that notes that it was called.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// End of a drive of the executor.
enum Drive<T> {
    Ready(T),
    /// The condition held.
    Until,
    /// Nothing can go on, and no timer is set.
    Stuck,
}

impl TestPlatform {
    /// The ports of an object.
    pub fn ports(&self) -> Ports<Scripted> {
        Ports {
            clock: self.clock.clone(),
            sql: self.storage.clone(),
            postgrest: self.postgrest.clone(),
            http: self.http.clone(),
            blobs: self.blobs.clone(),
            readers: InProcess,
            host: self.host.clone(),
        }
    }

    /// Runs a future to its end, with every task beside it.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        match self.drive(pin!(future), || false) {
            Drive::Ready(value) => value,
            Drive::Until | Drive::Stuck => panic!("nothing can go on, and no timer is set"),
        }
    }

    /// Runs a future, with every task beside it, until a condition holds between two polls. The future must not end before.
    pub fn run_until<T>(&self, future: Pin<&mut impl Future<Output = T>>, condition: impl Fn() -> bool) {
        match self.drive(future, condition) {
            Drive::Until => {}
            Drive::Ready(_) => panic!("it ended before the condition held"),
            Drive::Stuck => panic!("nothing can go on, and no timer is set"),
        }
    }

    /// Runs every spawned task to its end.
    pub fn run_tasks(&self) {
        let is_idle = || {
            self.collect();
            self.tasks.borrow().is_empty()
        };
        if !is_idle() {
            self.run_until(pin!(std::future::pending::<()>()), is_idle);
        }
    }

    /// Drops every task, as the death of an object does, and loses everything that is not durable.
    pub fn die(&self) {
        self.collect();
        drop(self.tasks.take());
        self.storage.lose();
    }

    /// Takes new tasks over; `false` when there are none.
    fn collect(&self) -> bool {
        let spawned = self.host.spawned();
        let has_new = !spawned.is_empty();
        let tasks = self.tasks.borrow();
        for task in spawned {
            tasks.push(task);
        }
        has_new
    }

    fn drive<T>(
        &self,
        mut future: Pin<&mut impl Future<Output = T>>,
        condition: impl Fn() -> bool,
    ) -> Drive<T> {
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&flag));
        let mut context = Context::from_waker(&waker);
        loop {
            if condition() {
                return Drive::Until;
            }
            flag.0.store(false, Ordering::Relaxed);
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return Drive::Ready(value);
            }
            if condition() {
                return Drive::Until;
            }
            self.collect();
            let polled = self.tasks.borrow_mut().poll_next_unpin(&mut context);
            let has_progress = matches!(polled, Poll::Ready(Some(()))) || flag.0.load(Ordering::Relaxed);
            if !self.collect() && !has_progress && !self.clock.jump() {
                return Drive::Stuck;
            }
        }
    }
}
