//! Privacy in a turn: personal values stay with their user.

use frontdesk::account::vault::VaultError;
use frontdesk::config::Config;
use frontdesk::error::Code;
use frontdesk::prompt::receipt::Receipt;
use frontdesk::session::store::SessionStore;
use frontdesk::stream::turn_event::TurnEvent;
use pii::mask::Author;
use pii::masked_text::MaskedText;
use pii::vault::MAX_NEW_VALUES;
use serde_json::Value;

use super::harness::platform::TestPlatform;
use super::harness::*;

const EMAIL: &str = "ann@example.com";

/// Every table of the object.
pub(super) const TABLES: [&str; 29] = [
    "agenda",
    "erasure",
    "failed_work",
    "in_flight_turn",
    "intake",
    "ledger",
    "mcp_pin",
    "memory",
    "memory_code",
    "memory_state",
    "memory_vector",
    "memory_words",
    "memory_words_config",
    "memory_words_data",
    "memory_words_docsize",
    "memory_words_idx",
    "outbox",
    "outbox_part",
    "owner",
    "paid_call",
    "pending_approval",
    "session_deletion",
    "session_snapshot",
    "tool_use",
    "turn_log",
    "turn_log_events",
    "unsaved_output",
    "vault_entry",
    "vault_key",
];

/// Everything that models, Postgres, the object's storage and the log got, as text.
fn everything_that_left(conversation: &TestConversation) -> String {
    let platform = &conversation.platform;
    let rows = TABLES.map(|table| platform.storage.read(&format!("SELECT * FROM {table}")));
    let (calls, requests) = (platform.postgrest.calls(), platform.http.requests());
    let (embedded, lines) = (platform.http.embedded(), platform.host.lines());
    format!("{calls:?} {requests:?} {embedded:?} {lines:?} {rows:?}")
}

fn append(conversation: &TestConversation, texts: &[&str]) -> uuid::Uuid {
    let turn = serde_json::from_value(conversation.in_flight()[0]["turn_id"].clone()).unwrap();
    let events: Vec<_> =
        texts.iter().map(|text| TurnEvent::TextDelta(MaskedText::from_model((*text).to_owned()))).collect();
    SessionStore::new(&conversation.platform.storage, SESSION).append_events(turn, &events).unwrap();
    conversation.platform.storage.confirm();
    turn
}

#[test]
fn values_reach_only_their_user() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("I wrote to [email_1] for **[PERSON_1]**."));
    let (seen, finished) = conversation.turn("Write to ann@example.com for Ada Lovelace").unwrap();
    assert_eq!(conversation.last_prompt(), ["Write to [EMAIL_1] for [PERSON_1]"]);
    assert_eq!(seen.text, "I wrote to ann@example.com for **Ada Lovelace**.");
    let stored: Vec<_> = finished.record.messages.iter().map(|message| message.content.as_str()).collect();
    assert_eq!(stored, ["Write to [EMAIL_1] for [PERSON_1]", "I wrote to [EMAIL_1] for **[PERSON_1]**."]);
    assert_eq!(finished.record.title, "Write to [EMAIL_1] for [PERSON_1]");
    conversation.deliver();
    let left = everything_that_left(&conversation);
    assert!(left.contains("[EMAIL_1]"), "{left}");
    assert!(!left.contains(EMAIL) && !left.contains("Lovelace"), "{left}");
}

/// Masked values of the question and of the answer, as their client gets them.
fn masked(seen: &Seen) -> [String; 2] {
    [&seen.question_masked, &seen.masked].map(|masked| serde_json::to_string(masked).unwrap())
}

#[test]
fn a_user_is_told_which_values_the_model_did_not_read() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("For **[person_1]**: [EMAIL_1], [EMAIL_1], and [EMAIL_2]."));
    let (seen, _) = conversation.turn("Write to ann@example.com for Ada Lovelace, SSN 078-05-1120").unwrap();
    let of_question = r#"{"[EMAIL_1]":"ann@example.com","[PERSON_1]":"Ada Lovelace","[US_SSN_1]":null}"#;
    assert_eq!(masked(&seen), [of_question, of_question], "each once, and the hidden one stands as it is");
    conversation.model_says(whole("All is well."));
    let (seen, _) = conversation.turn("Thanks").unwrap();
    assert_eq!(masked(&seen), ["{}", r#"{"[US_SSN_1]":null}"#], "no value that the text does not have");
}

#[test]
fn values_that_the_model_reads_as_they_are_are_not_told_as_masked() {
    let conversation = with_kinds(&["PERSON"]);
    conversation.model_says(whole("[EMAIL_1] for [PERSON_1]"));
    let (seen, finished) = conversation.turn("Write to ann@example.com for Ada Lovelace").unwrap();
    assert_eq!(masked(&seen), [r#"{"[EMAIL_1]":"ann@example.com"}"#; 2]);
    for message in &finished.record.messages {
        assert_eq!(message.metadata["unmasked_kinds"], serde_json::json!(["PERSON"]));
    }
}

#[test]
fn every_table_is_looked_at() {
    let conversation = TestConversation::default();
    let tables =
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name";
    let tables = conversation.platform.storage.read(tables);
    let names: Vec<_> = tables.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, TABLES);
}

#[test]
fn a_placeholder_that_is_split_between_chunks_is_put_together() {
    let conversation = TestConversation::default();
    let steps = ["To [EM", "AIL", "_1] and [", "1] then [EMAIL_1"].map(|text| Step::Bytes(200, chunk(text)));
    conversation.model_says(Ok(steps.into_iter().chain([Step::Bytes(10, end())]).collect()));
    let (seen, _) = conversation.turn("Write to ann@example.com").unwrap();
    assert_eq!(seen.text, "To ann@example.com and [1] then [EMAIL_1");
}

#[test]
fn a_new_object_has_the_values_of_a_sessions_history_without_asking_postgres() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Noted.")).model_says(whole("It is [EMAIL_1]."));
    conversation.turn("My friend is ann@example.com").unwrap();
    assert_eq!(conversation.turn("Who was it?").unwrap().0.text, "It is ann@example.com.");

    let cold = conversation.restart();
    cold.model_says(whole("[EMAIL_1]")).model_says(whole("[EMAIL_1]"));
    assert_eq!(cold.turn("Who?").unwrap().0.text, EMAIL);
    assert_eq!(cold.turn("Again?").unwrap().0.text, EMAIL);
    assert_eq!(cold.platform.postgrest.calls_of("load_vault").len(), 1, "by the first object");
}

#[test]
fn only_placeholders_that_the_model_saw_are_put_back() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Noted.")).model_says(whole("I guess [EMAIL_1]."));
    conversation.turn("My friend is ann@example.com").unwrap();
    let (seen, finished) = conversation.turn_in(OTHER_SESSION, "Guess an address").unwrap();
    assert_eq!(seen.text, "I guess [EMAIL_1].");
    assert_eq!(finished.record.messages[1].content, "I guess [LITERAL_1].", "nor later");
}

#[test]
fn an_employees_policy_decides_how_much_is_shown() {
    let conversation = TestConversation::default();
    let policy = r#"{"default":"full","EMAIL":"partial","CREDIT_CARD":"partial","PHONE":"none"}"#;
    conversation.platform.postgrest.profile(|row| {
        row.employee.as_mut().unwrap().unmask_policy = serde_json::from_str(policy).unwrap();
    });
    conversation.model_says(whole("[EMAIL_1] [CREDIT_CARD_1] [PHONE_1] [US_SSN_1] [IBAN_1]"));
    let message =
        "ann@example.com 4111 1111 1111 1111, +1 415 555 2671, 078-05-1120, GB82 WEST 1234 5698 7654 32";
    let (seen, _) = conversation.turn(message).unwrap();
    assert_eq!(seen.text, "a•••@example.com •••• 1111 [PHONE_1] [US_SSN_1] GB82 WEST 1234 5698 7654 32");
}

fn with_kinds(kinds: &[&str]) -> TestConversation {
    let conversation = TestConversation::default();
    conversation.platform.postgrest.profile(|row| {
        let employee = row.employee.as_mut().unwrap();
        employee.unmasked_kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    });
    conversation
}

const VISIT: &str = "Write to ann@example.com that Ada Lovelace moved to 12 Rosewood Avenue, Springfield";

#[test]
fn an_employees_model_reads_the_kinds_of_its_profile_and_nothing_else_does() {
    let conversation = with_kinds(&["PERSON", "ADDRESS", "LITERAL"]);
    conversation.model_says(whole("Ada Lovelace lives at [ADDRESS_1]; I wrote to [EMAIL_1]."));
    let (seen, finished) = conversation.turn(VISIT).unwrap();
    let prompt = "Write to [EMAIL_1] that Ada Lovelace moved to 12 Rosewood Avenue, Springfield";
    assert_eq!(conversation.last_prompt(), [prompt]);
    assert_eq!(
        seen.text,
        "Ada Lovelace lives at 12 Rosewood Avenue, Springfield; I wrote to ann@example.com."
    );
    let stored: Vec<_> = finished.record.messages.iter().map(|message| message.content.as_str()).collect();
    assert_eq!(
        stored,
        [
            "Write to [EMAIL_1] that [PERSON_1] moved to [ADDRESS_1]",
            "[PERSON_1] lives at [ADDRESS_1]; I wrote to [EMAIL_1]."
        ]
    );
    conversation.deliver();
    let platform = &conversation.platform;
    let (calls, embedded) = (platform.postgrest.calls(), platform.http.embedded());
    let left = format!("{calls:?} {embedded:?} {:?}", platform.host.lines());
    assert!(
        left.contains("[PERSON_1]") && !left.contains("Lovelace") && !left.contains("Rosewood"),
        "{left}"
    );
    conversation.model_says(whole("As [LITERAL_1]."));
    conversation.turn("Where does Ada Lovelace live, [PERSON_9]?").unwrap();
    let prompt = conversation.last_prompt();
    assert_eq!(prompt.last().unwrap(), "Where does Ada Lovelace live, [LITERAL_1]?");
    assert!(prompt.iter().all(|message| !message.contains("[PERSON_")), "nor in the history: {prompt:?}");
}

#[test]
fn an_employee_without_the_kinds_reads_placeholders_of_what_another_was_told() {
    let conversation = with_kinds(&["PERSON"]);
    conversation.model_says(whole("Noted.")).model_says(whole("Hm."));
    conversation.turn("My landlord is Gregory Hill of the east wing").unwrap();
    conversation.platform.postgrest.profile(|row| row.employee.as_mut().unwrap().unmasked_kinds.clear());
    conversation.turn_in(OTHER_SESSION, "Who is the landlord of the east wing?").unwrap();
    let prompt = format!("{:?}", conversation.platform.http.requests().last().unwrap());
    assert!(prompt.contains("[PERSON_1]") && !prompt.contains("Gregory"), "{prompt}");
}

#[test]
fn values_of_a_prompt_are_counted_and_within_the_budget() {
    let conversation = with_kinds(&["ADDRESS"]);
    let address =
        |n: u32| format!("Flat {n}, {n}7 Upper Rosewood Park Avenue, Llanfairpwllgwyngyll LL61 5UJ");
    for n in 1..60 {
        conversation.model_says(whole("Noted."));
        let (_, finished) = conversation.turn(&format!("The {n}. parcel goes to {}.", address(n))).unwrap();
        let receipt = &finished.record.messages[1].metadata["receipt"];
        let receipt: Receipt = serde_json::from_value(receipt.clone()).unwrap();
        let summed: u32 = receipt.sections.iter().map(|section| section.tokens).sum();
        assert!(receipt.counted <= receipt.budget, "{n}: {receipt:?}");
        assert!(receipt.counted - summed < 20, "{n}: {receipt:?}");
        let prompt = conversation.last_prompt();
        assert!(prompt.last().unwrap().contains("Rosewood"), "{prompt:?}");
        let sent: u32 = prompt.iter().map(|message| tokens::count(message)).sum();
        assert!(sent <= receipt.counted, "{n}: {sent} {receipt:?}");
    }
}

#[test]
fn a_deployment_may_ignore_names_and_addresses() {
    let master = ("PII_MASTER_KEY", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
    let config = config_with(&[master, ("PII_IGNORED_KINDS", "PERSON, ADDRESS")]);
    let conversation = TestConversation::over(TestPlatform::default(), config);
    conversation.model_says(whole("Done."));
    conversation.turn(VISIT).unwrap();
    assert_eq!(conversation.last_prompt(), [VISIT.replace("ann@example.com", "[EMAIL_1]")]);
}

#[test]
fn a_value_that_a_model_makes_up_is_masked_before_it_is_stored() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Ask eve@example.com."));
    let (seen, finished) = conversation.turn("Whom to ask?").unwrap();
    assert_eq!(seen.text, "Ask eve@example.com.");
    assert_eq!(finished.record.messages[1].content, "Ask [EMAIL_1].");
}

#[test]
fn a_message_that_cannot_be_masked_is_neither_sent_nor_stored() {
    let many: String = (0..=MAX_NEW_VALUES).map(|n| format!("name{n}@example.com ")).collect();
    let known = || {
        let conversation = TestConversation::default();
        let user = conversation.object.user(&conversation.user);
        conversation.platform.block_on(user.unlock()).unwrap();
        conversation
    };
    let unreachable = TestConversation::default();
    unreachable.platform.postgrest.set_down(true);
    let unwritable = known();
    unwritable.refuse_writes("vault_entry");
    let other_key = known();
    other_key.platform.storage.confirm();
    let TestConversation { platform, .. } = other_key;
    let master = [("PII_MASTER_KEY", "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=")];
    let other_key = TestConversation::over(platform, config_with(&master));
    for (conversation, message, code) in [
        (unreachable, "Write to ann@example.com", Code::DatabaseUnavailable),
        (unwritable, "Write to ann@example.com", Code::PrivacyUnavailable),
        (other_key, "Write to ann@example.com", Code::PrivacyUnavailable),
        (known(), many.as_str(), Code::TooManyValues),
    ] {
        assert_eq!(conversation.refusal(message), code);
        assert!(conversation.platform.http.requests().is_empty() && conversation.in_flight().is_empty());
        assert!(!conversation.session().is_busy(), "the next try is admitted");
    }
}

fn config_with(vars: &[(&str, &str)]) -> Config {
    let all = [
        ("SUPABASE_URL", "https://project.supabase.co"),
        ("SUPABASE_ANON_KEY", "anon"),
        ("SUPABASE_SERVICE_ROLE_KEY", "service"),
        ("OPENAI_API_KEY", "sk-1"),
    ];
    let all: Vec<_> = all.iter().chain(vars).collect();
    Config::read(|name| all.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into())).unwrap()
}

#[test]
fn a_new_value_is_stored_before_its_placeholder_is_used() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("ok")).model_says(whole("ok"));
    conversation.turn("Hello").unwrap();
    conversation.refuse_writes("vault_entry");
    assert_eq!(conversation.refusal("Write to ann@example.com"), Code::PrivacyUnavailable);
    conversation.refuse_nothing();
    conversation.turn("Write to bob@example.com").unwrap();
    assert_eq!(conversation.last_prompt().pop().unwrap(), "Write to [EMAIL_1]", "the number was not taken");
}

#[test]
fn an_answer_that_cannot_be_masked_is_stored_without_personal_values() {
    let conversation = TestConversation::default();
    let prepared = conversation.prepare("Mail ann@example.com").unwrap();
    conversation.refuse_writes("vault_entry");
    conversation.model_says(whole("[email_1] or eve@example.com"));
    let (_, finished) = conversation.answer(SESSION, prepared);
    assert_eq!(finished.record.messages[1].content, "[EMAIL_1] or [EMAIL]");
    assert!(finished.redacted.is_some() && finished.fault.is_none());
}

#[test]
fn an_interrupted_answer_is_closed_without_personal_values() {
    let conversation = TestConversation::default();
    conversation.prepare("Mail ann@example.com").unwrap();
    append(&conversation, &["[ema", "il_1] or eve@example.com"]);
    let next = conversation.restart();
    assert_eq!(next.outbox()[0].messages[1].content, "[EMAIL_1] or [EMAIL]");
}

#[test]
fn half_a_placeholder_of_an_interrupted_answer_is_not_replayed_as_text() {
    let conversation = TestConversation::default();
    conversation.prepare("Mail ann@example.com").unwrap();
    let turn = append(&conversation, &["Mail ", "[EMA"]);
    let next = conversation.restart();
    let log = next.stored_log(turn).unwrap();
    let user = next.object.user(&next.user);
    let mut seen = Seen::default();
    log.replay(|policy| user.placeholder_map(&log.visible_placeholders(), policy), |event| seen.see(event));
    assert_eq!(seen.text, "Mail ", "the next frame had the address for a reader that saw it live");
    assert!(seen.error.is_some());
}

#[test]
fn the_vault_is_copied_to_postgres_and_restored_from_there() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("ok"));
    conversation.turn("Mail ann@example.com").unwrap();
    let undelivered = "SELECT count(*) FROM vault_entry WHERE undelivered = 1";
    assert_eq!(conversation.number(undelivered), 1);
    conversation.platform.postgrest.set_down(true);
    conversation.platform.clock.advance(10_000);
    assert!(conversation.deliver().contains(&"database_unavailable".to_owned()));
    assert!(conversation.platform.storage.alarm().is_some(), "it is tried again");
    conversation.platform.postgrest.set_down(false);
    conversation.platform.clock.advance(31_000);
    conversation.deliver();
    assert_eq!(conversation.number(undelivered), 0);

    // Another deployment, with the same master key and database.
    let moved = TestConversation::default();
    moved.platform.postgrest.set_vault(conversation.platform.postgrest.vault());
    moved.model_says(whole("ok"));
    moved.turn("ANN@example.com, bob@example.com").unwrap();
    assert_eq!(moved.last_prompt(), ["[EMAIL_1], [EMAIL_2]"]);
}

#[test]
fn a_user_without_a_vault_here_waits_for_postgres_which_may_have_one() {
    let conversation = TestConversation::default();
    conversation.platform.postgrest.set_down(true);
    let user = conversation.object.user(&conversation.user);
    let refused = conversation.platform.block_on(user.unlock()).unwrap_err();
    assert!(matches!(refused, VaultError::Database(_)));
    assert!(user.mask_with("Hello", Author::Outside, &[]).is_err(), "and masks nothing until then");
    assert_eq!(conversation.platform.storage.read("SELECT * FROM vault_key"), Value::Array(Vec::new()));
}

#[test]
fn two_requests_unlock_a_new_vault_once() {
    let conversation = TestConversation::over(TestPlatform::default(), config());
    let user = conversation.object.user(&conversation.user);
    let both = futures::future::join(user.unlock(), user.unlock());
    let (first, second) = conversation.platform.block_on(both);
    assert!(first.is_ok() && second.is_ok());
    let first = user.mask_with("ann@example.com", Author::Outside, &[]).unwrap();
    assert_eq!((first.as_str(), conversation.number("SELECT count(*) FROM vault_key")), ("[EMAIL_1]", 1));
}
