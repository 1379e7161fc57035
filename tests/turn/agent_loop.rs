//! Answers that call tools.

use std::collections::BTreeSet;

use frontdesk::chat::employee::Colleague;
use frontdesk::error::Code;
use frontdesk::model::model_error::ModelError;
use frontdesk::session::record::Status;
use frontdesk::turn::request::TurnRequest;
use pii::masked_text::MaskedText;
use serde_json::{Value, json};
use uuid::Uuid;

use super::harness::*;

pub(super) const FACT: Uuid = Uuid::from_u128(0xfac7);

/// A conversation whose employee may call these tools.
pub(super) fn with_tools(tools: &[&str]) -> TestConversation {
    let conversation = TestConversation::default();
    let tools = tools.iter().map(|tool| (*tool).to_owned()).collect();
    conversation.platform.postgrest.profile(|row| row.employee.as_mut().unwrap().tools = tools);
    conversation
}

/// A conversation whose employee may hand it over to "sheet-analyst", which has these tools.
pub(super) fn with_colleague(tools: &[&str]) -> TestConversation {
    let conversation = with_tools(&["hand_over"]);
    let colleague = Colleague {
        slug: "sheet-analyst".into(),
        title: "Analyst".into(),
        description: Some("Tables.".into()),
    };
    let mut own = session_row();
    let employee = own.employee.as_mut().unwrap();
    (employee.tools, employee.colleagues) = (vec!["hand_over".into()], vec![colleague]);
    conversation.platform.postgrest.answer_load(own);
    // Every later read is for the colleague.
    conversation.platform.postgrest.profile(|row| {
        let other = row.employee.as_mut().unwrap();
        (other.slug, other.system_prompt) = ("sheet-analyst".into(), MaskedText::fixed("You add up."));
        other.model = Some("gpt-4o".into());
        other.tools = tools.iter().map(|tool| (*tool).to_owned()).collect();
    });
    conversation
}

/// Results of the calls in the model's last request.
pub(super) fn results(conversation: &TestConversation) -> Vec<String> {
    let messages = conversation.last_messages();
    let is_result = |message: &&Value| message["role"] == "tool";
    messages.iter().filter(is_result).map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

/// The second message of a conversation.
pub(super) fn second(message: &str) -> TurnRequest {
    TurnRequest { client_message_id: Some("mine-2".into()), ..request(message) }
}

/// The result of one call with these arguments.
fn result_of(name: &str, arguments: &str) -> String {
    let conversation = with_tools(&["calculator"]);
    conversation.model_says(calling("", &[(name, arguments)])).model_says(whole("Well."));
    let (seen, _) = conversation.turn("Go").unwrap();
    assert!(seen.is_finished, "{seen:?}");
    results(&conversation).pop().unwrap()
}

#[test]
fn a_model_calls_a_tool_and_goes_on_with_its_result() {
    let conversation = with_tools(&["calculator"]);
    conversation
        .model_says(calling("Let me see.", &[("calculator", r#"{"expression":"2 * 21"}"#)]))
        .model_says(whole("It is 42."));
    let (seen, finished) = conversation.turn("What is it?").unwrap();
    assert_eq!(seen.text, "Let me see.It is 42.");
    assert_eq!(
        seen.calls,
        [
            r#"Started("calculator")"#,
            r#"Requested("calculator", Object {"expression": String("2 * 21")})"#,
            r#"Output(Object {"is_exact": Bool(true), "result": String("42")})"#,
            "StepFinished",
        ]
    );
    let requests = conversation.platform.http.requests();
    insta::assert_json_snapshot!("tool_request", requests[1]["messages"]);
    assert_eq!(requests[0]["tools"][0]["function"]["name"], "calculator");
    let answer = finished.record.messages.last().unwrap();
    assert_eq!((answer.content.as_str(), answer.status), ("Let me see.\n\nIt is 42.", Status::Complete));
    // Twenty tokens in and four out, as each of two requests was billed.
    assert_eq!((finished.record.usage.prompt_tokens, finished.record.usage.completion_tokens), (40, 8));
    let record = serde_json::to_value(&finished.record).unwrap();
    let stored = json!([record["messages"][1]["tool_calls"], record["tool_runs"]]);
    insta::assert_json_snapshot!("tool_record", stored);
}

#[test]
fn a_model_reads_the_error_of_its_call() {
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
    let conversation = with_tools(&["calculator"]);
    conversation
        .model_says(calling_ending("length", "", &[("calculator", r#"{"expression":"1 + "#)]))
        .model_says(whole("Well."));
    let (seen, _) = conversation.turn("Go").unwrap();
    let results = results(&conversation);
    assert!(seen.is_finished && results[0].contains("broke off"), "{results:?}");
}

#[test]
fn calls_run_side_by_side_and_each_has_an_id_of_its_own() {
    let conversation = with_tools(&["calculator"]);
    let calls: Vec<_> = (0..20).map(|n| format!(r#"{{"expression":"{n} + 1"}}"#)).collect();
    // One delta has them all under one id, but with an index each.
    let calls: Vec<_> = calls.iter().map(|arguments| ("calculator", arguments.as_str())).collect();
    conversation.model_says(calling("", &calls)).model_says(whole("Twenty."));
    let (_, finished) = conversation.turn("Go").unwrap();
    let results = results(&conversation);
    assert_eq!(results.len(), 20);
    assert!(results[19].contains("\"20\""), "{}", results[19]);
    let ids: BTreeSet<_> = finished.record.messages[1].tool_calls.iter().map(|call| call.id).collect();
    assert_eq!(ids.len(), 20);
}

#[test]
fn an_endless_loop_ends() {
    let conversation = with_tools(&["calculator"]);
    for _ in 0..8 {
        conversation.model_says(calling("Again.", &[("calculator", r#"{"expression":"1"}"#)]));
    }
    let (seen, finished) = conversation.turn("Go").unwrap();
    assert!(seen.is_finished);
    let requests = conversation.platform.http.requests();
    let choices: Vec<_> = requests.iter().map(|request| request["tool_choice"].as_str()).collect();
    assert_eq!(choices, [None, None, None, None, None, None, None, Some("none")]);
    let last = serde_json::to_value(finished.record.tool_runs.last().unwrap()).unwrap();
    assert_eq!(
        (last["status"].as_str(), last["error_code"].as_str()),
        (Some("failed"), Some("too_many_steps"))
    );
}

#[test]
fn a_call_that_cannot_be_resumed_is_not_put_to_the_user() {
    let conversation = with_tools(&["forget"]);
    for _ in 0..7 {
        conversation.model_says(calling("", &[("abacus", "{}")]));
    }
    let arguments = format!(r#"{{"what":"Bern","facts":["{FACT}"]}}"#);
    conversation.model_says(calling("", &[("forget", &arguments)]));
    let (seen, finished) = conversation.turn("Go").unwrap();
    assert!(seen.calls.last().unwrap().contains("8 steps"), "{:?}", seen.calls);
    let last = serde_json::to_value(finished.record.tool_runs.last().unwrap()).unwrap();
    assert_eq!(last["error_code"], "too_many_steps");
    assert!(conversation.pending_approval().is_none());
}

#[test]
fn a_result_never_makes_a_prompt_larger_than_it_may_be() {
    let conversation = with_tools(&["calculator"]);
    conversation.platform.postgrest.profile(|row| row.employee.as_mut().unwrap().token_budget = Some(1000));
    let long = format!(r#"{{"expression":"{}"}}"#, "1 + ".repeat(200));
    for _ in 0..3 {
        conversation.model_says(calling("", &[("calculator", &long)]));
    }
    conversation.model_says(whole("Well."));
    conversation.turn("Go").unwrap();
    let results = results(&conversation);
    assert!(results.iter().any(|result| result.contains("no room")), "{results:?}");
}

#[test]
fn recalled_memories_give_way_to_results() {
    let conversation = with_tools(&["calculator"]);
    let memories = (0..200).map(|n| json!({
        "message_id": Uuid::from_u128(n), "role": "user", "content": format!("Remembered {n}: {}", "word ".repeat(30)),
        "content_tokens": 36, "occurred_at": "2026-01-01T00:00:00Z",
    }));
    conversation.platform.remember(&memories.collect::<Vec<_>>());
    conversation
        .model_says(calling("", &[("calculator", r#"{"expression":"6 * 7"}"#)]))
        .model_says(whole("42."));
    let (seen, _) = conversation.turn("Go").unwrap();
    assert!(seen.is_finished && results(&conversation)[0].contains("42"), "{:?}", results(&conversation));
    let requests = conversation.platform.http.requests();
    assert!(
        requests[0].to_string().contains("Remembered 0") && !requests[1].to_string().contains("Remembered")
    );
    assert_eq!(requests[1]["messages"][1]["content"], "Go");
}

#[test]
fn personal_values_are_masked_in_what_a_model_calls_with() {
    let conversation = with_tools(&["calculator"]);
    conversation
        .model_says(calling(
            "Mail eve@example.com.",
            &[("calculator", r#"{"expression":"eve@example.com"}"#)],
        ))
        .model_says(whole("Done."));
    let (seen, finished) = conversation.turn("Write to ada@example.com").unwrap();
    let record = serde_json::to_string(&finished.record).unwrap();
    assert!(!record.contains("@example.com"), "{record}");
    // The user sees the value.
    assert!(seen.calls[1].contains("eve@example.com"), "{:?}", seen.calls);
    let requests = conversation.platform.http.requests();
    assert!(!requests[1].to_string().contains("@example.com"), "{}", requests[1]);
}

#[test]
fn an_answer_that_breaks_off_keeps_the_results_of_its_calls() {
    let conversation = with_tools(&["calculator"]);
    conversation
        .model_says(calling("See.", &[("calculator", r#"{"expression":"6 * 7"}"#)]))
        .model_says(Ok(vec![Step::Bytes(10, chunk("It is ")), Step::Fail(ModelError::Cut)]));
    let (seen, finished) = conversation.turn("Go").unwrap();
    assert!(seen.error.is_some());
    assert_eq!(finished.fault.unwrap().code, Code::ModelTruncated);
    let answer = finished.record.messages.last().unwrap();
    assert_eq!((answer.content.as_str(), answer.status), ("See.\n\nIt is ", Status::Failed));
    assert!(serde_json::to_string(&answer.tool_calls).unwrap().contains("succeeded"));
}

#[test]
fn calls_and_results_are_history_in_later_turns() {
    let conversation = with_tools(&["calculator"]);
    conversation
        .model_says(calling("", &[("calculator", r#"{"expression":"6 * 7"}"#)]))
        .model_says(whole("42."));
    conversation.turn("Go").unwrap();
    conversation.model_says(whole("Yes."));
    conversation.turn_with(second("Sure?")).unwrap();
    assert_eq!(results(&conversation), [r#"{"is_exact":true,"result":"42"}"#]);
    let roles: Vec<_> = conversation.last_messages().iter().map(|message| message["role"].clone()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool", "assistant", "user"]);
}

#[test]
fn another_employee_takes_over_and_goes_on() {
    let conversation = with_colleague(&["calculator"]);
    conversation
        .model_says(calling("", &[("hand_over", r#"{"employee":"sheet-analyst","reason":"Sums."}"#)]))
        .model_says(whole("It is 3."));
    let (seen, finished) = conversation.turn("Add 1 and 2").unwrap();
    assert!(seen.is_finished && seen.calls.contains(&"HandedOff sheet-analyst".to_owned()), "{seen:?}");
    let requests = conversation.platform.http.requests();
    assert!(requests[0].to_string().contains("sheet-analyst (Analyst: Tables.)"));
    assert_eq!(
        (&requests[1]["model"], &requests[1]["messages"][0]["content"]),
        (&json!("gpt-4o"), &json!("You add up."))
    );
    assert_eq!(requests[1]["tools"][0]["function"]["name"], "calculator");
    assert_eq!(finished.record.handed_to.as_deref(), Some("sheet-analyst"));
    // From here on without another read of Postgres.
    let loads = conversation.loads();
    conversation.model_says(whole("Yes."));
    let (_, finished) = conversation.turn_with(second("Sure?")).unwrap();
    assert_eq!((finished.record.employee_slug.as_str(), conversation.loads()), ("sheet-analyst", loads));
}

#[test]
fn each_employee_of_an_answer_pays_its_own_steps() {
    let conversation = with_colleague(&["calculator"]);
    conversation
        .model_says(calling("", &[("hand_over", r#"{"employee":"sheet-analyst","reason":"Sums."}"#)]))
        .model_says(whole("It is 3."));
    let (_, finished) = conversation.turn("Add 1 and 2").unwrap();
    assert_eq!((finished.record.usage.total_tokens, finished.record.usage.model.as_str()), (24, "gpt-4o"));
    let calls: Vec<Value> =
        conversation.column("SELECT call AS json FROM paid_call WHERE call LIKE '%\"step\"%'");
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (&calls[0]["purpose"], &calls[0]["employee_slug"], &calls[0]["total_tokens"]),
        (&json!("step"), &json!("prime-boss"), &json!(24))
    );
    let ledger = "SELECT employee, tokens, is_reserved FROM ledger WHERE tokens = 24 ORDER BY employee";
    assert_eq!(
        conversation.platform.storage.read(ledger),
        json!([
            { "employee": "prime-boss", "tokens": 24, "is_reserved": 0 },
            { "employee": "sheet-analyst", "tokens": 24, "is_reserved": 0 },
        ])
    );
}

#[test]
fn an_employee_without_budget_does_not_take_over() {
    let conversation = with_colleague(&["calculator"]);
    conversation.platform.postgrest.profile(|row| {
        row.employee.as_mut().unwrap().budget.daily_tokens = Some(10);
    });
    conversation
        .model_says(calling("", &[("hand_over", r#"{"employee":"sheet-analyst","reason":"Sums."}"#)]))
        .model_says(whole("I cannot hand over."));
    let (seen, finished) = conversation.turn("Add 1 and 2").unwrap();
    assert!(seen.is_finished && !seen.calls.contains(&"HandedOff sheet-analyst".to_owned()), "{seen:?}");
    let requests = conversation.platform.http.requests();
    assert_eq!(requests[1]["model"], requests[0]["model"]);
    assert_eq!(finished.record.usage.total_tokens, 48);
    assert_eq!(conversation.number("SELECT count(*) FROM ledger WHERE is_reserved = 1"), 0);
}

#[test]
fn an_employee_that_takes_over_shows_values_by_its_own_policy() {
    let conversation = with_colleague(&["calculator"]);
    conversation.platform.postgrest.profile(|row| {
        row.employee.as_mut().unwrap().unmask_policy =
            serde_json::from_value(json!({ "default": "none" })).unwrap();
    });
    conversation
        .model_says(calling("[EMAIL_1]?", &[("hand_over", r#"{"employee":"sheet-analyst","reason":"x"}"#)]))
        .model_says(whole("It is [EMAIL_1]."));
    let (seen, finished) = conversation.turn("I am ann@example.com").unwrap();
    assert_eq!(seen.text, "ann@example.com?It is [EMAIL_1].");
    let session = conversation.session();
    let ctx = conversation.object.turn(&conversation.user, &session);
    let whole = conversation.platform.block_on(ctx.whole_answer(finished.record.turn_id)).unwrap();
    assert!(whole.contains("ann@example.com?It is [EMAIL_1]."), "as it was live: {whole}");
}

#[test]
fn a_hand_over_to_an_employee_that_is_no_colleague_fails() {
    let conversation = with_colleague(&[]);
    conversation
        .model_says(calling("", &[("hand_over", r#"{"employee":"root","reason":"x"}"#)]))
        .model_says(whole("Well."));
    let (_, finished) = conversation.turn("Go").unwrap();
    assert!(results(&conversation)[0].contains("no colleague") && finished.record.handed_to.is_none());
}

#[test]
fn only_the_users_own_words_are_remembered() {
    let conversation = with_tools(&["remember"]);
    let fact = |fact: &str| {
        format!(
            r#"{{"fact":"{fact}","quote":"{}","category":"place","about":"home city"}}"#,
            fact.replace("Lives", "I live")
        )
    };
    conversation
        .model_says(calling(
            "",
            &[("remember", &fact("Lives in Bern")), ("remember", &fact("Lives in Basel"))],
        ))
        .model_says(whole("I will."));
    let (_, finished) = conversation.turn("I live in Bern").unwrap();
    let record = serde_json::to_value(&finished.record).unwrap();
    assert_eq!(record["facts"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&record["facts"][0]["fact"], &record["facts"][0]["key"]),
        (&json!("Lives in Bern"), &json!("home_city"))
    );
    assert_eq!(record["facts"][0]["source_message_id"], record["messages"][0]["id"]);
    assert!(
        results(&conversation)[1].contains("quote must be words of the user"),
        "{:?}",
        results(&conversation)
    );
    conversation.model_says(calling("", &[("remember", &fact("Lives in Bern"))])).model_says(whole("No."));
    let forgettable = TurnRequest { remember: false, ..second("I live in Bern") };
    let (_, finished) = conversation.turn_with(forgettable).unwrap();
    assert!(finished.record.facts.is_empty());
}

#[test]
fn a_server_that_does_not_answer_takes_no_other_tool_away() {
    let conversation = TestConversation::default();
    let server = json!({ "name": "crm", "url": "https://crm.example.com/mcp", "tools": ["*"] });
    let profile = json!({
        "slug": "prime-boss", "system_prompt": "x", "tools": ["calculator"], "mcp_servers": [server, {"name": 7}],
    });
    conversation.platform.postgrest.profile(|row| {
        row.employee = Some(serde_json::from_value(profile).unwrap());
    });
    conversation.model_says(whole("Hello."));
    let (seen, _) = conversation.turn("Hi").unwrap();
    assert!(seen.is_finished);
    assert_eq!(conversation.platform.http.requests()[0]["tools"].as_array().unwrap().len(), 1);
    let lines = conversation.platform.host.lines();
    let line = lines.iter().find(|line| line["event"] == "mcp_dropped").unwrap();
    assert_eq!(
        (&line["server"], line["error"].is_string()),
        (&json!("crm"), true),
        "operators are told: {line}"
    );
    let asked = conversation.platform.http.other_calls();
    conversation.model_says(whole("Hello."));
    conversation.turn_with(second("Hi")).unwrap();
    assert!(asked > 0 && conversation.platform.http.other_calls() == asked, "left alone for a while");
}

#[test]
fn a_further_step_is_within_the_budget_or_is_not_made() {
    let conversation = with_tools(&["calculator"]);
    conversation.platform.postgrest.profile(|row| {
        row.employee.as_mut().unwrap().budget.daily_tokens = Some(1200);
    });
    // Each step takes 24 tokens as its provider says, and may take some 1,000.
    for _ in 0..8 {
        conversation.model_says(calling("Again.", &[("calculator", r#"{"expression":"1"}"#)]));
    }
    let (seen, finished) = conversation.turn("Go").unwrap();
    assert_eq!(finished.fault.map(|fault| fault.code), Some(Code::BudgetExceeded), "{seen:?}");
    let steps = conversation.platform.http.requests().len();
    assert!((2..8).contains(&steps), "{steps}");
    assert_eq!(finished.record.usage.total_tokens as usize, steps * 24);
    // Its calls are kept.
    assert_eq!(finished.record.messages[1].tool_calls.len(), steps);
}
