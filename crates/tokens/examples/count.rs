//! Counts tokens for `tests/tokens/parity.mjs`. Reads a JSON value per line: a string is a text, an object a chat request with
//! `messages` and `functions`. Writes a number per line.

use std::io::{self, BufRead, BufWriter, Write};

use serde_json::Value;
use tokens::chat::{Call, ChatMessage, prompt};
use tokens::count;
use tokens::tools::Tool;

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let asked: Value = serde_json::from_str(&line?)?;
        writeln!(out, "{}", asked.as_str().map_or_else(|| request(&asked), count))?;
    }
    Ok(())
}

fn request(request: &Value) -> u32 {
    let list = |name: &str| request[name].as_array().cloned().unwrap_or_default();
    let (messages, functions) = (list("messages"), list("functions"));
    let calls: Vec<Vec<Call<'_>>> =
        messages.iter().map(|message| call(message).into_iter().collect()).collect();
    let messages: Vec<ChatMessage<'_>> = messages
        .iter()
        .zip(&calls)
        .map(|(message, calls)| ChatMessage {
            role: text(message, "role").unwrap_or_default(),
            content: text(message, "content").unwrap_or_default(),
            name: text(message, "name"),
            calls,
        })
        .collect();
    let tools: Vec<Tool<'_>> = functions
        .iter()
        .map(|function| Tool {
            name: text(function, "name").unwrap_or_default(),
            description: text(function, "description"),
            parameters: &function["parameters"],
        })
        .collect();
    prompt(&messages, &tools)
}

fn call(message: &Value) -> Option<Call<'_>> {
    let call = message.get("function_call")?;
    Some(Call { name: text(call, "name")?, arguments: text(call, "arguments")? })
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}
