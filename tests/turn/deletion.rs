//! Changes to a session, and its deletion: everything of it but the cost, whatever happens meanwhile.

use frontdesk::api::routes::UserRoute;
use frontdesk::ports::{Blobs as _, DatabaseError};
use serde_json::{Value, json};
use uuid::Uuid;

use super::harness::*;

fn rows(conversation: &TestConversation, query: &str) -> Vec<Value> {
    conversation.platform.storage.read(query).as_array().unwrap().clone()
}

fn delete(conversation: &TestConversation, session: Uuid) -> ApiReply {
    let reply = conversation.call(UserRoute::DeleteSession(session), "");
    conversation.platform.storage.confirm();
    reply
}

/// A session with a turn, and another one, whose turns Postgres lacks.
fn two_sessions() -> TestConversation {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Berries.")).model_says(whole("Bees."));
    conversation.turn("What grows for ann@example.com?").unwrap();
    conversation.turn_in(OTHER_SESSION, "What flies?").unwrap();
    conversation
}

#[test]
fn a_deleted_session_leaves_its_cost_and_no_more() {
    let conversation = two_sessions();
    let ledger = rows(&conversation, "SELECT * FROM ledger");
    assert_eq!(delete(&conversation, SESSION), ApiReply { status: 204, body: Value::Null });
    for table in ["turn_log", "session_snapshot"] {
        let left = rows(&conversation, &format!("SELECT session_id FROM {table}"));
        assert_eq!(left, [json!({ "session_id": OTHER_SESSION })], "{table}");
    }
    let left = format!("{:?}", conversation.platform.storage.read("SELECT * FROM turn_log_events"));
    assert!(left.contains("Bees") && !left.contains("Berries"), "{left}");
    let threads = rows(&conversation, "SELECT DISTINCT thread FROM memory");
    assert_eq!(threads, [json!({ "thread": OTHER_SESSION })]);
    assert_eq!(rows(&conversation, "SELECT * FROM ledger"), ledger);

    conversation.deliver();
    let committed = conversation.platform.postgrest.committed();
    assert_eq!(committed.len(), 2);
    assert!(committed[0].messages.is_empty() && committed[0].title.is_empty());
    assert_eq!(committed[0].usage.total_tokens, 24, "what it cost is on record");
    assert_eq!(committed[1].messages[0].content, "What flies?");
    assert_eq!(conversation.call(UserRoute::Session(SESSION), "").status, 404);
}

#[test]
fn a_running_turn_is_stopped_and_brings_nothing_back() {
    let conversation = TestConversation::default();
    conversation.model_says(counting());
    let live = conversation.send(request("Count")).unwrap();
    let pending = std::future::pending::<()>();
    conversation.platform.run_until(std::pin::pin!(pending), || live.answer().contains("3 "));
    assert_eq!(delete(&conversation, SESSION).status, 204);
    conversation.platform.run_tasks();
    assert!(live.is_closed() && !live.answer().contains("39"));
    for table in ["in_flight_turn", "outbox", "turn_log", "session_snapshot", "memory", "session_deletion"] {
        assert_eq!(rows(&conversation, &format!("SELECT * FROM {table}")), [Value::Null; 0], "{table}");
    }
    assert_eq!(conversation.call(UserRoute::Sessions, "").body["data"], json!([]));
}

#[test]
fn a_turn_that_is_on_its_way_to_postgres_is_dropped_there() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Berries."));
    conversation.platform.postgrest.slow_down(SESSION);
    conversation.send(request("What grows?")).unwrap();
    let pending = std::future::pending::<()>();
    let functions = || conversation.platform.postgrest.functions();
    conversation
        .platform
        .run_until(std::pin::pin!(pending), || functions().contains(&"commit_turn".to_owned()));
    assert_eq!(delete(&conversation, SESSION).status, 204, "it does not wait for the delivery");
    assert!(conversation.platform.postgrest.committed().is_empty());
    conversation.platform.run_tasks();
    let committed = conversation.platform.postgrest.committed();
    assert!(committed.len() == 1 && committed[0].messages.is_empty());
    assert_eq!(rows(&conversation, "SELECT * FROM outbox"), [Value::Null; 0]);
}

#[test]
fn a_deletion_that_postgres_does_not_take_is_tried_again_and_no_turn_begins_meanwhile() {
    let conversation = two_sessions();
    conversation.platform.postgrest.set_down(true);
    let refused = delete(&conversation, SESSION);
    assert_eq!((refused.status, &refused.body["code"]), (503, &json!("database_unavailable")));
    let again = conversation.send(request("Hello?")).unwrap_err();
    assert_eq!(again.code().as_str(), "session_not_found");
    assert_eq!(conversation.call(UserRoute::Session(SESSION), "").status, 404);
    assert_eq!(conversation.call(UserRoute::Messages(SESSION), "").status, 404);

    // The object dies, and the next one goes on.
    let next = conversation.restart();
    next.platform.postgrest.set_down(false);
    while !rows(&next, "SELECT * FROM session_deletion").is_empty() {
        assert!(next.ring());
    }
    let calls = next.platform.postgrest.calls_of("delete_session");
    assert!(calls.len() >= 2, "{calls:?}");
    assert!(calls.iter().all(|call| call["p_requested_at"] == calls[0]["p_requested_at"]), "one request");
    assert_eq!(rows(&next, "SELECT * FROM agenda WHERE job = 'session_deletion'"), [Value::Null; 0]);
    assert_eq!(rows(&next, "SELECT DISTINCT thread FROM memory"), [json!({ "thread": OTHER_SESSION })]);

    next.platform.clock.advance(1);
    next.model_says(whole("Anew."));
    next.send(request("Hello?")).unwrap();
    next.platform.run_tasks();
    assert_eq!(next.last_prompt(), ["Hello?"], "the session begins anew");
    assert_eq!(next.platform.postgrest.committed().last().unwrap().messages[1].content, "Anew.");
}

#[test]
fn files_of_a_session_are_deleted_with_it() {
    let conversation = two_sessions();
    let blobs = &conversation.platform.blobs;
    for name in ["1", "2"] {
        let key = format!("{USER}/00000000-0000-4000-8000-00000000000{name}");
        conversation.platform.block_on(blobs.put(&key, vec![1])).unwrap();
    }
    let file = Uuid::from_u128(0x4000_8000_0000_0000_0001);
    conversation.platform.postgrest.set_session_files(&[file]);
    assert_eq!(delete(&conversation, SESSION).status, 204);
    assert_eq!(blobs.keys(), [format!("{USER}/00000000-0000-4000-8000-000000000002")]);
}

#[test]
fn a_session_of_nobody_is_not_deleted() {
    let conversation = two_sessions();
    let reply = delete(&conversation, Uuid::from_u128(7));
    assert_eq!((reply.status, &reply.body["code"]), (404, &json!("session_not_found")));
    assert_eq!(rows(&conversation, "SELECT * FROM session_deletion"), [Value::Null; 0]);
    assert_eq!(conversation.outbox().iter().map(|record| record.messages.len()).sum::<usize>(), 4);
}

#[test]
fn a_title_is_masked_before_it_is_stored_and_shown_with_its_values() {
    let conversation = two_sessions();
    conversation.deliver();
    let body = r#"{"title":"Letters to ann@example.com","pinned":true}"#;
    let reply = conversation.call(UserRoute::UpdateSession(SESSION), body);
    assert_eq!((reply.status, &reply.body["title"]), (200, &json!("Letters to ann@example.com")));
    let call = conversation.platform.postgrest.calls_of("update_session").pop().unwrap();
    let changes = json!({ "title": "Letters to [EMAIL_1]", "archived": null, "pinned": true });
    assert_eq!((&call["p_changes"], &call["p_undelivered"]), (&changes, &Value::Null));
    let reply = conversation.call(UserRoute::Session(SESSION), "");
    let (title, pinned) = (&reply.body["title"], &reply.body["pinned"]);
    assert_eq!((title, pinned), (&json!("Letters to ann@example.com"), &json!(true)));
    let unknown = conversation.call(UserRoute::UpdateSession(Uuid::from_u128(7)), body);
    assert_eq!((unknown.status, &unknown.body["code"]), (404, &json!("session_not_found")));
}

#[test]
fn a_session_is_there_before_postgres_has_it() {
    let conversation = two_sessions();
    let reply = conversation.call(UserRoute::Session(SESSION), "");
    assert_eq!(reply.status, 200);
    let expected = json!({
        "id": SESSION, "title": "What grows for ann@example.com?", "employee_slug": "prime-boss",
        "archived": false, "pinned": false, "message_count": 2,
        "created_at": "2026-11-23T08:00:00Z", "last_message_at": "2026-11-23T08:00:00.100Z",
    });
    assert_eq!(reply.body, expected);
    let unavailable = DatabaseError::Unavailable("scripted".into());
    conversation.platform.postgrest.fail("update_session", unavailable);
    let reply = conversation.call(UserRoute::UpdateSession(SESSION), r#"{"archived":true}"#);
    assert_eq!(reply.status, 503);
    let call = conversation.platform.postgrest.calls_of("update_session").pop().unwrap();
    let undelivered = json!({
        "employee_slug": "prime-boss", "title": "What grows for [EMAIL_1]?", "created_at": "2026-11-23T08:00:00Z",
    });
    assert_eq!(call["p_undelivered"], undelivered);
}

#[test]
fn a_deletion_goes_on_after_its_object_died_on_the_way() {
    let conversation = two_sessions();
    conversation.deliver();
    {
        let deleting = conversation.object.delete_session(&conversation.user, SESSION);
        let is_sent = || !conversation.platform.postgrest.calls_of("delete_session").is_empty();
        conversation.platform.run_until(std::pin::pin!(deleting), is_sent);
    }
    let next = conversation.restart();
    assert_eq!(next.call(UserRoute::Messages(SESSION), "").status, 404);
    while !rows(&next, "SELECT * FROM session_deletion").is_empty() {
        assert!(next.ring());
    }
    assert_eq!(rows(&next, "SELECT DISTINCT thread FROM memory"), [json!({ "thread": OTHER_SESSION })]);
    assert_eq!(
        rows(&next, "SELECT DISTINCT session_id FROM turn_log"),
        [json!({ "session_id": OTHER_SESSION })]
    );
    let calls = next.platform.postgrest.calls_of("delete_session");
    assert!(calls.len() > 1 && calls.iter().all(|call| call["p_requested_at"] == calls[0]["p_requested_at"]));
}

#[test]
fn an_erasure_ends_the_deletions_that_were_under_way() {
    let conversation = two_sessions();
    conversation.platform.postgrest.fail("delete_session", DatabaseError::Unavailable("scripted".into()));
    assert_eq!(delete(&conversation, SESSION).status, 503);
    conversation.platform.block_on(conversation.object.erase(&conversation.user)).unwrap();
    assert_eq!(rows(&conversation, "SELECT * FROM session_deletion"), [Value::Null; 0]);
    assert_eq!(rows(&conversation, "SELECT * FROM agenda"), [Value::Null; 0]);
}
