//! What can go wrong, how often it does in one run, and how often it did.

use std::cell::Cell;

use super::chance::Chance;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An object dies between two steps.
    Crash,
    /// An object dies before what it writes is durable: what it sent before left, what it sends after does not.
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
    /// The model does not say what it used, or not that it is done.
    ModelOmits,
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
}

const ALL: [(Fault, u64); 17] = [
    (Fault::Crash, 60),
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
    (Fault::HangUp, 300),
    (Fault::Stop, 150),
    (Fault::Again, 150),
    (Fault::Impatience, 150),
    (Fault::Join, 150),
];

const OF: u64 = 10_000;

/// Every run has faults of its own: some kinds not at all, some more often than others. A mix that is always the same
/// would hide what only shows where one kind is frequent and another rare.
pub struct Faults {
    rates: [u64; ALL.len()],
    counts: [Cell<u64>; ALL.len()],
    is_calm: Cell<bool>,
}

impl Faults {
    pub fn new(chance: &Chance) -> Self {
        let rates = ALL.map(|(_, rate)| match chance.below(6) {
            0 | 1 => 0,
            2 | 3 => rate,
            4 => rate * 3,
            _ => rate / 3,
        });
        Self { rates, counts: Default::default(), is_calm: Cell::new(false) }
    }

    pub fn strikes(&self, fault: Fault, chance: &Chance) -> bool {
        let strikes = !self.is_calm.get() && chance.below(OF) < self.rates[fault as usize];
        if strikes {
            let count = &self.counts[fault as usize];
            count.set(count.get() + 1);
        }
        strikes
    }

    pub fn is_calm(&self) -> bool {
        self.is_calm.get()
    }

    /// Nothing goes wrong any more.
    pub fn cease(&self) {
        self.is_calm.set(true);
    }
}

/// Faults of many runs, by kind.
#[derive(Default)]
pub struct Count([u64; ALL.len()]);

impl Count {
    pub fn add(&mut self, faults: &Faults) {
        for (sum, count) in self.0.iter_mut().zip(&faults.counts) {
            *sum += count.get();
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
