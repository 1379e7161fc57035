//! The turn, natively, over scripted ports.

mod learning;
mod limits;
mod memory;
mod models;
mod privacy;
mod scripted;
mod tools;
mod tree;

use frontdesk::error::Code;
use frontdesk::model::usage::UsageSource;
use frontdesk::ports::ModelError;
use frontdesk::ports::{Journal, Ports};
use frontdesk::retell;
use frontdesk::session::load::Role;
use frontdesk::session::log::{KEPT_FOR, LogEnding};
use frontdesk::session::outbox;
use frontdesk::session::record::Status;
use frontdesk::session::tree::Leaf;
use frontdesk::stream::ui::UiEncoder;
use frontdesk::turn::{self, WATCH_EVERY};
use futures::FutureExt as _;
use futures::executor::block_on;
use futures::future::join;
use pii::unmask::PlaceholderMap;
use scripted::*;
use uuid::Uuid;

const BUSY: ModelError = ModelError::Status { status: 503, retry_after: None };

#[test]
fn a_first_turn_is_answered_kept_and_committed() {
    let desk = Desk::default();
    desk.model_says(whole("Hello Ada"));
    let (seen, answered) = desk.turn("Hello AI!").unwrap();
    assert_eq!((seen.text.as_str(), seen.finished), ("Hello Ada", true));
    assert!(desk.ports.database.committed.borrow().is_empty(), "nothing waits for Postgres");
    desk.deliver().unwrap();

    let committed = desk.ports.database.committed.borrow();
    assert_eq!(*committed, std::slice::from_ref(&answered.record));
    let [question, answer] = &answered.record.messages[..] else { panic!("a turn has two messages") };
    assert_eq!((question.content.as_str(), answer.content.as_str()), ("Hello AI!", "Hello Ada"));
    assert_eq!((question.parent_id, answer.parent_id), (None, Some(question.id)));
    assert!(question.created_at < answer.created_at);
    let usage = &answered.record.usage;
    assert_eq!((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens), (20, 4, 24));
    assert_eq!((usage.success, usage.usage_source, usage.ttft_ms), (true, UsageSource::Provider, Some(100)));
    assert!(desk.ports.journal.outbox.borrow().is_empty());
}

#[test]
fn a_second_turn_remembers_the_first_without_asking_postgres() {
    let desk = Desk::default();
    desk.model_says(whole("Hello Ada")).model_says(whole("You said hello"));
    let (_, first) = desk.turn("Hello").unwrap();
    let (_, second) = desk.turn("What did I say?").unwrap();
    assert_eq!(desk.last_prompt(), ["Hello", "Hello Ada", "What did I say?"]);
    assert_eq!(desk.ports.database.load_count.get(), 1);
    assert_eq!(second.record.messages[0].parent_id, Some(first.record.messages[1].id));
}

#[test]
fn a_cold_object_reads_history_once_and_adds_what_postgres_has_not_yet() {
    let history = vec![message(1, Role::User, "earlier"), message(2, Role::Assistant, "answer")];
    let before = Desk::default();
    before.ports.database.loads.borrow_mut().push_back(Ok(loaded(history.clone())));
    before.model_says(whole("two"));
    before.turn("one").unwrap();

    let mut cold = Desk::default();
    cold.ports.journal = before.ports.journal;
    cold.ports.database.loads.borrow_mut().push_back(Ok(loaded(history)));
    cold.model_says(whole("three"));
    cold.turn("now").unwrap();
    assert_eq!(cold.last_prompt(), ["earlier", "answer", "one", "two", "now"]);
    assert_eq!(*cold.ports.database.asked_for.borrow(), [Leaf::At(Uuid::from_u128(2))]);
}

#[test]
fn what_is_delivered_while_postgres_is_read_is_not_missed() {
    let before = Desk::default();
    before.model_says(whole("two"));
    let (_, first) = before.turn("one").unwrap();

    let mut cold = Desk::default();
    cold.ports.journal = before.ports.journal;
    cold.model_says(whole("four"));
    // Postgres is read before it has the first turn, and answers after it got it.
    let preparing = turn::prepare(&cold.state, user(), ask("three"), &cold.config, &cold.ports);
    let Ports { database, user, journal, clock, .. } = &cold.ports;
    let (prepared, delivered) = block_on(join(preparing, outbox::deliver(database, user, journal, clock)));
    delivered.unwrap();
    let answered = block_on(turn::answer(prepared.unwrap(), &cold.state, &cold.config, &cold.ports, |_| ()));
    assert_eq!(cold.last_prompt(), ["one", "two", "three"]);
    assert_eq!(answered.record.messages[0].parent_id, Some(first.record.messages[1].id));
}

#[test]
fn while_postgres_is_out_of_reach_a_known_session_goes_on_even_in_a_new_object() {
    let desk = Desk::default();
    desk.model_says(whole("two"));
    desk.turn("one").unwrap();
    desk.ports.database.down.set(true);
    assert!(desk.deliver().is_err());
    let alarm = desk.ports.journal.alarm.get().unwrap();
    assert_eq!(alarm, desk.ports.clock.now.get() + 1000, "delivery is tried again by an alarm");

    let mut cold = Desk::default();
    cold.ports.journal = desk.ports.journal;
    cold.ports.database.down.set(true);
    cold.model_says(whole("four"));
    cold.turn("three").unwrap();
    assert_eq!(cold.last_prompt(), ["one", "two", "three"]);
    cold.ports.database.down.set(false);
    cold.deliver().unwrap();
    let committed = cold.ports.database.committed.borrow();
    let first: Vec<_> = committed.iter().map(|record| record.messages[0].content.as_str()).collect();
    assert_eq!(first, ["one", "three"], "in order, each once");
}

#[test]
fn an_interrupted_turn_is_remembered_when_postgres_has_it_and_is_out_of_reach() {
    let desk = Desk::default();
    desk.model_says(whole("two"));
    desk.turn("one").unwrap();
    block_on(turn::prepare(&desk.state, user(), ask("three"), &desk.config, &desk.ports)).unwrap();

    let mut next = Desk::default();
    next.ports.journal = desk.ports.journal;
    let interrupted = turn::recover(&next.ports.journal, &next.ports.clock, &next.config).unwrap();
    next.deliver().unwrap();
    next.ports.database.down.set(true);
    next.model_says(whole("five"));
    let (_, answered) = next.turn("four").unwrap();
    assert_eq!(next.last_prompt(), ["one", "two", "three", "four"]);
    assert_eq!(answered.record.messages[0].parent_id, Some(interrupted.messages[1].id));
}

#[test]
fn a_new_session_without_postgres_is_refused_and_nothing_is_kept() {
    let desk = Desk::default();
    desk.ports.database.down.set(true);
    assert_eq!(desk.turn("Hello").unwrap_err().code(), Code::DatabaseUnavailable);
    assert!(desk.ports.journal.open.borrow().is_none());
    assert!(!desk.state.is_busy(), "the next try is let in");
}

#[test]
fn foreign_sessions_and_unknown_employees_are_named() {
    let desk = Desk::default();
    let mut foreign = loaded(vec![]);
    foreign.foreign = true;
    let mut nobody = loaded(vec![]);
    nobody.employee = None;
    desk.ports.database.loads.borrow_mut().extend([Ok(foreign), Ok(nobody)]);
    let error = desk.turn("Hello").unwrap_err();
    assert_eq!((error.code(), error.field()), (Code::SessionNotFound, Some("session_id")));
    let error = desk.turn("Hello").unwrap_err();
    assert_eq!((error.code(), error.field()), (Code::UnknownEmployee, Some("employee")));
}

#[test]
fn asking_for_another_employee_reads_that_one() {
    let desk = Desk::default();
    desk.model_says(whole("a")).model_says(whole("b"));
    desk.turn("one").unwrap();
    let mut other = loaded(vec![]);
    other.employee.as_mut().unwrap().slug = "sheets".into();
    desk.ports.database.loads.borrow_mut().push_back(Ok(other));
    let mut ask = ask("two");
    ask.employee = Some("sheets".into());
    let (_, answered) = desk.turn_with(ask).unwrap();
    assert_eq!(answered.record.employee_slug, "sheets");
    assert_eq!(desk.last_prompt(), ["one", "a", "two"], "its history is the session's");
}

#[test]
fn memory_that_grew_old_is_read_again() {
    let desk = Desk::default();
    desk.model_says(whole("a")).model_says(whole("b"));
    desk.turn("one").unwrap();
    desk.deliver().unwrap();
    desk.ports.clock.now.set(START + 11 * 60 * 1000);
    desk.turn("two").unwrap();
    assert_eq!(desk.ports.database.load_count.get(), 2);
}

#[test]
fn one_turn_at_a_time() {
    let desk = Desk::default();
    let first = block_on(turn::prepare(&desk.state, user(), ask("one"), &desk.config, &desk.ports)).unwrap();
    let second = block_on(turn::prepare(&desk.state, user(), ask("two"), &desk.config, &desk.ports));
    assert_eq!(second.unwrap_err().code(), Code::TurnInProgress);
    desk.model_says(whole("a")).model_says(whole("b"));
    let mut free_at_finish = false;
    block_on(turn::answer(first, &desk.state, &desk.config, &desk.ports, |event| {
        if matches!(event, frontdesk::stream::event::Event::Finish(..)) {
            free_at_finish = !desk.state.is_busy();
        }
    }));
    assert!(free_at_finish, "who hears the end may ask again at once");
    desk.turn("three").unwrap();
}

#[test]
fn a_message_that_cannot_be_kept_is_not_answered() {
    let desk = Desk::default();
    desk.ports.journal.refuses.set(true);
    assert_eq!(desk.turn("Hello").unwrap_err().code(), Code::Internal);
    assert!(desk.ports.model.requests.borrow().is_empty());
}

#[test]
fn before_the_first_token_the_model_is_asked_again() {
    let desk = Desk::default();
    desk.model_says(Err(BUSY)).model_says(Err(ModelError::Connect));
    // Headers came, then nothing: still before the first token.
    desk.model_says(Ok(vec![Step::Fail(ModelError::Cut)])).model_says(whole("At last"));
    let (seen, answered) = desk.turn("Hello").unwrap();
    assert_eq!((seen.text.as_str(), answered.attempts), ("At last", 4));
    assert_eq!(*desk.ports.clock.slept.borrow(), [500, 1000, 2000]);
}

#[test]
fn retry_after_is_waited_for() {
    let desk = Desk::default();
    desk.model_says(Err(ModelError::Status { status: 429, retry_after: Some(7000) })).model_says(whole("ok"));
    desk.turn("Hello").unwrap();
    assert_eq!(*desk.ports.clock.slept.borrow(), [7000]);
}

#[test]
fn a_model_that_never_answers_is_told_to_the_client_and_owes_nothing() {
    let desk = Desk::default();
    for _ in 0..4 {
        desk.model_says(Err(BUSY));
    }
    let (seen, answered) = desk.turn("Hello").unwrap();
    assert!(seen.error.unwrap().contains("saved") && !seen.finished);
    let usage = &answered.record.usage;
    assert_eq!(
        (usage.total_tokens, usage.success, usage.error_code.as_deref()),
        (0, false, Some("model_unavailable"))
    );
    assert_eq!(answered.record.messages[1].status, Status::Failed);
    desk.model_says(whole("Back"));
    desk.turn("And now?").unwrap();
    assert_eq!(
        desk.last_prompt(),
        ["Hello", "And now?"],
        "the unanswered message is history, the empty answer is not"
    );
}

#[test]
fn a_refused_request_is_not_repeated() {
    let desk = Desk::default();
    desk.model_says(Err(ModelError::Status { status: 400, retry_after: None }));
    let (_, answered) = desk.turn("Hello").unwrap();
    assert_eq!((answered.attempts, answered.fault.unwrap().code), (1, Code::ModelRejected));
}

#[test]
fn an_answer_that_breaks_off_keeps_its_text_and_is_no_clean_end() {
    for broken in [
        vec![Step::Bytes(10, chunk("Half")), Step::Fail(ModelError::Cut)],
        vec![Step::Bytes(10, chunk("Half"))],
        vec![Step::Bytes(10, chunk("Half")), Step::Bytes(10, "data: {\"choices\":[{\"del\n\n".into())],
        vec![Step::Bytes(10, chunk("Half")), Step::Bytes(10, "data: {\"error\":{\"code\":500}}\n\n".into())],
    ] {
        let desk = Desk::default();
        desk.model_says(Ok(broken));
        let (seen, answered) = desk.turn("Hello").unwrap();
        assert!(seen.error.is_some() && !seen.finished);
        assert_eq!(answered.fault.unwrap().code, Code::ModelTruncated);
        let answer = &answered.record.messages[1];
        assert_eq!((answer.content.as_str(), answer.status), ("Half", Status::Failed));
        assert_eq!(answered.record.usage.usage_source, UsageSource::Estimated);
        assert!(answered.record.usage.total_tokens > 0, "what was read and written is owed");
    }
}

#[test]
fn a_silent_model_in_mid_answer_is_a_timeout() {
    let desk = Desk::default();
    desk.model_says(Ok(vec![Step::Bytes(10, chunk("Half")), Step::Fail(ModelError::Timeout)]));
    let (_, answered) = desk.turn("Hello").unwrap();
    assert_eq!(answered.fault.unwrap().code, Code::ModelTimeout);
}

#[test]
fn a_finish_reason_is_an_end_even_without_usage() {
    let finish = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n";
    let garbage = Step::Bytes(10, "data: {\"choices\":[{\"del\n\n".into());
    for tail in [vec![], vec![Step::Fail(ModelError::Cut)], vec![garbage]] {
        let desk = Desk::default();
        let mut steps = vec![Step::Bytes(10, chunk("Long") + finish)];
        steps.extend(tail);
        desk.model_says(Ok(steps));
        let (seen, answered) = desk.turn("Hello").unwrap();
        assert!(seen.finished);
        assert!(matches!(answered.ending, LogEnding::Finished { reason, .. } if reason == "length"));
        assert_eq!(answered.record.usage.usage_source, UsageSource::Estimated);
    }
}

#[test]
fn what_an_attempt_without_text_said_is_not_the_next_ones() {
    let desk = Desk::default();
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":900,\"completion_tokens\":900}}\n\n";
    desk.model_says(Ok(vec![Step::Bytes(10, usage.into()), Step::Fail(ModelError::Cut)]));
    desk.model_says(Ok(vec![Step::Bytes(10, chunk("Half")), Step::Fail(ModelError::Cut)]));
    let (seen, answered) = desk.turn("Hello").unwrap();
    assert!(seen.error.is_some() && !seen.finished);
    assert_eq!(answered.record.messages[1].status, Status::Failed);
    assert_eq!(answered.record.usage.usage_source, UsageSource::Estimated);
}

#[test]
fn the_first_token_is_not_gathered_and_the_rest_is() {
    let desk = Desk::default();
    let role = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n".to_owned();
    let mut steps = vec![Step::Bytes(50, role)];
    steps.extend((0..6).map(|n| Step::Bytes(10, chunk(&format!("{n}a")) + &chunk("b") + &chunk("c "))));
    steps.push(Step::Bytes(10, end()));
    desk.model_says(Ok(steps));
    let (seen, _) = desk.turn("Hello").unwrap();
    assert_eq!(seen.text, "0abc 1abc 2abc 3abc 4abc 5abc ");
    assert_eq!(seen.frames, 6, "one frame a read, however many chunks it brought");
    assert_eq!(*desk.ports.model.gathers.borrow(), [0, 0, 33, 33, 33, 33, 33, 33]);
}

#[test]
fn a_slow_stream_is_read_as_it_comes() {
    let desk = Desk::default();
    let mut steps: Vec<_> = (0..4).map(|_| Step::Bytes(200, chunk("word "))).collect();
    steps.push(Step::Bytes(200, end()));
    desk.model_says(Ok(steps));
    desk.turn("Hello").unwrap();
    assert_eq!(*desk.ports.model.gathers.borrow(), [0, 33, 0, 0, 0]);
}

#[test]
fn an_object_that_dies_in_mid_answer_leaves_an_interrupted_turn_and_nothing_twice() {
    let desk = Desk::default();
    let prepared =
        block_on(turn::prepare(&desk.state, user(), ask("Hello"), &desk.config, &desk.ports)).unwrap();
    assert_eq!(desk.ports.journal.alarm.get(), Some(START + WATCH_EVERY), "somebody will look after it");
    // The answer runs for some seconds; then the object is gone between two reads.
    let steps: Vec<_> = (0..40).map(|n| Step::Bytes(100, chunk(&format!("{n} ")))).collect();
    desk.model_says(Ok(steps));
    let mut frames = 0;
    let answering = turn::answer(prepared, &desk.state, &desk.config, &desk.ports, |_| {
        frames += 1;
        assert!(frames < 31, "killed");
    });
    let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| block_on(answering)));
    assert!(died.is_err());

    let mut next = Desk::default();
    next.ports.journal = desk.ports.journal;
    let record = turn::recover(&next.ports.journal, &next.ports.clock, &next.config).unwrap();
    assert!(turn::recover(&next.ports.journal, &next.ports.clock, &next.config).is_none(), "once");
    next.deliver().unwrap();
    next.deliver().unwrap();
    assert_eq!(*next.ports.database.committed.borrow(), std::slice::from_ref(&record));
    let [question, answer] = &record.messages[..] else { panic!("a turn has two messages") };
    assert_eq!((question.content.as_str(), answer.status), ("Hello", Status::Interrupted));
    assert!(answer.content.starts_with("0 1 2 ") && answer.content.ends_with(' '), "{}", answer.content);
    assert_eq!(record.usage.error_code.as_deref(), Some("interrupted"));

    // Who saw more of it than was kept is told too.
    let log = next.ports.journal.log(record.turn_id).unwrap();
    let mut encoder = UiEncoder::resuming(record.turn_id, 34);
    let mut told = String::new();
    log.replay(PlaceholderMap::default(), |event| told.push_str(&encoder.encode(event)));
    assert!(told.contains("\"error\"") && !encoder.is_behind(), "{told}");
}

#[test]
fn a_stopped_answer_keeps_its_text_and_owes_what_was_counted() {
    let desk = Desk::default();
    let prepared =
        block_on(turn::prepare(&desk.state, user(), ask("Hello"), &desk.config, &desk.ports)).unwrap();
    let steps: Vec<_> = (0..40).map(|n| Step::Bytes(100, chunk(&format!("{n} ")))).collect();
    desk.model_says(Ok(steps));
    let mut seen = Seen::default();
    let answered = block_on(turn::answer(prepared, &desk.state, &desk.config, &desk.ports, |event| {
        seen.see(event);
        if seen.frames == 5 && !seen.stopped {
            assert!(desk.state.stop());
            assert!(!desk.state.stop(), "once");
        }
    }));
    assert!(seen.stopped && !seen.finished && seen.error.is_none());
    let answer = &answered.record.messages[1];
    assert_eq!((answer.content.as_str(), answer.status), (seen.text.as_str(), Status::Stopped));
    assert!(seen.text.starts_with("0 1 2 ") && !seen.text.contains("30"), "{}", seen.text);
    let usage = &answered.record.usage;
    assert_eq!((usage.success, usage.usage_source), (true, UsageSource::Estimated));
    assert!(usage.completion_tokens > 0 && usage.prompt_tokens > 0);
    assert!(!desk.state.stop(), "there is nothing left to stop");
}

#[test]
fn a_turn_is_told_again_event_by_event() {
    let desk = Desk::default();
    let steps = ["To [EM", "AIL_1], ", "[1", "] and [EMAIL_1"].map(|text| Step::Bytes(200, chunk(text)));
    desk.model_says(Ok(steps.into_iter().chain([Step::Bytes(10, end())]).collect()));
    let prepared =
        block_on(turn::prepare(&desk.state, user(), ask("Mail ann@example.com"), &desk.config, &desk.ports));
    let mut told = Vec::new();
    let answered =
        block_on(turn::answer(prepared.unwrap(), &desk.state, &desk.config, &desk.ports, |event| {
            told.push(format!("{event:?}"));
            // Who joins at any moment hears what was told so far.
            let mut again = Vec::new();
            let log = desk.state.log.borrow();
            let log = log.as_ref().unwrap();
            let shown = turn::reveal(&desk.state, &user(), (&log.shown(), &log.head.policy), &desk.ports)
                .now_or_never();
            let shown = shown.expect("its values are here").unwrap();
            log.replay(shown, |event| again.push(format!("{event:?}")));
            assert!(again.len() >= told.len() && again[..told.len()] == told[..], "{again:?} after {told:?}");
        }));
    // And hours later, from what was kept.
    let log = desk.ports.journal.log(answered.record.turn_id).unwrap();
    let shown =
        block_on(turn::reveal(&desk.state, &user(), (&log.shown(), &log.head.policy), &desk.ports)).unwrap();
    let mut again = Vec::new();
    log.replay(shown, |event| again.push(format!("{event:?}")));
    assert_eq!(again, told);
    assert!(!format!("{log:?}").contains("ann@example.com"), "the log has tokens");
}

#[test]
fn who_comes_before_the_beginning_is_told_hears_it_once() {
    let desk = Desk::default();
    desk.model_says(whole("Hello"));
    block_on(async {
        let prepared =
            turn::prepare(&desk.state, user(), ask("Hi"), &desk.config, &desk.ports).await.unwrap();
        let early = retell::frames(&desk.state, &user(), None, &desk.ports).await.unwrap().unwrap();
        assert_eq!((early.frames.as_str(), early.goes_on), ("", true));
        let mut encoder = UiEncoder::new(prepared.turn_id());
        let mut heard = String::new();
        turn::answer(prepared, &desk.state, &desk.config, &desk.ports, |event| {
            heard.push_str(&encoder.encode(event));
        })
        .await;
        assert_eq!(heard.matches("\"type\":\"start\"").count(), 1);
    });
}

#[test]
fn a_message_that_comes_twice_is_found_as_long_as_there_is_a_log() {
    let desk = Desk::default();
    desk.model_says(whole("a")).model_says(whole("b"));
    let named = |name: &str| {
        let mut ask = ask("one");
        ask.client_message_id = Some(name.into());
        ask
    };
    let (_, first) = desk.turn_with(named("first")).unwrap();
    let find = |name| retell::find(&desk.state, &named(name), &desk.ports.journal);
    assert_eq!((find("first"), find("second")), (Some(first.record.turn_id), None));
    desk.ports.clock.now.set(START + KEPT_FOR + 1000);
    desk.turn_with(named("second")).unwrap();
    assert_eq!(find("first"), None, "its time is over");
    assert!(find("second").is_some());
}

#[test]
fn delivery_stops_at_the_first_failure_and_counts_it() {
    let desk = Desk::default();
    desk.model_says(whole("a")).model_says(whole("b"));
    desk.turn("one").unwrap();
    desk.turn("two").unwrap();
    desk.ports.database.down.set(true);
    assert!(desk.deliver().is_err() && desk.deliver().is_err());
    let attempts: Vec<_> = desk.ports.journal.outbox.borrow().iter().map(|entry| entry.attempts).collect();
    assert_eq!(attempts, [2, 0], "the second waits for the first");
}

#[test]
fn a_record_that_postgres_refuses_holds_nothing_up_and_is_never_dropped() {
    let desk = Desk::default();
    desk.model_says(whole("two")).model_says(whole("four"));
    let (_, poison) = desk.turn("one").unwrap();
    let (_, next) = desk.turn("three").unwrap();
    let (database, journal) = (&desk.ports.database, &desk.ports.journal);
    database.refused.set(Some(poison.record.turn_id));
    for _ in 0..6 {
        assert!(desk.deliver().is_err());
        assert!(database.committed.borrow().is_empty(), "in order, as long as there is hope");
    }
    desk.deliver().unwrap();
    assert_eq!(*database.committed.borrow(), [next.record]);
    let parked = (poison.record.turn_id, "status 400, 23514".to_owned());
    assert_eq!(*database.parked.borrow(), std::slice::from_ref(&parked), "operators are told");
    assert_eq!(journal.outbox.borrow().len(), 1);

    database.refused.set(None);
    desk.deliver().unwrap();
    assert_eq!(journal.outbox.borrow().len(), 1, "not at once");
    desk.ports.clock.now.set(desk.ports.clock.now.get() + outbox::PARKED_FOR);
    desk.deliver().unwrap();
    assert_eq!(database.committed.borrow()[1], poison.record);
    assert!(journal.outbox.borrow().is_empty());
}

#[test]
fn a_session_whose_newest_turn_is_refused_goes_on_from_it() {
    let desk = Desk::default();
    desk.model_says(whole("two")).model_says(whole("four"));
    let (_, first) = desk.turn("one").unwrap();
    desk.ports.journal.park(first.record.turn_id, START).unwrap();
    desk.state.memory.take();
    let (_, second) = desk.turn("three").unwrap();
    assert_eq!(desk.last_prompt(), ["one", "two", "three"]);
    desk.deliver().unwrap();
    desk.state.memory.take();
    desk.ports.database.loads.borrow_mut().push_back(Ok(loaded(vec![])));
    desk.model_says(whole("six"));
    desk.turn("five").unwrap();
    let newest = second.record.messages[1].id;
    assert_eq!(
        desk.ports.database.asked_for.borrow().last(),
        Some(&Leaf::At(newest)),
        "not from the refused one"
    );
}

#[test]
fn storage_that_refuses_to_forget_what_was_delivered_is_not_tried_without_a_pause() {
    let desk = Desk::default();
    desk.model_says(whole("two"));
    desk.turn("one").unwrap();
    desk.ports.journal.refuses.set(true);
    assert!(desk.deliver().is_err());
    assert!(desk.ports.journal.alarm.get().unwrap() > desk.ports.clock.now.get());
}

#[test]
fn a_cost_is_read_as_it_was_written() {
    let cost = 0.000_232_199_999_999_999_98_f64;
    let read: f64 = serde_json::from_str(&serde_json::to_string(&cost).unwrap()).unwrap();
    assert_eq!(read.to_bits(), cost.to_bits(), "or a turn that is told again has another price");
}

#[test]
fn what_is_stored_keeps_its_shape() {
    let desk = Desk::default();
    desk.model_says(whole("Hello Ada"));
    let prepared =
        block_on(turn::prepare(&desk.state, user(), ask("Hello AI!"), &desk.config, &desk.ports)).unwrap();
    insta::assert_json_snapshot!("open_turn", desk.ports.journal.open.borrow().as_ref().unwrap());
    let answered = block_on(turn::answer(prepared, &desk.state, &desk.config, &desk.ports, |_| ()));
    insta::assert_json_snapshot!("turn_record", answered.record);
    let log = desk.ports.journal.log(answered.record.turn_id).unwrap();
    insta::assert_json_snapshot!("turn_log", (log.head, log.told, log.ending));
    insta::assert_json_snapshot!("memory", desk.ports.journal.memory.borrow().as_ref().unwrap());
}
