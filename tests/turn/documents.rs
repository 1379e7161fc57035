//! Documents: masked before they are cut, and stored once.

use frontdesk::documents::{MaskedTable, SaveOutcome, Upload, save_document};
use passages::{Form, Part};
use serde_json::Value;

use super::harness::*;

fn upload(parts: Vec<Part>) -> Upload {
    Upload {
        name: "For ada@example.com (2026).csv".into(),
        media_type: "text/csv".into(),
        size_bytes: 9,
        parts,
    }
}

/// Saves a document; returns it as it was sent, and the lines of a table.
fn save(conversation: &TestConversation, parts: Vec<Part>) -> (Value, Option<MaskedTable>) {
    let user = conversation.object.user(&conversation.user);
    let saved = conversation.platform.block_on(async {
        user.unlock().await?;
        save_document(&user, upload(parts)).await
    });
    let Ok(SaveOutcome::Saved(_, table)) = saved else { panic!("{saved:?}") };
    (conversation.platform.postgrest.documents().pop().unwrap(), table)
}

fn contents(document: &Value) -> Vec<&str> {
    let chunks = document["chunks"].as_array().unwrap();
    chunks.iter().map(|chunk| chunk["content"].as_str().unwrap()).collect()
}

#[test]
fn a_document_is_masked_before_it_is_cut_and_has_the_same_id_when_it_comes_again() {
    let conversation = TestConversation::default();
    let part = |text: &str| Part { form: Form::Plain, page: None, text: text.into() };
    let parts = vec![part("Ask eve@example.org."), part("Or ada@example.com, or eve@example.org.")];
    let (first, _) = save(&conversation, parts.clone());
    assert_eq!(contents(&first), ["Ask [EMAIL_1].", "Or [EMAIL_2], or [EMAIL_1]."]);
    assert_eq!(first["name"], "For [EMAIL_2] (2026).csv");
    let (again, _) = save(&conversation, parts);
    assert_eq!((&first["id"], &first["chunks"]), (&again["id"], &again["chunks"]));
}

#[test]
fn a_document_may_have_more_values_than_a_message_and_rows_are_masked_by_their_header() {
    let conversation = TestConversation::default();
    let row = |n: u32| format!("row\tname{n}@example.org\t{}-{}-{}\n", 300 + n % 200, 10 + n % 80, 1000 + n);
    let text = format!("id\tmail\tssn\n{}", (0..3000).map(row).collect::<String>());
    let (document, table) = save(&conversation, vec![Part { form: Form::Table, page: None, text }]);
    assert!(contents(&document).iter().all(|chunk| chunk.starts_with("id\tmail\tssn\n")));
    let all = table.unwrap().text;
    assert_eq!((all.lines().count(), all.contains("example.org")), (3001, false));
    assert!(all.trim_end().ends_with("\nrow\t[EMAIL_3000]\t[US_SSN_3000]"), "{all}");
    // Of a long table the first rows are found by their meaning.
    let passages = contents(&document).concat();
    assert!(passages.contains("[EMAIL_500]") && !passages.contains("[EMAIL_501]"));
    let numbers = all.lines().filter(|row| row.ends_with(|c: char| c.is_ascii_digit())).count();
    assert_eq!(numbers, 0, "far from its header, too");
    let text = (0..3000).map(|n| format!("mail name{n}@example.com\n")).collect();
    let (document, _) = save(&conversation, vec![Part { form: Form::Plain, page: None, text }]);
    assert!(contents(&document).iter().all(|chunk| !chunk.contains("example.com")));
}
