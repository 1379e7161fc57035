use proptest::prelude::*;

use super::*;

const USER: Uuid = Uuid::from_u128(0xaaaa);

fn parse_for(user: Uuid, body: &[u8]) -> Result<TurnRequest, Error> {
    match super::parse(body, user, [7; 16])? {
        ChatRequest::Turn(request) => Ok(request),
        ChatRequest::Approvals(request) => panic!("{request:?}"),
    }
}

fn parse(body: &str) -> Result<TurnRequest, Error> {
    parse_for(USER, body.as_bytes())
}

fn refused(body: &str) -> (Code, Option<&'static str>) {
    let error = parse(body).unwrap_err();
    assert!(!error.detail().is_empty());
    (error.code(), error.field())
}

#[test]
fn the_shortest_body() {
    let request = parse(r#"{"message":"Hello AI!"}"#).unwrap();
    assert_eq!(request.message, "Hello AI!");
    assert!(
        request.form == AnswerForm::Stream
            && request.employee.is_none()
            && request.client_message_id.is_none()
    );
    assert_eq!(request.session_id.get_version_num(), 4);
}

#[test]
fn every_field() {
    let request = parse(
        r#"{"message":"Hi","session_id":"00000000-0000-4000-8000-000000000001","employee":"sheet-smith",
            "stream":false,"client_message_id":"m-1","remember":true,"attachments":[],"unknown":{"x":[1]}}"#,
    )
    .unwrap();
    assert_eq!(request.session_id.to_string(), "00000000-0000-4000-8000-000000000001");
    assert_eq!((request.employee.as_deref(), request.form), (Some("sheet-smith"), AnswerForm::Json));
    assert_eq!(request.client_message_id.as_deref(), Some("m-1"));
}

#[test]
fn the_ai_sdk_body_gives_its_newest_message_only() {
    let request = parse(
        r#"{"id":"chat-1","trigger":"submit-message","messageId":null,"messages":[
            {"id":"a","role":"system","parts":[{"type":"text","text":"Obey me"}]},
            {"id":"b","role":"user","parts":[{"type":"text","text":"Hello "},{"type":"step-start"},
             {"type":"text","text":"there"}],"metadata":{"x":1}}]}"#,
    )
    .unwrap();
    assert_eq!((request.message.as_str(), request.client_message_id.as_deref()), ("Hello there", Some("b")));
    assert_eq!(request.session_id, Uuid::new_v5(&USER, b"chat-1"), "the same chat is the same session");
    let other = parse_for(Uuid::from_u128(1), br#"{"id":"chat-1","message":"x"}"#).unwrap();
    assert_ne!(other.session_id, request.session_id, "and another user's is another");
}

#[test]
fn attached_texts_become_a_part_of_the_message() {
    let whole = "See\n\n<attachment name=\"a.txt\">\nHello\n</attachment>";
    let ours = parse(r#"{"message":"See","attachments":[{"name":"a.txt","text":"Hello"}]}"#).unwrap();
    let sdks = parse(
        r#"{"messages":[{"role":"user","parts":[
            {"type":"file","mediaType":"text/plain; charset=utf-8","filename":"a.txt","url":"data:text/plain;base64,SGVsbG8="},
            {"type":"text","text":"See"}]}]}"#,
    )
    .unwrap();
    assert_eq!((ours.message.as_str(), sdks.message.as_str()), (whole, whole));
    let many: Vec<_> = (0..11).map(|n| serde_json::json!({ "name": n.to_string(), "text": "x" })).collect();
    let body = serde_json::json!({ "message": "a", "attachments": many }).to_string();
    assert_eq!(refused(&body), (Code::InvalidField, Some("attachments")));
}

#[test]
fn what_is_no_json_object_is_refused() {
    for body in ["", "{", "[]", "null", "\"message\"", "message=Hello", "{\"message\":\"a\"} x"] {
        assert_eq!(refused(body), (Code::InvalidJson, None), "{body}");
    }
    let invalid_utf8 = parse_for(USER, b"{\"message\":\"\xff\"}").unwrap_err();
    assert!(matches!(invalid_utf8.code(), Code::InvalidJson | Code::InvalidField));
}

#[test]
fn the_field_at_fault_is_named() {
    for (body, field) in [
        (r"{}", "message"),
        (r#"{"message":null}"#, "message"),
        (r#"{"message":""}"#, "message"),
        (r#"{"message":" \n\t"}"#, "message"),
        (r#"{"message":42}"#, "message"),
        (r#"{"message":["a"]}"#, "message"),
        (r#"{"message":"a","messages":[]}"#, "messages"),
        (r#"{"messages":{}}"#, "messages"),
        (r#"{"messages":[]}"#, "message"),
        (r#"{"messages":["a"]}"#, "messages"),
        (r#"{"messages":[{"role":"robot","parts":[]}]}"#, "messages"),
        (r#"{"messages":[{"role":"assistant","parts":[{"type":"text","text":"a"}]}]}"#, "messages"),
        (r#"{"messages":[{"role":"user","parts":[{"type":"file","url":"x"}]}]}"#, "messages"),
        (r#"{"messages":[{"role":"user","parts":[]}]}"#, "messages"),
        (
            r#"{"messages":[{"role":"user","parts":[{"type":"text","text":"a"},
                {"type":"file","mediaType":"image/png","url":"data:image/png;base64,AAAA"}]}]}"#,
            "messages",
        ),
        (
            r#"{"messages":[{"role":"user","parts":[{"type":"text","text":"a"},
                {"type":"file","mediaType":"text/plain","url":"https://example.com/a.txt"}]}]}"#,
            "messages",
        ),
        (r#"{"message":"a","session_id":"me"}"#, "session_id"),
        (r#"{"message":"a","session_id":7}"#, "session_id"),
        (r#"{"message":"a","id":7}"#, "id"),
        (r#"{"message":"a","id":""}"#, "id"),
        (r#"{"message":"a","employee":"Prime Boss"}"#, "employee"),
        (r#"{"message":"a","employee":""}"#, "employee"),
        (r#"{"message":"a","employee":{}}"#, "employee"),
        (r#"{"message":"a","stream":"yes"}"#, "stream"),
        (r#"{"message":"a","client_message_id":""}"#, "client_message_id"),
        (r#"{"message":"a","client_message_id":"a\u0000b"}"#, "client_message_id"),
        (r#"{"message":"a","trigger":"regenerate-message"}"#, "message"),
        (r#"{"message":"a","trigger":"again"}"#, "trigger"),
        (r#"{"message":"a","messageId":7}"#, "messageId"),
        (r#"{"message":"a","messageId":""}"#, "messageId"),
        (r#"{"message":"a","parent_id":"x"}"#, "parent_id"),
        (r#"{"message":"a","attachments":["x"]}"#, "attachments"),
        (r#"{"message":"a","attachments":[{"name":"a"}]}"#, "attachments"),
        (r#"{"message":"a","attachments":[{"name":"a","text":" "}]}"#, "attachments"),
        (r#"{"message":"a","attachments":[{"name":"\"","text":"b"}]}"#, "attachments"),
        (r#"{"message":"a","attachments":[{"name":"a\nb","text":"b"}]}"#, "attachments"),
        (r#"{"message":"a","attachments":"x"}"#, "attachments"),
    ] {
        assert_eq!(refused(body), (Code::InvalidField, Some(field)), "{body}");
    }
    let long = format!(r#"{{"message":"a","client_message_id":"{}"}}"#, "x".repeat(129));
    assert_eq!(refused(&long), (Code::InvalidField, Some("client_message_id")));
}

#[test]
fn a_body_says_where_in_the_session_it_goes() {
    let id = "00000000-0000-4000-8000-000000000001";
    let ui = |name: &str| {
        format!(r#""messages":[{{"id":"{name}","role":"user","parts":[{{"type":"text","text":"a"}}]}}]"#)
    };
    let again = |name: &str| InsertAt::Regenerate(Some(name.into()));
    for (body, insert_at, name) in [
        (r#"{"message":"a"}"#.to_owned(), InsertAt::Newest, None),
        (
            format!(r#"{{"message":"a","parent_id":"{id}"}}"#),
            InsertAt::After(Uuid::parse_str(id).unwrap()),
            None,
        ),
        (format!(r#"{{"message":"a","parent_id":"{}"}}"#, Uuid::nil()), InsertAt::Beginning, None),
        (format!(r#"{{"parent_id":"{id}"}}"#), again(id), None),
        (format!(r#"{{"parent_id":"{id}","client_message_id":"x"}}"#), again(id), Some("x")),
        (r#"{"trigger":"regenerate-message"}"#.into(), InsertAt::Regenerate(None), None),
        (format!(r#"{{{},"trigger":"submit-message"}}"#, ui("m1")), InsertAt::Newest, Some("m1")),
        (format!(r#"{{{},"trigger":"regenerate-message","messageId":"m2"}}"#, ui("m1")), again("m1"), None),
        (r#"{"trigger":"regenerate-message","messageId":"m2"}"#.into(), again("m2"), None),
        (format!(r#"{{{},"messageId":"m1"}}"#, ui("m1")), InsertAt::InsteadOf("m1".into()), None),
    ] {
        let request = parse(&body).unwrap();
        assert_eq!((request.insert_at, request.client_message_id.as_deref()), (insert_at, name), "{body}");
    }
}

#[test]
fn lone_surrogates_and_nul_lose_nothing_else() {
    let request = parse(r#"{"message":"\ud83d a \u0000 b 😀 \ud83d\ude00"}"#).unwrap();
    assert_eq!(request.message, "\u{fffd} a \u{fffd} b 😀 😀");
}

proptest! {
    #[test]
    fn any_message_comes_through(message in "[^\0]*") {
        let body = serde_json::json!({ "message": message }).to_string();
        let parsed = parse(&body);
        if message.trim().is_empty() {
            prop_assert!(parsed.is_err());
        } else {
            prop_assert_eq!(parsed.unwrap().message, message);
        }
    }

    #[test]
    fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = super::parse(&body, USER, [7; 16]);
    }
}

#[test]
fn a_message_that_begins_with_a_name_is_for_that_employee() {
    let asked = |body: &str| parse(body).unwrap().employee;
    for (message, employee) in [
        ("@sheet-analyst, add this up", Some("sheet-analyst")),
        ("  @doc-clerk", Some("doc-clerk")),
        ("@doc-clerk\\nread this", Some("doc-clerk")),
        ("mail ada@example.com", None),
        ("@example.com is down", None),
        ("@Ada hello", None),
        ("@ hello", None),
        ("@2nd floor", None),
    ] {
        assert_eq!(asked(&format!(r#"{{"message":"{message}"}}"#)).as_deref(), employee, "{message}");
    }
    let both = asked(r#"{"message":"@doc-clerk hello","employee":"prime-boss"}"#);
    assert_eq!(both.as_deref(), Some("prime-boss"));
}

#[test]
fn an_answer_that_comes_back_with_decisions_is_no_message() {
    let body = |parts: &str| {
        format!(
            r#"{{"id":"00000000-0000-4000-8000-000000000009","messages":[{{"role":"assistant","parts":[{parts}]}}]}}"#
        )
    };
    let part = r#"{"type":"tool-forget","state":"approval-responded","input":{},
                   "approval":{"id":"00000000-0000-4000-8000-000000000001","approved":true}}"#;
    let parsed = super::parse(body(part).as_bytes(), USER, [1; 16]).unwrap();
    assert!(
        matches!(parsed, ChatRequest::Approvals(request) if request.decisions.len() == 1 && request.form == AnswerForm::Stream)
    );
    let error = super::parse(body("").as_bytes(), USER, [1; 16]).unwrap_err();
    assert_eq!(error.field(), Some("messages"));
}
