//! Memories that a turn recalls.

use frontdesk::chat::message::Role;
use frontdesk::prompt::receipt::{Reason, SectionName};
use frontdesk::session::path::InsertAt;
use frontdesk::turn::request::TurnRequest;
use serde_json::{Value, json};
use uuid::Uuid;

use super::harness::*;

/// The n-th recalled memory: a message.
fn memory(n: u128, content: &str) -> Value {
    json!({
        "message_id": Uuid::from_u128(n + 100), "role": Role::User, "content": content, "content_tokens": 10,
        "occurred_at": "1970-01-01T00:00:00Z",
    })
}

/// A recalled passage of the n-th document.
fn passage(n: u128, name: &str, content: &str) -> Value {
    json!({
        "message_id": null, "document_id": Uuid::from_u128(n), "document": name, "media_type": "application/pdf",
        "content": content, "content_tokens": 10, "occurred_at": "1970-01-01T00:00:00Z",
    })
}

#[test]
fn memories_for_the_masked_message_stand_before_it_and_are_on_the_receipt() {
    let conversation = TestConversation::default();
    let memories = [memory(0, "I have a cat."), memory(1, "Mail [EMAIL_1].")];
    conversation.platform.postgrest.recalls(json!({ "memories": memories }));
    conversation.model_says(whole("Hello"));
    let (seen, finished) = conversation.turn("Write to ada@example.com").unwrap();
    let prompt = conversation.last_prompt();
    assert!(
        prompt[0].contains("[1 January 1970]\nUser: I have a cat.\nUser: Mail [EMAIL_1].\n"),
        "{prompt:?}"
    );
    assert_eq!(prompt[1], "Write to [EMAIL_1]");
    let recall = &conversation.platform.postgrest.calls_of("recall")[0];
    assert_eq!((&recall["p_query"], &recall["p_embedding"]), (&json!("Write to [EMAIL_1]"), &json!("[18]")));
    let receipt = seen.receipt.unwrap();
    let section = receipt.sections.iter().find(|section| section.name == SectionName::Memories).unwrap();
    assert_eq!((section.kept, section.ids.len()), (2, 2));
    assert_eq!(finished.record.messages[1].metadata["receipt"]["billed"], 20);
}

#[test]
fn a_document_in_the_prompt_is_cited_by_the_name_that_its_user_gave_it() {
    let conversation = TestConversation::default();
    let mut long = passage(9, "long.pdf", "Long.");
    long["content_tokens"] = json!(100_000);
    let memories = [
        passage(7, "for [EMAIL_1].pdf", "Text of document 7."),
        long,
        passage(8, "plan.pdf", "Text of document 8."),
        passage(7, "for [EMAIL_1].pdf", "More."),
    ];
    conversation.platform.postgrest.recalls(json!({ "memories": memories }));
    conversation.model_says(whole("Hello"));
    let (seen, finished) = conversation.turn("Write to ada@example.com").unwrap();
    assert!(conversation.last_prompt()[0].contains("for [EMAIL_1].pdf: Text of document 7.\n"));
    let names: Vec<_> = seen.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(
        names,
        ["for ada@example.com.pdf", "plan.pdf"],
        "each once, and one that did not fit is not cited"
    );
    let sources = &finished.record.messages[1].metadata["sources"];
    assert_eq!(sources[0]["name"], "for [EMAIL_1].pdf");
    assert_eq!(sources.as_array().map(Vec::len), Some(2));
    conversation.platform.postgrest.recalls(json!({}));
    conversation.model_says(whole("Hello"));
    let (seen, finished) = conversation.turn("And now?").unwrap();
    assert!(seen.sources.is_empty() && !finished.record.messages[1].metadata.contains_key("sources"));
    assert_eq!(seen.text, "Hello");
}

#[test]
fn without_a_vector_words_decide_and_without_memory_the_turn_goes_on() {
    let conversation = TestConversation::default();
    conversation.platform.http.embeds_nothing(true);
    conversation.model_says(whole("a")).model_says(whole("b"));
    conversation.turn("Hello").unwrap();
    assert_eq!(conversation.platform.postgrest.calls_of("recall")[0]["p_embedding"], Value::Null);
    conversation.platform.postgrest.set_down(true);
    let (seen, _) = conversation.turn("Hello again").unwrap();
    let receipt = seen.receipt.unwrap();
    let section = receipt.sections.iter().find(|section| section.name == SectionName::Memories).unwrap();
    assert_eq!(section.dropped[0].reason, Reason::Unavailable);
}

#[test]
fn a_regenerated_answer_recalls_for_its_question() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("a")).model_says(whole("b"));
    conversation.turn("Hello").unwrap();
    let again = TurnRequest { insert_at: InsertAt::Regenerate(None), client_message_id: None, ..request("") };
    conversation.turn_with(again).unwrap();
    let recalls = conversation.platform.postgrest.calls_of("recall");
    let queries: Vec<_> = recalls.iter().map(|arguments| arguments["p_query"].clone()).collect();
    assert_eq!(queries, ["Hello", "Hello"]);
}
