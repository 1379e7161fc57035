//! The world: one thread, a clock that jumps from event to event, and chance that one seed decides. Futures are polled by
//! hand, so that something can go wrong at every await.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use frontdesk::ports::Clock;
use frontdesk::time::Millis;
use pii::seal::Secret;

use super::chance::Chance;
use super::faults::{Fault, Faults};
use super::ledger::Ledger;

/// When every run begins.
pub const START: Millis = 1_795_420_800_000;

/// Steps that a run may take: more is a loop that goes nowhere.
const MAX_STEPS: u64 = 20_000_000;

/// What is kept of a trace.
const TRACE: usize = 120;

pub struct World {
    pub chance: Chance,
    pub faults: Faults,
    pub ledger: Ledger,
    now: Cell<Millis>,
    steps: Cell<u64>,
    tasks: RefCell<Vec<Slot>>,
    free: RefCell<Vec<usize>>,
    timers: RefCell<BinaryHeap<Reverse<Timer>>>,
    timers_set: Cell<u64>,
    ready: Arc<Mutex<Vec<usize>>>,
    violation: RefCell<Option<String>>,
    trace: Option<RefCell<VecDeque<String>>>,
}

/// The life of one object, from its construction to its death.
pub struct Life {
    pub name: String,
    is_alive: Cell<bool>,
    /// What it writes is lost and what it sends does not leave: it dies at the end of this step.
    is_doomed: Cell<bool>,
    has_written: Cell<bool>,
}

struct Task {
    future: Pin<Box<dyn Future<Output = ()>>>,
    life: Option<Rc<Life>>,
    waker: Waker,
}

enum Slot {
    Free,
    /// Taken out for a step.
    Running,
    Waiting(Task),
}

struct Bell {
    task: usize,
    ready: Arc<Mutex<Vec<usize>>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let mut ready = self.ready.lock().expect("one thread");
        if !ready.contains(&self.task) {
            ready.push(self.task);
        }
    }
}

struct Timer {
    at: Millis,
    order: u64,
    waker: Waker,
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

impl World {
    pub fn new(seed: u64, is_traced: bool) -> Rc<Self> {
        let chance = Chance::new(seed);
        Rc::new(Self {
            faults: Faults::new(&chance),
            chance,
            ledger: Ledger::default(),
            now: Cell::new(START),
            steps: Cell::new(0),
            tasks: RefCell::default(),
            free: RefCell::default(),
            timers: RefCell::default(),
            timers_set: Cell::new(0),
            ready: Arc::default(),
            violation: RefCell::default(),
            trace: is_traced.then(RefCell::default),
        })
    }

    pub fn now(&self) -> Millis {
        self.now.get()
    }

    /// What tells two runs apart: they are the same if this is.
    pub fn digest(&self) -> (u64, u64, Millis) {
        (self.chance.state(), self.steps.get(), self.now())
    }

    pub fn strikes(&self, fault: Fault) -> bool {
        let strikes = self.faults.strikes(fault, &self.chance);
        if strikes {
            self.note(|| format!("FAULT {fault:?}"));
        }
        strikes
    }

    /// Adds to the trace, if there is one.
    pub fn note(&self, line: impl FnOnce() -> String) {
        if let Some(trace) = &self.trace {
            let mut trace = trace.borrow_mut();
            if trace.len() == TRACE {
                trace.pop_front();
            }
            trace.push_back(format!("{:>9} ms  {}", self.now() - START, line()));
        }
    }

    pub fn trace(&self) -> Vec<String> {
        self.trace.iter().flat_map(|trace| trace.borrow().clone()).collect()
    }

    /// Something is not as it must be: the run ends. The first counts.
    pub fn violated(&self, what: impl Into<String>) {
        let what = what.into();
        self.note(|| format!("VIOLATED {what}"));
        self.violation.borrow_mut().get_or_insert(what);
    }

    pub fn check(&self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.violated(what());
        }
    }

    pub fn spawn(&self, life: Option<&Rc<Life>>, future: impl Future<Output = ()> + 'static) {
        let id = self.free.borrow_mut().pop().unwrap_or_else(|| {
            self.tasks.borrow_mut().push(Slot::Free);
            self.tasks.borrow().len() - 1
        });
        let waker = Waker::from(Arc::new(Bell { task: id, ready: Arc::clone(&self.ready) }));
        waker.wake_by_ref();
        let task = Task { future: Box::pin(future), life: life.cloned(), waker };
        self.tasks.borrow_mut()[id] = Slot::Waiting(task);
    }

    pub async fn sleep(&self, span: Millis) {
        let until = self.now() + span;
        let mut is_set = false;
        std::future::poll_fn(|context| {
            if is_set && self.now() >= until {
                return Poll::Ready(());
            }
            if !is_set {
                is_set = true;
                self.set_timer(until, context.waker());
            }
            Poll::Pending
        })
        .await;
    }

    pub fn set_timer(&self, at: Millis, waker: &Waker) {
        let order = self.timers_set.replace(self.timers_set.get() + 1);
        self.timers.borrow_mut().push(Reverse(Timer { at, order, waker: waker.clone() }));
    }

    /// Runs until `is_over`, nothing can happen any more, or something is violated.
    pub fn run(&self, is_over: impl Fn() -> bool) -> Result<(), String> {
        loop {
            if let Some(violation) = self.violation.borrow_mut().take() {
                return Err(violation);
            }
            if is_over() || !(self.step() || self.advance()) {
                return Ok(());
            }
            if self.steps.get() > MAX_STEPS {
                return Err("the run never comes to rest".into());
            }
        }
    }

    /// Lets one of the tasks that can go on do so: whether there was one.
    fn step(&self) -> bool {
        let id = {
            let mut ready = self.ready.lock().expect("one thread");
            if ready.is_empty() {
                return false;
            }
            let place = self.chance.index(ready.len());
            ready.swap_remove(place)
        };
        let slot = std::mem::replace(&mut self.tasks.borrow_mut()[id], Slot::Running);
        match slot {
            Slot::Waiting(task) => {
                self.steps.set(self.steps.get() + 1);
                let rest = self.poll(task);
                let is_over = rest.is_none();
                self.tasks.borrow_mut()[id] = rest.map_or(Slot::Free, Slot::Waiting);
                if is_over {
                    self.free.borrow_mut().push(id);
                }
            }
            other => self.tasks.borrow_mut()[id] = other,
        }
        true
    }

    fn poll(&self, mut task: Task) -> Option<Task> {
        if let Some(life) = &task.life {
            if life.is_alive() && self.strikes(Fault::Crash) {
                self.kill(life);
            }
            if !life.is_alive() {
                return None;
            }
            life.has_written.set(false);
        }
        let mut context = Context::from_waker(&task.waker);
        let polled = catch_unwind(AssertUnwindSafe(|| task.future.as_mut().poll(&mut context)));
        if let Some(life) = task.life.as_ref().filter(|life| life.is_doomed.get()) {
            self.kill(life);
        }
        match polled {
            Ok(Poll::Pending) => task.life.as_ref().is_none_or(|life| life.is_alive()).then_some(task),
            Ok(Poll::Ready(())) => None,
            Err(panic) => {
                let words = panic.downcast_ref::<String>().map(String::as_str);
                let words = words.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
                self.violated(format!("panic: {words}"));
                None
            }
        }
    }

    /// Nothing can go on now: jumps to when something can. Whether there is such a time.
    fn advance(&self) -> bool {
        let mut timers = self.timers.borrow_mut();
        let Some(Reverse(first)) = timers.pop() else { return false };
        self.now.set(first.at.max(self.now()));
        first.waker.wake();
        while timers.peek().is_some_and(|Reverse(timer)| timer.at <= self.now()) {
            if let Some(Reverse(same)) = timers.pop() {
                same.waker.wake();
            }
        }
        true
    }

    /// An object dies: its memory and all that it was doing are gone.
    pub fn kill(&self, life: &Life) {
        if !life.is_alive.replace(false) {
            return;
        }
        self.note(|| format!("{} dies", life.name));
        let mut dead = Vec::new();
        for (id, slot) in self.tasks.borrow_mut().iter_mut().enumerate() {
            if matches!(slot, Slot::Waiting(task) if task.life.as_ref().is_some_and(|its| !its.is_alive())) {
                dead.push(std::mem::replace(slot, Slot::Free));
                self.free.borrow_mut().push(id);
            }
        }
        // Outside of the borrow: what is dropped may wake others.
        drop(dead);
    }

    /// Ends the world, with all that was going on in it.
    pub fn end(&self) {
        let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
        drop(tasks);
        self.timers.borrow_mut().clear();
    }
}

impl Life {
    pub fn new(name: String) -> Rc<Self> {
        Rc::new(Self {
            name,
            is_alive: Cell::new(true),
            is_doomed: Cell::new(false),
            has_written: Cell::new(false),
        })
    }

    pub fn is_alive(&self) -> bool {
        self.is_alive.get()
    }

    /// Whether what it sends now leaves: not while a write of it is not durable and never will be.
    pub fn can_send(&self) -> bool {
        self.is_alive() && !self.is_doomed.get()
    }

    /// Whether what it writes now becomes durable. Writes of one step do so together or not at all, so this is decided at
    /// the first of them.
    pub fn can_write(&self, world: &World) -> bool {
        let is_first = !self.has_written.replace(true);
        if is_first && self.can_send() && world.strikes(Fault::LostWrite) {
            self.is_doomed.set(true);
        }
        self.can_send()
    }
}

/// Time and chance, as the core sees them.
#[derive(Clone)]
pub struct SimClock(pub Rc<World>);

impl Clock for SimClock {
    fn now(&self) -> Millis {
        self.0.now()
    }

    async fn sleep(&self, span: Millis) {
        self.0.sleep(span).await;
    }

    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.0.chance.next().to_le_bytes());
        bytes[8..].copy_from_slice(&self.0.chance.next().to_le_bytes());
        bytes
    }

    fn secret(&self) -> Option<Secret> {
        let mut secret = Secret::default();
        secret[..16].copy_from_slice(&self.random());
        secret[16..].copy_from_slice(&self.random());
        Some(secret)
    }
}
