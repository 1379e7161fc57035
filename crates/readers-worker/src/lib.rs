//! The readers as a Worker: glue alone. `worker.js` gives each file an instance of its own.
#![cfg(target_arch = "wasm32")]

use wasm_bindgen::prelude::wasm_bindgen;

/// Reads a file as `request` says, as [`readers::service::answer`] does.
#[wasm_bindgen]
#[must_use]
pub fn read(request: &str, file: &[u8]) -> String {
    readers::service::answer(request, file)
}
