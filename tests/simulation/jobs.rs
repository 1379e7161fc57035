//! Outputs of the mock model for background jobs.

use frontdesk::account::paid_call::Purpose;
use serde::Deserialize;
use serde_json::json;

use super::faults::Fault;
use super::postgres::{read, to_json};
use super::values::invented;
use super::world::World;

#[derive(Deserialize)]
struct FactsInput {
    known: Vec<Known>,
    messages: Vec<Numbered>,
}

#[derive(Deserialize)]
struct Known {
    number: usize,
}

#[derive(Deserialize)]
struct Numbered {
    number: usize,
    text: String,
}

#[derive(Deserialize)]
struct SummaryInput {
    summary: Option<String>,
    messages: Vec<Summarised>,
}

#[derive(Deserialize)]
struct Summarised {
    text: String,
}

/// The output of a job: JSON of its schema, unless it fails.
pub fn output(job: &str, input: &str, world: &World) -> String {
    if world.occurs(Fault::JobFails) {
        return world.rng.pick(&["", "{}", "not JSON", "{\"facts\":[{}]}"]).to_owned();
    }
    if job == Purpose::Facts.as_str() { facts(input, world) } else { summary(input, world) }
}

fn facts(input: &str, world: &World) -> String {
    let FactsInput { known, messages } = read(input);
    let rng = &world.rng;
    let mut facts = Vec::new();
    for message in messages.iter().filter(|_| !rng.one_in(3)) {
        // A fact must quote its message: the code is enough. Some have a value that the model made up.
        let code = message.text.split('.').next().unwrap_or_default();
        let made_up = if rng.one_in(8) { invented(rng) } else { String::new() };
        facts.push(json!({
            "message": message.number, "quote": code, "category": "note", "key": format!("about_{}", rng.below(12)),
            "fact": format!("They wrote {code}: {} {made_up}", message.text), "confidence": 0.9, "expires": null,
        }));
    }
    let some = known.iter().filter(|_| rng.one_in(12)).map(|fact| fact.number);
    let ended: Vec<_> = some.collect();
    let forget: Vec<_> = known
        .iter()
        .filter(|_| rng.one_in(20))
        .map(|fact| json!({ "message": messages.first().map_or(1, |one| one.number), "fact": fact.number }))
        .collect();
    to_json(&json!({ "facts": facts, "ended": ended, "forget": forget }))
}

fn summary(input: &str, world: &World) -> String {
    let SummaryInput { summary, messages } = read(input);
    let details: Vec<_> = messages.iter().map(|message| message.text.as_str()).take(5).collect();
    let overview = if world.rng.one_in(8) { invented(&world.rng) } else { "They talked.".to_owned() };
    let before = summary.map_or(0, |summary| summary.len());
    to_json(&json!({
        "overview": overview, "details": details, "decisions": [format!("{before} before")], "open_questions": [],
    }))
}

/// A streamed completion with that text.
pub fn stream(text: &str, world: &World) -> String {
    let content = to_json(&text);
    let mut stream = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":{content}}}}}]}}\n\n");
    if world.occurs(Fault::ModelBreaks) {
        return stream;
    }
    stream.push_str("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n");
    if !world.occurs(Fault::ModelOmits) {
        let tokens = 1 + world.rng.below(300);
        stream.push_str(&format!(
            "data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":200,\"completion_tokens\":{tokens}}}}}\n\n"
        ));
    }
    stream.push_str("data: [DONE]\n\n");
    stream
}
