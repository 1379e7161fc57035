//! What is learned from conversations when they rest.

#![allow(clippy::indexing_slicing, clippy::unwrap_used)] // what is not as scripted fails the test

use frontdesk::error::Code;
use frontdesk::memory::summary::MOST_TOKENS;
use frontdesk::ports::UserObject;
use frontdesk::user::chores::{Saved, catch_up};
use futures::executor::block_on;
use pii::mask::Author;
use serde_json::{Value, json};
use uuid::Uuid;

use super::scripted::*;

const SAID_AT: &str = "2026-11-24T10:00:00Z";

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// What a user said, with what is known: each fact's number is that of its row.
fn unread(said: &[&str], known: &[(&str, &str)]) -> Value {
    let messages =
        said.iter().zip(1..).map(|(text, n)| json!({ "id": id(n), "text": text, "said_at": SAID_AT }));
    let facts = known
        .iter()
        .zip(101..)
        .map(|((key, fact), n)| json!({ "id": id(n), "category": "identity", "key": key, "fact": fact }));
    json!({
        "messages": messages.collect::<Vec<_>>(), "facts": facts.collect::<Vec<_>>(), "employee": "prime-boss",
        "budgets": { "user": {}, "employee": {} }, "price": null,
    })
}

fn fact(message: u32, key: &str, fact: &str) -> Value {
    json!({
        "message": message, "category": "identity", "key": key, "fact": fact, "confidence": 0.9, "expires": null,
    })
}

fn answer(facts: &[Value]) -> Value {
    json!({ "facts": facts, "ended": [], "forget": [] })
}

/// A user's object that has something to learn, and a model that says so.
fn learning(unread: Value, answers: &[&str]) -> Desk {
    let desk = Desk::default();
    let user = &desk.ports.user;
    user.ports.database.unread.replace(Some(unread));
    for answer in answers {
        user.ports.model.replies.borrow_mut().push_back(whole(answer));
    }
    user.state.chores.rest();
    desk
}

fn catch(desk: &Desk) -> Result<(), Code> {
    let user = &desk.ports.user;
    block_on(catch_up(&user.state, USER, &user.config, &user.ports)).map_err(|fault| fault.code)
}

/// What is saved of an answer.
fn learned(unread: Value, answer: &Value) -> Value {
    let desk = learning(unread, &[&answer.to_string()]);
    catch(&desk).unwrap();
    let saved = desk.ports.user.ports.database.saved.borrow();
    assert_eq!(saved.len(), 1);
    saved[0].clone()
}

fn facts(learned: &Value) -> Vec<&str> {
    learned["facts"].as_array().unwrap().iter().map(|fact| fact["fact"].as_str().unwrap()).collect()
}

#[test]
fn facts_come_with_their_source_and_are_booked() {
    let desk = learning(
        unread(&["I live in Bern since May"], &[("city", "Lives in Basel")]),
        &[&answer(&[fact(1, "City", "Lives in\nBern")]).to_string()],
    );
    catch(&desk).unwrap();
    let user = &desk.ports.user;
    let saved = user.ports.database.saved.borrow();
    let learned = &saved[0];
    assert_eq!(facts(learned), ["Lives in Bern"]);
    let fact = &learned["facts"][0];
    assert_eq!((&fact["key"], &fact["source_message_id"]), (&json!("city"), &json!(id(1))));
    assert_eq!((&fact["valid_from"], &learned["read"]), (&json!(SAID_AT), &json!([id(1)])));
    let usage = &learned["usage"];
    assert_eq!((&usage["purpose"], &usage["total_tokens"]), (&json!("facts"), &json!(24)));
    let books = user.ports.strongbox.books.borrow();
    let (entry, reserved) = &books[&serde_json::from_value(usage["id"].clone()).unwrap()];
    assert_eq!((entry.spend.tokens, *reserved), (24, None));
    let asked = &user.ports.model.requests.borrow()[0];
    assert_eq!(asked["response_format"]["json_schema"]["strict"], true);
    let input: Value = serde_json::from_str(asked["messages"][1]["content"].as_str().unwrap()).unwrap();
    assert_eq!(input["known"][0]["fact"], "Lives in Basel");
}

#[test]
fn what_nobody_said_is_no_fact() {
    let said = || unread(&["My dog Rex is 3", "我住在伯尔尼"], &[]);
    for kept in
        [fact(1, "dog", "Has a dog named Rex"), fact(1, "age", "Its age is 3"), fact(2, "city", "住在伯尔尼")]
    {
        assert_eq!(facts(&learned(said(), &answer(std::slice::from_ref(&kept)))).len(), 1, "{kept}");
    }
    let with = |name: &str, value: Value| {
        let mut fact = fact(1, "dog", "Has a dog named Rex");
        fact[name] = value;
        fact
    };
    for dropped in [
        // What an assistant said, or a model made up.
        fact(1, "cat", "Owns seven llamas"),
        fact(3, "dog", "Has a dog"),
        fact(0, "dog", "Has a dog"),
        fact(1, "!?", "Has a dog"),
        fact(1, "dog", " "),
        fact(1, "dog", &"dog ".repeat(200)),
        with("category", json!("password")),
        with("confidence", json!(0.2)),
        with("confidence", json!(7)),
        with("expires", json!("2020-01-01")),
    ] {
        assert_eq!(facts(&learned(said(), &answer(std::slice::from_ref(&dropped)))), [""; 0], "{dropped}");
    }
}

#[test]
fn the_later_of_two_facts_about_the_same_counts() {
    let said = unread(&["I live in Basel", "No: in Bern"], &[]);
    let answer = answer(&[fact(1, "city", "Lives in Basel"), fact(2, "city", "Lives in Bern")]);
    assert_eq!(facts(&learned(said, &answer)), ["Lives in Bern"]);
}

#[test]
fn a_fact_lasts_until_its_day_is_over() {
    let mut trip = fact(1, "trip", "Travels to Rome until 2 December 2026");
    trip["expires"] = json!("2026-12-02");
    let learned = learned(unread(&["I am in Rome until December 2"], &[]), &answer(&[trip]));
    assert_eq!(learned["facts"][0]["expires_at"], "2026-12-03T00:00:00Z");
}

#[test]
fn what_is_to_be_forgotten_is_named_by_its_number() {
    let said = unread(&["Forget where I live"], &[("city", "Lives in Bern"), ("dog", "Has a dog")]);
    let forget = json!({ "facts": [], "ended": [2, 9], "forget": [{ "message": 1, "fact": 1 }, { "message": 1, "fact": 7 }] });
    let learned = learned(said, &forget);
    assert_eq!(learned["forgotten"], json!([id(101)]));
    assert_eq!((&learned["ended"], &learned["commands"]), (&json!([id(102)]), &json!([id(1)])));
}

#[test]
fn what_a_model_writes_is_masked_again() {
    let written = answer(&[fact(1, "mail", "Write to [EMAIL_1], not to bob@example.com")]);
    let desk = learning(unread(&["Write to [EMAIL_1]"], &[]), &[&written.to_string()]);
    block_on(desk.ports.user.mask(&user(), "ada@example.com", Author::Outside)).unwrap();
    catch(&desk).unwrap();
    let saved = desk.ports.user.ports.database.saved.borrow();
    assert_eq!(facts(&saved[0]), ["Write to [EMAIL_1], not to [EMAIL_2]"]);
}

#[test]
fn an_answer_that_is_none_is_counted_and_tried_again_and_loses_nothing() {
    let desk = learning(unread(&["I live in Bern"], &[]), &["no JSON", "{\"facts\":1}", "[]"]);
    for left in [2, 1] {
        assert_eq!(catch(&desk), Err(Code::ModelRejected));
        let user = &desk.ports.user;
        assert!(user.ports.strongbox.alarm.get().unwrap() > START);
        assert!(user.ports.database.unread.borrow().is_some(), "{left} more times");
    }
    catch(&desk).unwrap();
    let saved = desk.ports.user.ports.database.saved.borrow();
    let codes: Vec<_> = saved.iter().map(|saved| saved["usage"]["error_code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["malformed_answer"; 3]);
    assert_eq!(saved[2]["read"], json!([id(1)]));
}

#[test]
fn nothing_is_asked_when_the_days_budget_does_not_suffice() {
    let mut said = unread(&["I live in Bern"], &[]);
    said["budgets"]["user"]["daily_tokens"] = json!(1000);
    let desk = learning(said, &[]);
    catch(&desk).unwrap();
    assert!(desk.ports.user.ports.model.requests.borrow().is_empty());
    assert!(desk.ports.user.ports.database.unread.borrow().is_some());
}

#[test]
fn without_postgres_or_a_model_it_is_tried_later() {
    let desk = learning(unread(&["I live in Bern"], &[]), &[]);
    let user = &desk.ports.user;
    user.ports
        .model
        .replies
        .borrow_mut()
        .push_back(Err(frontdesk::ports::ModelError::Status { status: 400, retry_after: None }));
    assert_eq!(catch(&desk), Err(Code::ModelRejected));
    assert!(user.ports.database.saved.borrow().is_empty());
    user.ports.database.down.set(true);
    assert_eq!(catch(&desk), Err(Code::DatabaseUnavailable));
    user.ports.database.down.set(false);
    user.ports
        .model
        .replies
        .borrow_mut()
        .push_back(whole(&answer(&[fact(1, "city", "Lives in Bern")]).to_string()));
    catch(&desk).unwrap();
    assert_eq!(user.ports.database.saved.borrow().len(), 1);
}

/// A session with something to summarise, and what a model makes of it.
fn summarising(answer: &str) -> Value {
    let desk = Desk::default();
    let user = &desk.ports.user;
    user.ports.database.unsummarised.replace(Some(json!({
        "messages": [
            { "id": id(1), "role": "user", "text": "My mail is [EMAIL_1]" },
            { "id": id(2), "role": "assistant", "text": "Noted" },
        ],
        "covers": id(2), "summary": "Before.", "replaces": id(9), "employee": "prime-boss",
        "budgets": { "user": {}, "employee": {} }, "price": null,
    })));
    user.ports.model.replies.borrow_mut().push_back(whole(answer));
    user.state.chores.add(Saved { session: SESSION, may_be_command: false });
    catch(&desk).unwrap();
    user.ports.database.saved.borrow()[0].clone()
}

#[test]
fn a_summary_goes_on_from_the_one_before() {
    let saved = summarising(
        r#"{"overview":"Ada plans a trip.","details":["Mail: [EMAIL_1]"],"decisions":["By train"],"open_questions":["When?"]}"#,
    );
    assert_eq!(
        saved["summary"],
        "Ada plans a trip.\nDetails:\n- Mail: [EMAIL_1]\nDecided:\n- By train\nOpen:\n- When?"
    );
    assert_eq!((&saved["covers"], &saved["replaces"]), (&json!(id(2)), &json!(id(9))));
    assert_eq!((&saved["continues"], &saved["message_ids"]), (&json!(true), &json!([id(1), id(2)])));
    assert_eq!(saved["usage"]["session_id"], json!(SESSION));
}

#[test]
fn a_summary_is_bounded_and_one_that_is_none_is_counted() {
    let details: Vec<_> = (0..200).map(|n| format!("Detail number {n} of many")).collect();
    let long = json!({ "overview": "Long.", "details": details, "decisions": ["One"], "open_questions": [] });
    let saved = summarising(&long.to_string());
    let tokens = saved["tokens"].as_u64().unwrap();
    assert!(tokens <= u64::from(MOST_TOKENS) && tokens > 400, "{tokens}");
    assert!(saved["summary"].as_str().unwrap().ends_with("Decided:\n- One"));
    let overlong =
        json!({ "overview": "word ".repeat(2000), "details": [], "decisions": [], "open_questions": [] });
    for answer in ["", "no JSON", "{}", &overlong.to_string()] {
        let saved = summarising(answer);
        assert!(saved.get("summary").is_none(), "{answer:.20}");
        assert_eq!(saved["usage"]["error_code"], "malformed_answer");
    }
}
