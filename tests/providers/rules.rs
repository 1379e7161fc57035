//! Rules by which providers refuse requests, with their words.

use serde_json::Value;

/// Top-level fields that OpenAI documents (<https://platform.openai.com/docs/api-reference/chat/create>), as far as they are sent.
const KNOWN_FIELDS: [&str; 17] = [
    "model",
    "messages",
    "tools",
    "tool_choice",
    "stream",
    "stream_options",
    "max_completion_tokens",
    "max_tokens",
    "temperature",
    "response_format",
    "top_p",
    "seed",
    "stop",
    "user",
    "reasoning_effort",
    "verbosity",
    "parallel_tool_calls",
];

/// A rule as the table has it.
pub(super) fn title(rule: &str) -> &'static str {
    match rule {
        "names" => "odd names of tools",
        "properties" => "tools without `properties`",
        "no_max_tokens" => "`max_tokens`",
        "no_max_completion_tokens" => "`max_completion_tokens`",
        "no_temperature" => "`temperature`",
        "no_stream_options" => "`stream_options`",
        "no_strict" => "`strict`",
        "no_json_schema" => "`json_schema`",
        "no_json_object" => "`json_object`",
        "known_fields" => "unknown fields",
        "has_max_tokens" => "no limit on tokens",
        "system_first" => "later system texts",
        "alternating" => "later system texts, neighbours of one role",
        "nine_ids" => "ids of calls but nine letters and digits",
        "no_blank_text" => "blank texts",
        "responses" => "fields of chat completions, `store`",
        "echo_encrypted" => "calls without their encrypted thought",
        "echo_signature" => "calls without their signature",
        "echo_reasoning" => "calls without `reasoning_content`",
        "echo_details" => "calls without `reasoning_details`",
        other => panic!("no rule {other}"),
    }
}

/// The refusal of a request by a rule, if it breaks it.
pub(super) fn refusal(rule: &str, request: &Value) -> Option<&'static str> {
    let has = |name: &str| request.get(name).is_some();
    let (is_broken, words) = match rule {
        "names" => (
            !names(request).iter().all(|name| is_name(name)),
            r#"{"error":{"message":"Invalid 'messages[2].tool_calls[0].function.name'","type":"invalid_request_error"}}"#,
        ),
        "properties" => (
            list(request, "/tools")
                .iter()
                .any(|tool| !tool["function"]["parameters"]["properties"].is_object()),
            r#"{"error":{"message":"object schema missing properties"}}"#,
        ),
        "no_max_tokens" => (
            has("max_tokens"),
            r#"{"error":{"message":"Use 'max_completion_tokens' instead.","param":"max_tokens"}}"#,
        ),
        "no_max_completion_tokens" => (
            has("max_completion_tokens"),
            r#"{"object":"error","message":"[{'type': 'extra_forbidden', 'loc': ('body', 'max_completion_tokens')}]","code":400}"#,
        ),
        "no_temperature" => (
            has("temperature"),
            r#"{"error":{"message":"Only the default (1) value is supported.","param":"temperature"}}"#,
        ),
        "no_stream_options" => (
            has("stream_options"),
            r#"{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#,
        ),
        "no_strict" => (
            list(request, "/tools").iter().any(|tool| tool["function"].get("strict").is_some()),
            r#"[{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"strict\" at 'tools[0].function'","status":"INVALID_ARGUMENT"}}]"#,
        ),
        "no_json_schema" => (
            request["response_format"]["type"] == "json_schema",
            r#"{"error":{"message":"This response_format type is unavailable now","type":"invalid_request_error"}}"#,
        ),
        "no_json_object" => (
            request["response_format"]["type"] == "json_object",
            r#"{"error":"'response_format.type' must be 'json_schema' or 'text'"}"#,
        ),
        "known_fields" => (
            request.as_object()?.keys().any(|name| !KNOWN_FIELDS.contains(&name.as_str())),
            r#"{"error":{"message":"Unrecognized request argument supplied"}}"#,
        ),
        "has_max_tokens" => (
            !has("max_tokens") && !has("max_completion_tokens"),
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"max_tokens: Field required"}}"#,
        ),
        "system_first" => (
            roles(request).iter().skip(1).any(|role| role == "system"),
            r#"{"error":{"code":500,"message":"System message must be at the beginning."}}"#,
        ),
        "alternating" => (
            !alternates(&roles(request)),
            r#"{"error":{"message":"Conversation roles must alternate user/assistant/user/assistant/..."}}"#,
        ),
        "nine_ids" => (
            !ids(request)
                .iter()
                .all(|id| id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric())),
            r#"{"object":"error","message":"Tool call id was x but must be a-z, A-Z, 0-9, with a length of 9.","type":"invalid_request_message_order"}"#,
        ),
        "no_blank_text" => (
            list(request, "/messages").iter().any(|message| message["content"] == ""),
            r#"{"detail":"The text field in the ContentBlock object is blank."}"#,
        ),
        "responses" => (
            has("messages") || has("max_tokens") || has("stream_options") || request["store"] != false,
            r#"{"error":{"message":"Unknown parameter","type":"invalid_request_error"}}"#,
        ),
        "echo_encrypted" => (
            {
                let items = list(request, "/input");
                let has_kind = |kind: &str| items.iter().any(|item| item["type"] == kind);
                has_kind("function_call") && !items.iter().any(|item| item["encrypted_content"] == "c2lnbmVk")
            },
            r#"{"error":{"message":"Item 'fc_1' was provided without its required 'reasoning' item"}}"#,
        ),
        "echo_signature" => (
            calls(request).iter().any(|call| {
                !call["extra_content"]["google"]["thought_signature"]
                    .as_str()
                    .is_some_and(|one| one.starts_with("c2lnbmVk"))
            }),
            r#"[{"error":{"code":400,"message":"Function call is missing a thought_signature","status":"INVALID_ARGUMENT"}}]"#,
        ),
        "echo_reasoning" => (
            calling(request).iter().any(|message| message["reasoning_content"] != "I think"),
            r#"{"error":{"message":"Missing `reasoning_content` field in the assistant message"}}"#,
        ),
        "echo_details" => (
            calling(request).iter().any(|message| {
                let details = &message["reasoning_details"];
                details[0]["text"] != "I think" || details[0]["signature"] != "c2lnbmVk"
            }),
            r#"{"error":{"message":"Invalid `signature` in `thinking` block","code":400}}"#,
        ),
        other => panic!("no rule {other}"),
    };
    is_broken.then_some(words)
}

fn list(request: &Value, path: &str) -> Vec<Value> {
    request.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn calling(request: &Value) -> Vec<Value> {
    let mut messages = list(request, "/messages");
    messages.retain(|message| message.get("tool_calls").is_some());
    messages
}

fn calls(request: &Value) -> Vec<Value> {
    calling(request).iter().flat_map(|message| list(message, "/tool_calls")).collect()
}

fn names(request: &Value) -> Vec<String> {
    let all = calls(request).into_iter().chain(list(request, "/tools"));
    all.map(|one| one["function"]["name"].as_str().unwrap_or_default().to_owned()).collect()
}

fn ids(request: &Value) -> Vec<String> {
    let of_calls = calls(request).into_iter().map(|call| call["id"].clone());
    let of_results = list(request, "/messages").into_iter().map(|message| message["tool_call_id"].clone());
    of_calls.chain(of_results).filter_map(|id| id.as_str().map(str::to_owned)).collect()
}

fn is_name(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    (1..=64).contains(&name.len()) && name.chars().all(is_allowed)
}

fn roles(request: &Value) -> Vec<String> {
    list(request, "/messages").iter().map(|message| message["role"].as_str().unwrap().to_owned()).collect()
}

/// True for an optional system text, and no neighbours of the user or of the assistant.
fn alternates(roles: &[String]) -> bool {
    let rest = roles.strip_prefix(&["system".to_owned()]).unwrap_or(roles);
    !rest.iter().any(|role| role == "system")
        && rest.windows(2).all(|pair| pair[0] != pair[1] || pair[0] == "tool")
}
