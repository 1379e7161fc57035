//! The index of memories over real SQLite.

use std::cell::RefCell;

use frontdesk::memory::change::change;
use frontdesk::memory::dates::named_dates;
use frontdesk::memory::embed::embed_pending;
use frontdesk::memory::index::{self, End};
use frontdesk::memory::rebuild_progress;
use frontdesk::memory::recalled_memory::RecalledMemory;
use frontdesk::memory::search::{Query, search};
use frontdesk::memory::vector::{DIMENSIONS, SmallVector};
use frontdesk::memory::words::question_terms;
use frontdesk::ports::DatabaseError;
use frontdesk::time::Millis;
use frontdesk::turn::request::TurnRequest;
use pii::masked_text::MaskedText;
use serde_json::{Value, json};
use uuid::Uuid;

use super::harness::sqlite::SqliteStorage;
use super::harness::*;

/// A moment after everything.
const LATER: Millis = Millis::MAX;

fn storage() -> SqliteStorage {
    let storage = SqliteStorage::default();
    index::create_tables(&storage).unwrap();
    storage
}

/// The n-th memory of a thread.
fn memory(thread: u128, n: u128, content: &str) -> RecalledMemory {
    let id = Uuid::from_u128(thread * 100_000 + n);
    serde_json::from_value(json!({
        "id": id, "message_id": id, "session_id": Uuid::from_u128(thread), "role": "user", "content": content,
        "content_tokens": 5, "occurred_at": "2026-01-01T00:00:00Z",
    }))
    .unwrap()
}

fn masked(text: &str) -> MaskedText {
    MaskedText::from_storage(text.to_owned())
}

/// A vector that points along one axis.
fn axis(n: usize) -> SmallVector {
    let mut numbers = vec![0.0; DIMENSIONS];
    numbers[n] = 1.0;
    SmallVector::new(&numbers).unwrap()
}

fn found(storage: &SqliteStorage, question: &str, vector: Option<&SmallVector>) -> Vec<String> {
    let (terms, dates) = (question_terms(question), named_dates(question));
    let found = search(storage, &Query { terms: &terms, dates: &dates, vector }, 400).unwrap();
    found.into_iter().map(|(memory, _)| memory.content.to_string()).collect()
}

#[test]
fn neighbours_in_a_thread_are_found_with_a_hit_and_those_of_others_are_not() {
    let storage = storage();
    let said = ["Any plans?", "Lisbon maybe", "With whom", "My sister", "Fine", "Good", "Well"];
    let memories: Vec<_> = (0..).zip(said).map(|(n, text)| memory(1, n, text)).collect();
    index::add(&storage, End::Newest, &memories[2..]).unwrap();
    index::add(&storage, End::Newest, &[memory(2, 0, "Something else")]).unwrap();
    // What is read from Postgres comes newest first.
    index::add(&storage, End::Oldest, &[memories[1].clone(), memories[0].clone()]).unwrap();
    let found = found(&storage, "Lisbon", None);
    assert_eq!(found, ["Lisbon maybe", "With whom", "Any plans?", "My sister", "Fine", "Good"]);
}

#[test]
fn memories_of_the_days_that_a_question_names_are_found() {
    let storage = storage();
    let at = |thread, day: &str| RecalledMemory {
        occurred_at: format!("{day}T20:00:00Z").parse().unwrap(),
        ..memory(thread, 0, &format!("note {thread}"))
    };
    let days = ["2022-06-30", "2023-05-07", "2023-06-05", "2023-07-20", "1969-06-02"];
    let memories: Vec<_> = (1..).zip(days).map(|(thread, day)| at(thread, day)).collect();
    for memory in &memories {
        index::add(&storage, End::Newest, std::slice::from_ref(memory)).unwrap();
    }
    assert_eq!(found(&storage, "What was in June?", None), ["note 3", "note 1"]);
    assert_eq!(found(&storage, "What was on 6 May 2023?", None), ["note 2"]);
    assert_eq!(found(&storage, "And 2021?", None), [""; 0]);
    index::replace(&storage, &at(2, "2022-06-29")).unwrap();
    assert_eq!(found(&storage, "What was on 6 May 2023?", None), [""; 0]);
}

#[test]
fn a_memory_is_added_once_replaced_at_its_place_and_removed_whole() {
    let storage = storage();
    let (first, second) = (memory(1, 0, "I keep bees"), memory(1, 1, "In a harbour"));
    for _ in 0..2 {
        index::add(&storage, End::Newest, &[first.clone(), second.clone()]).unwrap();
    }
    index::set_vectors(&storage, &[(first.id, axis(3))]).unwrap();
    let ants = RecalledMemory { content: masked("I keep ants"), ..first.clone() };
    index::replace(&storage, &ants).unwrap();
    assert_eq!(found(&storage, "bees", Some(&axis(3))), [""; 0], "neither the word nor the vector is left");
    assert_eq!(found(&storage, "ants", None), ["I keep ants", "In a harbour"]);
    index::set_vectors(&storage, &[(first.id, axis(4))]).unwrap();
    index::remove(&storage, &[first.id]).unwrap();
    assert_eq!(found(&storage, "ants", Some(&axis(4))), [""; 0]);
    for table in ["memory_vector", "memory_words"] {
        let count = storage.read(&format!("SELECT count(*) AS n FROM {table}"));
        assert_eq!(count[0]["n"], json!(u8::from(table == "memory_words")), "{table}");
    }
    index::remove_thread(&storage, Uuid::from_u128(1)).unwrap();
    assert_eq!(storage.read("SELECT count(*) AS n FROM memory")[0]["n"], 0);
}

#[test]
fn memories_of_several_sessions_are_added_and_get_their_vectors_together() {
    let storage = storage();
    let memories: Vec<_> = (0..600).map(|n| memory(n % 50 + 1, n, &format!("note {n}"))).collect();
    index::add(&storage, End::Newest, &memories).unwrap();
    let vectors: Vec<_> = memories.iter().zip(0..).map(|(memory, n)| (memory.id, axis(n))).collect();
    index::set_vectors(&storage, &vectors).unwrap();
    for n in [0, 49, 50, 599] {
        assert_eq!(found(&storage, "", Some(&axis(n)))[0], format!("note {n}"));
    }
    let blocks = storage.read("SELECT length(codes) / 204 AS n FROM memory_code ORDER BY block");
    assert_eq!(blocks, json!([{ "n": 256 }, { "n": 256 }, { "n": 88 }]));
}

#[test]
fn a_place_that_is_used_again_has_no_old_vector() {
    let storage = storage();
    let (first, second) = (memory(1, 0, "one"), memory(1, 1, "two"));
    index::add(&storage, End::Newest, &[first.clone(), second.clone()]).unwrap();
    index::set_vectors(&storage, &[(second.id, axis(7))]).unwrap();
    index::remove(&storage, &[second.id]).unwrap();
    index::add(&storage, End::Newest, &[memory(1, 2, "three")]).unwrap();
    assert_eq!(found(&storage, "?", Some(&axis(7))), [""; 0]);
}

#[test]
fn nearest_vectors_of_many_blocks_are_found_and_codes_alone_do_not_decide() {
    let storage = storage();
    let memories: Vec<_> = (0..600).map(|n| memory(n / 10 + 1, n, &format!("note {n}"))).collect();
    for (n, memory) in memories.iter().enumerate() {
        index::add(&storage, End::Newest, std::slice::from_ref(memory)).unwrap();
        index::set_vectors(&storage, &[(memory.id, axis(n))]).unwrap();
    }
    for n in [0, 255, 256, 511, 599] {
        assert_eq!(found(&storage, "", Some(&axis(n)))[0], format!("note {n}"));
    }
    let blocks = storage.read("SELECT length(codes) / 204 AS n FROM memory_code ORDER BY block");
    assert_eq!(blocks, json!([{ "n": 256 }, { "n": 256 }, { "n": 88 }]));
}

#[test]
fn a_question_in_any_language_is_a_valid_search() {
    let storage = storage();
    index::add(
        &storage,
        End::Newest,
        &[memory(1, 0, "東京に行きます。ไปกรุงเทพ \"quoted\" it's NEAR(x) AND * :")],
    )
    .unwrap();
    for question in
        ["東京の天気", "กรุงเทพ", "\" OR *", "NEAR AND NOT", "it's", "'; DROP TABLE memory", "\u{0}", "é́"]
    {
        let _ = found(&storage, question, None);
    }
    assert_eq!(found(&storage, "東京の天気", None).len(), 1);
    assert_eq!(found(&storage, "กรุงเทพ", None).len(), 1);
}

#[test]
fn a_message_of_which_a_fact_is_forgotten_is_not_recalled_again() {
    let conversation = TestConversation::default();
    conversation.platform.http.embeds_nothing(true);
    conversation.model_says(whole("Noted.")).model_says(whole("No."));
    let (_, finished) = conversation.turn("My walrus is called Otto").unwrap();
    let source = finished.record.messages[0].id;
    conversation.platform.postgrest.forgets_with(vec![source]);
    conversation.forget(Uuid::from_u128(5)).unwrap();
    conversation.turn_in(Uuid::from_u128(78), "What is the walrus called?").unwrap();
    let prompt = conversation.last_prompt().join("\n");
    assert!(!prompt.contains("Otto"), "{prompt}");
}

#[test]
fn a_memory_that_postgres_wants_embedded_again_has_no_vector_meanwhile() {
    let conversation = TestConversation::default();
    let storage = &conversation.platform.storage;
    let follower = memory(1, 1, "In a harbour");
    index::add(storage, End::Newest, std::slice::from_ref(&follower)).unwrap();
    index::set_vectors(storage, &[(follower.id, axis(3))]).unwrap();
    conversation.platform.postgrest.set_pending(vec![json!({ "id": follower.id, "text": "In a harbour" })]);
    conversation.platform.http.embeds_nothing(true);
    let (user, refused) = (conversation.object.user(&conversation.user), RefCell::default());
    assert!(conversation.platform.block_on(embed_pending(&user, &refused)).is_err());
    assert_eq!(conversation.number("SELECT count(*) FROM memory_vector"), 0);
    conversation.platform.http.embeds_nothing(false);
    conversation.platform.block_on(embed_pending(&user, &refused)).unwrap();
    assert_eq!(conversation.number("SELECT count(*) FROM memory_vector"), 1);
}

#[test]
fn a_vector_of_a_text_from_before_a_forgetting_is_dropped() {
    let conversation = TestConversation::default();
    let postgrest = &conversation.platform.postgrest;
    postgrest.set_pending(vec![json!({ "id": Uuid::from_u128(9), "text": "said beside a secret" })]);
    postgrest.forgets_with(vec![Uuid::from_u128(8)]);
    let (user, refused) = (conversation.object.user(&conversation.user), RefCell::default());
    let mut work = std::pin::pin!(embed_pending(&user, &refused));
    assert!(TestConversation::poll_once(work.as_mut()).is_none());
    assert_eq!(postgrest.calls_of("pending_memories").len(), 1);
    conversation.forget(Uuid::from_u128(5)).unwrap();
    conversation.platform.block_on(work).unwrap();
    assert_eq!(postgrest.calls_of("pending_memories").len(), 2, "the text is read again");
    assert_eq!((conversation.platform.http.embedded().len(), postgrest.embedded().len()), (2, 1));
}

#[test]
fn an_index_that_may_have_what_was_forgotten_is_built_anew() {
    let conversation = TestConversation::default();
    conversation.platform.http.embeds_nothing(true);
    conversation.model_says(whole("Noted.")).model_says(whole("No.")).model_says(whole("No."));
    conversation.turn("My walrus is called Otto").unwrap();
    conversation.platform.postgrest.fail("forget_facts", DatabaseError::Unavailable("no answer".into()));
    assert!(conversation.forget(Uuid::from_u128(5)).is_err());
    assert!(rebuild_progress::is_due(&conversation.platform.storage, LATER).unwrap());
    conversation.turn_in(Uuid::from_u128(78), "What is the walrus called?").unwrap();
    assert!(!conversation.last_prompt().join("\n").contains("Otto"));
}

/// A call that got no answer may reach Postgres within a minute, and take vectors away there.
#[test]
fn a_call_that_may_arrive_late_is_followed_by_background_work() {
    let conversation = TestConversation::default();
    let postgrest = &conversation.platform.postgrest;
    conversation.model_says(whole("Noted.")).model_says(whole("No."));
    conversation.turn("My walrus is called Otto").unwrap();
    while conversation.ring() {}
    let vectors = || postgrest.embedded().len();
    let take_vector =
        || postgrest.set_pending(vec![json!({ "id": Uuid::from_u128(9), "text": "In a harbour" })]);

    postgrest.fail("forget_facts", DatabaseError::Unavailable("no answer".into()));
    let lost_at = conversation.now();
    assert!(conversation.forget(Uuid::from_u128(5)).is_err());
    let before = vectors();
    take_vector();
    assert!(conversation.ring());
    assert_eq!((conversation.now() - lost_at, vectors()), (60_000, before + 1));
    while conversation.ring() {}

    // The same after the work of a turn that came meanwhile.
    let lost_at = conversation.now();
    assert!(conversation.forget(Uuid::from_u128(5)).is_err());
    conversation.turn("What is the walrus called?").unwrap();
    while conversation.platform.storage.alarm().is_some_and(|at| at < lost_at + 60_000) {
        conversation.ring();
    }
    let before = vectors();
    take_vector();
    assert!(conversation.ring());
    assert_eq!((conversation.now() - lost_at, vectors()), (60_000, before + 1));
}

#[test]
fn an_object_that_dies_during_a_change_builds_its_index_anew() {
    let conversation = TestConversation::default();
    conversation.platform.remember(&[json!({
        "message_id": Uuid::nil(), "role": "user", "content": "Otto", "content_tokens": 1,
        "occurred_at": "2026-01-01T00:00:00Z",
    })]);
    let ctx = conversation.object.user(&conversation.user);
    let never = std::future::pending::<Result<Value, frontdesk::error::Fault>>();
    let poll = TestConversation::poll_once(std::pin::pin!(change(&ctx, never)));
    assert!(poll.is_none());
    conversation.platform.storage.confirm();
    let next = conversation.restart();
    assert_eq!(next.number("SELECT count(*) FROM memory"), 0);
    assert!(rebuild_progress::is_due(&next.platform.storage, LATER).unwrap());
}

/// Postgres may have a turn whose delivery got no answer, and may have forgotten it since.
#[test]
fn what_waits_in_the_outbox_is_read_from_postgres_again_once_it_is_there() {
    let conversation = TestConversation::default();
    let (postgrest, clock) = (&conversation.platform.postgrest, &conversation.platform.clock);
    let remembered = || conversation.number("SELECT count(*) FROM memory WHERE memory LIKE '%walrus%'");
    let talk = |id: &str| {
        let hello = TurnRequest { client_message_id: Some(id.into()), ..request("Hello") };
        drop(conversation.send(hello).unwrap());
        conversation.platform.run_tasks();
    };
    conversation.platform.http.embeds_nothing(true);
    conversation.model_says(whole("Noted.")).model_says(whole("Hello.")).model_says(whole("Hello."));
    postgrest.fail("commit_turn", DatabaseError::Unavailable("no answer".into()));
    conversation.turn("I keep a walrus").unwrap();
    assert_eq!(remembered(), 1);

    postgrest.fail("forget_facts", DatabaseError::Unavailable("no answer".into()));
    assert!(conversation.forget(Uuid::from_u128(5)).is_err());
    clock.advance(61_000);
    talk("mine-2");
    assert_eq!((postgrest.calls_of("memories").len(), remembered()), (1, 0));

    postgrest.mend("commit_turn");
    postgrest.set_memories(vec![json!({
        "id": Uuid::from_u128(9), "session_id": Uuid::from_u128(7), "message_id": Uuid::from_u128(9), "role": "user", "content": "I keep a walrus",
        "content_tokens": 1, "occurred_at": "2026-01-01T00:00:00Z",
    })]);
    while conversation.ring() {}
    talk("mine-3");
    assert_eq!((postgrest.calls_of("memories").len(), remembered()), (2, 1));
}
