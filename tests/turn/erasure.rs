//! Erasure of a user: everything but the ledger.

use frontdesk::error::Code;
use frontdesk::ports::{Blobs as _, Sql as _};
use serde_json::Value;

use super::agent_loop::with_tools;
use super::harness::*;

fn rows(conversation: &TestConversation, table: &str) -> Vec<Value> {
    conversation.platform.storage.read(&format!("SELECT * FROM {table}")).as_array().unwrap().clone()
}

#[test]
fn erasure_empties_the_object_but_keeps_the_ledger() {
    let conversation = with_tools(&["forget"]);
    let arguments = r#"{"what":"Bern","facts":["00000000-0000-0000-0000-00000000fac7"]}"#;
    conversation.model_says(calling("One moment.", &[("forget", arguments)]));
    conversation.turn("Forget ann@example.com").unwrap();
    conversation.model_says(whole("Hello"));
    conversation.turn_in(OTHER_SESSION, "Hello").unwrap();
    let blobs = &conversation.platform.blobs;
    let file = format!("{USER}/1");
    conversation.platform.block_on(blobs.put(&file, vec![1])).unwrap();
    conversation.platform.block_on(blobs.put("another/1", vec![1])).unwrap();
    let emptied = [
        "in_flight_turn",
        "outbox",
        "pending_approval",
        "session_snapshot",
        "turn_log",
        "turn_log_events",
        "vault_entry",
        "vault_key",
    ];
    for table in emptied.iter().skip(1) {
        assert!(!rows(&conversation, table).is_empty(), "{table} has something to erase");
    }
    let ledger = rows(&conversation, "ledger");
    conversation.platform.block_on(conversation.object.erase(&conversation.user)).unwrap();
    for table in emptied {
        assert_eq!(rows(&conversation, table), [Value::Null; 0], "{table}");
    }
    assert!(ledger.len() == 2 && rows(&conversation, "ledger") == ledger);
    assert_eq!(blobs.keys(), ["another/1"]);
}

#[test]
fn after_an_erasure_nothing_opens_and_a_session_remembers_nothing() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("ok")).model_says(whole("[EMAIL_1]?"));
    conversation.turn("Mail ann@example.com").unwrap();
    conversation.deliver();
    let entry = rows(&conversation, "vault_entry")[0]["entry"].as_str().unwrap().to_owned();
    conversation.platform.block_on(conversation.object.erase(&conversation.user)).unwrap();

    let (seen, _) = conversation.turn("Who was it?").unwrap();
    assert_eq!(seen.text, "[EMAIL_1]?");
    assert_eq!(conversation.last_prompt(), ["Who was it?"], "its history is erased");
    // A copy of an old entry cannot be opened with the new key.
    let statement = "INSERT INTO vault_entry (placeholder, entry, undelivered) VALUES ('[EMAIL_1]', ?, 0)";
    conversation.platform.storage.exec(statement, &[(&entry).into()]).unwrap();
    conversation.platform.storage.confirm();
    let stolen = conversation.restart();
    assert_eq!(stolen.refusal("x"), Code::PrivacyUnavailable);
}

#[test]
fn an_erasure_that_postgres_does_not_take_erases_nothing_here() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("ok")).model_says(whole("[EMAIL_1]"));
    conversation.turn("Mail ann@example.com").unwrap();
    conversation.platform.postgrest.set_down(true);
    let erased = conversation.platform.block_on(conversation.object.erase(&conversation.user));
    assert_eq!(erased.unwrap_err().code(), Code::DatabaseUnavailable);
    assert_eq!(conversation.turn("Who was it?").unwrap().0.text, "ann@example.com");
}

/// Postgres carries out a request once, and answers its further attempts with the counts of the first.
#[test]
fn every_attempt_of_an_erasure_names_the_moment_of_its_request() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("ok"));
    conversation.turn("Mail ann@example.com").unwrap();
    let erase = || conversation.platform.block_on(conversation.object.erase(&conversation.user));
    conversation.platform.postgrest.set_down(true);
    assert_eq!(erase().unwrap_err().code(), Code::DatabaseUnavailable);
    conversation.platform.postgrest.set_down(false);
    conversation.platform.clock.advance(60_000);
    erase().unwrap();
    conversation.platform.clock.advance(60_000);
    erase().unwrap();
    let calls = conversation.platform.postgrest.calls_of("erase_user");
    let moments: Vec<_> = calls.iter().map(|call| call["p_requested_at"].as_str().unwrap()).collect();
    assert_eq!(moments.len(), 3);
    assert_eq!(moments[0], moments[1], "the same request");
    assert!(moments[1] < moments[2], "a new request: {moments:?}");
}

#[test]
fn a_turn_that_runs_during_an_erasure_ends_and_leaves_nothing_that_opens() {
    let conversation = TestConversation::default();
    let words = (0..4).map(|_| Step::Bytes(500, chunk("[EMAIL_1] "))).chain([Step::Bytes(0, end())]);
    conversation.model_says(Ok(words.collect()));
    let live = conversation.send(request("Mail ann@example.com")).unwrap();
    let pending = std::future::pending::<()>();
    conversation.platform.run_until(std::pin::pin!(pending), || !live.answer().is_empty());
    conversation.platform.block_on(conversation.object.erase(&conversation.user)).unwrap();
    conversation.platform.run_tasks();
    assert!(live.is_closed());
    assert!(rows(&conversation, "in_flight_turn").is_empty());
    assert!(rows(&conversation, "vault_entry").is_empty());
}
