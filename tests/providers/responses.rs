//! OpenAI's Responses API behind the same port.

use frontdesk::turn::request::TurnRequest;
use serde_json::{Value, json};

use super::Outcome::{Failed, Finished};
use super::*;

/// A conversation with a model that is served by this API alone.
fn with_responses() -> TestConversation {
    conversation_with(&[("OPENAI_MODEL", "gpt-5.1-codex")])
}

/// Events, each with the name of its type, as OpenAI sends them.
fn events(events: &[Value]) -> String {
    let event = |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
    events.iter().map(event).collect()
}

fn text(text: &str) -> Value {
    json!({ "type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": text })
}

fn completed(usage: &Value) -> Value {
    json!({ "type": "response.completed", "response": {
        "object": "response", "status": "completed", "error": null, "incomplete_details": null, "usage": usage,
        "output": [{ "type": "message", "content": [{ "type": "output_text", "text": "as above" }] }],
    } })
}

fn usage() -> Value {
    json!({
        "input_tokens": 30, "input_tokens_details": { "cached_tokens": 20 }, "output_tokens": 12,
        "output_tokens_details": { "reasoning_tokens": 8 }, "total_tokens": 42,
    })
}

fn created() -> Value {
    json!({ "type": "response.created", "response": { "status": "in_progress", "error": null, "output": [] } })
}

fn ended(kind: &str, response: &Value) -> Value {
    json!({ "type": kind, "response": response })
}

/// The outcome of a stream, its text and the number of requests; the same in one write and with gaps.
fn outcome_of(stream: &str) -> (Outcome, String, usize) {
    let outcomes = [at_once(stream), with_gaps(stream)].map(|reply| {
        let conversation = with_responses();
        for _ in 0..MAX_REQUESTS {
            conversation.model_says(reply.clone());
        }
        let (_, finished) = conversation.turn("hi").unwrap();
        let text = finished.record.messages[1].content.as_str().to_owned();
        (outcome(&finished), text, conversation.platform.http.requests().len())
    });
    let [at_once, with_gaps] = outcomes;
    assert_eq!(at_once, with_gaps, "{stream}");
    at_once
}

#[test]
fn an_answer_with_thoughts_and_usage() {
    let conversation = with_responses();
    let thought =
        json!({ "type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "Hm" });
    let stream = events(&[created(), thought, text("Good "), text("day"), completed(&usage())]);
    conversation.model_says(with_gaps(&stream));
    let (seen, finished) = conversation.turn("hi").unwrap();
    assert_eq!((seen.thoughts.as_str(), seen.text.as_str()), ("Hm", "Good day"));
    assert_eq!((outcome(&finished), booked(&finished)), (Finished("stop"), Booked::Provider(30, 12)));
    assert_eq!(finished.record.usage.cached_tokens, 20);
    assert!(conversation.platform.http.urls()[0].ends_with("/v1/responses"));
    let request = conversation.platform.http.requests()[0].clone();
    assert_eq!((&request["store"], &request["stream"]), (&json!(false), &json!(true)));
    assert_eq!(request["include"], json!(["reasoning.encrypted_content"]));
    assert_eq!(request["max_output_tokens"], 800);
    assert_eq!(request["input"][0]["role"], "system");
    assert_eq!(request["input"][1], json!({ "role": "user", "content": "hi" }));
    let tool = &request["tools"][0];
    assert_eq!((&tool["type"], &tool["name"]), (&json!("function"), &json!("calculator")));
    assert!(tool["strict"].is_boolean() && tool["parameters"].is_object());
    for absent in ["messages", "temperature", "stream_options", "max_tokens", "max_completion_tokens"] {
        assert!(request.get(absent).is_none(), "{absent}");
    }
}

/// A step with an encrypted thought and two calls.
fn step() -> String {
    let call = |index: u32, name: &str| {
        json!({ "type": "response.output_item.added", "output_index": index, "item": {
            "type": "function_call", "id": format!("fc_{index}"), "call_id": format!("call_{index}"), "name": name,
            "arguments": "",
        } })
    };
    let piece = |index: u32, delta: &str| json!({ "type": "response.function_call_arguments.delta", "output_index": index, "delta": delta });
    let whole = |index: u32, name: &str, arguments: &str| {
        json!({ "type": "response.output_item.done", "output_index": index, "item": {
            "type": "function_call", "call_id": format!("call_{index}"), "name": name, "arguments": arguments,
        } })
    };
    let thought =
        json!({ "type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2VjcmV0" });
    let thought = |kind: &str| json!({ "type": kind, "output_index": 0, "item": thought.clone() });
    events(&[
        created(),
        thought("response.output_item.added"),
        thought("response.output_item.done"),
        call(1, "calculator"),
        call(2, "recall"),
        piece(1, "{\"expression\":"),
        piece(2, "{\"query\":\"dog\"}"),
        piece(1, "\"2+3\"}"),
        whole(1, "calculator", "{\"expression\":\"2+3\"}"),
        whole(2, "recall", "{\"query\":\"dog\"}"),
        completed(&usage()),
    ])
}

#[test]
fn calls_and_encrypted_thoughts_go_back_within_the_turn() {
    for reply in [at_once(&step()), with_gaps(&step())] {
        let conversation = with_responses();
        conversation.model_says(reply);
        conversation.model_says(at_once(&events(&[text("5"), completed(&usage())])));
        conversation.model_says(at_once(&events(&[text("Yes."), completed(&usage())])));
        let (seen, finished) = conversation.turn("hi").unwrap();
        assert_eq!((outcome(&finished), seen.text.as_str()), (Finished("stop"), "5"));
        assert_eq!(booked(&finished), Booked::Provider(60, 24));
        let sent = conversation.platform.http.requests()[1].clone();
        let input = sent["input"].as_array().unwrap();
        let kinds: Vec<_> =
            input.iter().map(|item| item["type"].as_str().or(item["role"].as_str()).unwrap()).collect();
        let expected = [
            "system",
            "user",
            "reasoning",
            "function_call",
            "function_call",
            "function_call_output",
            "function_call_output",
        ];
        assert_eq!(kinds, expected);
        assert_eq!(input[2]["encrypted_content"], "c2VjcmV0");
        assert_eq!(
            (&input[3]["call_id"], &input[3]["arguments"]),
            (&json!("call_1"), &json!("{\"expression\":\"2+3\"}"))
        );
        assert_eq!((&input[4]["call_id"], &input[5]["call_id"]), (&json!("call_2"), &json!("call_1")));
        let second = TurnRequest { client_message_id: Some("mine-2".into()), ..request("and?") };
        conversation.turn_with(second).unwrap();
        let later = conversation.platform.http.requests()[2].to_string();
        assert!(!later.contains("c2VjcmV0"), "a thought is of its turn alone");
    }
}

#[test]
fn every_end_is_told() {
    let cut = || Failed(Code::ModelTruncated);
    let incomplete = |reason: &str| {
        ended(
            "response.incomplete",
            &json!({ "status": "incomplete", "incomplete_details": { "reason": reason } }),
        )
    };
    let failed =
        |code: &str| ended("response.failed", &json!({ "status": "failed", "error": { "code": code } }));
    let refusal = json!({ "type": "response.refusal.delta", "delta": "I cannot" });
    for (stream, outcome, kept, requests) in [
        (vec![text("Good"), incomplete("max_output_tokens")], Finished("length"), "Good", 1),
        (vec![text("Good"), incomplete("content_filter")], Finished("content-filter"), "Good", 1),
        (vec![refusal, completed(&usage())], Finished("content-filter"), "I cannot", 1),
        (vec![text("Good")], cut(), "Good", 1),
        (vec![text("Good"), failed("server_error")], cut(), "Good", 1),
        (vec![failed("server_error")], Failed(Code::ModelUnavailable), "", 4),
        (vec![failed("rate_limit_exceeded")], Failed(Code::ModelUnavailable), "", 4),
        (vec![failed("invalid_prompt")], Failed(Code::ModelRejected), "", 1),
        (
            vec![json!({ "type": "error", "code": "context_length_exceeded", "message": "too long" })],
            Failed(Code::ModelRejected),
            "",
            1,
        ),
        (vec![completed(&usage())], cut(), "", 4),
    ] {
        let stream = events(&[vec![created()], stream].concat());
        assert_eq!(outcome_of(&stream), (outcome, kept.to_owned(), requests), "{stream}");
    }
}

#[test]
fn a_response_that_is_no_stream_is_understood() {
    let body = json!({
        "object": "response", "status": "completed", "error": null, "usage": usage(), "output": [
            { "type": "reasoning", "summary": [] },
            { "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "Good" }] },
        ],
    });
    let conversation = with_responses();
    conversation.model_says(at_once(&body.to_string()));
    let (seen, finished) = conversation.turn("hi").unwrap();
    assert_eq!((seen.text.as_str(), outcome(&finished)), ("Good", Finished("stop")));
    assert_eq!(booked(&finished), Booked::Provider(30, 12));
}

#[test]
fn a_model_that_needs_this_api_is_asked_through_it_after_one_refusal() {
    let conversation = conversation();
    conversation.platform.http.refuse(
        404,
        None,
        r#"{"error":{"message":"This model is only supported in v1/responses and not in v1/chat/completions.","type":"invalid_request_error","param":"model","code":null}}"#,
    );
    let reply = || at_once(&events(&[text("Good"), completed(&usage())]));
    conversation.model_says(reply()).model_says(reply());
    assert_eq!(outcome(&conversation.turn("hi").unwrap().1), Finished("stop"));
    let second = TurnRequest { client_message_id: Some("mine-2".into()), ..request("and?") };
    assert_eq!(conversation.turn_with(second).unwrap().1.attempts, 1, "it is remembered");
    let urls = conversation.platform.http.urls();
    let paths: Vec<_> = urls.iter().map(|url| url.rsplit('/').next().unwrap()).collect();
    assert_eq!(paths, ["completions", "responses", "responses"]);
}

#[test]
fn a_parameter_that_this_api_refuses_is_left_out() {
    let conversation = with_responses();
    let refusal =
        r#"{"error":{"message":"Your organization must be verified.","param":"reasoning.summary"}}"#;
    conversation.platform.http.refuse(400, None, refusal);
    conversation.model_says(at_once(&events(&[text("Good"), completed(&usage())])));
    assert_eq!(outcome(&conversation.turn("hi").unwrap().1), Finished("stop"));
    let requests = conversation.platform.http.requests();
    assert_eq!((&requests[0]["reasoning"]["summary"], requests[1].get("reasoning")), (&json!("auto"), None));
}

#[test]
fn the_words_of_an_employee_stand_where_this_api_has_them() {
    let conversation = with_responses();
    conversation.platform.postgrest.profile(|row| {
        let employee = row.employee.as_mut().unwrap();
        (employee.reasoning_effort, employee.verbosity) = (Some("low".into()), Some("high".into()));
    });
    conversation.model_says(at_once(&events(&[text("Good"), completed(&usage())])));
    conversation.turn("hi").unwrap();
    let request = conversation.platform.http.requests()[0].clone();
    assert_eq!(
        (&request["reasoning"]["effort"], &request["text"]["verbosity"]),
        (&json!("low"), &json!("high"))
    );
    assert!(request.get("reasoning_effort").is_none() && request.get("verbosity").is_none());
}
