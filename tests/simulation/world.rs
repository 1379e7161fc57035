//! The simulated world: one thread, a clock that jumps from event to event, and random numbers that one seed decides. Futures are
//! polled by hand, so that something can go wrong at every await.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use frontdesk::time::Millis;

use super::faults::{Fault, Faults};
use super::oracle::Oracle;
use super::rng::Rng;

/// Moment at which every run begins.
pub const START: Millis = 1_795_420_800_000;

/// Steps that a run may take: more is a loop that goes nowhere.
const MAX_STEPS: u64 = 20_000_000;

/// Lines of a trace that are kept.
pub const TRACE: usize = 200;

pub struct World {
    pub rng: Rng,
    pub faults: Faults,
    pub oracle: Oracle,
    /// Whether one call takes a thousand times as long as another, so that later ones overtake it.
    pub is_uneven: bool,
    now: Cell<Millis>,
    steps: Cell<u64>,
    tasks: RefCell<Vec<Slot>>,
    free: RefCell<Vec<usize>>,
    timers: RefCell<BinaryHeap<Reverse<Timer>>>,
    timers_set: Cell<u64>,
    ready: Arc<Mutex<Vec<usize>>>,
    violation: RefCell<Option<String>>,
    /// The last lines of the trace, and how many of them are kept; 0 for none.
    trace: RefCell<VecDeque<String>>,
    trace_lines: usize,
}

/// Storage that survives its object.
pub trait Storage {
    /// Makes everything so far durable.
    fn confirm(&self);
    /// Loses everything since the last confirmation.
    fn lose(&self);
}

/// One instance of an object, from its construction to its death.
pub struct Instance {
    pub name: String,
    storage: Rc<dyn Storage>,
    is_alive: Cell<bool>,
    /// Its writes are lost and its messages do not leave: it dies at the end of this step.
    is_doomed: Cell<bool>,
    has_written: Cell<bool>,
    /// The object itself: dropped with its streams when the instance dies.
    object: RefCell<Option<Rc<dyn Any>>>,
}

struct Task {
    future: Pin<Box<dyn Future<Output = ()>>>,
    instance: Option<Rc<Instance>>,
    waker: Waker,
}

enum Slot {
    Free,
    /// Taken out for a step.
    Running,
    Waiting(Task),
}

struct TaskWaker {
    task: usize,
    ready: Arc<Mutex<Vec<usize>>>,
}

impl Wake for TaskWaker {
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
    pub fn new(seed: u64, trace_lines: usize) -> Rc<Self> {
        let rng = Rng::new(seed);
        Rc::new(Self {
            faults: Faults::new(&rng),
            is_uneven: rng.one_in(4),
            rng,
            oracle: Oracle::default(),
            now: Cell::new(START),
            steps: Cell::new(0),
            tasks: RefCell::default(),
            free: RefCell::default(),
            timers: RefCell::default(),
            timers_set: Cell::new(0),
            ready: Arc::default(),
            violation: RefCell::default(),
            trace: RefCell::default(),
            trace_lines,
        })
    }

    pub fn now(&self) -> Millis {
        self.now.get()
    }

    /// The end of a run in numbers: two runs are the same if these are.
    pub fn digest(&self) -> (u64, u64, Millis) {
        (self.rng.state(), self.steps.get(), self.now())
    }

    pub fn occurs(&self, fault: Fault) -> bool {
        let occurs = self.faults.occurs(fault, &self.rng);
        if occurs {
            self.note(|| format!("FAULT {fault:?}"));
        }
        occurs
    }

    /// Adds to the trace, if there is one.
    pub fn note(&self, line: impl FnOnce() -> String) {
        if self.trace_lines > 0 {
            let mut trace = self.trace.borrow_mut();
            if trace.len() == self.trace_lines {
                trace.pop_front();
            }
            trace.push_back(format!("{:>9} ms  {}", self.now() - START, line()));
        }
    }

    pub fn trace(&self) -> Vec<String> {
        self.trace.borrow().iter().cloned().collect()
    }

    /// Reports a violation, which ends the run. The first counts.
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

    pub fn spawn(&self, instance: Option<&Rc<Instance>>, future: impl Future<Output = ()> + 'static) {
        let id = self.free.borrow_mut().pop().unwrap_or_else(|| {
            self.tasks.borrow_mut().push(Slot::Free);
            self.tasks.borrow().len() - 1
        });
        let waker = Waker::from(Arc::new(TaskWaker { task: id, ready: Arc::clone(&self.ready) }));
        waker.wake_by_ref();
        let task = Task { future: Box::pin(future), instance: instance.cloned(), waker };
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

    /// Runs until `is_over`, nothing can happen any more, or something is violated. `is_over` is asked before time goes on.
    pub fn run(&self, is_over: impl Fn() -> bool) -> Result<(), String> {
        loop {
            if let Some(violation) = self.violation.borrow_mut().take() {
                return Err(violation);
            }
            if !self.step() && (is_over() || !self.advance()) {
                return Ok(());
            }
            if self.steps.get() > MAX_STEPS {
                return Err("the run never comes to rest".into());
            }
        }
    }

    /// Runs one task that can go on; returns whether there was one.
    fn step(&self) -> bool {
        let id = {
            let mut ready = self.ready.lock().expect("one thread");
            if ready.is_empty() {
                return false;
            }
            let place = self.rng.index(ready.len());
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
        if let Some(instance) = &task.instance {
            if instance.is_alive() && self.occurs(Fault::Crash) {
                self.kill(instance);
            }
            if !instance.is_alive() {
                return None;
            }
        }
        let mut context = Context::from_waker(&task.waker);
        let polled = catch_unwind(AssertUnwindSafe(|| task.future.as_mut().poll(&mut context)));
        if let Some(instance) = &task.instance {
            self.end_step(instance);
        }
        match polled {
            Ok(Poll::Pending) => task.instance.as_ref().is_none_or(|one| one.is_alive()).then_some(task),
            Ok(Poll::Ready(())) => None,
            Err(panic) => {
                let words = panic.downcast_ref::<String>().map(String::as_str);
                let words = words.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
                self.violated(format!("panic: {words}"));
                None
            }
        }
    }

    /// Ends a step of an object: its writes become durable together, or are lost together with it.
    pub fn end_step(&self, instance: &Instance) {
        instance.has_written.set(false);
        if instance.is_doomed.get() {
            instance.storage.lose();
            self.kill(instance);
        } else {
            instance.storage.confirm();
        }
    }

    /// Jumps to the next moment at which something can go on; returns whether there is one.
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

    /// Kills an instance: its memory and all of its tasks are gone.
    pub fn kill(&self, instance: &Instance) {
        if !instance.is_alive.replace(false) {
            return;
        }
        self.note(|| format!("{} dies", instance.name));
        let mut dead = Vec::new();
        for (id, slot) in self.tasks.borrow_mut().iter_mut().enumerate() {
            if matches!(slot, Slot::Waiting(task) if task.instance.as_ref().is_some_and(|its| !its.is_alive()))
            {
                dead.push(std::mem::replace(slot, Slot::Free));
                self.free.borrow_mut().push(id);
            }
        }
        // Outside of the borrow: what is dropped may wake others.
        drop(dead);
        drop(instance.object.take());
    }

    /// Ends the world, with all that was going on in it.
    pub fn end(&self) {
        let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
        drop(tasks);
        self.timers.borrow_mut().clear();
    }
}

impl Instance {
    pub fn new(name: String, storage: Rc<dyn Storage>) -> Rc<Self> {
        Rc::new(Self {
            name,
            storage,
            is_alive: Cell::new(true),
            is_doomed: Cell::new(false),
            has_written: Cell::new(false),
            object: RefCell::default(),
        })
    }

    /// Holds the object as long as the instance lives.
    pub fn hold(&self, object: Rc<dyn Any>) {
        self.object.replace(Some(object));
    }

    pub fn is_alive(&self) -> bool {
        self.is_alive.get()
    }

    /// Whether a message that it sends now leaves: not while a write of it is not durable and never will be.
    pub fn can_send(&self) -> bool {
        self.is_alive() && !self.is_doomed.get()
    }

    /// Begins a write; returns whether it becomes durable. Writes of one step do so together or not at all, so this is decided at the
    /// first of them.
    pub fn begin_write(&self, world: &World) -> bool {
        let is_first = !self.has_written.replace(true);
        if is_first && self.can_send() && world.occurs(Fault::LostWrite) {
            self.is_doomed.set(true);
        }
        self.can_send()
    }
}
