//! The last state of a turn: its record, and the shapes of everything that is stored.

use frontdesk::chat::usage::UsageSource;
use frontdesk::session::record::Status;
use serde_json::Value;

use super::harness::*;

#[test]
fn a_first_turn_is_answered_stored_and_committed() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Hello you"));
    let (seen, finished) = conversation.turn("Hello AI!").unwrap();
    assert_eq!((seen.text.as_str(), seen.is_finished), ("Hello you", true));
    assert!(conversation.platform.postgrest.committed().is_empty(), "the answer does not wait for Postgres");
    assert_eq!(conversation.deliver(), [""; 0]);

    let committed = conversation.platform.postgrest.committed();
    assert_eq!(committed, std::slice::from_ref(&finished.record));
    let [question, answer] = &finished.record.messages[..] else { panic!("a turn has two messages") };
    assert_eq!((question.content.as_str(), answer.content.as_str()), ("Hello AI!", "Hello you"));
    assert_eq!((question.parent_id, answer.parent_id), (None, Some(question.id)));
    assert!(question.created_at < answer.created_at);
    let usage = &finished.record.usage;
    assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (20, 4, 24));
    assert_eq!((usage.success, usage.usage_source, usage.ttft_ms), (true, UsageSource::Provider, Some(100)));
    assert!(conversation.outbox().is_empty() && conversation.in_flight().is_empty());
}

#[test]
fn a_stopped_answer_keeps_its_text_and_owes_its_counted_tokens() {
    let conversation = TestConversation::default();
    let prepared = conversation.prepare("Hello").unwrap();
    conversation.model_says(counting());
    let session = conversation.session();
    let mut seen = Seen::default();
    let finished = conversation.answer_to(SESSION, prepared, |event| {
        seen.see(event);
        if seen.frames == 5 && !seen.is_stopped {
            assert!(session.stop());
            assert!(!session.stop(), "once");
        }
    });
    assert!(seen.is_stopped && !seen.is_finished && seen.error.is_none());
    let answer = &finished.record.messages[1];
    assert_eq!((answer.content.as_str(), answer.status), (seen.text.as_str(), Status::Stopped));
    assert!(seen.text.starts_with("0 1 2 ") && !seen.text.contains("30"), "{}", seen.text);
    let usage = &finished.record.usage;
    assert_eq!((usage.success, usage.usage_source), (true, UsageSource::Estimated));
    assert!(usage.completion_tokens > 0 && usage.prompt_tokens > 0);
    assert!(!session.stop(), "nothing is left to stop");
}

#[test]
fn a_turn_whose_end_cannot_be_stored_says_so_and_is_closed_later() {
    let conversation = TestConversation::default();
    let prepared = conversation.prepare("Hello").unwrap();
    conversation.model_says(whole("Hello you"));
    conversation.refuse_writes("outbox");
    let (seen, finished) = conversation.answer(SESSION, prepared);
    assert!(seen.error.is_some() && !seen.is_finished, "{seen:?}");
    assert!(finished.fault.is_some());
    assert_eq!(conversation.in_flight().len(), 1, "the alarm closes it");
    conversation.refuse_nothing();
    conversation.ring();
    let committed = conversation.platform.postgrest.committed();
    assert_eq!((committed.len(), committed[0].turn_id), (1, finished.record.turn_id));
    assert_eq!(committed[0].messages[1].status, Status::Interrupted);
    conversation.model_says(whole("And again"));
    conversation.turn("Hello again").unwrap();
}

#[test]
fn a_cost_is_read_as_it_was_written() {
    let cost = 0.000_232_199_999_999_999_98_f64;
    let read: f64 = serde_json::from_str(&serde_json::to_string(&cost).unwrap()).unwrap();
    assert_eq!(read.to_bits(), cost.to_bits(), "or a replayed turn has another price");
}

#[test]
fn stored_rows_keep_their_shape() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Hello you"));
    let prepared = conversation.prepare("Hello AI!").unwrap();
    insta::assert_json_snapshot!("in_flight_turn", conversation.in_flight()[0]);
    conversation.answer(SESSION, prepared);
    insta::assert_json_snapshot!(
        "turn_record",
        conversation.column::<Value>("SELECT record AS json FROM outbox")[0]
    );
    let head = conversation.column::<Value>("SELECT head AS json FROM turn_log");
    let events = conversation.column::<Value>("SELECT events AS json FROM turn_log_events ORDER BY position");
    let ending = conversation.column::<Value>("SELECT ending AS json FROM turn_log");
    insta::assert_json_snapshot!("turn_log", (&head[0], events, &ending[0]));
    let snapshot = conversation.column::<Value>("SELECT snapshot AS json FROM session_snapshot");
    insta::assert_json_snapshot!("session_snapshot", snapshot[0]);
}
