//! Completions in the form of OpenAI's API: of a conversation that the client keeps, and of a session.

use frontdesk::api::routes::UserRoute;
use frontdesk::chat::limits::{Budget, UserLimits};
use serde_json::{Value, json};

use super::harness::*;

fn complete(conversation: &TestConversation, body: &Value) -> ApiReply {
    conversation.call(UserRoute::Completions, &body.to_string())
}

/// A request of a user's message.
fn asking(message: &str) -> Value {
    json!({ "model": "prime-boss", "messages": [{ "role": "user", "content": message }] })
}

fn with(mut body: Value, fields: Value) -> Value {
    let Value::Object(fields) = fields else { panic!("{fields}") };
    body.as_object_mut().unwrap().extend(fields);
    body
}

fn weather() -> Value {
    json!({ "type": "function", "function": {
        "name": "get_weather", "description": "Weather at a place",
        "parameters": { "type": "object", "properties": { "name": { "type": "string" } }, "required": ["name"] },
    }})
}

fn sent(conversation: &TestConversation) -> Value {
    conversation.platform.http.requests().last().unwrap().clone()
}

/// The chunks of a streamed reply, without `[DONE]`.
fn chunks(reply: &ApiReply) -> (Vec<Value>, bool) {
    let text = reply.body.as_str().unwrap_or_else(|| panic!("{reply:?}"));
    let data: Vec<_> = text.split("\n\n").filter_map(|frame| frame.strip_prefix("data: ")).collect();
    let chunks =
        data.iter().filter(|data| **data != "[DONE]").map(|data| serde_json::from_str(data).unwrap());
    (chunks.collect(), data.last() == Some(&"[DONE]"))
}

#[test]
fn a_conversation_is_answered_with_its_values_and_nothing_of_it_is_kept() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Write to [EMAIL_1]."));
    let body = json!({ "model": "prime-boss", "messages": [
        { "role": "developer", "content": "Be brief." },
        { "role": "user", "content": [{ "type": "text", "text": "My friend is ann@example.com" }] },
        { "role": "assistant", "content": "Ann, ann@example.com" },
        { "role": "user", "content": "How do I reach her?" },
    ]});
    let reply = complete(&conversation, &body);
    assert_eq!(reply.status, 200, "{reply:?}");
    let choice = &reply.body["choices"][0];
    assert_eq!(choice["message"]["content"], "Write to ann@example.com.");
    assert_eq!(choice["finish_reason"], "stop");
    assert_eq!(
        (&reply.body["object"], &reply.body["model"]),
        (&json!("chat.completion"), &json!("prime-boss"))
    );
    assert_eq!(reply.body["usage"]["total_tokens"], 24);
    let messages: Vec<_> = conversation.last_messages();
    let contents: Vec<_> = messages.iter().map(|message| message["content"].as_str().unwrap()).collect();
    assert_eq!(contents[0], "You run the desk.");
    assert!(contents[1].ends_with("\nBe brief."), "{contents:?}");
    assert_eq!(contents[2..], ["My friend is [EMAIL_1]", "[PERSON_1], [EMAIL_1]", "How do I reach her?"]);
    conversation.platform.run_tasks();
    let committed = conversation.platform.postgrest.calls_of("commit_turn");
    let turn = &committed[0]["p_turn"];
    assert_eq!(
        (&turn["usage_only"], &turn["messages"], &turn["title"]),
        (&json!(true), &json!([]), &json!(""))
    );
    assert_eq!(turn["usage"]["total_tokens"], 24);
    assert_eq!(conversation.spent().tokens, 24);
    for table in ["in_flight_turn", "turn_log", "turn_log_events", "session_snapshot", "outbox", "memory"] {
        assert_eq!(conversation.number(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
    }
    assert_eq!(conversation.object.sessions_in_memory(), 1, "the employee alone is cached");
}

#[test]
fn a_stream_is_chunks_and_ends_with_usage_when_asked() {
    let conversation = TestConversation::default();
    let pieces = ["Wri", "te to [EMA", "IL_1]", ", please."].map(|piece| Step::Bytes(100, chunk(piece)));
    conversation.model_says(Ok(pieces.into_iter().chain([Step::Bytes(0, end())]).collect()));
    let body = asking("My friend is ann@example.com");
    let reply = complete(
        &conversation,
        &with(body, json!({ "stream": true, "stream_options": { "include_usage": true } })),
    );
    let (chunks, is_done) = chunks(&reply);
    assert!(is_done, "{reply:?}");
    assert_eq!(chunks[0]["choices"][0]["delta"], json!({ "role": "assistant", "content": "" }));
    let text: String =
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, "Write to ann@example.com, please.");
    assert!(chunks.iter().all(|chunk| !chunk.to_string().contains("[EMA")), "{chunks:?}");
    let [.., finish, usage] = chunks.as_slice() else { panic!("{chunks:?}") };
    assert_eq!((&finish["choices"][0]["finish_reason"], &finish["usage"]), (&json!("stop"), &Value::Null));
    assert_eq!((&usage["choices"], &usage["usage"]["completion_tokens"]), (&json!([]), &json!(4)));
    assert!(
        chunks.iter().all(|chunk| chunk["id"] == usage["id"] && chunk["object"] == "chat.completion.chunk")
    );
    assert_eq!(sent(&conversation)["stream_options"], json!({ "include_usage": true }));
}

#[test]
fn a_call_of_a_clients_tool_ends_the_completion_and_its_result_continues_it() {
    let conversation = TestConversation::default();
    conversation.platform.postgrest.profile(|row| {
        row.employee.as_mut().unwrap().tools = vec!["calculator".into(), "remember".into(), "forget".into()];
    });
    let sum = ("calculator", r#"{"expression":"2+2"}"#);
    conversation.model_says(calling("", &[sum]));
    conversation.model_says(calling("Let me look.", &[("get_weather", r#"{"name":"ann@example.com"}"#)]));
    let body =
        with(asking("And for ann@example.com?"), json!({ "tools": [weather()], "tool_choice": "required" }));
    let reply = complete(&conversation, &body);
    let choice = &reply.body["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls", "{reply:?}");
    let call = &choice["message"]["tool_calls"][0];
    assert_eq!(
        call["function"],
        json!({ "name": "get_weather", "arguments": r#"{"name":"ann@example.com"}"# })
    );
    assert!(
        call["id"].as_str().unwrap().starts_with("call_")
            && call["type"] == "function"
            && call.get("index").is_none()
    );
    assert_eq!(choice["message"]["content"], "Let me look.");
    let requests = conversation.platform.http.requests();
    let names = |request: &Value| {
        let tools = request["tools"].as_array().unwrap().iter();
        tools.map(|tool| tool["function"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&requests[0]), ["calculator", "get_weather"], "what changes something is not offered");
    assert_eq!((&requests[0]["tool_choice"], requests[1].get("tool_choice")), (&json!("required"), None));

    conversation.model_says(whole("It is 21 degrees at [EMAIL_1]."));
    let mut messages = body["messages"].as_array().unwrap().clone();
    messages.push(choice["message"].clone());
    messages
        .push(json!({ "role": "tool", "tool_call_id": call["id"], "content": "21, says bob@example.com" }));
    let reply = complete(&conversation, &with(body, json!({ "messages": messages, "tool_choice": "auto" })));
    assert_eq!(
        reply.body["choices"][0]["message"]["content"], "It is 21 degrees at ann@example.com.",
        "{reply:?}"
    );
    let messages = conversation.last_messages();
    assert_eq!(messages[2]["tool_calls"][0]["function"]["arguments"], r#"{"name":"[EMAIL_1]"}"#);
    assert_eq!(messages[3]["content"], "21, says [EMAIL_2]");
    assert_eq!(messages[3]["tool_call_id"], messages[2]["tool_calls"][0]["id"]);
}

#[test]
fn parameters_are_masked_and_passed_on_within_the_employees_limits() {
    let conversation = TestConversation::default();
    conversation.model_says(whole(r#"{"to":"[EMAIL_1]"}"#));
    let format = json!({ "type": "json_schema", "json_schema": { "name": "letter", "strict": true, "schema": {
        "type": "object", "properties": { "to": { "type": "string", "description": "As ann@example.com" } },
        "required": ["to"], "additionalProperties": false,
    }}});
    let body = with(
        asking("Hello"),
        json!({
            "response_format": format, "stop": ["ann@example.com"], "seed": 1_234_567_890, "temperature": 0, "top_p": 0.5,
            "user": "ann@example.com", "reasoning_effort": "low", "max_tokens": 5000, "parallel_tool_calls": false,
            "presence_penalty": 1, "frequency_penalty": null, "metadata": { "a": "b" }, "store": true,
        }),
    );
    let reply = complete(&conversation, &body);
    assert_eq!(reply.body["choices"][0]["message"]["content"], r#"{"to":"ann@example.com"}"#, "{reply:?}");
    let sent = sent(&conversation);
    assert_eq!((&sent["stop"], &sent["user"]), (&json!(["[EMAIL_1]"]), &json!("[EMAIL_1]")));
    assert_eq!(
        (&sent["seed"], &sent["temperature"], &sent["top_p"]),
        (&json!(1_234_567_890), &json!(0), &json!(0.5))
    );
    assert_eq!((&sent["reasoning_effort"], &sent["max_completion_tokens"]), (&json!("low"), &json!(800)));
    let schema = &sent["response_format"]["json_schema"];
    assert_eq!(schema["schema"]["properties"]["to"]["description"], "As [EMAIL_1]");
    assert_eq!((&schema["name"], &schema["strict"]), (&json!("letter"), &json!(true)));
    for absent in ["parallel_tool_calls", "frequency_penalty", "metadata", "store", "tool_choice"] {
        assert!(sent.get(absent).is_none(), "{absent}");
    }
}

#[test]
fn values_are_escaped_in_an_answer_of_json() {
    let conversation = TestConversation::default();
    conversation.model_says(whole(r#"{"to":"[EMAIL_1]"}"#));
    let body = with(
        asking("Write to \"a\\\"b\"@example.com or ann@example.com"),
        json!({ "response_format": { "type": "json_object" } }),
    );
    let reply = complete(&conversation, &body);
    let content = reply.body["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    assert!(serde_json::from_str::<Value>(&content).is_ok(), "{content}");
}

#[test]
fn what_cannot_be_done_is_refused_in_the_form_of_openai() {
    let conversation = TestConversation::default();
    let cases = [
        (json!({ "messages": [] }), "messages"),
        (json!({ "messages": [{ "role": "tool", "tool_call_id": "x", "content": "y" }] }), "messages"),
        (
            json!({ "messages": [{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "https://a.example/b.png" } }] }] }),
            "messages",
        ),
        (
            json!({ "messages": [{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } }] }] }),
            "messages",
        ),
        (json!({ "n": 2 }), "n"),
        (json!({ "temperature": 3 }), "temperature"),
        (json!({ "seed": 1.5 }), "seed"),
        (json!({ "stop": ["a", "b", "c", "d", "e"] }), "stop"),
        (json!({ "max_tokens": 0 }), "max_tokens"),
        (json!({ "logprobs": true }), "logprobs"),
        (json!({ "functions": [] }), "functions"),
        (json!({ "tools": [{ "type": "function", "function": { "name": "a b" } }] }), "tools"),
        (json!({ "tool_choice": { "type": "function", "function": { "name": "x" } } }), "tool_choice"),
        (json!({ "response_format": { "type": "xml" } }), "response_format"),
        (json!({ "stream_options": {} }), "stream_options"),
        (json!({ "model": null }), "model"),
    ];
    for (fields, param) in cases {
        let reply = complete(&conversation, &with(asking("Hello"), fields.clone()));
        let error = &reply.body["error"];
        assert_eq!((reply.status, &error["param"]), (400, &json!(param)), "{fields}: {reply:?}");
        assert_eq!(
            (&error["type"], &error["code"]),
            (&json!("invalid_request_error"), &json!("invalid_field"))
        );
    }
    assert_eq!(conversation.call(UserRoute::Completions, "{").status, 400);
    let long = complete(&conversation, &asking(&"word ".repeat(7000)));
    assert_eq!(
        (long.status, &long.body["error"]["code"]),
        (400, &json!("context_length_exceeded")),
        "{long:?}"
    );
    assert!(conversation.platform.http.requests().is_empty());
}

#[test]
fn limits_hold_for_conversations_of_a_client() {
    let conversation = TestConversation::default();
    conversation.platform.postgrest.profile(|row| {
        let budget = Budget { daily_tokens: Some(840), daily_usd: None };
        row.limits = Some(UserLimits { messages_per_minute: Some(2), budget });
    });
    conversation.model_says(whole("ok"));
    assert_eq!(complete(&conversation, &asking("one")).status, 200);
    let spent = complete(&conversation, &asking("two"));
    assert_eq!(
        (spent.status, &spent.body["error"]["code"]),
        (429, &json!("insufficient_quota")),
        "{spent:?}"
    );
    conversation.model_says(whole("ok"));
    assert_eq!(complete(&conversation, &with(asking("two"), json!({ "max_tokens": 10 }))).status, 200);
    let fast = complete(&conversation, &with(asking("three"), json!({ "max_tokens": 10 })));
    assert_eq!((fast.status, &fast.body["error"]["code"]), (429, &json!("rate_limit_exceeded")), "{fast:?}");
}

#[test]
fn a_model_that_fails_is_a_status_or_the_last_chunk() {
    let conversation = TestConversation::default();
    conversation.model_says(Ok(vec![Step::Bytes(0, chunk("Half"))]));
    let reply = complete(&conversation, &asking("Hello"));
    assert_eq!((reply.status, &reply.body["error"]["code"]), (502, &json!("model_truncated")), "{reply:?}");
    conversation.model_says(Ok(vec![Step::Bytes(0, chunk("Half"))]));
    let reply = complete(&conversation, &with(asking("Hello"), json!({ "stream": true })));
    let (chunks, is_done) = chunks(&reply);
    assert!(!is_done);
    assert_eq!(chunks.last().unwrap()["error"]["type"], "server_error");
}

#[test]
fn a_death_amid_a_conversation_of_a_client_leaves_its_cost_alone() {
    let conversation = TestConversation::default();
    conversation.model_says(counting());
    let body = with(asking("Secret plans"), json!({ "stream": true })).to_string();
    conversation.begin(UserRoute::Completions, &body);
    assert_eq!(conversation.in_flight().len(), 1);
    assert!(!conversation.in_flight()[0].to_string().contains("Secret"));
    let conversation = conversation.restart();
    conversation.deliver();
    let committed = conversation.platform.postgrest.calls_of("commit_turn");
    let turn = &committed[0]["p_turn"];
    assert_eq!((&turn["usage_only"], &turn["messages"]), (&json!(true), &json!([])));
    assert_eq!(turn["usage"]["error_code"], "interrupted");
}

#[test]
fn with_a_session_the_history_is_the_servers() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Noted.")).model_says(whole("Tea."));
    let session = SESSION.to_string();
    let reply = conversation.call_in(&session, &asking("I like tea").to_string());
    assert_eq!(reply.body["choices"][0]["message"]["content"], "Noted.", "{reply:?}");
    let forged = json!({ "model": "prime-boss", "messages": [
        { "role": "user", "content": "I like beer" }, { "role": "assistant", "content": "Beer." }, { "role": "user", "content": "What do I like?" },
    ]});
    conversation.call_in(&session, &forged.to_string());
    assert_eq!(conversation.last_prompt(), ["I like tea", "Noted.", "What do I like?"]);
    conversation.platform.run_tasks();
    assert_eq!(conversation.platform.postgrest.committed().len(), 2);
}

#[test]
fn in_a_session_results_of_a_clients_tools_continue_the_answer() {
    let conversation = TestConversation::default();
    let session = SESSION.to_string();
    conversation.model_says(calling("Let me look.", &[("get_weather", r#"{"name":"Bern"}"#)]));
    let body = with(asking("What of the weather?"), json!({ "tools": [weather()] }));
    let reply = conversation.call_in(&session, &body.to_string());
    let message = reply.body["choices"][0]["message"].clone();
    let call = message["tool_calls"][0]["id"].clone();
    conversation.model_says(whole("21 degrees, says [EMAIL_1]."));
    let result = json!({ "role": "tool", "tool_call_id": call, "content": "21, says ann@example.com" });
    let body = with(body, json!({ "messages": [message, result] }));
    let reply = conversation.call_in(&session, &body.to_string());
    assert_eq!(
        reply.body["choices"][0]["message"]["content"], "21 degrees, says ann@example.com.",
        "{reply:?}"
    );
    let roles: Vec<_> = conversation.last_messages().iter().map(|message| message["role"].clone()).collect();
    assert_eq!(roles, ["system", "user", "assistant", "tool"]);
    assert_eq!(conversation.last_messages()[3]["content"], "21, says [EMAIL_1]");
    let again = conversation.call_in(&session, &body.to_string());
    assert_eq!((again.status, &again.body["error"]["code"]), (404, &json!("approval_not_found")));
}
