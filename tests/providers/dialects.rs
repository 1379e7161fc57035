//! Servers that refuse a part of a request. Each rule is played by the script: a refusal, then an answer, whose request is
//! looked at.

use serde_json::Value;

use super::*;

/// Answers the newest request by a rule: a refusal of 400 with a body if it breaks it.
fn refuse(conversation: &TestConversation, body: &str) {
    conversation.platform.http.refuse(400, None, body);
}

fn other(message: &str, n: u32) -> frontdesk::turn::request::TurnRequest {
    frontdesk::turn::request::TurnRequest { client_message_id: Some(format!("mine-{n}")), ..request(message) }
}

fn last_request(conversation: &TestConversation) -> Value {
    conversation.platform.http.requests().last().unwrap().clone()
}

fn roles(conversation: &TestConversation) -> Vec<String> {
    conversation.last_messages().iter().map(|message| message["role"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_parameter_that_is_refused_is_left_out_from_then_on() {
    for (refusal, parameter) in [
        (
            r#"{"detail":[{"loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#,
            "stream_options",
        ),
        (r#"{"error":{"message":"no temperature, please","param":"temperature"}}"#, "temperature"),
    ] {
        let conversation = conversation();
        refuse(&conversation, refusal);
        conversation.model_says(whole("Good")).model_says(whole("Good"));
        let (_, finished) = conversation.turn("hi").unwrap();
        assert_eq!((outcome(&finished), finished.attempts), (Outcome::Finished("stop"), 2), "{parameter}");
        let (_, finished) = conversation.turn_with(other("again", 2)).unwrap();
        assert_eq!(finished.attempts, 1, "{parameter} is remembered");
        let requests = conversation.platform.http.requests();
        let has: Vec<_> = requests.iter().map(|request| request.get(parameter).is_some()).collect();
        assert_eq!(has, [true, false, false], "{parameter}");
    }
}

#[test]
fn the_limit_on_tokens_has_the_name_that_is_taken() {
    let conversation = conversation();
    conversation
        .platform
        .postgrest
        .profile(|row| row.employee.as_mut().unwrap().model = Some("prod-chat".into()));
    refuse(
        &conversation,
        r#"{"error":{"message":"Use 'max_completion_tokens' instead.","param":"max_tokens"}}"#,
    );
    conversation.model_says(whole("Good"));
    conversation.turn("hi").unwrap();
    let request = last_request(&conversation);
    assert_eq!((request.get("max_tokens"), &request["max_completion_tokens"]), (None, &800.into()));
}

#[test]
fn neighbours_of_one_role_are_joined_where_they_are_refused() {
    let conversation = conversation();
    for _ in 0..MAX_REQUESTS {
        conversation.platform.http.refuse(500, None, "");
    }
    conversation.turn("one").unwrap();
    refuse(&conversation, r#"{"error":"roles must alternate"}"#);
    conversation.model_says(whole("Good")).model_says(whole("Good"));
    let (_, finished) = conversation.turn_with(other("two", 2)).unwrap();
    assert_eq!(outcome(&finished), Outcome::Finished("stop"));
    assert_eq!(roles(&conversation), ["system", "user"]);
    assert_eq!(conversation.last_messages()[1]["content"], "one\n\ntwo");
    conversation.turn_with(other("three", 3)).unwrap();
    assert_eq!(roles(&conversation), ["system", "user", "assistant", "user"]);
}

#[test]
fn a_refusal_that_no_other_form_mends_is_told_at_once() {
    let conversation = conversation();
    refuse(&conversation, r#"{"error":{"message":"I do not like it"}}"#);
    let (_, finished) = conversation.turn("hi").unwrap();
    assert_eq!((outcome(&finished), finished.attempts), (Outcome::Failed(Code::ModelRejected), 1));
}

/// A step with one call, in the form of a provider.
#[allow(clippy::unnecessary_wraps)] // as every reply
fn step(call: &str) -> Reply {
    let chunk = format!(
        "data: {{\"choices\":[{{\"delta\":{{\"reasoning_content\":\"Hm\",\"tool_calls\":[{call}]}}}}]}}\n\n"
    );
    Ok(vec![Step::Bytes(10, chunk + &end().replace("\"stop\"", "\"tool_calls\""))])
}

#[test]
fn a_call_goes_back_as_it_came() {
    let conversation = conversation();
    let call = r#"{"index":0,"id":"D681PevKs","extra_content":{"google":{"thought_signature":"AbC="}},
        "function":{"name":"calculator","arguments":"{\"expression\":\"2+3\"}"}}"#
        .replace('\n', "");
    conversation.model_says(step(&call)).model_says(whole("Done."));
    conversation.turn("hi").unwrap();
    let messages = conversation.last_messages();
    let (calling, result) = (&messages[2], &messages[3]);
    assert_eq!(calling["tool_calls"][0]["id"], "D681PevKs");
    assert_eq!(calling["tool_calls"][0]["extra_content"]["google"]["thought_signature"], "AbC=");
    assert_eq!(calling["reasoning_content"], "Hm");
    assert_eq!(result["tool_call_id"], "D681PevKs");
}

#[test]
fn an_invented_name_does_not_end_a_session() {
    let conversation = conversation();
    let call = r#"{"index":0,"id":"a","function":{"name":"browser.tabs.open","arguments":"{}"}}"#;
    conversation.model_says(step(call)).model_says(whole("Done.")).model_says(whole("Yes."));
    let names = |conversation: &TestConversation| {
        let messages = conversation.last_messages();
        let calling = messages.iter().find(|message| message.get("tool_calls").is_some()).unwrap().clone();
        calling["tool_calls"][0]["function"]["name"].as_str().unwrap().to_owned()
    };
    conversation.turn("hi").unwrap();
    assert_eq!(names(&conversation), "browser_tabs_open");
    conversation.turn_with(other("and now?", 2)).unwrap();
    assert_eq!(names(&conversation), "browser_tabs_open");
}

#[test]
fn what_a_deployment_sets_for_a_model_holds_for_it_alone() {
    let dialects =
        r#"{"gpt-4o-mini":{"token_limit":"max_tokens","order":"alternating","left_out":["stream_options"]}}"#;
    let conversation = conversation_with(&[("OPENAI_DIALECTS", dialects)]);
    let fallback = vec!["gpt-4.1-mini".to_owned()];
    conversation.platform.postgrest.profile(|row| row.employee.as_mut().unwrap().fallback_models = fallback);
    conversation.platform.http.refuse(403, None, "");
    conversation.model_says(whole("Good"));
    conversation.turn("hi").unwrap();
    let requests = conversation.platform.http.requests();
    assert_eq!((&requests[0]["max_tokens"], requests[0].get("stream_options")), (&800.into(), None));
    assert_eq!((&requests[1]["max_completion_tokens"], requests[1].get("max_tokens")), (&800.into(), None));
    assert!(requests[1].get("stream_options").is_some());
}

#[test]
fn usage_is_counted_where_it_may_not_be_asked_for() {
    let conversation = conversation();
    conversation.platform.http.refuse(
        422,
        None,
        r#"{"detail":"stream_options: Extra inputs are not permitted"}"#,
    );
    conversation.model_says(at_once(
        &(chunk("Good") + "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"),
    ));
    let (_, finished) = conversation.turn("hi").unwrap();
    assert_eq!((outcome(&finished), booked(&finished)), (Outcome::Finished("stop"), Booked::Estimated));
}

#[test]
fn memories_stand_where_the_server_takes_them() {
    let conversation = conversation();
    conversation.platform.remember(&[serde_json::json!({
        "message_id": uuid::Uuid::from_u128(7), "role": "user", "content": "My cat is called Mo",
        "content_tokens": 10, "occurred_at": "1970-01-01T00:00:00Z",
    })]);
    refuse(&conversation, r#"{"error":{"message":"System message must be at the beginning."}}"#);
    conversation.model_says(whole("Mo"));
    let (_, finished) = conversation.turn("What is my cat called?").unwrap();
    assert_eq!(outcome(&finished), Outcome::Finished("stop"));
    assert_eq!(roles(&conversation), ["system", "user"]);
    let text = conversation.last_messages()[1]["content"].to_string();
    assert!(text.contains("My cat is called Mo") && text.contains("What is my cat called?"), "{text}");
}

/// A step of OpenRouter with a signed thought in two pieces and one call.
fn signed_step(thought: &str) -> String {
    let (first, second) = thought.split_at(thought.len() / 2);
    let detail = |text: &str, signature: Value| serde_json::json!({ "type": "reasoning.text", "text": text, "signature": signature, "index": 0 });
    let chunk = |detail: Value| {
        let delta = serde_json::json!({ "reasoning": detail["text"], "reasoning_details": [detail] });
        format!("data: {}\n\n", serde_json::json!({ "choices": [{ "delta": delta }] }))
    };
    let call = r#"{"index":0,"id":"toolu_1","function":{"name":"calculator","arguments":"{\"expression\":\"2+3\"}"}}"#;
    let call = format!("data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{call}]}}}}]}}\n\n");
    let end = end().replace("\"stop\"", "\"tool_calls\"");
    [chunk(detail(first, Value::Null)), chunk(detail(second, "c2ln".into())), call, end].concat()
}

#[test]
fn signed_thoughts_go_back_to_their_model_alone_and_unchanged() {
    let details = |thought: &str| {
        let conversation = conversation();
        conversation.model_says(with_gaps(&signed_step(thought)));
        conversation.model_says(whole("5")).model_says(whole("Yes."));
        conversation.turn("hi").unwrap();
        let calling = conversation.last_messages()[2].clone();
        conversation.turn_with(other("and?", 2)).unwrap();
        let later = conversation.last_messages();
        assert!(later.iter().all(|message| message.get("reasoning_details").is_none()));
        calling.get("reasoning_details").cloned()
    };
    let entry = serde_json::json!([
        { "type": "reasoning.text", "text": "I add them.", "signature": "c2ln", "index": 0 },
    ]);
    assert_eq!(details("I add them."), Some(entry));
    // A signature does not hold for a masked text.
    assert_eq!(details("I write to eve@example.com."), None);
}

#[test]
fn the_words_of_an_employee_are_sent_unless_the_model_refuses_them() {
    let conversation = conversation();
    conversation.platform.postgrest.profile(|row| {
        let employee = row.employee.as_mut().unwrap();
        (employee.reasoning_effort, employee.verbosity) = (Some("low".into()), Some("high".into()));
    });
    refuse(
        &conversation,
        r#"{"error":{"message":"Unrecognized request argument supplied: reasoning_effort"}}"#,
    );
    conversation.model_says(whole("Good"));
    conversation.turn("hi").unwrap();
    let requests = conversation.platform.http.requests();
    assert_eq!(
        (&requests[0]["reasoning_effort"], &requests[0]["verbosity"]),
        (&"low".into(), &"high".into())
    );
    assert_eq!((requests[1].get("reasoning_effort"), &requests[1]["verbosity"]), (None, &"high".into()));
}
