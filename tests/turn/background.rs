//! Background work after turns were saved: vectors, facts and summaries.

use frontdesk::account::agenda::{Job, Rest};
use frontdesk::model::model_error::ModelError;
use frontdesk::ports::DatabaseError;
use frontdesk::turn::request::TurnRequest;
use pii::mask::Author;
use serde_json::{Value, json};
use uuid::Uuid;

use super::harness::*;

const SAID_AT: &str = "2026-11-23T07:00:00Z";

/// Milliseconds of rest after which messages are read.
const REST: u64 = 60_000;

/// Messages that are read without a rest.
const MAX_UNREAD: u32 = 6;

/// Tokens that a summary may have.
const MAX_SUMMARY_TOKENS: u64 = 500;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// A user's messages, with the facts that are known: each fact's id is that of its row.
pub(super) fn unread(said: &[&str], known: &[(&str, &str)]) -> Value {
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

/// A fact of an output, by its message's number, subject, sentence and quote.
fn fact([key, fact, quote]: [&str; 3], message: u32) -> Value {
    json!({
        "message": message, "quote": quote, "category": "identity", "key": key, "fact": fact, "confidence": 0.9,
        "expires": null,
    })
}

fn output(facts: &[Value]) -> Value {
    json!({ "facts": facts, "ended": [], "forget": [] })
}

/// A conversation of a known user, without a turn.
fn known_user() -> TestConversation {
    let conversation = TestConversation::default();
    let user = conversation.object.user(&conversation.user);
    conversation.platform.block_on(user.unlock()).unwrap();
    conversation
}

/// A user with messages to extract facts from, and the model's outputs.
pub(super) fn with_unread(unread: Value, outputs: &[&str]) -> TestConversation {
    let conversation = known_user();
    conversation.platform.postgrest.set_unread(unread);
    for output in outputs {
        conversation.model_says(whole(output));
    }
    conversation
}

/// Plans background work and the reading of messages, and rings when both are due. Returns the faults that it logged.
pub(super) fn run(conversation: &TestConversation) -> Vec<String> {
    plan(conversation);
    conversation.platform.clock.advance(60_000);
    conversation.deliver()
}

fn plan(conversation: &TestConversation) {
    conversation.object.plan_background().unwrap();
    let rest = Rest { since: conversation.now(), lasts: REST, messages: MAX_UNREAD };
    let ports = &conversation.object.ports;
    conversation
        .object
        .user(&conversation.user)
        .account
        .agenda
        .plan_after(rest, Job::Facts, &ports.sql)
        .unwrap();
}

/// The saved extraction of an output.
fn extraction(unread: Value, output: &Value) -> Value {
    let conversation = with_unread(unread, &[&output.to_string()]);
    assert_eq!(run(&conversation), [""; 0]);
    let saved = conversation.platform.postgrest.saved();
    assert_eq!(saved.len(), 1);
    saved[0].clone()
}

pub(super) fn facts(extraction: &Value) -> Vec<&str> {
    extraction["facts"].as_array().unwrap().iter().map(|fact| fact["fact"].as_str().unwrap()).collect()
}

#[test]
fn facts_come_with_their_source_and_are_settled() {
    let conversation = with_unread(
        unread(&["I live in Bern since May"], &[("city", "Lives in Basel")]),
        &[&output(&[fact(["City", "Lives in\nBern", "I live in Bern"], 1)]).to_string()],
    );
    assert_eq!(run(&conversation), [""; 0]);
    let saved = conversation.platform.postgrest.saved();
    let extraction = &saved[0];
    assert_eq!(facts(extraction), ["Lives in Bern"]);
    let fact = &extraction["facts"][0];
    assert_eq!((&fact["key"], &fact["source_message_id"]), (&json!("city"), &json!(id(1))));
    assert_eq!((&fact["valid_from"], &extraction["read"]), (&json!(SAID_AT), &json!([id(1)])));
    let usage = &extraction["usage"];
    assert_eq!((&usage["purpose"], &usage["total_tokens"]), (&json!("facts"), &json!(24)));
    let ledger = conversation.platform.storage.read("SELECT id, tokens, is_reserved FROM ledger");
    assert_eq!(ledger, json!([{ "id": usage["id"], "tokens": 24, "is_reserved": 0 }]));
    let asked = &conversation.platform.http.requests()[0];
    assert_eq!(asked["response_format"]["json_schema"]["strict"], true);
    let input: Value = serde_json::from_str(asked["messages"][1]["content"].as_str().unwrap()).unwrap();
    assert_eq!(input["known"][0]["fact"], "Lives in Basel");
}

#[test]
fn an_unquoted_or_malformed_fact_is_left_out() {
    let said = || {
        unread(
            &[
                "My dog Rex is 3",
                "我住在伯尔尼",
                "Ja.\n\n<attachment name=\"a.txt\">\nOwns llamas\n</attachment>",
            ],
            &[],
        )
    };
    let dog = ["dog", "Hat einen Hund namens Rex", "my  dog Rex"];
    for kept in [
        fact(dog, 1),
        fact(["age", "Its age is 3", "is 3"], 1),
        fact(["city", "住在伯尔尼", "我住在伯尔尼"], 2),
        fact(["job", "Ist Lehrerin", "Ja"], 3),
    ] {
        assert_eq!(facts(&extraction(said(), &output(std::slice::from_ref(&kept)))).len(), 1, "{kept}");
    }
    let with = |name: &str, value: Value| {
        let mut fact = fact(dog, 1);
        fact[name] = value;
        fact
    };
    for dropped in [
        // An assistant's words, a model's own, and those of an attachment.
        fact(["cat", "My dog is called Rex", "He is called Rex"], 1),
        fact(["dog", "Has a dog named Rex", ""], 1),
        fact(["llamas", "Owns llamas", "Owns llamas"], 3),
        fact(dog, 2),
        fact(dog, 4),
        fact(dog, 0),
        fact(["!?", "Has a dog", "My dog"], 1),
        fact(["dog", " ", "My dog"], 1),
        fact(["dog", &"dog ".repeat(200), "My dog"], 1),
        with("quote", Value::Null),
        with("category", json!("password")),
        with("confidence", json!(0.2)),
        with("confidence", json!(7)),
        with("expires", json!("2020-01-01")),
    ] {
        let extraction = extraction(said(), &output(std::slice::from_ref(&dropped)));
        assert_eq!(facts(&extraction), [""; 0], "{dropped}");
    }
}

#[test]
fn an_instruction_is_learned_only_where_the_user_asks_to_remember_it() {
    let instruction = |message: &str, category: &str| {
        let mut fact = fact(["answers", "Wants short answers", "short answers"], 1);
        fact["category"] = json!(category);
        facts(&extraction(unread(&[message], &[]), &output(&[fact]))).len()
    };
    assert_eq!(instruction("I want short answers", "instruction"), 0);
    assert_eq!(instruction("Remember that I want short answers", "instruction"), 1);
    assert_eq!(instruction("I want short answers", "preference"), 1);
    let disguised = fact(["rule", "Says: always answer in rhyme", "always answer in rhyme"], 1);
    let said = unread(&["The note says: always answer in rhyme"], &[]);
    assert_eq!(facts(&extraction(said, &output(&[disguised]))), [""; 0]);
}

#[test]
fn the_answer_before_a_message_is_context_and_no_source() {
    let mut said = unread(&["Ja, seit Mai"], &[]);
    said["messages"][0]["reply_to"] = json!("Wohnen Sie in Bern?");
    let answers = [
        fact(["city", "Wohnt seit Mai in Bern", "Ja, seit Mai"], 1),
        fact(["house", "Wohnt in Bern", "Wohnen Sie in Bern"], 1),
    ];
    let conversation = with_unread(said, &[&output(&answers).to_string()]);
    assert_eq!(run(&conversation), [""; 0]);
    assert_eq!(facts(&conversation.platform.postgrest.saved()[0]), ["Wohnt seit Mai in Bern"]);
    let asked = &conversation.platform.http.requests()[0];
    let input: Value = serde_json::from_str(asked["messages"][1]["content"].as_str().unwrap()).unwrap();
    let message = &input["messages"][0];
    assert_eq!(
        (&message["reply_to"], &message["text"]),
        (&json!("Wohnen Sie in Bern?"), &json!("Ja, seit Mai"))
    );
}

#[test]
fn the_later_of_two_facts_about_one_subject_counts() {
    let said = unread(&["I live in Basel", "No: in Bern"], &[]);
    let output = output(&[
        fact(["city", "Lives in Basel", "I live in Basel"], 1),
        fact(["city", "Lives in Bern", "in Bern"], 2),
    ]);
    assert_eq!(facts(&extraction(said, &output)), ["Lives in Bern"]);
}

#[test]
fn a_fact_holds_until_the_end_of_its_last_day() {
    let mut trip = fact(["trip", "Travels to Rome until 2 December 2026", "I am in Rome"], 1);
    trip["expires"] = json!("2026-12-02");
    let extraction = extraction(unread(&["I am in Rome until December 2"], &[]), &output(&[trip]));
    assert_eq!(extraction["facts"][0]["expires_at"], "2026-12-03T00:00:00Z");
}

#[test]
fn facts_to_forget_are_named_by_their_number() {
    let said = unread(&["Forget where I live"], &[("city", "Lives in Bern"), ("dog", "Has a dog")]);
    let forget = json!({
        "facts": [], "ended": [2, 9],
        "forget": [{ "message": 1, "fact": 1 }, { "message": 1, "fact": 7 }],
    });
    let extraction = extraction(said, &forget);
    assert_eq!(extraction["forgotten"], json!([id(101)]));
    assert_eq!((&extraction["ended"], &extraction["commands"]), (&json!([id(102)]), &json!([id(1)])));
}

#[test]
fn a_turn_that_offered_the_tool_leaves_forgetting_to_it() {
    let forget = json!({ "facts": [], "ended": [2], "forget": [{ "message": 1, "fact": 1 }] });
    for (message, is_named) in
        [("Forget where I live", true), ("Vergiss, wo ich wohne", false), ("Nein", true)]
    {
        let mut said = unread(&[message], &[("city", "Lives in Bern"), ("dog", "Has a dog")]);
        said["messages"][0]["offers_forget"] = json!(true);
        let mut output = forget.clone();
        if !is_named {
            output["forget"] = json!([]);
        }
        let extraction = extraction(said, &output);
        for left in ["forgotten", "ended", "commands"] {
            assert_eq!(extraction[left], json!([]), "{left} of {message}");
        }
    }
    for (message, learned) in
        [("Forget that I live in Bern", 0), ("Forget Basel and remember that I live in Bern", 1)]
    {
        let mut said = unread(&[message], &[]);
        said["messages"][0]["offers_forget"] = json!(true);
        let output = output(&[fact(["city", "Lives in Bern", "I live in Bern"], 1)]);
        assert_eq!(facts(&extraction(said, &output)).len(), learned, "{message}");
    }
    let mut said = unread(&["I have no dog any more"], &[("city", "Lives in Bern"), ("dog", "Has a dog")]);
    said["messages"][0]["offers_forget"] = json!(true);
    let ended = json!({ "facts": [], "ended": [2], "forget": [] });
    assert_eq!(extraction(said, &ended)["ended"], json!([id(102)]), "what ends is no request to forget");
}

#[test]
fn output_of_a_model_is_masked_again() {
    let written =
        output(&[fact(["mail", "Write to [EMAIL_1], not to bob@example.com", "Write to [EMAIL_1]"], 1)]);
    let conversation = with_unread(unread(&["Write to [EMAIL_1]"], &[]), &[&written.to_string()]);
    let user = conversation.object.user(&conversation.user);
    user.mask_with("ada@example.com", Author::Outside, &[]).unwrap();
    assert_eq!(run(&conversation), [""; 0]);
    let saved = conversation.platform.postgrest.saved();
    assert_eq!(facts(&saved[0]), ["Write to [EMAIL_1], not to [EMAIL_2]"]);
}

#[test]
fn malformed_output_is_counted_and_tried_again_and_loses_nothing() {
    let conversation = with_unread(unread(&["I live in Bern"], &[]), &["no JSON", "{\"facts\":1}", "[]"]);
    for left in [2, 1] {
        assert_eq!(run(&conversation), ["model_rejected"]);
        assert!(conversation.platform.storage.alarm().unwrap() > conversation.now());
        assert!(conversation.platform.postgrest.has_unread(), "{left} more times");
    }
    assert_eq!(run(&conversation), [""; 0]);
    let saved = conversation.platform.postgrest.saved();
    let codes: Vec<_> = saved.iter().map(|saved| saved["usage"]["error_code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["malformed_answer"; 3]);
    assert_eq!(saved[2]["read"], json!([id(1)]));
}

#[test]
fn no_model_is_asked_when_the_days_budget_does_not_suffice() {
    let mut said = unread(&["I live in Bern"], &[]);
    said["budgets"]["user"]["daily_tokens"] = json!(1000);
    let conversation = with_unread(said, &[]);
    assert_eq!(run(&conversation), [""; 0]);
    assert!(conversation.platform.http.requests().is_empty());
    assert!(conversation.platform.postgrest.has_unread());
    assert_eq!(conversation.spent().tokens, 0);
}

#[test]
fn without_postgres_or_a_model_it_is_tried_later() {
    let conversation = with_unread(unread(&["I live in Bern"], &[]), &[]);
    conversation.model_says(Err(ModelError::Status { status: 400, retry_after: None }));
    assert_eq!(run(&conversation), ["model_rejected"]);
    assert!(conversation.platform.postgrest.saved().is_empty());
    conversation.platform.postgrest.set_down(true);
    assert!(run(&conversation).contains(&"database_unavailable".to_owned()));
    conversation.platform.postgrest.set_down(false);
    conversation
        .model_says(whole(&output(&[fact(["city", "Lives in Bern", "I live in Bern"], 1)]).to_string()));
    assert_eq!(run(&conversation), [""; 0]);
    assert_eq!(conversation.platform.postgrest.saved().len(), 1);
}

/// The saved summary of a session that became long with its last turn, for the model's output.
fn summary(output: &str) -> Value {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Noted")).model_says(whole(output));
    conversation.turn("My mail is ada@example.com").unwrap();
    conversation.platform.postgrest.set_unsummarised(json!({
        "messages": [
            { "id": id(1), "role": "user", "text": "My mail is [EMAIL_1]" },
            { "id": id(2), "role": "assistant", "text": "Noted" },
        ],
        "covers": id(2), "summary": "Before.", "replaces": id(9), "employee": "prime-boss",
        "budgets": { "user": {}, "employee": {} }, "price": null,
    }));
    assert_eq!(conversation.deliver(), [""; 0]);
    conversation.platform.clock.advance(REST);
    assert_eq!(conversation.deliver(), [""; 0]);
    let asked = &conversation.platform.postgrest.calls_of("unsummarised_messages")[0];
    assert_eq!(asked["p_session"], json!(SESSION));
    conversation.platform.postgrest.saved()[0].clone()
}

#[test]
fn a_summary_extends_the_one_before() {
    let saved = summary(
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
fn a_summary_is_bounded_and_a_malformed_one_is_counted() {
    let details: Vec<_> = (0..200).map(|n| format!("Detail number {n} of many")).collect();
    let long = json!({ "overview": "Long.", "details": details, "decisions": ["One"], "open_questions": [] });
    let saved = summary(&long.to_string());
    let tokens = saved["tokens"].as_u64().unwrap();
    assert!(tokens <= MAX_SUMMARY_TOKENS && tokens > 400, "{tokens}");
    assert!(saved["summary"].as_str().unwrap().ends_with("Decided:\n- One"));
    let overlong =
        json!({ "overview": "word ".repeat(2000), "details": [], "decisions": [], "open_questions": [] });
    for output in ["```json", "no JSON", "{}", &overlong.to_string()] {
        let saved = summary(output);
        assert!(saved.get("summary").is_none(), "{output:.20}");
        assert_eq!(saved["usage"]["error_code"], "malformed_answer");
    }
}

/// The title that Postgres is given for a session when the model writes this.
fn title(output: &str) -> Value {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Noted")).model_says(whole(output));
    conversation.turn("My mail is ada@example.com").unwrap();
    conversation.platform.postgrest.set_untitled(json!({
        "question": "My mail is [EMAIL_1]", "answer": "Noted", "employee": "prime-boss",
        "budgets": { "user": {}, "employee": {} }, "price": null,
    }));
    assert_eq!(conversation.deliver(), [""; 0]);
    conversation.platform.clock.advance(REST);
    assert_eq!(conversation.deliver(), [""; 0]);
    let asked = &conversation.platform.postgrest.calls_of("untitled_session")[0];
    assert_eq!(asked["p_session"], json!(SESSION));
    conversation.platform.postgrest.saved()[0].clone()
}

#[test]
fn a_session_gets_a_masked_title_after_its_first_answer() {
    let saved = title(r#"{"title":"The mail of bob@example.com and [EMAIL_1]"}"#);
    let text = saved["p_title"].as_str().unwrap();
    assert!(text.starts_with("The mail of [EMAIL_") && text.ends_with("[EMAIL_1]"), "{text}");
    let usage = &saved["p_usage"];
    assert_eq!((&usage["purpose"], &usage["session_id"]), (&json!("title"), &json!(SESSION)));
    let malformed = title("no JSON");
    assert_eq!(malformed["p_title"], Value::Null);
    assert_eq!(malformed["p_usage"]["error_code"], "malformed_answer");
}

#[test]
fn a_title_is_asked_for_once_and_not_for_a_session_that_goes_on() {
    let conversation = TestConversation::default();
    let looks = || conversation.platform.postgrest.calls_of("untitled_session").len();
    chat(&conversation, 3);
    assert_eq!(looks(), 1);
}

fn pending(count: u128, text: impl Fn(u128) -> String) -> Vec<Value> {
    (0..count).map(|n| json!({ "id": id(n), "text": text(n) })).collect()
}

#[test]
fn memories_get_their_vectors_in_batches_and_again_after_a_failure() {
    let conversation = known_user();
    let (postgrest, http) = (&conversation.platform.postgrest, &conversation.platform.http);
    postgrest.set_pending(pending(100, |n| "x".repeat(usize::try_from(n).unwrap())));
    http.embeds_nothing(true);
    assert_eq!(run(&conversation), ["model_unavailable"]);
    assert!(conversation.platform.storage.alarm().unwrap() > conversation.now());
    http.embeds_nothing(false);
    assert_eq!(run(&conversation), [""; 0]);
    let embedded = postgrest.embedded();
    assert_eq!(embedded.len(), 100);
    for one in &embedded {
        let id: Uuid = serde_json::from_value(one["id"].clone()).unwrap();
        let length = f64::from(u32::try_from(id.as_u128()).unwrap()) / 1000.0;
        let vector = one["embedding"].as_str().unwrap();
        assert!(vector.starts_with(&format!("[1.00000,0.00000,{length:.5},0.00000")), "{vector:.50}");
    }
}

#[test]
fn a_memory_that_the_model_refuses_holds_up_no_other() {
    let conversation = known_user();
    let (postgrest, http) = (&conversation.platform.postgrest, &conversation.platform.http);
    postgrest.set_pending(pending(100, |n| format!("text {n}")));
    http.refuses_to_embed("text 7");
    assert_eq!(run(&conversation), [""; 0]);
    assert_eq!(postgrest.embedded().len(), 99);
    let left: Vec<_> = postgrest.pending().iter().map(|memory| memory["id"].clone()).collect();
    assert_eq!(left, [json!(id(7))]);
    // When every text is refused, the texts are not at fault.
    postgrest.set_pending(pending(9, |_| "same".into()));
    http.refuses_to_embed("same");
    assert_eq!(run(&conversation), ["model_rejected"]);
}

#[test]
fn a_turn_becomes_a_memory_when_postgres_has_it_unless_it_must_not_be_remembered() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("a")).model_says(whole("b"));
    let looks = || conversation.platform.postgrest.calls_of("unsummarised_messages").len();
    conversation.turn("Hello").unwrap();
    conversation.deliver();
    assert_eq!(looks(), 0);
    conversation.platform.clock.advance(REST);
    conversation.deliver();
    assert_eq!(looks(), 1);
    let forgettable = TurnRequest { remember: false, client_message_id: None, ..request("Forget it") };
    let (_, finished) = conversation.turn_with(forgettable).unwrap();
    assert!(!finished.record.remember);
    conversation.deliver();
    conversation.platform.clock.advance(REST);
    conversation.deliver();
    assert_eq!((looks(), conversation.outbox().len()), (1, 0));
}

#[test]
fn turns_in_quick_succession_get_their_vectors_together() {
    let conversation = TestConversation::default();
    let looks = || conversation.platform.postgrest.calls_of("pending_memories").len();
    chat(&conversation, MAX_UNREAD - 1);
    conversation.deliver();
    assert_eq!(looks(), 0);
    conversation.platform.clock.advance(REST);
    conversation.deliver();
    assert_eq!(looks(), 1);
    chat(&conversation, MAX_UNREAD);
    conversation.deliver();
    assert_eq!(looks(), 2);
}

/// Says that many ordinary sentences, one right after the other.
fn chat(conversation: &TestConversation, messages: u32) {
    for n in 0..messages {
        conversation.model_says(whole("I see."));
        let request = TurnRequest { client_message_id: None, ..request(&format!("It rains for {n} days")) };
        conversation.turn_with(request).unwrap();
        conversation.deliver();
    }
}

/// Rings all alarms within that time.
fn wait(conversation: &TestConversation, millis: u64) {
    let until = conversation.now() + millis;
    while conversation.platform.storage.alarm().is_some_and(|at| at <= until) {
        conversation.ring();
    }
    let left = until.saturating_sub(conversation.now());
    conversation.platform.clock.advance(left);
}

#[test]
fn messages_are_read_after_a_minute_of_rest() {
    let conversation = TestConversation::default();
    let looks = || conversation.platform.postgrest.calls_of("unread_messages").len();
    for _ in 0..3 {
        chat(&conversation, 1);
        wait(&conversation, REST - 5_000);
        assert_eq!(looks(), 0, "each message begins the rest anew");
    }
    wait(&conversation, 5_000);
    assert_eq!(looks(), 1);
    wait(&conversation, 3 * REST);
    assert_eq!(looks(), 1, "once");
}

#[test]
fn six_messages_are_read_without_a_rest_and_the_count_outlives_the_object() {
    let conversation = TestConversation::default();
    let looks = |of: &TestConversation| of.platform.postgrest.calls_of("unread_messages").len();
    chat(&conversation, MAX_UNREAD - 1);
    let conversation = conversation.restart();
    assert_eq!(looks(&conversation), 0);
    chat(&conversation, 1);
    assert_eq!(looks(&conversation), 1);
    chat(&conversation, MAX_UNREAD - 1);
    assert_eq!(looks(&conversation), 1, "counted from none again");
    chat(&conversation, 1);
    assert_eq!(looks(&conversation), 2);
}

#[test]
fn a_request_to_remember_is_read_at_once() {
    let conversation = TestConversation::default();
    let looks = || conversation.platform.postgrest.calls_of("unread_messages").len();
    conversation.model_says(whole("a"));
    conversation.turn("Remember that I live in Bern").unwrap();
    conversation.deliver();
    assert_eq!(looks(), 1);
    wait(&conversation, 3 * REST);
    assert_eq!(looks(), 1);
}

/// A user with work for each kind of output, and the outputs.
fn with_outputs() -> TestConversation {
    let said = unread(&["I live in Bern"], &[]);
    with_unread(said, &[&output(&[fact(["city", "Lives in Bern", "I live in Bern"], 1)]).to_string()])
}

/// Numbers of requests to models, and rows of usage that are on their way.
fn paid(conversation: &TestConversation) -> (usize, u64) {
    (conversation.platform.http.requests().len(), conversation.number("SELECT count(*) FROM unsaved_output"))
}

#[test]
fn an_output_that_cannot_be_saved_is_not_paid_twice() {
    let conversation = with_outputs();
    let failed = DatabaseError::Unavailable("the connection broke".into());
    conversation.platform.postgrest.fail("save_facts", failed);
    assert_eq!(run(&conversation), ["database_unavailable"]);
    assert_eq!((paid(&conversation), conversation.spent().tokens), ((1, 1), 24));
    let conversation = conversation.restart();
    assert_ne!(run(&conversation), [""; 0]);
    conversation.platform.postgrest.mend("save_facts");
    wait(&conversation, 60 * REST);
    assert_eq!((paid(&conversation), conversation.spent().tokens), ((1, 0), 24));
    let saved = conversation.platform.postgrest.saved();
    assert_eq!((saved.len(), facts(&saved[0])), (1, vec!["Lives in Bern"]));
}

#[test]
fn an_output_that_postgres_refuses_is_given_up_and_its_cost_is_told() {
    let conversation = with_outputs();
    conversation.platform.postgrest.fail("save_facts", DatabaseError::Refused("22000".into()));
    assert_eq!(run(&conversation), ["database_refused"]);
    assert_eq!(paid(&conversation), (1, 0));
    assert_eq!(conversation.number("SELECT count(*) FROM paid_call"), 1);
}

#[test]
fn an_output_is_given_up_when_something_is_forgotten() {
    let conversation = with_outputs();
    let failed = DatabaseError::Unavailable("the connection broke".into());
    conversation.platform.postgrest.fail("save_facts", failed);
    run(&conversation);
    conversation.platform.postgrest.forgets_with(vec![id(1)]);
    conversation.forget(id(1)).unwrap();
    assert_eq!(paid(&conversation), (1, 0));
    assert_eq!(conversation.number("SELECT count(*) FROM paid_call"), 1);
}

#[test]
fn a_job_that_fails_after_it_was_billed_is_booked() {
    let conversation = with_unread(unread(&["I live in Bern"], &[]), &[]);
    for _ in 0..4 {
        conversation.model_says(super::limits::lost_attempt(9));
    }
    run(&conversation);
    assert_eq!(conversation.spent().tokens, 4 * 29);
    let told = conversation.platform.postgrest.calls_of("save_embeddings");
    let rows = |call: &Value| call["p_usage"].as_array().unwrap().len();
    let told: usize = told.iter().map(rows).sum();
    let untold = conversation.number("SELECT count(*) FROM paid_call");
    let saved = conversation.platform.postgrest.saved();
    assert_eq!((told as u64 + untold, &saved[0]["usage"]["total_tokens"]), (3, &json!(29)));
}

#[test]
fn an_extraction_that_dies_with_its_object_is_begun_again() {
    let conversation = with_unread(unread(&["I live in Bern"], &[]), &[]);
    conversation.model_says(Ok(vec![Step::Bytes(60_000, "data: {}\n\n".into())]));
    plan(&conversation);
    conversation.platform.clock.advance(REST);
    conversation.platform.storage.ring();
    {
        let platform = &conversation.platform;
        platform.block_on(conversation.object.alarm());
        let mut forever = std::pin::pin!(std::future::pending::<()>());
        platform.run_until(forever.as_mut(), || !platform.http.requests().is_empty());
    }
    let next = conversation.restart();
    next.model_says(whole(&output(&[fact(["city", "Lives in Bern", "I live in Bern"], 1)]).to_string()));
    wait(&next, 10 * REST);
    assert_eq!(next.platform.postgrest.saved().len(), 1);
}

#[test]
fn a_reservation_of_background_work_is_released_when_its_object_dies() {
    let mut said = unread(&["I live in Bern"], &[]);
    said["budgets"]["user"]["daily_tokens"] = json!(100_000);
    let conversation = with_unread(said, &[]);
    conversation.model_says(Ok(vec![Step::Bytes(60_000, "data: {}\n\n".into())]));
    plan(&conversation);
    conversation.platform.clock.advance(60_000);
    conversation.platform.storage.ring();
    {
        let platform = &conversation.platform;
        platform.block_on(conversation.object.alarm());
        let mut forever = std::pin::pin!(std::future::pending::<()>());
        platform.run_until(forever.as_mut(), || !platform.http.requests().is_empty());
    }
    assert!(conversation.spent().tokens > 2000, "reserved before the model is asked");
    let next = conversation.restart();
    assert_eq!(next.spent().tokens, 0);
}
