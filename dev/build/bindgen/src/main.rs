//! Runs wasm-bindgen on a compiled crate: writes `NAME.js`, `NAME_bg.wasm` and the JavaScript that the crate brings.
//!
//! The library is the one that `wasm-bindgen-cli` is made of. Without that program's test runner and HTTP client it builds in a third
//! of the time.

use std::env;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [target, compiled, name, folder] = arguments.as_slice() else {
        eprintln!("usage: frontdesk-bindgen module|web COMPILED.wasm NAME FOLDER");
        return ExitCode::FAILURE;
    };
    let mut bindgen = Bindgen::new();
    let generated = match target.as_str() {
        // Instantiates itself when it is imported.
        "module" => bindgen.module(true),
        // Instantiates when its user says so.
        _ => bindgen.web(true),
    }
    .and_then(|bindgen| {
        bindgen
            .input_path(compiled)
            .out_name(name)
            .typescript(false)
            // Both let the caller go on with a new instance after a panic, which ends the one that it happened in.
            .reset_state_function(true)
            .force_enable_abort_handler(true)
            .generate(folder)
    });
    match generated {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}
