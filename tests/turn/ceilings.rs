//! Ceilings of a deployment and of what one user may store.

use frontdesk::api::routes::UserRoute;
use frontdesk::chat::price::Price;
use frontdesk::error::Code;
use frontdesk::ports::DatabaseError;
use frontdesk::turn::request::TurnRequest;
use serde_json::json;

use super::harness::platform::TestPlatform;
use super::harness::*;

const PRICE: Price = Price { input: 1.0, cached_input: 1.0, output: 1.0 };

fn with(variables: &[(&str, &str)]) -> TestConversation {
    TestConversation::over(TestPlatform::default(), config_with(variables))
}

fn reports(conversation: &TestConversation) -> usize {
    conversation.platform.postgrest.calls_of("deployment_spending").len()
}

/// Answers a further message.
fn says(conversation: &TestConversation, message: &str) -> Result<(), Code> {
    conversation.model_says(whole("ok"));
    let request = TurnRequest { client_message_id: None, ..request(message) };
    conversation.turn_with(request).map(drop).map_err(|error| error.code())
}

#[test]
fn all_users_together_have_a_budget_and_a_hot_turn_asks_nobody_for_it() {
    let conversation = with(&[("DEPLOYMENT_DAILY_TOKENS", "10000")]);
    says(&conversation, "one").unwrap();
    assert_eq!(reports(&conversation), 1, "the first turn of the object waits for a report");
    conversation.platform.postgrest.set_deployment_tokens(9_500);
    says(&conversation, "two").unwrap();
    assert_eq!(reports(&conversation), 1, "a hot turn asks nobody");
    conversation.platform.clock.advance(61_000);
    conversation.deliver();
    assert_eq!(reports(&conversation), 2, "work in the background does");
    assert_eq!(says(&conversation, "three"), Err(Code::BudgetExceeded));
    conversation.platform.clock.advance(24 * 60 * 60 * 1000);
    conversation.platform.postgrest.set_deployment_tokens(0);
    says(&conversation, "four").unwrap();
}

#[test]
fn a_report_is_no_older_than_a_minute_for_a_user_who_never_rests() {
    let conversation = with(&[("DEPLOYMENT_DAILY_TOKENS", "10000")]);
    for (message, expected) in [("one", 1), ("two", 1), ("three", 2)] {
        says(&conversation, message).unwrap();
        conversation.deliver();
        assert_eq!(reports(&conversation), expected, "{message}");
        conversation.platform.clock.advance(40_000);
    }
}

#[test]
fn a_ceiling_in_dollars_counts_what_is_reported() {
    let conversation = with(&[("DEPLOYMENT_DAILY_USD", "0.5")]);
    conversation.platform.postgrest.profile(|row| row.price = Some(PRICE));
    conversation.platform.postgrest.set_deployment_tokens(1);
    assert_eq!(says(&conversation, "one"), Err(Code::BudgetExceeded));
}

#[test]
fn a_turn_begins_where_no_report_comes() {
    let conversation = with(&[("DEPLOYMENT_DAILY_TOKENS", "10000")]);
    let failed = DatabaseError::Unavailable("the connection broke".into());
    conversation.platform.postgrest.fail("deployment_spending", failed);
    says(&conversation, "one").unwrap();
    says(&conversation, "two").unwrap();
    assert_eq!(reports(&conversation), 1);
}

#[test]
fn without_a_ceiling_nobody_is_asked() {
    let conversation = with(&[]);
    says(&conversation, "one").unwrap();
    conversation.deliver();
    assert_eq!(reports(&conversation), 0);
}

#[test]
fn a_vault_has_so_many_values() {
    let conversation = with(&[("STORAGE_LIMITS", r#"{"values":2}"#)]);
    says(&conversation, "a@example.com and b@example.com").unwrap();
    let refused = conversation.turn("Now c@example.com").unwrap_err();
    assert_eq!((refused.code(), refused.field()), (Code::TooMuchStored, Some("message")));
    assert_eq!(conversation.number("SELECT count(*) FROM vault_entry"), 2);
    says(&conversation, "Again a@example.com").unwrap();
    assert!(conversation.last_prompt().last().unwrap().contains("[EMAIL_1]"));
}

#[test]
fn an_answer_with_a_value_too_many_is_stored_without_it() {
    let conversation = with(&[("STORAGE_LIMITS", r#"{"values":1}"#)]);
    says(&conversation, "I am a@example.com").unwrap();
    conversation.model_says(whole("Write to eve@example.org."));
    let (_, finished) = conversation.turn("Whom?").unwrap();
    let stored = finished.record.messages.last().unwrap().content.to_string();
    assert!(!stored.contains("eve@"), "{stored}");
}

/// A line of an import.
fn line(n: u32) -> String {
    let content = format!("It rained on day {n}.");
    let line =
        json!({ "session": "old", "role": "user", "content": content, "created_at": "2025-03-01T09:00:00Z" });
    format!("{line}\n")
}

fn import(conversation: &TestConversation, body: &str) -> (u16, String) {
    let reply = conversation.call(UserRoute::Import, body);
    (reply.status, reply.body.to_string())
}

#[test]
fn a_user_brings_so_many_bytes_a_day_and_erasing_gives_none_back() {
    let conversation = with(&[("STORAGE_LIMITS", r#"{"daily_bytes":300}"#)]);
    let body = line(1) + &line(2);
    let (status, reply) = import(&conversation, &body);
    assert_eq!(status, 200, "{reply}");
    let (status, reply) = import(&conversation, &body);
    assert_eq!(status, 429, "{reply}");
    assert!(reply.contains("upload_limit") && reply.contains("MiB a day"), "{reply}");
    assert!(reply.contains(r#""field":"body""#), "{reply}");
    conversation.call(UserRoute::EraseUser, "");
    conversation.deliver();
    assert_eq!(conversation.number("SELECT sum(amount) FROM intake"), body.len() as u64);
    conversation.platform.clock.advance(24 * 60 * 60 * 1000);
    assert_eq!(import(&conversation, &body).0, 200);
}

#[test]
fn a_user_has_so_many_memories() {
    let conversation = with(&[("STORAGE_LIMITS", r#"{"memories":2}"#)]);
    assert_eq!(import(&conversation, &(line(1) + &line(2))).0, 200);
    conversation.platform.storage.confirm();
    let (status, reply) = import(&conversation, &line(3));
    assert_eq!(status, 409, "{reply}");
    assert!(reply.contains("too_much_stored") && reply.contains("2 memories"), "{reply}");
}
