//! Tool calls in the pieces of real servers.

use serde_json::{Value, json};

use super::streams::stream;
use super::*;

/// Names and arguments of the calls that a stream makes, as the next request repeats them.
fn calls(reply: Reply) -> Vec<(String, Value)> {
    let conversation = conversation();
    conversation.model_says(reply).model_says(whole("Done."));
    let (_, finished) = conversation.turn("hi").unwrap();
    assert_eq!(finished.record.messages[1].status, Status::Complete);
    let messages = conversation.last_messages();
    let calling = messages.iter().rev().find(|message| message["role"] == "assistant").unwrap();
    let read = |call: &Value| {
        let function = &call["function"];
        let arguments = serde_json::from_str(function["arguments"].as_str().unwrap()).unwrap();
        (function["name"].as_str().unwrap().to_owned(), arguments)
    };
    calling["tool_calls"].as_array().unwrap().iter().map(read).collect()
}

#[test]
fn pieces_are_put_together_by_what_is_certain() {
    let sum = || ("calculator".to_owned(), json!({ "expression": "2+3" }));
    for (name, stream, expected) in [
        ("arguments_as_an_object", stream!("arguments_as_an_object"), vec![sum()]),
        ("call_without_name_other_id", stream!("call_without_name_other_id"), vec![sum()]),
        ("call_without_name_other_index", stream!("call_without_name_other_index"), vec![sum()]),
        (
            "calls_without_index",
            stream!("calls_without_index"),
            vec![sum(), ("recall".to_owned(), json!({ "query": "dog" }))],
        ),
        (
            "empty_arguments_before_the_real_ones",
            stream!("empty_arguments_before_the_real_ones"),
            vec![sum()],
        ),
    ] {
        assert_eq!(calls(at_once(stream)), expected, "{name} at once");
        assert_eq!(calls(with_gaps(stream)), expected, "{name} with gaps");
    }
}

#[test]
fn arguments_that_are_encoded_twice_are_read() {
    let twice = json!("{\"expression\":\"2+3\"}").to_string();
    let expected = [("calculator".to_owned(), json!({ "expression": "2+3" }))];
    assert_eq!(calls(calling("", &[("calculator", &twice)])), expected);
}
