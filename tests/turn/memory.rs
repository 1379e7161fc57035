//! Memories that a turn recalls.

use frontdesk::chat::message::Role;
use frontdesk::memory::index;
use frontdesk::model::vector_use::VectorUse;
use frontdesk::prompt::receipt::SectionName;
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
    conversation.platform.remember(&memories);
    conversation.model_says(whole("Hello"));
    let (seen, finished) = conversation.turn("Write to ada@example.com").unwrap();
    let prompt = conversation.last_prompt();
    assert!(
        prompt[0].contains("[1 January 1970]\nUser: I have a cat.\nUser: Mail [EMAIL_1].\n"),
        "{prompt:?}"
    );
    assert_eq!(prompt[1], "Write to [EMAIL_1]");
    assert_eq!(conversation.platform.http.embedded(), ["Write to [EMAIL_1]"]);
    let receipt = seen.receipt.unwrap();
    assert_eq!(receipt.vector, Some(VectorUse::Used));
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
    conversation.platform.remember(&memories);
    conversation.model_says(whole("Hello"));
    let (seen, finished) = conversation.turn("Write to ada@example.com").unwrap();
    assert!(conversation.last_prompt()[0].contains("Document \"for [EMAIL_1].pdf\": Text of document 7.\n"));
    let names: Vec<_> = seen.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(
        names,
        ["for ada@example.com.pdf", "plan.pdf"],
        "each once, and one that did not fit is not cited"
    );
    let sources = &finished.record.messages[1].metadata["sources"];
    assert_eq!(sources[0]["name"], "for [EMAIL_1].pdf");
    assert_eq!(sources.as_array().map(Vec::len), Some(2));
    index::erase(&conversation.platform.storage).unwrap();
    conversation.model_says(whole("Hello"));
    let (seen, finished) = conversation.turn("And now?").unwrap();
    assert!(seen.sources.is_empty() && !finished.record.messages[1].metadata.contains_key("sources"));
    assert_eq!(seen.text, "Hello");
}

#[test]
fn without_a_vector_words_decide_and_without_postgres_the_turn_remembers() {
    let conversation = TestConversation::default();
    conversation.platform.http.embeds_nothing(true);
    let memories = [memory(0, "I have a cat."), memory(1, "Bern has a harbour.")];
    conversation.platform.remember(&memories);
    conversation.model_says(whole("a")).model_says(whole("b"));
    let (seen, _) = conversation.turn("What are cats?").unwrap();
    let prompt = conversation.last_prompt();
    assert!(prompt[0].contains("cat") && !prompt[0].contains("harbour"), "{prompt:?}");
    assert_eq!(seen.receipt.unwrap().vector, Some(VectorUse::Absent));
    conversation.platform.postgrest.set_down(true);
    conversation.turn("Tell me of harbours").unwrap();
    assert!(conversation.last_prompt().iter().any(|text| text.contains("Bern has a harbour.")));
}

#[test]
fn a_vector_that_is_late_is_not_waited_for_and_soon_not_asked_for() {
    let conversation = TestConversation::default();
    conversation.platform.http.hangs_with_vectors(true);
    conversation.platform.remember(&[memory(0, "I have a cat.")]);
    let uses = (0..5).map(|n| {
        conversation.model_says(whole("a"));
        let (seen, _) = conversation
            .turn_with(TurnRequest {
                client_message_id: Some(format!("mine-{n}")),
                ..request("What of the cat?")
            })
            .unwrap();
        seen.receipt.unwrap().vector.unwrap()
    });
    let uses: Vec<_> = uses.collect();
    assert_eq!(
        uses,
        [VectorUse::Late, VectorUse::Late, VectorUse::Late, VectorUse::Absent, VectorUse::Absent]
    );
    assert_eq!(conversation.platform.http.embedded().len(), 3);
    let waits = conversation.platform.clock.slept().into_iter().filter(|span| *span == 150).count();
    assert_eq!(waits, 3, "the deadline, three times");
}

#[test]
fn an_object_without_an_index_reads_the_memories_of_its_user_under_their_token() {
    let conversation = TestConversation::default();
    let memories = (0..1000_u32).rev().map(|n| {
        let mut memory = memory(n.into(), &format!("Note {n} on llamas."));
        memory["id"] = json!(Uuid::from_u128(u128::from(n) + 100));
        memory["session_id"] = json!(Uuid::from_u128(7));
        memory["occurred_at"] = json!(format!("2024-01-01T00:{:02}:{:02}Z", n / 60, n % 60));
        memory
    });
    conversation.platform.postgrest.set_memories(memories.collect());
    conversation.platform.postgrest.set_facts(json!([{
        "id": Uuid::nil(), "category": "place", "key": "home", "fact": "Lives in Bern", "confidence": 0.9,
        "valid_from": "2024-01-01T00:00:00Z", "expires_at": null,
    }]));
    conversation.model_says(whole("a")).model_says(whole("b"));
    drop(conversation.send(request("Hello")).unwrap());
    conversation.platform.run_tasks();
    let pages = conversation.platform.postgrest.calls();
    let pages: Vec<_> = pages.iter().filter(|call| call.function == "memories").collect();
    assert_eq!(pages.len(), 3);
    assert!(pages.iter().all(|page| !page.is_service));
    conversation
        .turn_with(TurnRequest { client_message_id: Some("mine-2".into()), ..request("What of note 417?") })
        .unwrap();
    let prompt = conversation.last_prompt().join("\n");
    assert!(prompt.contains("Note 417 on llamas.") && prompt.contains("Lives in Bern"), "{prompt}");
    assert_eq!(conversation.platform.postgrest.calls_of("memories").len(), 3, "once");
}

#[test]
fn a_regenerated_answer_recalls_for_its_question() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("a")).model_says(whole("b"));
    conversation.turn("Hello").unwrap();
    let again = TurnRequest { insert_at: InsertAt::Regenerate(None), client_message_id: None, ..request("") };
    conversation.turn_with(again).unwrap();
    assert_eq!(conversation.platform.http.embedded(), ["Hello", "Hello"]);
}

#[test]
fn what_is_not_to_be_remembered_is_not_in_the_index() {
    let conversation = TestConversation::default();
    conversation.platform.http.embeds_nothing(true);
    conversation.model_says(whole("a")).model_says(whole("b")).model_says(whole("c"));
    conversation.turn_with(TurnRequest { remember: false, ..request("The walrus is secret") }).unwrap();
    conversation.turn_in(Uuid::from_u128(77), "The walrus is known").unwrap();
    conversation.turn_in(Uuid::from_u128(78), "What of the walrus?").unwrap();
    let prompt = conversation.last_prompt().join("\n");
    assert!(prompt.contains("The walrus is known") && !prompt.contains("secret"), "{prompt}");
}
