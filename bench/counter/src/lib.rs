//! The Worker's token counter, and nothing else of it.

use wasm_bindgen::prelude::wasm_bindgen;

/// How many tokens a text is.
#[wasm_bindgen]
pub fn count(text: &str) -> u32 {
    tokens::count(text)
}
