//! Answers that call tools.

#![allow(clippy::unwrap_used)] // what is not as scripted fails the test

use frontdesk::employee::Employee;
use frontdesk::error::Code;
use frontdesk::session::record::Status;
use serde_json::{Value, json};

use crate::scripted::*;

/// A desk whose employee may call these.
fn desk(tools: &[&str]) -> Desk {
    let desk = Desk::default();
    let tools = tools.iter().map(|tool| (*tool).to_owned()).collect();
    let mut session = loaded(vec![]);
    session.employee = Some(Employee { tools, ..employee() });
    desk.ports.database.loads.borrow_mut().push_back(Ok(session));
    desk
}

/// What the model was told of its calls, in its last request.
fn results(desk: &Desk) -> Vec<String> {
    let requests = desk.ports.model.requests.borrow();
    let messages = requests.last().unwrap()["messages"].as_array().unwrap().clone();
    let is_result = |message: &&Value| message["role"] == "tool";
    messages.iter().filter(is_result).map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

/// What one call with these arguments comes to.
fn result_of(name: &str, arguments: &str) -> String {
    let desk = desk(&["calculator"]);
    desk.model_says(calling("", &[(name, arguments)])).model_says(whole("Well."));
    let (seen, _) = desk.turn("Go").unwrap();
    assert!(seen.finished, "{seen:?}");
    results(&desk).pop().unwrap()
}

#[test]
fn a_model_calls_and_goes_on_with_what_came_of_it() {
    let desk = desk(&["calculator"]);
    desk.model_says(calling("Let me see.", &[("calculator", r#"{"expression":"2 * 21"}"#)]))
        .model_says(whole("It is 42."));
    let (seen, answered) = desk.turn("What is it?").unwrap();
    assert_eq!(seen.text, "Let me see.It is 42.");
    assert_eq!(
        seen.calls,
        [
            r#"Begins("calculator")"#,
            r#"Has("calculator", Object {"expression": String("2 * 21")})"#,
            r#"Output(Object {"is_exact": Bool(true), "result": String("42")})"#,
            "Step",
        ]
    );
    let requests = desk.ports.model.requests.borrow();
    insta::assert_json_snapshot!("tool_request", requests[1]["messages"]);
    assert_eq!(requests[0]["tools"][0]["function"]["name"], "calculator");
    let answer = answered.record.messages.last().unwrap();
    assert_eq!((answer.content.as_str(), answer.status), ("Let me see.\n\nIt is 42.", Status::Complete));
    // Twenty tokens in and four out, as each of two requests was billed.
    assert_eq!((answered.record.usage.prompt_tokens, answered.record.usage.completion_tokens), (40, 8));
    let record = serde_json::to_value(&answered.record).unwrap();
    insta::assert_json_snapshot!(
        "tool_record",
        json!([record["messages"][1]["tool_calls"], record["tool_runs"]])
    );
}

#[test]
fn who_comes_back_hears_the_same() {
    let desk = desk(&["calculator"]);
    desk.model_says(calling("One.", &[("calculator", r#"{"expression":"1"}"#), ("nothing", "{}")]))
        .model_says(whole("Two."));
    let (seen, _) = desk.turn("Go").unwrap();
    let log = desk.state.log.borrow().clone().unwrap();
    let kept = frontdesk::ports::Journal::log(&desk.ports.journal, log.head.turn_id).unwrap();
    for log in [log, kept] {
        let mut again = Seen::default();
        log.replay(frontdesk::privacy::unmask::Shown::default(), |event| again.see(event));
        assert_eq!((again.text, again.calls), (seen.text.clone(), seen.calls.clone()));
    }
}

#[test]
fn what_a_model_gets_wrong_it_is_told() {
    for (name, arguments, told) in [
        ("abacus", "{}", "There is no tool \"abacus\". There are: calculator."),
        ("calculator", "{\"expression\":", "not valid JSON"),
        ("calculator", "[]", "must be a JSON object"),
        ("calculator", "{}", "missing field `expression`"),
        ("calculator", r#"{"expression":"1","more":2}"#, "unknown field `more`"),
        ("calculator", r#"{"expression":7}"#, "invalid type"),
        ("calculator", r#"{"expression":"1 / 0"}"#, "zero"),
    ] {
        let result = result_of(name, arguments);
        assert!(result.starts_with("Error: ") && result.contains(told), "{name} {arguments}: {result}");
    }
}

#[test]
fn arguments_that_broke_off_do_not_run() {
    let desk = desk(&["calculator"]);
    desk.model_says(calling_ending("length", "", &[("calculator", r#"{"expression":"1 + "#)]))
        .model_says(whole("Well."));
    let (seen, _) = desk.turn("Go").unwrap();
    assert!(seen.finished && results(&desk)[0].contains("broke off"), "{:?}", results(&desk));
}

#[test]
fn calls_run_side_by_side_and_each_has_an_id_of_its_own() {
    let desk = desk(&["calculator"]);
    let calls: Vec<_> = (0..20).map(|n| format!(r#"{{"expression":"{n} + 1"}}"#)).collect();
    // One delta has them all under one id, but with an index each.
    let calls: Vec<_> = calls.iter().map(|arguments| ("calculator", arguments.as_str())).collect();
    desk.model_says(calling("", &calls)).model_says(whole("Twenty."));
    let (_, answered) = desk.turn("Go").unwrap();
    let results = results(&desk);
    assert_eq!(results.len(), 20);
    assert!(results[19].contains("\"20\""), "{}", results[19]);
    let ids: std::collections::BTreeSet<_> =
        answered.record.messages[1].tool_calls.iter().map(|call| call.id).collect();
    assert_eq!(ids.len(), 20);
}

#[test]
fn an_endless_loop_ends() {
    let desk = desk(&["calculator"]);
    for _ in 0..8 {
        desk.model_says(calling("Again.", &[("calculator", r#"{"expression":"1"}"#)]));
    }
    let (seen, answered) = desk.turn("Go").unwrap();
    assert!(seen.finished);
    let requests = desk.ports.model.requests.borrow();
    let choices: Vec<_> = requests.iter().map(|request| request["tool_choice"].as_str()).collect();
    assert_eq!(choices, [None, None, None, None, None, None, None, Some("none")]);
    let last = serde_json::to_value(answered.record.tool_runs.last().unwrap()).unwrap();
    assert_eq!(
        (last["status"].as_str(), last["error_code"].as_str()),
        (Some("failed"), Some("too_many_steps"))
    );
}

#[test]
fn a_result_never_makes_a_prompt_larger_than_it_may_be() {
    let desk = desk(&["calculator"]);
    let mut session = loaded(vec![]);
    session.employee =
        Some(Employee { tools: vec!["calculator".into()], token_budget: Some(420), ..employee() });
    *desk.ports.database.loads.borrow_mut() = [Ok(session)].into();
    let long = format!(r#"{{"expression":"{}"}}"#, "1 + ".repeat(60));
    for _ in 0..3 {
        desk.model_says(calling("", &[("calculator", &long)]));
    }
    desk.model_says(whole("Well."));
    let _ = desk.turn("Go");
    assert!(results(&desk).iter().any(|result| result.contains("no room")), "{:?}", results(&desk));
}

#[test]
fn what_is_personal_is_masked_in_what_a_model_calls_with() {
    let desk = desk(&["calculator"]);
    desk.model_says(calling(
        "Mail eve@example.com.",
        &[("calculator", r#"{"expression":"eve@example.com"}"#)],
    ))
    .model_says(whole("Done."));
    let (seen, answered) = desk.turn("Write to ada@example.com").unwrap();
    let record = serde_json::to_string(&answered.record).unwrap();
    assert!(!record.contains("@example.com"), "{record}");
    // Its user sees what it is.
    assert!(seen.calls[1].contains("eve@example.com"), "{:?}", seen.calls);
    let requests = desk.ports.model.requests.borrow();
    assert!(!requests[1].to_string().contains("@example.com"), "{}", requests[1]);
}

#[test]
fn a_turn_that_is_stopped_or_dies_says_what_its_calls_came_to() {
    let desk = desk(&["calculator"]);
    desk.model_says(calling("See.", &[("calculator", r#"{"expression":"6 * 7"}"#)])).model_says(Ok(vec![
        Step::Bytes(10, chunk("It is ")),
        Step::Fail(frontdesk::ports::ModelError::Cut),
    ]));
    let (seen, answered) = desk.turn("Go").unwrap();
    assert!(seen.error.is_some());
    assert_eq!(answered.fault.unwrap().code, Code::ModelTruncated);
    let answer = answered.record.messages.last().unwrap();
    assert_eq!((answer.content.as_str(), answer.status), ("See.\n\nIt is ", Status::Failed));
    assert!(serde_json::to_string(&answer.tool_calls).unwrap().contains("succeeded"));
}

#[test]
fn what_it_did_is_told_again_in_later_turns() {
    let desk = desk(&["calculator"]);
    desk.model_says(calling("", &[("calculator", r#"{"expression":"6 * 7"}"#)])).model_says(whole("42."));
    desk.turn("Go").unwrap();
    desk.model_says(whole("Yes."));
    let again = frontdesk::api::chat::Ask { client_message_id: Some("mine-2".into()), ..ask("Sure?") };
    desk.turn_with(again).unwrap();
    assert_eq!(results(&desk), [r#"{"is_exact":true,"result":"42"}"#]);
    let requests = desk.ports.model.requests.borrow();
    let roles: Vec<_> =
        requests.last().unwrap()["messages"].as_array().unwrap().iter().map(|m| m["role"].clone()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool", "assistant", "user"]);
}
