//! `redact`: reads JSON lines `{"id","text"}` and writes `{"id","spans":[[start,end,"TYPE"]]}`, in Unicode code points.

use std::io::{BufRead, Write, stdin, stdout};

use frontdesk::privacy::detect::{Finding, KnownValues, Patterns, Scope, find};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Deserialize)]
struct Input {
    id: Value,
    text: String,
}

#[derive(Serialize)]
struct Output {
    id: Value,
    spans: Vec<(usize, usize, &'static str)>,
}

fn main() -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(stdout().lock());
    for line in stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let Input { id, text } = serde_json::from_str(&line)?;
        serde_json::to_writer(&mut out, &Output { id, spans: spans(&text) })?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// What is found, counted in characters.
fn spans(text: &str) -> Vec<(usize, usize, &'static str)> {
    let count = |end: usize| text.get(..end).map_or(0, |head| head.chars().count());
    let (patterns, known) = (Patterns::default(), KnownValues::new());
    let everything = Scope { plain_urls: true, patterns: &patterns, known: &known };
    let span = |found: &Finding| Some((count(found.start), count(found.end), found.entity.name()?));
    find(text, &everything).iter().filter_map(span).collect()
}
