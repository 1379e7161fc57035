//! Delivery of finished turns: in order within a session, and no session waits for another.

use std::pin::pin;

use frontdesk::chat::tool_call::CallOutcome;
use frontdesk::ports::DatabaseError;
use frontdesk::session::approval::Decision;
use frontdesk::session::outbox::PARKED_FOR;
use frontdesk::turn::finish::FinishedTurn;
use serde_json::json;

use super::agent_loop::{FACT, with_tools};
use super::harness::postgrest::SLOW_COMMIT;
use super::harness::*;

/// Attempts of the records in the outbox, oldest first.
fn attempts(conversation: &TestConversation) -> Vec<u64> {
    let rows = conversation.platform.storage.read("SELECT attempts FROM outbox ORDER BY position");
    rows.as_array().unwrap().iter().map(|row| row["attempts"].as_u64().unwrap()).collect()
}

/// Rings the alarm when the next delivery is due: a failure puts it off.
fn deliver_when_due(conversation: &TestConversation) -> Vec<String> {
    conversation.platform.clock.advance(31_000);
    conversation.deliver()
}

#[test]
fn delivery_stops_at_a_sessions_first_failure_and_counts_it() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("a")).model_says(whole("b"));
    conversation.turn("one").unwrap();
    conversation.turn("two").unwrap();
    conversation.platform.postgrest.fail("commit_turn", DatabaseError::Unavailable("scripted".into()));
    for _ in 0..2 {
        assert_eq!(deliver_when_due(&conversation), ["database_unavailable"]);
    }
    assert_eq!(attempts(&conversation), [2, 0], "the second waits for the first");
    assert_eq!(conversation.deliver(), [""; 0], "it is not tried again before its time");
    assert_eq!(attempts(&conversation), [2, 0]);
}

#[test]
fn a_record_longer_than_a_row_is_stored_in_parts_and_delivered_whole() {
    let conversation = TestConversation::default();
    // A control character has six bytes in JSON.
    let answer = "\u{1}ö".repeat(150_000);
    conversation.model_says(whole(&answer));
    conversation.platform.postgrest.fail("commit_turn", DatabaseError::Unavailable("scripted".into()));
    conversation.turn("one").unwrap();
    let longest = |column: &str, table: &str| {
        let rows = conversation
            .platform
            .storage
            .read(&format!("SELECT max(length(cast({column} AS BLOB))) AS most FROM {table}"));
        rows[0]["most"].as_u64()
    };
    assert!(longest("record", "outbox").is_some_and(|most| most <= 1_000_000));
    assert!(longest("text", "outbox_part").is_some_and(|most| most <= 1_000_000));
    conversation.platform.postgrest.mend("commit_turn");
    deliver_when_due(&conversation);
    assert_eq!(conversation.platform.postgrest.committed_questions(), ["one"]);
    assert_eq!((longest("record", "outbox"), longest("text", "outbox_part")), (None, None));
}

#[test]
fn a_delivery_that_fails_after_its_turn_is_tried_again_by_the_alarm() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("two"));
    conversation.platform.postgrest.fail("commit_turn", DatabaseError::Unavailable("scripted".into()));
    conversation.send(request("one")).unwrap();
    conversation.platform.run_tasks();
    assert_eq!(conversation.platform.storage.alarm(), Some(conversation.now() + 1000));
    conversation.platform.postgrest.mend("commit_turn");
    conversation.ring();
    assert_eq!(conversation.platform.postgrest.committed_questions(), ["one"]);
}

#[test]
fn a_record_that_postgres_refuses_is_parked_and_never_dropped() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("two")).model_says(whole("four"));
    let (_, poison) = conversation.turn("one").unwrap();
    let (_, next) = conversation.turn("three").unwrap();
    let postgrest = &conversation.platform.postgrest;
    postgrest.refuse(poison.record.turn_id);
    for _ in 0..6 {
        assert_eq!(deliver_when_due(&conversation), ["database_refused"]);
        assert!(postgrest.committed().is_empty(), "in order, as long as there is hope");
    }
    assert_eq!(deliver_when_due(&conversation), [""; 0]);
    assert_eq!(postgrest.committed(), [next.record]);
    let reason = "commit_turn: status 400, 23514".to_owned();
    assert_eq!(postgrest.parked(), [(poison.record.turn_id, reason)], "operators are told");
    // By that moment Postgres knows a call that comes after an erasure.
    let started_at = &postgrest.calls_of("park_turn")[0]["p_started_at"];
    assert_eq!(*started_at, serde_json::json!(poison.record.started_at));
    assert_eq!(conversation.outbox().len(), 1);

    postgrest.refuse_none();
    deliver_when_due(&conversation);
    assert_eq!(conversation.outbox().len(), 1, "not at once");
    conversation.platform.clock.advance(PARKED_FOR);
    conversation.deliver();
    assert_eq!(postgrest.committed()[1], poison.record);
    assert!(conversation.outbox().is_empty());
}

/// An overload may end within minutes; a turn that Postgres can never save in time must not hold up the others for ever.
#[test]
fn a_record_that_takes_postgres_too_long_is_parked_after_some_minutes() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("two"));
    let (_, slow) = conversation.turn("one").unwrap();
    let postgrest = &conversation.platform.postgrest;
    let late = DatabaseError::TimedOut("commit_turn: status 500, 57014".into());
    postgrest.fail("commit_turn", late);
    let began = conversation.now();
    while postgrest.parked().is_empty() {
        let faults = deliver_when_due(&conversation);
        assert!(faults == ["database_timeout"] || !postgrest.parked().is_empty(), "{faults:?}");
    }
    let minutes = (conversation.now() - began) / 60_000;
    assert!((5..20).contains(&minutes), "{minutes}");
    assert_eq!(postgrest.parked()[0].0, slow.record.turn_id);
    postgrest.mend("commit_turn");
    conversation.platform.clock.advance(PARKED_FOR);
    conversation.deliver();
    assert_eq!(postgrest.committed(), [slow.record]);
}

#[test]
fn two_parts_of_an_answer_do_not_wait_for_each_other() {
    let conversation = with_tools(&["forget"]);
    let asks = || calling("One moment.", &[("forget", &format!(r#"{{"what":"Bern","facts":["{FACT}"]}}"#))]);
    let waiting = |finished: &FinishedTurn| match finished.record.messages[0]
        .tool_calls
        .last()
        .map(|call| &call.outcome)
    {
        Some(CallOutcome::Waiting { approval_id, .. }) => *approval_id,
        other => panic!("{other:?}"),
    };
    let allow = |id| vec![Decision { id, approved: true, reason: None, input: None }];
    conversation.model_says(asks()).model_says(asks()).model_says(whole("Forgotten."));
    let (_, first) = conversation.turn("Forget where I live").unwrap();
    conversation.deliver();
    let postgrest = &conversation.platform.postgrest;
    let CallOutcome::Waiting { approval_id, .. } = first.record.messages[1].tool_calls[0].outcome else {
        panic!("{first:?}")
    };
    let (_, second) = conversation.decide(allow(approval_id)).unwrap();
    postgrest.refuse(second.record.turn_id);
    for _ in 0..7 {
        deliver_when_due(&conversation);
    }
    conversation.decide(allow(waiting(&second))).unwrap();
    deliver_when_due(&conversation);
    postgrest.refuse_none();
    // The later part was parked later, and is still parked when the earlier one is tried again.
    conversation.platform.clock.advance(PARKED_FOR - 20_000);
    conversation.deliver();
    assert_eq!(postgrest.committed().last(), Some(&second.record));
    conversation.platform.clock.advance(PARKED_FOR);
    conversation.deliver();
    assert!(conversation.outbox().is_empty(), "{:?}", conversation.outbox());
}

#[test]
fn a_session_whose_newest_turn_is_refused_goes_on_from_it() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("two")).model_says(whole("four")).model_says(whole("six"));
    let (_, first) = conversation.turn("one").unwrap();
    let postgrest = &conversation.platform.postgrest;
    postgrest.refuse(first.record.turn_id);
    for _ in 0..7 {
        deliver_when_due(&conversation);
    }
    assert_eq!(postgrest.parked().len(), 1);
    conversation.session().cache.take();
    let (_, second) = conversation.turn("three").unwrap();
    assert_eq!(conversation.last_prompt(), ["one", "two", "three"]);
    conversation.deliver();
    assert_eq!(postgrest.committed_questions(), ["three"]);
    conversation.session().cache.take();
    conversation.turn("five").unwrap();
    let newest = second.record.messages[1].id;
    assert_eq!(postgrest.path_ends().last(), Some(&json!(newest)), "not from the refused one");
}

#[test]
fn storage_that_does_not_delete_a_delivered_record_is_not_tried_without_a_pause() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("two"));
    conversation.turn("one").unwrap();
    conversation.refuse_writes("outbox");
    assert!(!conversation.deliver().is_empty());
    assert!(conversation.platform.storage.alarm().unwrap() > conversation.now());
}

#[test]
fn a_refused_record_of_one_session_does_not_hold_up_another() {
    let conversation = TestConversation::default();
    for answer in ["two", "four", "b"] {
        conversation.model_says(whole(answer));
    }
    let (_, poison) = conversation.turn("one").unwrap();
    conversation.turn("three").unwrap();
    conversation.turn_in(OTHER_SESSION, "a").unwrap();
    conversation.platform.postgrest.refuse(poison.record.turn_id);
    assert_eq!(conversation.deliver(), ["database_refused"]);
    assert_eq!(conversation.platform.postgrest.committed_questions(), ["a"]);
    let left: Vec<_> = conversation.outbox().iter().map(|record| record.session_id).collect();
    assert_eq!(left, [SESSION, SESSION], "and the refused one's session keeps its order");
}

#[test]
fn a_slow_record_of_one_session_does_not_hold_up_another() {
    let conversation = TestConversation::default();
    for answer in ["two", "four", "b", "d"] {
        conversation.model_says(whole(answer));
    }
    conversation.turn("one").unwrap();
    conversation.turn("three").unwrap();
    conversation.turn_in(OTHER_SESSION, "a").unwrap();
    conversation.turn_in(OTHER_SESSION, "c").unwrap();
    let postgrest = conversation.platform.postgrest.clone();
    postgrest.slow_down(SESSION);
    let began = conversation.now();
    let mut alarm = pin!(conversation.object.alarm());
    conversation.platform.run_until(alarm.as_mut(), || postgrest.committed_questions() == ["a", "c"]);
    assert!(conversation.now() < began + SLOW_COMMIT);
    conversation.platform.block_on(alarm);
    assert_eq!(postgrest.committed_questions(), ["a", "c", "one", "three"]);
    assert!(conversation.outbox().is_empty());
}

#[test]
fn a_record_that_is_on_its_way_is_not_sent_a_second_time() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("two"));
    let postgrest = conversation.platform.postgrest.clone();
    postgrest.slow_down(SESSION);
    let live = conversation.send(request("one")).unwrap();
    let pending = std::future::pending::<()>();
    conversation
        .platform
        .run_until(pin!(pending), || live.is_closed() && postgrest.calls_of("commit_turn").len() == 1);
    conversation.platform.clock.advance(10_000);
    conversation.deliver();
    assert!(conversation.outbox().is_empty());
    assert_eq!(postgrest.calls_of("commit_turn").len(), 1);
}

#[test]
fn records_of_many_sessions_are_delivered_by_one_alarm_and_the_next() {
    let conversation = TestConversation::default();
    for n in 0..150 {
        conversation.model_says(whole("ok"));
        conversation.turn_in(uuid::Uuid::from_u128(0x1000 + n), "Hello").unwrap();
    }
    conversation.deliver();
    while !conversation.outbox().is_empty() {
        assert!(conversation.platform.storage.alarm().unwrap() <= conversation.now() + 10_000);
        assert!(conversation.ring());
    }
    assert_eq!(conversation.platform.postgrest.committed().len(), 150);
}
