//! A session is a tree: questions asked again, in other words, and after any answer.

use frontdesk::api::chat::Ask;
use frontdesk::error::Code;
use frontdesk::session::load::Role;
use frontdesk::session::record::TurnRecord;
use frontdesk::session::tree::{Leaf, Place};
use uuid::Uuid;

use super::scripted::*;

/// Two turns: "one" is answered by "two", "three" by "four".
#[allow(clippy::unwrap_used)] // what is not as scripted fails the test
fn talked() -> (Desk, TurnRecord, TurnRecord) {
    let desk = Desk::default();
    desk.model_says(whole("two")).model_says(whole("four"));
    let (_, first) = desk.turn("one").unwrap();
    let (_, second) =
        desk.turn_with(Ask { client_message_id: Some("mine-2".into()), ..ask("three") }).unwrap();
    (desk, first.record, second.record)
}

fn at(message: &str, place: Place) -> Ask {
    Ask { place, client_message_id: None, ..ask(message) }
}

#[test]
fn a_question_is_answered_again_and_is_not_asked_twice() {
    let (desk, first, second) = talked();
    for place in [Place::Again(None), Place::Again(Some("mine-2".into()))] {
        desk.model_says(whole("four, in other words"));
        let (_, again) = desk.turn_with(at("", place)).unwrap();
        assert_eq!(desk.last_prompt(), ["one", "two", "three"]);
        let [answer] = &again.record.messages[..] else { panic!("the question is there already") };
        assert_eq!(answer.parent_id, Some(second.messages[0].id));
        assert_eq!(again.record.books().day, second.books().day);
    }
    desk.model_says(whole("six"));
    desk.turn("five").unwrap();
    assert_eq!(desk.last_prompt(), ["one", "two", "three", "four, in other words", "five"]);
    assert_eq!(desk.ports.database.load_count.get(), 1, "all of that is remembered");

    desk.model_says(whole("the answer names its question too"));
    let named = Place::Again(Some(first.messages[1].id.to_string()));
    let (_, again) = desk.turn_with(at("", named)).unwrap();
    assert_eq!(again.record.messages[0].parent_id, Some(first.messages[0].id));
    assert_eq!(desk.last_prompt(), ["one"]);
}

#[test]
fn a_question_is_put_in_other_words_beside_the_first() {
    let (desk, first, second) = talked();
    desk.model_says(whole("4"));
    let (_, edited) = desk.turn_with(at("3", Place::Instead("mine-2".into()))).unwrap();
    assert_eq!(desk.last_prompt(), ["one", "two", "3"]);
    assert_eq!(edited.record.messages[0].parent_id, Some(first.messages[1].id));
    assert_ne!(edited.record.messages[0].id, second.messages[0].id);

    desk.model_says(whole("2"));
    let (_, edited) = desk.turn_with(at("1", Place::Instead(first.messages[0].id.to_string()))).unwrap();
    assert_eq!(desk.last_prompt(), ["1"]);
    assert_eq!(edited.record.messages[0].parent_id, None);
}

#[test]
fn a_session_goes_on_from_any_answer() {
    let (desk, first, second) = talked();
    desk.model_says(whole("b")).model_says(whole("d")).model_says(whole("f")).model_says(whole("h"));
    desk.turn_with(at("a", Place::After(first.messages[1].id))).unwrap();
    assert_eq!(desk.last_prompt(), ["one", "two", "a"]);
    desk.turn_with(at("c", Place::Newest)).unwrap();
    assert_eq!(desk.last_prompt(), ["one", "two", "a", "b", "c"]);
    desk.turn_with(at("e", Place::Beginning)).unwrap();
    assert_eq!(desk.last_prompt(), ["e"]);
    assert_eq!(desk.ports.database.load_count.get(), 1);
    // No longer on the path that is remembered, and on its way to Postgres still.
    desk.turn_with(at("g", Place::After(second.messages[1].id))).unwrap();
    assert_eq!(desk.last_prompt(), ["one", "two", "three", "four", "g"]);
    assert_eq!(desk.ports.database.asked_for.borrow().last(), Some(&Leaf::Beginning));
}

#[test]
fn another_branch_is_read_from_postgres_and_forgotten_if_nothing_comes_of_it() {
    let (desk, ..) = talked();
    let path = vec![message(7, Role::User, "elsewhere"), message(8, Role::Assistant, "yes")];
    let newest = desk.state.memory.borrow().clone().unwrap().messages;
    desk.deliver().unwrap();
    desk.ports.database.loads.borrow_mut().push_back(Ok(loaded(path)));
    desk.ports.journal.refuses.set(true);
    assert!(desk.turn_with(at("and?", Place::After(Uuid::from_u128(8)))).is_err());
    assert_eq!(desk.ports.database.asked_for.borrow().last(), Some(&Leaf::At(Uuid::from_u128(8))));

    desk.ports.journal.refuses.set(false);
    desk.ports.database.loads.borrow_mut().push_back(Ok(loaded(newest)));
    desk.model_says(whole("six"));
    desk.turn("five").unwrap();
    assert_eq!(desk.last_prompt(), ["one", "two", "three", "four", "five"]);
}

#[test]
fn what_is_not_there_and_what_is_no_question_is_said() {
    let (desk, ..) = talked();
    for place in
        [Place::After(Uuid::from_u128(99)), Place::Again(Some("x".into())), Place::Instead("x".into())]
    {
        assert_eq!(desk.turn_with(at("a", place)).unwrap_err().code(), Code::MessageNotFound);
    }
    let answer = desk.state.memory.borrow().as_ref().unwrap().last_message_id.unwrap();
    let newest = desk.state.memory.borrow().clone().unwrap().messages;
    desk.ports.database.loads.borrow_mut().push_back(Ok(loaded(newest)));
    let refused = desk.turn_with(at("a", Place::Instead(answer.to_string()))).unwrap_err();
    assert_eq!((refused.code(), refused.field()), (Code::InvalidField, Some("messageId")));
    assert!(!desk.state.is_busy());
}

#[test]
fn a_branch_that_is_out_of_reach_waits_for_postgres() {
    let (desk, ..) = talked();
    desk.ports.database.down.set(true);
    let refused = desk.turn_with(at("a", Place::After(Uuid::from_u128(99)))).unwrap_err();
    assert_eq!(refused.code(), Code::DatabaseUnavailable);
}
