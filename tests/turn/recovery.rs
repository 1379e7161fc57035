//! A dead object's turns: closed honestly by the next one, and nothing twice.

use frontdesk::session::record::Status;
use frontdesk::stream::ui_messages::UiEncoder;
use frontdesk::turn::WATCH_EVERY;
use pii::unmask::PlaceholderMap;

use super::harness::*;

#[test]
fn an_object_that_dies_in_mid_answer_leaves_an_interrupted_turn_and_nothing_twice() {
    let conversation = TestConversation::default();
    let prepared = conversation.prepare("Hello").unwrap();
    let alarm = conversation.platform.storage.alarm();
    assert_eq!(alarm, Some(START + WATCH_EVERY), "the object wakes to look after it");
    // The answer runs for some seconds; then the object is gone between two reads.
    conversation.model_says(counting());
    conversation.answer_until(SESSION, prepared, |seen| seen.frames == 31);

    let next = conversation.restart();
    assert_eq!(next.platform.host.faults(), ["interrupted"]);
    let [record] = &next.outbox()[..] else { panic!("one record") };
    let record = record.clone();
    let next = next.restart();
    assert_eq!(next.outbox(), std::slice::from_ref(&record), "once");
    next.deliver();
    next.deliver();
    assert_eq!(next.platform.postgrest.committed(), std::slice::from_ref(&record));
    let [question, answer] = &record.messages[..] else { panic!("a turn has two messages") };
    assert_eq!((question.content.as_str(), answer.status), ("Hello", Status::Interrupted));
    assert!(answer.content.starts_with("0 1 2 ") && answer.content.ends_with(' '), "{}", answer.content);
    assert_eq!(record.usage.error_code.as_deref(), Some("interrupted"));

    // A reader that has more frames than were stored gets the end too.
    let log = next.stored_log(record.turn_id).unwrap();
    let mut encoder = UiEncoder::resuming(record.turn_id, 34);
    let mut frames = String::new();
    log.replay(|_| PlaceholderMap::default(), |event| frames.push_str(&encoder.encode(event)));
    assert!(frames.contains("\"error\"") && !encoder.is_behind(), "{frames}");
}

#[test]
fn a_turn_is_durable_before_its_first_byte_and_gone_before() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Hello"));
    let live = conversation.send(request("Hello")).unwrap();
    assert_eq!(live.text(), "");
    let pending = std::future::pending::<()>();
    conversation.platform.run_until(std::pin::pin!(pending), || !live.text().is_empty());
    let next = conversation.restart();
    assert_eq!(next.outbox().len(), 1, "the reader got a byte, and the message is kept");

    let conversation = TestConversation::default();
    conversation.prepare("Hello").unwrap();
    let next = conversation.restart();
    assert!(next.outbox().is_empty() && next.in_flight().is_empty());
}

#[test]
fn an_interrupted_turn_is_history_when_postgres_has_it_and_is_out_of_reach() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("two"));
    conversation.turn("one").unwrap();
    conversation.prepare("three").unwrap();
    conversation.platform.storage.confirm();

    let next = conversation.restart();
    let interrupted = next.outbox().pop().unwrap();
    next.deliver();
    assert!(next.outbox().is_empty());
    next.platform.postgrest.set_down(true);
    next.model_says(whole("five"));
    let (_, finished) = next.turn("four").unwrap();
    assert_eq!(next.last_prompt(), ["one", "two", "three", "four"]);
    assert_eq!(finished.record.messages[0].parent_id, Some(interrupted.messages[1].id));
}

#[test]
fn turns_of_several_sessions_are_closed_and_one_that_cannot_be_read_holds_up_no_other() {
    let conversation = TestConversation::default();
    conversation.prepare("one").unwrap();
    let other = frontdesk::turn::request::TurnRequest { session_id: OTHER_SESSION, ..request("two") };
    conversation.prepare_request(other).unwrap();
    let broken = "UPDATE in_flight_turn SET turn = '{}' WHERE session_id = ?";
    let session = SESSION.to_string();
    frontdesk::ports::Sql::exec(&conversation.platform.storage, broken, &[session.as_str().into()]).unwrap();
    conversation.platform.storage.confirm();

    let next = conversation.restart();
    let [record] = &next.outbox()[..] else { panic!("one record") };
    assert_eq!((record.session_id, record.messages[1].status), (OTHER_SESSION, Status::Interrupted));
    assert_eq!(next.platform.host.faults().len(), 2, "{:?}", next.platform.host.lines());
    next.model_says(whole("three"));
    next.turn("two").unwrap();
}
