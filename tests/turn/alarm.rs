//! The object's one alarm, for everything that is due later.

use frontdesk::ports::DatabaseError;
use frontdesk::session::log::KEPT_FOR;
use frontdesk::turn::WATCH_EVERY;
use serde_json::json;
use uuid::Uuid;

use super::harness::*;

#[test]
fn one_alarm_does_everything_that_is_due_and_then_none_is_set() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Hello"));
    let (_, finished) = conversation.turn("Mail ann@example.com").unwrap();
    let ended_at = conversation.now();
    assert!(conversation.platform.storage.alarm().unwrap() <= ended_at + WATCH_EVERY);
    let postgrest = &conversation.platform.postgrest;
    let mut rings = Vec::new();
    while conversation.platform.storage.alarm().is_some() {
        rings.push(conversation.platform.storage.alarm().unwrap() - ended_at);
        assert!(rings.len() < 10, "{rings:?}");
        conversation.ring();
    }
    // Delivery of the turn, of the vault, and background work once the conversation is idle.
    assert_eq!(postgrest.committed(), [finished.record]);
    assert_eq!(conversation.number("SELECT count(*) FROM vault_entry WHERE undelivered = 1"), 0);
    assert_eq!(postgrest.calls_of("unread_messages").len(), 1);
    // The deletion of the log, a day after its end.
    assert_eq!(rings.last(), Some(&KEPT_FOR), "{rings:?}");
    assert_eq!(conversation.number("SELECT count(*) FROM turn_log"), 0);
    assert_eq!(conversation.number("SELECT count(*) FROM turn_log_events"), 0);
    assert!(rings.len() <= 4, "{rings:?}");
    assert_eq!(conversation.number("SELECT count(*) FROM agenda"), 0);
}

#[test]
fn an_idle_object_sets_no_alarm() {
    let conversation = TestConversation::default();
    assert_eq!(conversation.platform.storage.alarm(), None);
    for _ in 0..3 {
        conversation.deliver();
        assert_eq!(conversation.platform.storage.alarm(), None);
    }
    let conversation = conversation.restart();
    assert_eq!(conversation.platform.storage.alarm(), None);
    assert!(conversation.platform.postgrest.calls().is_empty());
}

#[test]
fn work_that_fails_is_tried_again_with_pauses_that_grow() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Hello"));
    conversation.turn("Mail ann@example.com").unwrap();
    conversation.platform.postgrest.set_down(true);
    let began = conversation.now();
    let mut rings = 0;
    while conversation.now() < began + 60 * 60 * 1000 {
        assert!(conversation.ring(), "as long as something is due, an alarm is set");
        rings += 1;
    }
    // Every 30 s in the long run, for the turn and for the vault.
    assert!((60..=260).contains(&rings), "{rings} rings in an hour");
    conversation.platform.postgrest.set_down(false);
    conversation.platform.clock.advance(31_000);
    conversation.deliver();
    assert!(conversation.outbox().is_empty());
}

#[test]
fn a_turn_wakes_the_object_when_nothing_else_is_due() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Hello"));
    conversation.turn("one").unwrap();
    while conversation.platform.storage.alarm().unwrap() < START + KEPT_FOR {
        conversation.ring();
    }
    conversation.prepare("two").unwrap();
    assert_eq!(conversation.platform.storage.alarm(), Some(conversation.now() + WATCH_EVERY));
}

#[test]
fn a_running_turn_is_watched() {
    let conversation = TestConversation::default();
    let slowly = (0..6).map(|_| Step::Bytes(9_000, chunk("word "))).chain([Step::Bytes(0, end())]);
    conversation.model_says(Ok(slowly.collect()));
    let live = conversation.send(request("Hello")).unwrap();
    let pending = std::future::pending::<()>();
    conversation.platform.run_until(std::pin::pin!(pending), || live.answer().len() > 15);
    conversation.platform.storage.ring();
    conversation.platform.block_on(conversation.object.alarm());
    assert_eq!(conversation.platform.storage.alarm(), Some(conversation.now() + WATCH_EVERY));
    let next = conversation.restart();
    assert_eq!(next.outbox().len(), 1, "and if the object dies, the next one closes the turn");
    assert!(next.platform.storage.alarm().is_some(), "and delivers it");
}

#[test]
fn an_alarm_in_a_new_object_finishes_its_predecessors_work() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Hello"));
    conversation.turn("Mail ann@example.com").unwrap();
    let next = conversation.restart();
    assert!(next.platform.storage.alarm().is_some());
    next.platform.clock.advance(10_000);
    next.deliver();
    assert_eq!(next.platform.postgrest.committed_questions(), ["Mail [EMAIL_1]"]);
    assert_eq!(next.number("SELECT count(*) FROM vault_entry WHERE undelivered = 1"), 0);
}

#[test]
fn a_failed_delivery_does_not_wait_for_background_work() {
    let conversation = TestConversation::default();
    let postgrest = &conversation.platform.postgrest;
    conversation.model_says(whole("Hello"));
    conversation.turn("one").unwrap();
    postgrest.set_pending(vec![json!({ "id": Uuid::from_u128(1), "text": "one" })]);
    conversation.object.plan_background().unwrap();
    conversation.platform.http.hangs_with_vectors(true);
    postgrest.fail("commit_turn", DatabaseError::Unavailable("scripted".into()));
    conversation.platform.clock.advance(20_000);
    conversation.platform.storage.ring();
    let rang_at = conversation.now();
    conversation.platform.block_on(conversation.object.alarm());
    let mut forever = std::pin::pin!(std::future::pending::<()>());
    let asks = || postgrest.calls_of("pending_memories").len();
    conversation.platform.run_until(forever.as_mut(), || asks() > 0);
    // The vectors hang for a minute, and the next try is not put off until then.
    assert!(conversation.platform.storage.alarm().unwrap() <= rang_at + 2000);
    postgrest.mend("commit_turn");
    conversation.platform.clock.advance(1000);
    conversation.platform.block_on(conversation.object.alarm());
    assert_eq!(postgrest.committed_questions(), ["one"]);
}
