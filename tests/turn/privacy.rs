//! Privacy in a turn, natively: the Session's side and the User's, over scripted ports.

use frontdesk::api::chat::Ask;
use frontdesk::error::Code;
use frontdesk::ports::{Journal, UserObject as _};
use frontdesk::turn;
use frontdesk::user::record::Refused;
use frontdesk::user::vault;
use futures::executor::block_on;
use pii::mask::Author;

use crate::scripted::*;

const EMAIL: &str = "ann@example.com";

/// Everything that a model, Postgres and both objects' storage got, as text.
fn everything_that_left(desk: &Desk) -> String {
    let Desk { ports, .. } = desk;
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        ports.model.requests.borrow(),
        ports.database.committed.borrow(),
        ports.journal.outbox.borrow(),
        ports.journal.open.borrow(),
        ports.journal.memory.borrow(),
        ports.user.ports.strongbox.kept.borrow(),
    )
}

#[test]
fn values_reach_nobody_but_their_user() {
    let desk = Desk::default();
    desk.model_says(whole("I wrote to [email_1] for **[PERSON_1]**."));
    let (seen, answered) = desk.turn("Write to ann@example.com for Ada Lovelace").unwrap();
    assert_eq!(desk.last_prompt(), ["Write to [EMAIL_1] for [PERSON_1]"]);
    assert_eq!(seen.text, "I wrote to ann@example.com for **Ada Lovelace**.");
    let kept: Vec<_> = answered.record.messages.iter().map(|message| message.content.as_str()).collect();
    assert_eq!(kept, ["Write to [EMAIL_1] for [PERSON_1]", "I wrote to [EMAIL_1] for **[PERSON_1]**."]);
    assert_eq!(answered.record.title, "Write to [EMAIL_1] for [PERSON_1]");
    desk.deliver().unwrap();
    let left = everything_that_left(&desk);
    assert!(!left.contains(EMAIL) && !left.contains("Lovelace"), "{left}");
}

#[test]
fn a_token_that_is_split_between_chunks_is_put_together() {
    let desk = Desk::default();
    let steps = ["To [EM", "AIL", "_1] and [", "1] then [EMAIL_1"].map(|text| Step::Bytes(200, chunk(text)));
    desk.model_says(Ok(steps.into_iter().chain([Step::Bytes(10, end())]).collect()));
    let (seen, _) = desk.turn("Write to ann@example.com").unwrap();
    assert_eq!(seen.text, "To ann@example.com and [1] then [EMAIL_1");
}

#[test]
fn a_cold_session_asks_for_what_its_history_hides_and_a_hot_one_asks_nobody() {
    let desk = Desk::default();
    desk.model_says(whole("Noted.")).model_says(whole("It is [EMAIL_1]."));
    desk.turn("My friend is ann@example.com").unwrap();
    desk.turn("Who was it?").unwrap();
    assert_eq!(desk.ports.user.reveals.get(), 0, "its values came with the message");

    let mut cold = Desk::default();
    (cold.ports.journal, cold.ports.user) = (desk.ports.journal, desk.ports.user.restarted());
    cold.model_says(whole("[EMAIL_1]")).model_says(whole("[EMAIL_1]"));
    assert_eq!(cold.turn("Who?").unwrap().0.text, EMAIL);
    assert_eq!(cold.turn("Again?").unwrap().0.text, EMAIL);
    assert_eq!(cold.ports.user.reveals.get(), 1);
}

#[test]
fn only_what_the_model_was_shown_is_put_back() {
    let desk = Desk::default();
    desk.model_says(whole("Noted.")).model_says(whole("I guess [EMAIL_1]."));
    desk.turn("My friend is ann@example.com").unwrap();
    let elsewhere = Ask { session_id: uuid::Uuid::from_u128(2), ..ask("Guess an address") };
    let mut other = Desk::default();
    other.ports.user = desk.ports.user;
    other.ports.model = desk.ports.model;
    let (seen, answered) = other.turn_with(elsewhere).unwrap();
    assert_eq!(seen.text, "I guess [EMAIL_1].");
    assert_eq!(answered.record.messages[1].content, "I guess [LITERAL_1].", "nor later");
}

#[test]
fn an_employees_policy_says_how_much_is_seen() {
    let desk = Desk::default();
    let mut discreet = loaded(vec![]);
    discreet.employee.as_mut().unwrap().unmask_policy = serde_json::from_str(
        r#"{"default":"full","EMAIL":"partial","CREDIT_CARD":"partial","PHONE":"none"}"#,
    )
    .unwrap();
    desk.ports.database.loads.borrow_mut().push_back(Ok(discreet));
    desk.model_says(whole("[EMAIL_1] [CREDIT_CARD_1] [PHONE_1] [US_SSN_1] [IBAN_1]"));
    let message =
        "ann@example.com 4111 1111 1111 1111, +1 415 555 2671, 078-05-1120, GB82 WEST 1234 5698 7654 32";
    let (seen, _) = desk.turn(message).unwrap();
    assert_eq!(seen.text, "a•••@example.com •••• 1111 [PHONE_1] [US_SSN_1] GB82 WEST 1234 5698 7654 32");
}

#[test]
fn what_a_model_makes_up_is_hidden_before_it_is_kept() {
    let desk = Desk::default();
    desk.model_says(whole("Ask eve@example.com."));
    let (seen, answered) = desk.turn("Whom to ask?").unwrap();
    assert_eq!(seen.text, "Ask eve@example.com.");
    assert_eq!(answered.record.messages[1].content, "Ask [EMAIL_1].");
}

#[test]
fn when_nothing_can_be_hidden_nothing_is_sent_or_kept() {
    for (refusal, code) in [
        (Refused::Failed("a detector failed".into()), Code::PrivacyUnavailable),
        (Refused::Database("out of reach".into()), Code::DatabaseUnavailable),
        (Refused::TooManyValues, Code::TooManyValues),
    ] {
        let desk = Desk::default();
        desk.ports.user.refusal.replace(Some(refusal));
        assert_eq!(desk.turn("Write to ann@example.com").unwrap_err().code(), code);
        assert!(desk.ports.model.requests.borrow().is_empty() && desk.ports.journal.open.borrow().is_none());
        assert!(!desk.state.is_busy(), "the next try is let in");
    }
}

#[test]
fn a_new_value_is_kept_before_its_token_is_used() {
    let desk = Desk::default();
    block_on(desk.ports.user.mask(&user(), "Hello", Author::Outside)).unwrap();
    desk.ports.user.ports.strongbox.refuses.set(true);
    assert_eq!(desk.turn("Write to ann@example.com").unwrap_err().code(), Code::PrivacyUnavailable);
    desk.ports.user.ports.strongbox.refuses.set(false);
    desk.model_says(whole("ok"));
    desk.turn("Write to bob@example.com").unwrap();
    assert_eq!(desk.last_prompt(), ["Write to [EMAIL_1]"], "the number that was not kept is free");
}

#[test]
fn an_answer_that_cannot_be_hidden_is_kept_without_what_is_personal() {
    let desk = Desk::default();
    let prepared =
        block_on(turn::prepare(&desk.state, user(), ask("Mail ann@example.com"), &desk.config, &desk.ports));
    desk.ports.user.refusal.replace(Some(Refused::Failed("gone".into())));
    desk.model_says(whole("[email_1] or eve@example.com"));
    let answered = block_on(turn::answer(prepared.unwrap(), &desk.state, &desk.config, &desk.ports, |_| ()));
    assert_eq!(answered.record.messages[1].content, "[EMAIL_1] or [EMAIL]");
    assert!(answered.blanked.is_some() && answered.fault.is_none());
}

#[test]
fn an_interrupted_answer_is_closed_without_what_is_personal() {
    let desk = Desk::default();
    block_on(turn::prepare(&desk.state, user(), ask("Mail ann@example.com"), &desk.config, &desk.ports))
        .unwrap();
    let turn = desk.ports.journal.left_open().unwrap().turn_id;
    desk.ports.journal.extend(turn, &[said("[ema"), said("il_1] or eve@example.com")]).unwrap();
    let record = turn::recover(&desk.ports.journal, &desk.ports.clock, &desk.config).unwrap();
    assert_eq!(record.messages[1].content, "[EMAIL_1] or [EMAIL]");
}

#[test]
fn half_a_token_of_an_interrupted_answer_is_not_told_as_text() {
    let desk = Desk::default();
    block_on(turn::prepare(&desk.state, user(), ask("Mail ann@example.com"), &desk.config, &desk.ports))
        .unwrap();
    let turn = desk.ports.journal.left_open().unwrap().turn_id;
    desk.ports.journal.extend(turn, &[said("Mail "), said("[EMA")]).unwrap();
    turn::recover(&desk.ports.journal, &desk.ports.clock, &desk.config).unwrap();
    let log = desk.ports.journal.log(turn).unwrap();
    let shown =
        block_on(turn::reveal(&desk.state, &user(), (&log.shown(), &log.head.policy), &desk.ports)).unwrap();
    let mut seen = Seen::default();
    log.replay(shown, |event| seen.see(event));
    assert_eq!(seen.text, "Mail ", "the next frame of whoever saw it live had the address");
    assert!(seen.error.is_some());
}

#[test]
fn the_vault_is_copied_to_postgres_and_restored_from_there() {
    let desk = Desk::default();
    desk.model_says(whole("ok"));
    desk.turn("Mail ann@example.com").unwrap();
    let object = &desk.ports.user;
    object.ports.database.down.set(true);
    assert!(block_on(vault::deliver(&object.state, &object.ports)).is_err());
    assert!(object.ports.strongbox.alarm.get().is_some(), "it is tried again");
    object.ports.database.down.set(false);
    block_on(vault::deliver(&object.state, &object.ports)).unwrap();
    assert_eq!(object.ports.strongbox.waiting.borrow().len(), 0);

    // Another deployment, with the same master key and database.
    let moved = ScriptedUser::default();
    moved.ports.database.vault.replace(object.ports.database.vault.borrow().clone());
    let hidden = block_on(moved.mask(&user(), "ANN@example.com, bob@example.com", Author::Outside)).unwrap();
    assert_eq!(hidden.text, "[EMAIL_1], [EMAIL_2]");
}

#[test]
fn a_user_without_a_vault_here_waits_for_postgres_which_may_have_it() {
    let object = ScriptedUser::default();
    object.ports.database.down.set(true);
    let refused = block_on(object.mask(&user(), "Hello", Author::Outside)).unwrap_err();
    assert!(matches!(refused, Refused::Database(_)));
}

#[test]
fn after_an_erasure_nothing_opens_and_a_session_remembers_nothing() {
    let desk = Desk::default();
    desk.model_says(whole("ok")).model_says(whole("[EMAIL_1]?"));
    desk.turn("Mail ann@example.com").unwrap();
    desk.deliver().unwrap();
    let object = &desk.ports.user;
    let entries = object.ports.strongbox.kept.borrow().clone().unwrap().1.entries;
    vault::erase(&object.state, &object.ports.strongbox).unwrap();

    let (seen, _) = desk.turn("Who was it?").unwrap();
    assert_eq!(seen.text, "[EMAIL_1]?");
    assert_eq!(desk.last_prompt(), ["Who was it?"], "its history was another's");
    let (_, mut kept) = object.ports.strongbox.kept.borrow().clone().unwrap();
    kept.entries = entries;
    let stolen = ScriptedUser::default();
    stolen.ports.strongbox.kept.replace(Some((USER, kept)));
    assert!(matches!(block_on(stolen.mask(&user(), "x", Author::Outside)), Err(Refused::Failed(_))));
}
