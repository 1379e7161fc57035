//! The first state of a turn: admission, the session's window, and refusals before anything is stored.

use std::pin::pin;

use frontdesk::chat::message::Role;
use frontdesk::error::Code;
use frontdesk::stream::client_event::ClientEvent;
use frontdesk::turn::request::TurnRequest;
use futures::future::join;
use serde_json::{Value, json};
use uuid::Uuid;

use super::harness::*;

#[test]
fn a_second_turn_remembers_the_first_without_asking_postgres() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Hello you")).model_says(whole("You said hello"));
    let (_, first) = conversation.turn("Hello").unwrap();
    let (_, second) = conversation.turn("What did I say?").unwrap();
    assert_eq!(conversation.last_prompt(), ["Hello", "Hello you", "What did I say?"]);
    assert_eq!(conversation.loads(), 1);
    assert_eq!(second.record.messages[0].parent_id, Some(first.record.messages[1].id));
}

#[test]
fn a_hot_turn_prepares_in_one_poll_and_asks_postgres_nothing() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Hello")).model_says(whole("Hello again"));
    conversation.turn("Mail ann@example.com").unwrap();
    conversation.deliver();

    let before = conversation.platform.postgrest.functions().len();
    conversation.platform.postgrest.set_instant(true);
    let session = conversation.session();
    let ctx = conversation.object.turn(&conversation.user, &session);
    // With the vector there, there is no other await: a new value is masked and stored in the same poll.
    let prepared = TestConversation::poll_once(pin!(ctx.prepare(request("And bob@example.org"))));
    let prepared = prepared.expect("preparing a hot turn waits for a vector alone").unwrap();
    assert!(conversation.platform.postgrest.functions()[before..].is_empty());
    conversation.answer(SESSION, prepared);
    assert_eq!(conversation.last_prompt(), ["Mail [EMAIL_1]", "Hello", "And [EMAIL_2]"]);
}

#[test]
fn a_cold_object_reads_history_once_and_adds_what_postgres_has_not_yet() {
    let conversation = TestConversation::default();
    let history = || SessionRow {
        messages: vec![message(1, Role::User, "earlier"), message(2, Role::Assistant, "answer")],
        ..session_row()
    };
    conversation.platform.postgrest.answer_load(history());
    conversation.model_says(whole("two"));
    conversation.turn("one").unwrap();

    let cold = conversation.restart();
    cold.platform.postgrest.answer_load(history());
    cold.model_says(whole("three"));
    cold.turn("now").unwrap();
    assert_eq!(cold.last_prompt(), ["earlier", "answer", "one", "two", "now"]);
    assert_eq!(cold.platform.postgrest.path_ends(), [Value::Null, json!(Uuid::from_u128(2))]);
}

#[test]
fn a_turn_that_is_delivered_while_postgres_is_read_is_not_missed() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("two"));
    let (_, first) = conversation.turn("one").unwrap();

    let cold = conversation.restart();
    cold.model_says(whole("four"));
    // Postgres is read before it has the first turn, and answers after it got it.
    let session = cold.session();
    let ctx = cold.object.turn(&cold.user, &session);
    let (prepared, ()) = cold.platform.block_on(join(ctx.prepare(request("three")), cold.object.alarm()));
    assert_eq!(cold.platform.postgrest.committed_questions(), ["one"]);
    let (_, second) = cold.answer(SESSION, prepared.unwrap());
    assert_eq!(cold.last_prompt(), ["one", "two", "three"]);
    assert_eq!(second.record.messages[0].parent_id, Some(first.record.messages[1].id));
}

#[test]
fn a_known_session_goes_on_in_a_new_object_while_postgres_is_out_of_reach() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("two"));
    conversation.turn("one").unwrap();
    conversation.platform.postgrest.set_down(true);
    let faults = conversation.deliver();
    assert!(faults.iter().all(|code| code == "database_unavailable") && !faults.is_empty(), "{faults:?}");
    let alarm = conversation.platform.storage.alarm().unwrap();
    assert_eq!(alarm, conversation.now() + 1000, "the alarm goes on with the delivery");

    let cold = conversation.restart();
    cold.model_says(whole("four"));
    cold.turn("three").unwrap();
    assert_eq!(cold.last_prompt(), ["one", "two", "three"]);
    cold.platform.postgrest.set_down(false);
    cold.platform.clock.advance(1000);
    cold.deliver();
    assert_eq!(cold.platform.postgrest.committed_questions(), ["one", "three"], "in order, each once");
}

#[test]
fn a_new_session_is_refused_without_postgres_and_nothing_is_stored() {
    let conversation = TestConversation::default();
    conversation.platform.postgrest.set_down(true);
    // The vault of an unknown user, and the session of a known one.
    assert_eq!(conversation.refusal("Hello"), Code::DatabaseUnavailable);
    conversation.platform.postgrest.set_down(false);
    conversation.model_says(whole("Hello"));
    conversation.turn_in(OTHER_SESSION, "Hello").unwrap();
    conversation.platform.postgrest.set_down(true);
    assert_eq!(conversation.refusal("Hello"), Code::DatabaseUnavailable);
    assert!(conversation.in_flight().is_empty());
    assert!(!conversation.session().is_busy(), "the next try is admitted");
}

#[test]
fn foreign_sessions_and_unknown_employees_are_named() {
    let conversation = TestConversation::default();
    conversation.platform.postgrest.answer_load(SessionRow { foreign: true, ..session_row() });
    conversation.platform.postgrest.answer_load(SessionRow { employee: None, ..session_row() });
    let error = conversation.turn("Hello").unwrap_err();
    assert_eq!((error.code(), error.field()), (Code::SessionNotFound, Some("session_id")));
    let error = conversation.turn("Hello").unwrap_err();
    assert_eq!((error.code(), error.field()), (Code::UnknownEmployee, Some("employee")));
}

#[test]
fn a_request_for_another_employee_reads_that_one() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("a")).model_says(whole("b"));
    conversation.turn("one").unwrap();
    conversation.platform.postgrest.profile(|row| row.employee.as_mut().unwrap().slug = "sheets".into());
    let request = TurnRequest { employee: Some("sheets".into()), ..request("two") };
    let (_, second) = conversation.turn_with(request).unwrap();
    assert_eq!(second.record.employee_slug, "sheets");
    assert_eq!(conversation.last_prompt(), ["one", "a", "two"], "its history is the session's");
}

#[test]
fn a_window_that_grew_old_is_read_again() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("a")).model_says(whole("b"));
    conversation.turn("one").unwrap();
    conversation.deliver();
    conversation.platform.clock.advance(11 * 60 * 1000);
    conversation.turn("two").unwrap();
    assert_eq!(conversation.loads(), 2);
    assert_eq!(conversation.last_prompt(), ["one", "a", "two"]);
}

#[test]
fn a_session_answers_one_turn_at_a_time() {
    let conversation = TestConversation::default();
    let first = conversation.prepare("one").unwrap();
    assert_eq!(conversation.prepare("two").unwrap_err().code(), Code::TurnInProgress);
    conversation.model_says(whole("a")).model_says(whole("b"));
    let mut is_free_at_finish = false;
    let session = conversation.session();
    conversation.answer_to(SESSION, first, |event| {
        if matches!(event, ClientEvent::Finish(..)) {
            is_free_at_finish = !session.is_busy();
        }
    });
    assert!(is_free_at_finish, "a client that gets the end may send the next message at once");
    conversation.turn("three").unwrap();
}

#[test]
fn a_message_that_cannot_be_stored_is_not_answered() {
    let conversation = TestConversation::default();
    conversation.platform.postgrest.profile(|row| {
        row.employee.as_mut().unwrap().budget.daily_tokens = Some(100_000);
    });
    for table in ["in_flight_turn", "turn_log"] {
        conversation.refuse_writes(table);
        assert_eq!(conversation.refusal("Hello"), Code::Internal, "{table}");
        conversation.refuse_nothing();
        assert!(conversation.platform.http.requests().is_empty());
        assert_eq!(
            conversation.number("SELECT count(*) FROM ledger WHERE is_reserved = 1"),
            0,
            "its reservation is released"
        );
        assert!(!conversation.session().is_busy());
        assert_eq!(conversation.in_flight(), [Value::Null; 0], "{table}");
    }
    conversation.model_says(whole("Hello"));
    conversation.turn("Hello").unwrap();
}

#[test]
fn a_message_that_does_not_fit_is_refused_and_nothing_of_it_is_stored() {
    let conversation = TestConversation::default();
    let refused = conversation.turn(&"many words ".repeat(5000)).unwrap_err();
    assert_eq!((refused.code(), refused.field()), (Code::MessageTooLong, Some("message")));
    assert!(refused.detail().contains("fit"), "{}", refused.detail());
    assert!(conversation.in_flight().is_empty() && !conversation.session().is_busy());
}
