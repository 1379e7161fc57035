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
mod world;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use faults::Count;
use world::TRACE;

/// Turns of a run that names no number. Not 100,000 yet: seed 699, after about 78,000 turns, shows a call of an answer in Postgres
/// that waits for an approval for ever. `npm run simulate -- --seed 699 --turns 1` repeats it.
const TURNS: u64 = 60_000;

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

#[expect(clippy::disallowed_methods, reason = "how long it took is told, and decides nothing")]
fn simulate(options: Options) -> ExitCode {
    let Options { seed: first_seed, turns: wanted, .. } = options;
    let began = Instant::now();
    let mut reported = began;
    let (mut seed, mut turns, mut faults) = (first_seed, 0, Count::default());
    let mut endings = BTreeMap::new();
    if run::run(seed, 0).world.digest() != run::run(seed, TRACE).world.digest() {
        println!("simulation: FAILED: seed {seed} is not the same run twice");
        return ExitCode::FAILURE;
    }
    while turns < wanted {
        let run = run::run(seed, 0);
        faults.add(&run.world.faults);
        for turn in run.world.oracle.turns.borrow().values() {
            turns += 1;
            *endings
                .entry(turn.status.map_or("Open".into(), |status| format!("{status:?}")))
                .or_insert(0_u64) += 1;
        }
        if let Err(violation) = run.outcome {
            println!("simulation: FAILED after {turns} turns in {:.1} s", began.elapsed().as_secs_f64());
            return explain(seed, &violation, options);
        }
        if reported.elapsed() >= REPORT_EVERY {
            reported = Instant::now();
            let per_second = u128::from(turns) * 1000 / began.elapsed().as_millis().max(1);
            println!(
                "simulation: {turns} turns, {per_second} a second, {} faults, seed {seed}",
                faults.total()
            );
        }
        seed += 1;
    }
    println!(
        "simulation: {turns} turns in {:.1} s, seeds {first_seed} to {}, no violation; {} faults:{faults}",
        began.elapsed().as_secs_f64(),
        seed - 1,
        faults.total(),
    );
    for (ending, count) in endings {
        println!("  {ending:14} {count}");
    }
    ExitCode::SUCCESS
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
