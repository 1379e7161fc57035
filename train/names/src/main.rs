//! Trains the tagger of names: `names DATA MODEL` reads what `data.py` wrote and writes the model.

use std::collections::HashMap;
use std::io::BufRead;

#[path = "../../../crates/pii/src/detect/lexeme.rs"]
mod lexeme;
#[path = "../../../crates/pii/src/detect/plain.rs"]
mod plain;
#[path = "../../../crates/pii/src/detect/tagger.rs"]
mod tagger;

use lexeme::{IS_COMMON, IS_FAMILY, IS_GIVEN, key};
use tagger::{COMMON, FAMILY, GIVEN, LEVELS, Model, SIZE, TABLE, WEIGHTS, place, slot};

/// Rounds over all examples, and the length of a step.
const ROUNDS: usize = 8;
const STEP: f32 = 0.12;

/// Levels are parts of a unit of this number.
const SCALE: f32 = 24.0;

/// Times that a feature must occur. Rarer ones tell little, and would share the weights of others.
const LEAST: u32 = 4;

#[derive(serde::Deserialize)]
struct Row {
    text: String,
    spans: Vec<(usize, usize)>,
}

/// Adds a word to a filter.
fn insert(bytes: &mut [u8], list: u8, word: &str) {
    let (offset, length) = match list {
        IS_GIVEN => (0, GIVEN),
        IS_FAMILY => (GIVEN, FAMILY),
        _ => (GIVEN + FAMILY, COMMON),
    };
    let (block, bits) = place(length, key(word));
    for bit in bits {
        bytes[offset + block + bit / 8] |= 1 << (bit % 8);
    }
}

/// Signs of scripts without capitals belong to their letters.
fn is_sign(c: char) -> bool {
    matches!(c as u32, 0x590..=0xdff)
}

/// A span of characters in bytes.
fn bytes_of(text: &str, span: (usize, usize)) -> (usize, usize) {
    let at = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(i, _)| i);
    (at(span.0), at(span.1))
}

fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let mut bytes = vec![0u8; SIZE];
    for (file, list) in [("given", IS_GIVEN), ("family", IS_FAMILY), ("common", IS_COMMON)] {
        for word in std::fs::read_to_string(format!("{dir}/{file}.txt")).unwrap().lines() {
            let word: String = word.chars().filter(|c| c.is_alphabetic() || is_sign(*c)).collect();
            insert(&mut bytes, list, &word);
        }
    }
    let mut examples: Vec<(Vec<u32>, bool)> = Vec::new();
    let model = Model::new(&bytes);
    for line in std::io::BufReader::new(std::fs::File::open(format!("{dir}/train.jsonl")).unwrap()).lines() {
        let row: Row = serde_json::from_str(&line.unwrap()).unwrap();
        let spans: Vec<_> = row.spans.iter().map(|span| bytes_of(&row.text, *span)).collect();
        model.each(&row.text, |lexeme, features| {
            let is_name = spans.iter().any(|(s, e)| lexeme.start < *e && lexeme.end > *s);
            examples.push((features.to_vec(), is_name));
        });
    }
    let mut counts: HashMap<u32, u32> = HashMap::new();
    examples.iter().flat_map(|example| &example.0).for_each(|f| *counts.entry(*f).or_default() += 1);
    let least = LEAST;
    for example in &mut examples {
        example.0.retain(|f| counts[f] >= least);
        example.0.iter_mut().for_each(|f| *f = slot(*f) as u32);
    }
    eprintln!("{} features, {} kept", counts.len(), counts.values().filter(|n| **n >= least).count());
    drop(counts);
    let positive = examples.iter().filter(|e| e.1).count();
    eprintln!("{} examples, {} positive", examples.len(), positive);
    // Logistic regression by Adagrad.
    let (mut w, mut g) = (vec![0f32; TABLE], vec![1e-6f32; TABLE]);
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut seed = 12345u64;
    for epoch in 0..ROUNDS {
        for i in (1..order.len()).rev() {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            order.swap(i, (seed >> 33) as usize % (i + 1));
        }
        let mut loss = 0f64;
        for &i in &order {
            let (f, y) = &examples[i];
            let s: f32 = f.iter().map(|f| w[*f as usize]).sum();
            let p = 1.0 / (1.0 + (-s).exp());
            let y = if *y { 1.0 } else { 0.0 };
            loss -= f64::from(if y > 0.5 { p.max(1e-7).ln() } else { (1.0 - p).max(1e-7).ln() });
            let d = p - y;
            for f in f {
                let f = *f as usize;
                let grad = d + 2e-6 * w[f];
                g[f] += grad * grad;
                w[f] -= STEP * grad / g[f].sqrt();
            }
        }
        eprintln!("epoch {epoch} loss {}", loss / examples.len() as f64);
    }
    let max = w.iter().fold(0f32, |m, x| m.max(x.abs()));
    eprintln!("max {max}, nonzero {}", w.iter().filter(|x| x.abs() > 1.0 / 32.0).count());
    for (i, w) in w.iter().enumerate() {
        let far = |level: &i32| (w * SCALE - *level as f32).abs();
        let best = (0..LEVELS.len()).min_by(|a, b| far(&LEVELS[*a]).total_cmp(&far(&LEVELS[*b]))).unwrap();
        bytes[SIZE - WEIGHTS + i / 2] |= (best as u8) << (4 * (i % 2));
    }
    std::fs::write(std::env::args().nth(2).unwrap(), &bytes).unwrap();
}
