//! Faults: their kinds, their rates in one run, and their counts.

use std::cell::Cell;
use std::sync::OnceLock;

use super::rng::Rng;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An object dies between two steps.
    Crash,
    /// An object dies before its writes are durable: messages that it sent before left, messages that it sends after do not.
    LostWrite,
    /// A call never arrives.
    LostRequest,
    /// A call took effect and its answer is lost.
    LostReply,
    /// A call to Postgres arrives twice, the second time perhaps much later.
    Duplicate,
    /// A call takes seconds.
    Slow,
    /// Postgres refuses one call.
    DatabaseError,
    /// Postgres is away for up to two minutes.
    Outage,
    /// Postgres refuses one turn, for up to ten minutes.
    Poison,
    /// The model cannot be reached, or refuses.
    ModelRefuses,
    /// The model's answer breaks off, one way or another.
    ModelBreaks,
    /// The model does not report its usage, or not that it is done.
    ModelOmits,
    /// The model gives no vectors.
    EmbeddingFails,
    /// A background request has no usable output.
    JobFails,
    /// An MCP server fails, or does not know its session any more.
    ToolFails,
    /// The bucket does not answer.
    BucketFails,
    /// A client's connection is gone.
    HangUp,
    /// A client stops the answer.
    Stop,
    /// A client sends the same message again while it is being answered.
    Again,
    /// A client sends another message while one is being answered.
    Impatience,
    /// A second reader joins.
    Join,
    /// A user has everything erased, and goes on afterwards.
    Erase,
}

const ALL: [(Fault, u64); 22] = [
    (Fault::Crash, 30),
    (Fault::LostWrite, 80),
    (Fault::LostRequest, 100),
    (Fault::LostReply, 150),
    (Fault::Duplicate, 300),
    (Fault::Slow, 120),
    (Fault::DatabaseError, 400),
    (Fault::Outage, 30),
    (Fault::Poison, 30),
    (Fault::ModelRefuses, 800),
    (Fault::ModelBreaks, 1200),
    (Fault::ModelOmits, 1500),
    (Fault::EmbeddingFails, 500),
    (Fault::JobFails, 1000),
    (Fault::ToolFails, 1000),
    (Fault::BucketFails, 3000),
    (Fault::HangUp, 300),
    (Fault::Stop, 150),
    (Fault::Again, 150),
    (Fault::Impatience, 150),
    (Fault::Join, 150),
    (Fault::Erase, 8),
];

const OF: u64 = 10_000;

/// Rates and counts of one run. Each run has rates of its own: some kinds never occur, some more often than others. A mix that is
/// always the same would hide what only shows where one kind is frequent and another rare.
pub struct Faults {
    rates: [u64; ALL.len()],
    counts: [Cell<u64>; ALL.len()],
    is_over: Cell<bool>,
}

/// Names of kinds that never occur.
static LEFT_OUT: OnceLock<Vec<String>> = OnceLock::new();

/// Leaves kinds of faults out of all runs: names, separated by commas. To be called once, before the first run.
pub fn leave_out(names: &str) {
    LEFT_OUT.get_or_init(|| names.split(',').map(ToOwned::to_owned).collect());
}

impl Faults {
    pub fn new(rng: &Rng) -> Self {
        let is_left_out =
            |fault: Fault| LEFT_OUT.get().is_some_and(|names| names.contains(&format!("{fault:?}")));
        let rates = ALL.map(|(fault, rate)| match rng.below(6) {
            0 | 1 => 0,
            _ if is_left_out(fault) => 0,
            2 | 3 => rate,
            4 => rate * 3,
            _ => rate / 3,
        });
        Self { rates, counts: Default::default(), is_over: Cell::new(false) }
    }

    pub fn occurs(&self, fault: Fault, rng: &Rng) -> bool {
        let occurs = !self.is_over.get() && rng.below(OF) < self.rates[fault as usize];
        if occurs {
            let count = &self.counts[fault as usize];
            count.set(count.get() + 1);
        }
        occurs
    }

    /// Whether that kind may occur in this run.
    pub fn has(&self, fault: Fault) -> bool {
        self.rates[fault as usize] > 0
    }

    pub fn count(&self) -> Count {
        Count(std::array::from_fn(|kind| self.counts[kind].get()))
    }

    pub fn is_over(&self) -> bool {
        self.is_over.get()
    }

    /// Ends all faults.
    pub fn end(&self) {
        self.is_over.set(true);
    }
}

/// Faults of many runs, by kind.
#[derive(Default)]
pub struct Count([u64; ALL.len()]);

impl Count {
    pub fn add(&mut self, other: &Self) {
        for (sum, count) in self.0.iter_mut().zip(other.0) {
            *sum += count;
        }
    }

    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for ((fault, _), count) in ALL.iter().zip(self.0) {
            write!(f, "\n  {:14} {count}", format!("{fault:?}"))?;
        }
        Ok(())
    }
}
