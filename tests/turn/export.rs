//! Export of everything that is stored of a user.

use frontdesk::api::routes::UserRoute;
use frontdesk::ports::DatabaseError;
use serde_json::{Value, json};

use super::harness::*;

fn lines(reply: &ApiReply) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.body.as_str().unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A user with a value, of whom everything is in Postgres.
fn conversation() -> TestConversation {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Noted."));
    conversation.turn("My friend is ann@example.com").unwrap();
    conversation.deliver();
    conversation
}

#[test]
fn all_pages_of_all_kinds_are_exported_with_the_users_values() {
    let conversation = conversation();
    let message = |n: u32| json!({ "kind": "message", "id": n, "content": "To [EMAIL_1]" });
    let postgrest = &conversation.platform.postgrest;
    postgrest.set_exported("message", (0..450).map(message).collect(), 60);
    postgrest.set_exported("value", vec![json!({ "kind": "value", "value": "[EMAIL_1]" })], 60);
    let lines = lines(&conversation.call(UserRoute::ExportUser, ""));
    assert_eq!(lines.len(), 452);
    for (n, line) in (0..450).zip(&lines) {
        assert_eq!((&line["id"], &line["content"]), (&json!(n), &json!("To ann@example.com")));
    }
    assert_eq!(lines[450]["value"], "ann@example.com");
    assert_eq!(lines[451], json!({ "kind": "end", "lines": 451 }));
    let calls = postgrest.calls_of("export_user");
    assert_eq!(calls[0]["p_limit"], 200, "and less after an answer that was too large");
    assert!(calls.iter().skip(1).all(|call| call["p_limit"] == 50), "{calls:?}");
}

#[test]
fn turns_that_postgres_lacks_are_exported_as_well() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Noted."));
    let (_, finished) = conversation.turn("My friend is ann@example.com").unwrap();
    conversation.platform.postgrest.refuse(finished.record.turn_id);
    let exported = lines(&conversation.call(UserRoute::ExportUser, ""));
    let [question, answer, end] = exported.as_slice() else { panic!("{exported:?}") };
    assert_eq!((&question["kind"], &question["session_id"]), (&json!("message"), &json!(SESSION)));
    assert_eq!(question["content"], "My friend is ann@example.com");
    assert_eq!((&answer["role"], &answer["content"]), (&json!("assistant"), &json!("Noted.")));
    assert_eq!(end["lines"], 2);
    conversation.platform.postgrest.refuse_none();
    conversation.platform.clock.advance(60_000);
    let exported = lines(&conversation.call(UserRoute::ExportUser, ""));
    assert_eq!(exported, [json!({ "kind": "end", "lines": 0 })], "now they are rows");
}

#[test]
fn an_export_that_breaks_off_does_not_look_whole() {
    let conversation = conversation();
    let postgrest = &conversation.platform.postgrest;
    let message = |n: u32| json!({ "kind": "message", "id": n });
    postgrest.set_exported("message", (0..450).map(message).collect(), 200);
    let unavailable = || DatabaseError::Unavailable("scripted".into());
    postgrest.fail_after("export_user", 3, unavailable());
    let lines = lines(&conversation.call(UserRoute::ExportUser, ""));
    assert_eq!(lines.last().unwrap()["error"]["code"], "database_unavailable");
    assert_eq!(lines.len(), 401, "two pages and the error");
    postgrest.fail("export_user", unavailable());
    assert_eq!(conversation.call(UserRoute::ExportUser, "").status, 503);
}
