//! The Worker's token counter, and nothing else of it.

#[path = "../../../src/context/tokens/mod.rs"]
pub mod tokens;

use wasm_bindgen::prelude::wasm_bindgen;

/// How many tokens a text is.
#[wasm_bindgen]
pub fn count(text: &str) -> u32 {
    tokens::count(text)
}
