//! Model stand-in and load generator of `npm run bench`. Both are fast enough never to be the limit of a measurement.
//!
//! `load model PORT` serves an OpenAI-compatible API. `load run FILE` sends the requests that the file describes and prints what was
//! measured as JSON.

mod client;
mod http;
mod model;

use std::process::ExitCode;

const USAGE: &str = "Run \"load model PORT\" or \"load run FILE\".";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["model", port] => model::serve(port).await,
        ["run", file] => client::run(file).await,
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
