//! Search of sessions by the words of their messages and titles.

use frontdesk::api::routes::UserRoute;
use frontdesk::turn::request::TurnRequest;
use serde_json::{Value, json};
use uuid::Uuid;

use super::harness::*;

fn nth(n: u128) -> Uuid {
    Uuid::from_u128(0x1000 + n)
}

/// Sessions with these questions and answers, all in Postgres.
fn with_turns(turns: &[(&str, &str)]) -> TestConversation {
    let conversation = TestConversation::default();
    for (n, (question, answer)) in (0..).zip(turns) {
        conversation.model_says(whole(answer));
        conversation.turn_in(nth(n), question).unwrap();
    }
    conversation.deliver();
    conversation
}

fn search(conversation: &TestConversation, query: &str) -> Vec<(u128, Vec<String>)> {
    let reply = conversation.call_with(UserRoute::Sessions, &format!("q={query}"), "");
    assert_eq!(reply.status, 200, "{reply:?}");
    let matches = |row: &Value| {
        row["matches"].as_array().unwrap().iter().map(|one| one["snippet"].as_str().unwrap().into()).collect()
    };
    let number = |row: &Value| Uuid::try_parse(row["id"].as_str().unwrap()).unwrap().as_u128() - 0x1000;
    reply.body["data"].as_array().unwrap().iter().map(|row| (number(row), matches(row))).collect()
}

#[test]
fn sessions_are_found_by_all_words_of_a_query_in_any_form() {
    let turns =
        [("Where do bees live?", "In hives."), ("Do bees sting in Bern?", "Some do."), ("Hello", "Hi.")];
    let conversation = with_turns(&turns);
    let both = [(0, vec!["Where do bees live?".into()]), (1, vec!["Do bees sting in Bern?".into()])];
    assert_eq!(search(&conversation, "bees"), both);
    assert_eq!(search(&conversation, "bee"), both);
    assert_eq!(search(&conversation, "bern+bees"), both[1..]);
    assert_eq!(search(&conversation, "ber"), both[1..], "a word that is still being written");
    assert_eq!(search(&conversation, "hive"), [(0, vec!["In hives.".into()])]);
    assert_eq!(search(&conversation, "bees+hello"), []);
    assert_eq!(search(&conversation, "%3F"), []);
}

#[test]
fn a_title_that_was_changed_is_found_and_one_that_is_not_remembered_by_its_title_alone() {
    let conversation = with_turns(&[("Where do bees live?", "In hives.")]);
    conversation.call(UserRoute::UpdateSession(nth(0)), r#"{"title":"Apiary"}"#);
    assert_eq!(search(&conversation, "apia"), [(0, vec![])]);
    conversation.model_says(whole("Then it is secret."));
    let request = TurnRequest { session_id: nth(1), remember: false, ..request("My hidden plan") };
    conversation.turn_with(request).unwrap();
    conversation.deliver();
    assert_eq!(search(&conversation, "hidden"), [(1, vec![])]);
    assert_eq!(search(&conversation, "secret"), []);
}

#[test]
fn values_are_found_by_their_parts_and_none_leaves() {
    let conversation =
        with_turns(&[("Write to ann@example.com", "Done."), ("Write to bob@example.org", "Done.")]);
    let found = [(0, vec!["Write to ann@example.com".into()])];
    assert_eq!(search(&conversation, "ann%40example.com"), found);
    assert_eq!(search(&conversation, "write+ANN"), found);
    assert_eq!(search(&conversation, "example").len(), 2);
    let values = conversation.number("SELECT count(*) FROM vault_entry");
    assert_eq!(search(&conversation, "zoe%40example.com"), [], "an unknown value is in no text");
    assert_eq!(conversation.number("SELECT count(*) FROM vault_entry"), values, "and is not stored");
    let calls = conversation.platform.postgrest.calls_of("list_sessions");
    assert!(!format!("{calls:?}").contains("ann@"), "{calls:?}");
    assert_eq!(calls[0]["p_words"], json!([["email1", "[EMAIL_1]"]]));
    conversation.model_says(whole("Still [EMAIL_1]."));
    let (seen, _) = conversation.turn_in(nth(0), "Who?").unwrap();
    assert_eq!(seen.text, "Still ann@example.com.");
}

#[test]
fn passages_of_documents_and_deleted_sessions_are_not_found() {
    let conversation = with_turns(&[("Where do bees live?", "In hives.")]);
    let passage = json!({
        "id": Uuid::from_u128(9), "message_id": null, "document_id": Uuid::from_u128(8), "document": "bees.txt",
        "content": "Bees live in hives.", "content_tokens": 6, "occurred_at": "2026-11-23T08:00:00Z",
    });
    conversation.platform.remember(&[passage]);
    assert_eq!(search(&conversation, "bees").len(), 1);
    assert_eq!(conversation.call(UserRoute::DeleteSession(nth(0)), "").status, 204);
    assert_eq!(search(&conversation, "bees"), []);
}
