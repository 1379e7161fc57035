//! What is recalled for a turn, and what a turn leaves to be recalled.

#![allow(clippy::unwrap_used)] // what is not as scripted fails the test

use chrono::DateTime;
use frontdesk::api::chat::Ask;
use frontdesk::context::receipt::{Reason, SectionName};
use frontdesk::document;
use frontdesk::document::keep::{Kept, Lines, NewDocument};
use frontdesk::document::upload::Upload;
use frontdesk::error::Code;
use frontdesk::memory::embed::Pending;
use frontdesk::memory::recall::{Recalled, Recollection};
use frontdesk::model::embedding::Embedding;
use frontdesk::session::load::Role;
use frontdesk::session::tree::Place;
use frontdesk::user::chores::catch_up;
use futures::executor::block_on;
use readers::document::{Form, Part};
use uuid::Uuid;

use super::scripted::{self, *};

fn memories(contents: &[&str]) -> Recalled {
    let memory = |(n, content): (usize, &&str)| Recollection {
        message_id: Some(Uuid::from_u128(n as u128 + 100)),
        session_id: None,
        document_id: None,
        media_type: None,
        document: None,
        role: Some(Role::User),
        content: (*content).to_owned(),
        content_tokens: 10,
        occurred_at: DateTime::UNIX_EPOCH,
    };
    Recalled { memories: contents.iter().enumerate().map(memory).collect(), ..Recalled::default() }
}

#[test]
fn what_is_recalled_for_the_masked_message_stands_before_it_and_is_on_the_receipt() {
    let desk = Desk::default();
    desk.ports.database.recalled.replace(memories(&["I have a cat.", "Mail [EMAIL_1]."]));
    desk.model_says(whole("Hello"));
    let (seen, answered) = desk.turn("Write to ada@example.com").unwrap();
    let prompt = desk.last_prompt();
    assert!(
        prompt[0].contains("[1 January 1970]\nUser: I have a cat.\nUser: Mail [EMAIL_1].\n"),
        "{prompt:?}"
    );
    assert_eq!(prompt[1], "Write to [EMAIL_1]");
    let asked = desk.ports.database.asked_memory.borrow();
    assert_eq!(*asked, [("Write to [EMAIL_1]".into(), Some(Embedding::new("[18]")))]);
    let receipt = seen.receipt.unwrap();
    let section = receipt.sections.iter().find(|section| section.name == SectionName::Memories).unwrap();
    assert_eq!((section.kept, section.ids.len()), (2, 2));
    assert_eq!(answered.record.messages[1].metadata["receipt"]["billed"], 20);
}

#[test]
fn a_document_that_stands_in_the_prompt_is_cited_by_the_name_that_its_user_gave_it() {
    let desk = Desk::default();
    let of = |n, name: &str| {
        let document = (Some(Uuid::from_u128(n)), Some(name.to_owned()), Some("application/pdf".to_owned()));
        let mut chunk = memories(&[&format!("What document {n} says.")]).memories.remove(0);
        (chunk.document_id, chunk.document, chunk.media_type) = document;
        (chunk.message_id, chunk.role) = (None, None);
        chunk
    };
    let long = Recollection { content_tokens: 100_000, ..of(9, "long.pdf") };
    let again = Recollection { content: "More.".into(), ..of(7, "for [EMAIL_1].pdf") };
    let memories = vec![of(7, "for [EMAIL_1].pdf"), long, of(8, "plan.pdf"), again];
    desk.ports.database.recalled.replace(Recalled { memories, ..Recalled::default() });
    desk.model_says(whole("Hello"));
    let (seen, answered) = desk.turn("Write to ada@example.com").unwrap();
    assert!(desk.last_prompt()[0].contains("for [EMAIL_1].pdf: What document 7 says.\n"));
    let names: Vec<_> = seen.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(
        names,
        ["for ada@example.com.pdf", "plan.pdf"],
        "each once, and what did not fit is not cited"
    );
    let sources = &answered.record.messages[1].metadata["sources"];
    assert_eq!(sources[0]["name"], "for [EMAIL_1].pdf");
    assert_eq!(sources.as_array().map(Vec::len), Some(2));
    desk.ports.database.recalled.take();
    desk.model_says(whole("Hello"));
    let (seen, answered) = desk.turn_with(Ask { client_message_id: None, ..ask("And now?") }).unwrap();
    assert!(seen.sources.is_empty() && !answered.record.messages[1].metadata.contains_key("sources"));
    assert_eq!(seen.text, "Hello");
}

fn upload(parts: Vec<Part>) -> Upload {
    Upload {
        name: "For ada@example.com (2026).csv".into(),
        media_type: "text/csv".into(),
        size_bytes: 9,
        parts,
    }
}

fn keep(desk: &Desk, parts: Vec<Part>) -> NewDocument {
    let user = &desk.ports.user;
    let kept = block_on(document::keep::keep(
        &user.state,
        &scripted::user(),
        upload(parts),
        &user.config,
        &user.ports,
    ));
    assert!(matches!(kept, Ok(Kept::Saved(..))), "{kept:?}");
    user.ports.database.documents.borrow_mut().remove(0)
}

#[test]
fn a_document_is_masked_before_it_is_cut_and_is_the_same_when_it_comes_again() {
    let desk = Desk::default();
    let part = |text: &str| Part { form: Form::Plain, page: None, text: text.into() };
    let parts = vec![part("Ask eve@example.org."), part("Or ada@example.com, or eve@example.org.")];
    let first = keep(&desk, parts.clone());
    let contents: Vec<_> = first.chunks.iter().map(|chunk| chunk.content.as_str()).collect();
    assert_eq!(contents, ["Ask [EMAIL_1].", "Or [EMAIL_2], or [EMAIL_1]."]);
    assert_eq!(first.name, "For [EMAIL_2] (2026).csv");
    let again = keep(&desk, parts);
    assert_eq!((first.id, &first.chunks), (again.id, &again.chunks));
}

/// What lies where files lie of a table.
fn lines_of(desk: &Desk, text: String) -> Lines {
    let upload = upload(vec![Part { form: Form::Table, page: None, text }]);
    let object = &desk.ports.user;
    let user = user();
    let kept = document::keep::keep(&object.state, &user, upload, &object.config, &object.ports);
    match block_on(kept) {
        Ok(Kept::Saved(_, Some(lines))) => lines,
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn a_document_may_have_more_values_than_a_message_and_rows_are_masked_by_their_header() {
    let desk = Desk::default();
    let row = |n: u32| format!("row\tname{n}@example.org\t{}-{}-{}\n", 300 + n % 200, 10 + n % 80, 1000 + n);
    let text = format!("id\tmail\tssn\n{}", (0..3000).map(row).collect::<String>());
    let document = keep(&desk, vec![Part { form: Form::Table, page: None, text: text.clone() }]);
    assert!(document.chunks.iter().all(|chunk| chunk.content.starts_with("id\tmail\tssn\n")));
    let all = lines_of(&desk, text).text;
    assert_eq!((all.lines().count(), all.contains("example.org")), (3001, false));
    assert!(all.trim_end().ends_with("\nrow\t[EMAIL_3000]\t[US_SSN_3000]"), "{all}");
    // Of a long table the first rows are found by what they mean.
    let passages: String = document.chunks.iter().map(|chunk| chunk.content.as_str()).collect();
    assert!(passages.contains("[EMAIL_500]") && !passages.contains("[EMAIL_501]"));
    let numbers = all.lines().filter(|row| row.ends_with(|c: char| c.is_ascii_digit())).count();
    assert_eq!(numbers, 0, "far from its header, too");
    let text = (0..3000).map(|n| format!("mail name{n}@example.com\n")).collect();
    let document = keep(&desk, vec![Part { form: Form::Plain, page: None, text }]);
    assert!(document.chunks.iter().all(|chunk| !chunk.content.contains("example.com")));
}

#[test]
fn without_a_vector_words_decide_and_without_memory_the_turn_goes_on() {
    let desk = Desk::default();
    desk.ports.model.embeds_nothing.set(true);
    desk.model_says(whole("a")).model_says(whole("b"));
    desk.turn("Hello").unwrap();
    assert_eq!(desk.ports.database.asked_memory.borrow()[0].1, None);
    desk.ports.database.down.set(true);
    let (seen, _) = desk.turn("Hello again").unwrap();
    let dropped = seen.receipt.unwrap().sections[4].dropped[0];
    assert_eq!(dropped.reason, Reason::Unavailable);
}

#[test]
fn what_is_answered_again_is_recalled_for_its_question() {
    let desk = Desk::default();
    desk.model_says(whole("a")).model_says(whole("b"));
    desk.turn("Hello").unwrap();
    desk.turn_with(Ask { place: Place::Again(None), client_message_id: None, ..ask("") }).unwrap();
    let asked = desk.ports.database.asked_memory.borrow();
    assert_eq!(asked.iter().map(|(query, _)| query.as_str()).collect::<Vec<_>>(), ["Hello", "Hello"]);
}

#[test]
fn a_message_that_does_not_fit_is_refused_and_nothing_of_it_is_kept() {
    let desk = Desk::default();
    let refused = desk.turn(&"many words ".repeat(5000)).unwrap_err();
    assert_eq!((refused.code(), refused.field()), (Code::MessageTooLong, Some("message")));
    assert!(refused.detail().contains("fit"), "{}", refused.detail());
    assert!(desk.ports.journal.open.borrow().is_none() && !desk.state.is_busy());
}

#[test]
fn a_turn_is_remembered_when_postgres_has_it_unless_it_must_not_be() {
    let desk = Desk::default();
    desk.model_says(whole("a")).model_says(whole("b"));
    desk.turn("Hello").unwrap();
    assert_eq!(desk.ports.user.remembers.get(), 0);
    desk.deliver().unwrap();
    assert_eq!(desk.ports.user.remembers.get(), 1);
    let (_, answered) =
        desk.turn_with(Ask { remember: false, client_message_id: None, ..ask("Forget it") }).unwrap();
    assert!(!answered.record.remember);
    desk.deliver().unwrap();
    assert_eq!(desk.ports.user.remembers.get(), 1);
}

#[test]
fn memories_get_their_vectors_in_batches_and_again_after_a_failure() {
    let desk = Desk::default();
    let user = &desk.ports.user;
    let pending = (0..100).map(|n| Pending { id: Uuid::from_u128(n), text: "x".repeat(n as usize) });
    user.ports.database.pending.replace(pending.collect());
    user.ports.model.embeds_nothing.set(true);
    let embed = || block_on(catch_up(&user.state, USER, &user.config, &user.ports));
    assert!(embed().is_err());
    assert!(user.ports.strongbox.alarm.get().unwrap() > START);
    user.ports.model.embeds_nothing.set(false);
    embed().unwrap();
    let embedded = user.ports.database.embedded.borrow();
    assert_eq!(embedded.len(), 100);
    assert!(embedded.iter().all(|one| one.embedding == Embedding::new(format!("[{}]", one.id.as_u128()))));
}

#[test]
fn a_memory_that_the_model_refuses_holds_up_no_other() {
    let desk = Desk::default();
    let user = &desk.ports.user;
    let pending = (0..100).map(|n| Pending { id: Uuid::from_u128(n), text: format!("text {n}") });
    user.ports.database.pending.replace(pending.collect());
    user.ports.model.embeds_not.replace(Some("text 7".into()));
    block_on(catch_up(&user.state, USER, &user.config, &user.ports)).unwrap();
    assert_eq!(user.ports.database.embedded.borrow().len(), 99);
    let left: Vec<_> = user.ports.database.pending.borrow().iter().map(|memory| memory.id).collect();
    assert_eq!(left, [Uuid::from_u128(7)]);
    // When it refuses all, that is not for the texts.
    user.ports
        .database
        .pending
        .replace((0..9).map(|n| Pending { id: Uuid::from_u128(n), text: "same".into() }).collect());
    user.ports.model.embeds_not.replace(Some("same".into()));
    assert!(block_on(catch_up(&user.state, USER, &user.config, &user.ports)).is_err());
}
