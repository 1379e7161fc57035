//! `detect FILE…`: how fast the detectors are, in one thread, on each file of JSON lines `{"text"}`. Reading is not counted.

use std::time::{Duration, Instant};

const LEAST: Duration = Duration::from_secs(2);

fn main() {
    for path in std::env::args().skip(1) {
        let file = std::fs::read_to_string(&path).expect("a file of JSON lines");
        let texts: Vec<String> = file.lines().map(text).collect();
        let bytes: usize = texts.iter().map(String::len).sum();
        let (found, seconds) = fastest(&texts);
        println!(
            "{}",
            serde_json::json!({ "texts": texts.len(), "bytes": bytes, "found": found, "MB/s": bytes as f64 / 1e6 / seconds })
        );
    }
}

fn text(line: &str) -> String {
    let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
    line["text"].as_str().expect("a text").to_owned()
}

/// The fastest of some rounds over all texts: what else the machine does only makes a round slower.
fn fastest(texts: &[String]) -> (usize, f64) {
    let began = Instant::now();
    let (mut found, mut seconds) = (0, f64::MAX);
    while began.elapsed() < LEAST {
        let round = Instant::now();
        found = texts.iter().map(|text| std::hint::black_box(detect::look(text)).len()).sum();
        seconds = seconds.min(round.elapsed().as_secs_f64());
    }
    (found, seconds)
}
