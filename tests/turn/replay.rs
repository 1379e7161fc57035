//! Replay: the same events and frames as the first time, to a reader that resumes and to a message that arrives twice.

use frontdesk::session::log::KEPT_FOR;
use frontdesk::stream::ui_messages::{FrameId, UiEncoder};
use frontdesk::turn::request::{AnswerForm, TurnRequest};
use frontdesk::user::TurnReply;
use pii::unmask::PlaceholderMap;
use serde_json::Value;

use super::agent_loop::with_tools;
use super::harness::conversation::stream;
use super::harness::*;

fn named(name: &str) -> TurnRequest {
    TurnRequest { client_message_id: Some(name.into()), ..request("one") }
}

#[test]
fn a_turn_is_replayed_event_by_event() {
    let conversation = TestConversation::default();
    let steps = ["To [EM", "AIL_1], ", "[1", "] and [EMAIL_1"].map(|text| Step::Bytes(200, chunk(text)));
    conversation.model_says(Ok(steps.into_iter().chain([Step::Bytes(10, end())]).collect()));
    let prepared = conversation.prepare("Mail ann@example.com").unwrap();
    let session = conversation.session();
    let user = conversation.object.user(&conversation.user);
    let mut live = Vec::new();
    let finished = conversation.answer_to(SESSION, prepared, |event| {
        live.push(format!("{event:?}"));
        // A reader that joins at any moment gets everything so far.
        let mut replayed = Vec::new();
        let log = session.log.borrow();
        let log = log.as_ref().unwrap();
        let values = user.placeholder_map(&log.visible_placeholders(), &log.head.policy);
        log.replay(|_| values.clone(), |event| replayed.push(format!("{event:?}")));
        assert!(
            replayed.len() >= live.len() && replayed[..live.len()] == live[..],
            "{replayed:?} after {live:?}"
        );
    });
    // And hours later, from storage.
    let log = conversation.stored_log(finished.record.turn_id).unwrap();
    let values = user.placeholder_map(&log.visible_placeholders(), &log.head.policy);
    let mut replayed = Vec::new();
    log.replay(|_| values.clone(), |event| replayed.push(format!("{event:?}")));
    assert_eq!(replayed, live);
    assert!(!format!("{log:?}").contains("ann@example.com"), "the log has placeholders");
}

#[test]
fn calls_are_replayed_as_they_were() {
    let conversation = with_tools(&["calculator"]);
    conversation
        .model_says(calling("One.", &[("calculator", r#"{"expression":"1"}"#), ("nothing", "{}")]))
        .model_says(whole("Two."));
    let (seen, finished) = conversation.turn("Go").unwrap();
    let in_memory = conversation.session().log.borrow().clone().unwrap();
    for log in [in_memory, conversation.stored_log(finished.record.turn_id).unwrap()] {
        let mut replayed = Seen::default();
        log.replay(|_| PlaceholderMap::default(), |event| replayed.see(event));
        assert_eq!((replayed.text, replayed.calls), (seen.text.clone(), seen.calls.clone()));
    }
}

#[test]
fn a_reader_that_resumes_before_the_first_event_gets_it_once() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Hello"));
    let prepared = conversation.prepare("Hi").unwrap();
    let session = conversation.session();
    let ctx = conversation.object.turn(&conversation.user, &session);
    let early = conversation.platform.block_on(ctx.replay(None)).unwrap().unwrap();
    assert_eq!((early.frames.as_str(), early.is_running), ("", true));
    let mut encoder = UiEncoder::new(prepared.turn_id());
    let mut live = String::new();
    conversation.answer_to(SESSION, prepared, |event| live.push_str(&encoder.encode(event)));
    assert_eq!(live.matches("\"type\":\"start\"").count(), 1);
}

#[test]
fn a_reader_that_resumes_gets_the_frames_that_it_lacks_and_the_rest_live() {
    let conversation = TestConversation::default();
    let words = ["one ", "two ", "three "].map(|text| Step::Bytes(200, chunk(text)));
    conversation.model_says(Ok(words.into_iter().chain([Step::Bytes(200, end())]).collect()));
    let live = conversation.send(named("first")).unwrap();
    let pending = std::future::pending::<()>();
    conversation.platform.run_until(std::pin::pin!(pending), || live.answer() == "one ");
    let after = FrameId::parse(&live.last_id().unwrap());
    let before = live.text();

    let session = conversation.session();
    let resumed =
        conversation.platform.block_on(conversation.object.resume(&conversation.user, &session, after));
    let resumed = stream(resumed.unwrap());
    conversation.platform.run_tasks();
    assert_eq!(resumed.answer(), "two three ");
    assert_eq!([before, resumed.text()].concat(), live.text());
    assert!(live.is_closed() && resumed.is_closed());

    // After the end there is nothing left for a reader that has everything.
    let all = FrameId::parse(&live.last_id().unwrap());
    let resumed =
        conversation.platform.block_on(conversation.object.resume(&conversation.user, &session, all));
    assert!(matches!(resumed, Ok(TurnReply::Nothing)));
}

#[test]
fn a_message_that_arrives_twice_is_answered_once() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Hello"));
    let first = conversation.send(named("first")).unwrap();
    let while_it_runs = conversation.send(named("first")).unwrap();
    conversation.platform.run_tasks();
    let after_it_ended = conversation.send(named("first")).unwrap();
    assert_eq!((first.answer().as_str(), first.text()), ("Hello", while_it_runs.text()));
    assert_eq!(first.text(), after_it_ended.text());
    assert!(after_it_ended.is_closed());

    let cold = conversation.restart();
    assert_eq!(cold.send(named("first")).unwrap().text(), first.text());
    assert_eq!(cold.platform.http.requests().len(), 1);
}

#[test]
fn a_whole_answer_is_one_json_object_however_often_it_is_asked_for() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Mail [EMAIL_1]"));
    let whole = |conversation: &TestConversation| {
        let request = TurnRequest { form: AnswerForm::Json, ..request("ann@example.com") };
        let reply = conversation.object.take_turn(&conversation.user, request);
        let Ok(TurnReply::Whole(json, _)) = conversation.platform.block_on(reply) else { panic!("no JSON") };
        serde_json::from_str::<Value>(&json).unwrap()
    };
    let first = whole(&conversation);
    assert_eq!(
        (&first["message"], &first["finish_reason"]),
        (&"Mail ann@example.com".into(), &"stop".into())
    );
    assert_eq!(first["usage"]["total_tokens"], 24);
    assert_eq!(whole(&conversation), first);
    assert_eq!(whole(&conversation.restart()), first);
}

#[test]
fn an_earlier_turn_is_found_as_long_as_its_log_is_kept() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("a")).model_says(whole("b"));
    let (_, first) = conversation.turn_with(named("first")).unwrap();
    let find = |name| {
        let session = conversation.session();
        conversation.object.turn(&conversation.user, &session).earlier_turn(&named(name)).unwrap()
    };
    assert_eq!((find("first"), find("second")), (Some(first.record.turn_id), None));
    conversation.platform.clock.advance(KEPT_FOR + 1000);
    conversation.turn_with(named("second")).unwrap();
    conversation.deliver();
    assert_eq!(find("first"), None, "its time is over");
    assert!(find("second").is_some());
}
