//! Texts and values that someone chose to make masking slow: memory and time grow with the length of the text only.

use std::sync::Mutex;
use std::time::Duration;

use peak_alloc::PeakAlloc;
use pii::detect::{KnownValues, Patterns, Scope, find};
use pii::mask::{Author, Draft};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Held by each test, because the allocator counts for the whole process.
static ALONE: Mutex<()> = Mutex::new(());

/// Length of a text in bytes: the longest message of the API has half of it.
const TEXT_BYTES: usize = 256 * 1024;

/// Most memory for a text, in bytes for each of its bytes.
const MOST_BYTES: usize = 80;

/// Most time for a text: a guard against work that grows with the square of the length, which takes minutes here. A release build
/// takes 15 ms for any of them, a slow machine without optimisation a second.
const MOST_TIME: Duration = Duration::from_mins(1);

/// Makes the line or the value with a number.
type Line = fn(usize) -> String;

fn filled(line: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for number in 0.. {
        if text.len() >= TEXT_BYTES {
            break;
        }
        text += &line(number);
    }
    text
}

#[expect(clippy::disallowed_methods, reason = "the time that a text takes is what is measured")]
fn check(name: &str, run: impl FnOnce()) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let start = std::time::Instant::now();
    run();
    let (time, memory) = (start.elapsed(), ALLOCATOR.peak_usage() - before);
    assert!(memory <= MOST_BYTES * TEXT_BYTES, "{name}: {memory} bytes");
    assert!(time <= MOST_TIME, "{name}: {time:?}");
}

#[test]
fn many_findings_are_taken_out_in_one_pass() {
    let _alone = ALONE.lock();
    let (patterns, known) = (Patterns::default(), KnownValues::new());
    let scope = Scope::new(&patterns, &known);
    let lines: [(&str, Line); 3] = [
        ("passwords", |number| format!("password=hunterX{number}z\n")),
        ("access log", |number| {
            format!("10.1.{}.{} - - \"GET / HTTP/1.1\" 200\n", number / 250 % 250, number % 250)
        }),
        ("literals", |number| format!("[EMAIL_{number}] ")),
    ];
    for (name, line) in lines {
        let text = filled(line);
        check(name, || assert_eq!(Draft::new(&text, Author::Outside).settle(&scope), Ok(())));
    }
}

#[test]
fn many_known_values_that_begin_alike_are_searched_by_index() {
    let _alone = ALONE.lock();
    let patterns = Patterns::default();
    let cases: [(&str, Line, &str); 4] = [
        ("lengths", |number| format!("aaaa{}b", "a".repeat(number % 3000)), "aaaa "),
        ("numbers", |number| format!("+49151{number:07}"), "49159999999 "),
        ("signs behind", |number| format!("abcd{}", "!".repeat(number % 4000)), "abcd "),
        (
            "signs within",
            |number| format!("{number:016b}").replace('1', "a-").replace('0', "a"),
            "aaaaaaaaaaaaaaaa ",
        ),
    ];
    for (name, value, word) in cases {
        let mut known = KnownValues::new();
        (0..5000).for_each(|number| {
            known.add("PASSWORD", &value(number));
        });
        let scope = Scope::new(&patterns, &known);
        let text = filled(|_| word.to_owned());
        check(name, || drop(find(text.get(..TEXT_BYTES / 8).unwrap_or_default(), &scope)));
    }
}
