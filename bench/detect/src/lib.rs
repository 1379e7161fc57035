//! The Worker's detectors, and nothing else of it.

use pii::detect::{Finding, KnownValues, Patterns, Scope, find};
use wasm_bindgen::prelude::wasm_bindgen;

/// Looks for every kind that is built in; plain web addresses are left alone, as in the chat.
pub fn look(text: &str) -> Vec<Finding> {
    let (patterns, known) = (Patterns::default(), KnownValues::new());
    find(text, &Scope::new(&patterns, &known))
}

/// The starts and ends of what is found, in bytes.
#[wasm_bindgen]
pub fn spans(text: &str) -> Vec<u32> {
    let bounds = |found: &Finding| [found.start, found.end].map(|place| place as u32);
    look(text).iter().flat_map(bounds).collect()
}
