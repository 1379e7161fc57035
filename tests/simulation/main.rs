//! A deterministic simulator: the core over a simulated world in which everything goes wrong that can, run by run, each
//! decided by one number.
//!
//! `npm run simulate -- --turns 100000 --seed 1`. To look into a violation, `--without Crash,Slow` leaves
//! kinds of faults out, and `--trace 100000` prints more of what happened before.

#![allow(unreachable_pub)] // a module of a test is a root and a private module at once
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::string_slice)] // what is not as it must be ends the run
#![allow(clippy::print_stdout, clippy::print_stderr)] // it reports

mod alarm;
mod client;
mod completion;
mod disk;
mod earlier;
mod employees;
mod faults;
mod http;
mod invariants;
mod jobs;
mod learning;
mod mcp;
mod mock_model;
mod network;
mod object;
mod oracle;
mod platform;
mod postgres;
mod rng;
mod run;
#[allow(dead_code)] // the native tests use the rest of it
#[path = "../harness/sqlite.rs"]
mod sqlite;
mod tool_invariants;
mod values;
mod vectors;
mod world;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use faults::Count;
use world::TRACE;

/// A fifth of a run was spent in the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Turns of a command that names no number.
const TURNS: u64 = 100_000;

/// How often progress is told.
const REPORT_EVERY: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1)
    };
    let number = |name: &str| option(name)?.parse::<u64>().ok();
    if let Some(names) = option("--without") {
        faults::leave_out(names);
    }
    // A panic is found and reported with its seed.
    std::panic::set_hook(Box::new(|_| ()));
    let trace = number("--trace").and_then(|lines| usize::try_from(lines).ok()).unwrap_or(TRACE);
    let (seed, turns) = (number("--seed").unwrap_or(1), number("--turns").unwrap_or(TURNS));
    simulate(Options { seed, turns, trace })
}

#[derive(Clone, Copy)]
struct Options {
    /// The first seed.
    seed: u64,
    /// Turns to go through.
    turns: u64,
    /// Lines of the trace that are printed after a violation.
    trace: usize,
}

/// Result of one run.
struct Finding {
    seed: u64,
    turns: u64,
    faults: Count,
    /// Number of turns by their status.
    endings: BTreeMap<String, u64>,
    violation: Option<String>,
}

impl Finding {
    fn of(seed: u64) -> Self {
        let run = run::run(seed, 0);
        let mut finding = Self {
            seed,
            turns: 0,
            faults: run.world.faults.count(),
            endings: BTreeMap::new(),
            violation: run.outcome.err(),
        };
        for turn in run.world.oracle.turns.borrow().values() {
            finding.turns += 1;
            let ending = turn.status.map_or("Open".into(), |status| format!("{status:?}"));
            *finding.endings.entry(ending).or_insert(0) += 1;
        }
        finding
    }
}

#[expect(clippy::disallowed_methods, reason = "how long it took is told, and decides nothing")]
fn simulate(options: Options) -> ExitCode {
    let Options { seed: first_seed, turns: wanted, .. } = options;
    let began = Instant::now();
    let mut reported = began;
    if run::run(first_seed, 0).world.digest() != run::run(first_seed, TRACE).world.digest() {
        println!("simulation: FAILED: seed {first_seed} is not the same run twice");
        return ExitCode::FAILURE;
    }
    let (mut runs, mut turns, mut faults) = (0_u64, 0, Count::default());
    let mut endings = BTreeMap::new();
    for finding in run_on_all_cores(first_seed) {
        runs += 1;
        turns += finding.turns;
        faults.add(&finding.faults);
        for (ending, count) in finding.endings {
            *endings.entry(ending).or_insert(0) += count;
        }
        if let Some(violation) = finding.violation {
            println!("simulation: FAILED after {turns} turns in {:.1} s", began.elapsed().as_secs_f64());
            return explain(finding.seed, &violation, options);
        }
        if turns >= wanted {
            break;
        }
        if reported.elapsed() >= REPORT_EVERY {
            reported = Instant::now();
            let per_second = u128::from(turns) * 1000 / began.elapsed().as_millis().max(1);
            println!(
                "simulation: {turns} turns, {per_second} a second, {} faults, {runs} runs",
                faults.total()
            );
        }
    }
    if turns < wanted {
        println!("simulation: FAILED: every core stopped after {turns} turns");
        return ExitCode::FAILURE;
    }
    println!(
        "simulation: {turns} turns in {:.1} s, {runs} runs from seed {first_seed} on, no violation; {} faults:{faults}",
        began.elapsed().as_secs_f64(),
        faults.total(),
    );
    for (ending, count) in endings {
        println!("  {ending:14} {count}");
    }
    ExitCode::SUCCESS
}

/// Runs of that seed and of those after it, in their order, for as long as the caller takes them. Each core runs the next seed: a run is
/// the same whatever else runs.
fn run_on_all_cores(first_seed: u64) -> impl Iterator<Item = Finding> {
    let next = Arc::new(AtomicU64::new(first_seed));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (sender, findings) = mpsc::sync_channel(cores);
    for _ in 0..cores {
        let (next, sender) = (Arc::clone(&next), sender.clone());
        std::thread::spawn(
            move || {
                while sender.send(Finding::of(next.fetch_add(1, Ordering::Relaxed))).is_ok() {}
            },
        );
    }
    let (mut early, mut seed) = (BTreeMap::new(), first_seed);
    std::iter::from_fn(move || {
        while !early.contains_key(&seed) {
            let finding: Finding = findings.recv().ok()?;
            early.insert(finding.seed, finding);
        }
        seed += 1;
        early.remove(&(seed - 1))
    })
}

/// Runs it once more, with a trace: it is the same run.
fn explain(seed: u64, violation: &str, options: Options) -> ExitCode {
    for line in run::run(seed, options.trace).world.trace() {
        println!("{line}");
    }
    println!("simulation: seed {seed}: {violation}");
    println!("simulation: again: npm run simulate -- --seed {seed} --turns 1");
    ExitCode::FAILURE
}
