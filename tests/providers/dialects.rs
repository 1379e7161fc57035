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
