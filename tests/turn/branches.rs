//! A session is a tree: questions answered again, asked in other words, and asked after any answer.

use frontdesk::chat::message::Role;
use frontdesk::error::Code;
use frontdesk::session::path::InsertAt;
use frontdesk::session::record::TurnRecord;
use frontdesk::turn::request::TurnRequest;
use serde_json::json;
use uuid::Uuid;

use super::harness::*;

/// Two turns: "one" is answered by "two", "three" by "four".
fn two_turns() -> (TestConversation, TurnRecord, TurnRecord) {
    let conversation = TestConversation::default();
    conversation.model_says(whole("two")).model_says(whole("four"));
    let (_, first) = conversation.turn("one").unwrap();
    let named = TurnRequest { client_message_id: Some("mine-2".into()), ..request("three") };
    let (_, second) = conversation.turn_with(named).unwrap();
    (conversation, first.record, second.record)
}

fn at(message: &str, insert_at: InsertAt) -> TurnRequest {
    TurnRequest { insert_at, client_message_id: None, ..request(message) }
}

#[test]
fn a_question_is_answered_again_and_not_asked_twice() {
    let (conversation, first, second) = two_turns();
    for insert_at in [InsertAt::Regenerate(None), InsertAt::Regenerate(Some("mine-2".into()))] {
        conversation.model_says(whole("four, in other words"));
        let (_, again) = conversation.turn_with(at("", insert_at)).unwrap();
        assert_eq!(conversation.last_prompt(), ["one", "two", "three"]);
        let [answer] = &again.record.messages[..] else { panic!("the question is stored already") };
        assert_eq!(answer.parent_id, Some(second.messages[0].id));
        assert_eq!(again.record.ledger_entry().day, second.ledger_entry().day);
    }
    conversation.model_says(whole("six"));
    conversation.turn("five").unwrap();
    assert_eq!(conversation.last_prompt(), ["one", "two", "three", "four, in other words", "five"]);
    assert_eq!(conversation.loads(), 1, "all of that is cached");

    conversation.model_says(whole("the answer names its question too"));
    let named = InsertAt::Regenerate(Some(first.messages[1].id.to_string()));
    let (_, again) = conversation.turn_with(at("", named)).unwrap();
    assert_eq!(again.record.messages[0].parent_id, Some(first.messages[0].id));
    assert_eq!(conversation.last_prompt(), ["one"]);
}

#[test]
fn a_question_in_other_words_stands_beside_the_first() {
    let (conversation, first, second) = two_turns();
    conversation.model_says(whole("4"));
    let (_, edited) = conversation.turn_with(at("3", InsertAt::InsteadOf("mine-2".into()))).unwrap();
    assert_eq!(conversation.last_prompt(), ["one", "two", "3"]);
    assert_eq!(edited.record.messages[0].parent_id, Some(first.messages[1].id));
    assert_ne!(edited.record.messages[0].id, second.messages[0].id);

    conversation.model_says(whole("2"));
    let first_question = InsertAt::InsteadOf(first.messages[0].id.to_string());
    let (_, edited) = conversation.turn_with(at("1", first_question)).unwrap();
    assert_eq!(conversation.last_prompt(), ["1"]);
    assert_eq!(edited.record.messages[0].parent_id, None);
}

#[test]
fn a_session_goes_on_from_any_answer() {
    let (conversation, first, second) = two_turns();
    for answer in ["b", "d", "f", "h"] {
        conversation.model_says(whole(answer));
    }
    conversation.turn_with(at("a", InsertAt::After(first.messages[1].id))).unwrap();
    assert_eq!(conversation.last_prompt(), ["one", "two", "a"]);
    conversation.turn_with(at("c", InsertAt::Newest)).unwrap();
    assert_eq!(conversation.last_prompt(), ["one", "two", "a", "b", "c"]);
    conversation.turn_with(at("e", InsertAt::Beginning)).unwrap();
    assert_eq!(conversation.last_prompt(), ["e"]);
    assert_eq!(conversation.loads(), 1);
    // No longer on the cached path, and on its way to Postgres still.
    conversation.turn_with(at("g", InsertAt::After(second.messages[1].id))).unwrap();
    assert_eq!(conversation.last_prompt(), ["one", "two", "three", "four", "g"]);
    assert_eq!(conversation.platform.postgrest.path_ends().last(), Some(&json!(Uuid::nil())));
}

#[test]
fn another_branch_is_read_from_postgres_and_dropped_when_its_turn_fails() {
    let (conversation, ..) = two_turns();
    conversation.deliver();
    let path = vec![message(7, Role::User, "elsewhere"), message(8, Role::Assistant, "yes")];
    conversation.platform.postgrest.answer_load(SessionRow { messages: path, ..session_row() });
    conversation.refuse_writes("in_flight_turn");
    let elsewhere = Uuid::from_u128(8);
    assert!(conversation.turn_with(at("and?", InsertAt::After(elsewhere))).is_err());
    assert_eq!(conversation.platform.postgrest.path_ends().last(), Some(&json!(elsewhere)));

    conversation.refuse_nothing();
    conversation.model_says(whole("six"));
    conversation.turn("five").unwrap();
    assert_eq!(conversation.last_prompt(), ["one", "two", "three", "four", "five"]);
}

#[test]
fn a_missing_message_and_one_that_is_no_question_are_refused() {
    let (conversation, ..) = two_turns();
    for insert_at in [
        InsertAt::After(Uuid::from_u128(99)),
        InsertAt::Regenerate(Some("x".into())),
        InsertAt::InsteadOf("x".into()),
    ] {
        let refused = conversation.turn_with(at("a", insert_at)).unwrap_err();
        assert_eq!(refused.code(), Code::MessageNotFound);
    }
    conversation.model_says(whole("six"));
    let (_, third) = conversation.turn("five").unwrap();
    let answer = InsertAt::InsteadOf(third.record.messages[1].id.to_string());
    let refused = conversation.turn_with(at("a", answer)).unwrap_err();
    assert_eq!((refused.code(), refused.field()), (Code::InvalidField, Some("messageId")));
    assert!(!conversation.session().is_busy());
}

#[test]
fn a_branch_that_is_out_of_reach_waits_for_postgres() {
    let (conversation, ..) = two_turns();
    conversation.platform.postgrest.set_down(true);
    let elsewhere = InsertAt::After(Uuid::from_u128(99));
    assert_eq!(conversation.turn_with(at("a", elsewhere)).unwrap_err().code(), Code::DatabaseUnavailable);
}
