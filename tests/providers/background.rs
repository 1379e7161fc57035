//! Models behind a turn: facts, summaries and vectors, and the servers that refuse a part of such a request.

use frontdesk::account::agenda::{Job, Rest};
use serde_json::json;

use super::*;

/// A user with one unread message, whose facts are asked for.
fn with_unread(message: &str) -> TestConversation {
    known(conversation(), message)
}

/// The user of a conversation, with one unread message.
pub(super) fn known(conversation: TestConversation, message: &str) -> TestConversation {
    let user = conversation.object.user(&conversation.user);
    conversation.platform.block_on(user.unlock()).unwrap();
    conversation.platform.postgrest.set_unread(json!({
        "messages": [{ "id": uuid::Uuid::from_u128(1), "text": message, "said_at": "2026-11-22T08:00:00Z" }],
        "facts": [], "employee": "prime-boss", "budgets": { "user": {}, "employee": {} }, "price": null,
    }));
    conversation
}

/// Reads the messages for facts now. Returns the codes of the faults that were logged.
pub(super) fn read_facts(conversation: &TestConversation) -> Vec<String> {
    let rest = Rest { since: conversation.now(), lasts: 1, messages: 1 };
    let user = conversation.object.user(&conversation.user);
    user.account.agenda.plan_after(rest, Job::Facts, &conversation.object.ports.sql).unwrap();
    conversation.platform.clock.advance(1000);
    conversation.deliver()
}

pub(super) fn learned(conversation: &TestConversation) -> Vec<String> {
    let saved = conversation.platform.postgrest.saved();
    let facts = saved.iter().flat_map(|saved| saved["facts"].as_array().unwrap().clone());
    facts.map(|fact| fact["fact"].as_str().unwrap().to_owned()).collect()
}

pub(super) const FISH: &str = "My fish is called Bubbles and he is blue.";

pub(super) fn fish() -> String {
    let fact = json!({
        "message": 1, "quote": "My fish is called Bubbles", "category": "people", "key": "fish_name",
        "fact": "Has a fish called Bubbles", "confidence": 0.9, "expires": null,
    });
    json!({ "facts": [fact], "ended": [], "forget": [] }).to_string()
}

#[test]
fn facts_are_read_in_whatever_a_model_writes_around_them() {
    let done = || chunk(&fish()) + "data: [DONE]\n\n";
    let whole = |text: &str| chunk(text) + &end();
    for (stream, form) in [
        (whole(&fish()), "as they are"),
        (whole(&format!("```json\n{}\n```", fish())), "in a fence"),
        (whole(&format!("<think>x {{\"facts\":[]}}</think> {}", fish())), "after thoughts"),
        (whole(&format!("Here is the JSON: {} I hope it helps.", fish())), "in prose"),
        (done(), "without a finish reason"),
        (whole(&fish().replace("\"quote\":\"My fish is called Bubbles\",", "")), "without a quote"),
        (
            whole(&fish().replace("\"message\":1", "\"message\":\"1\"").replace("\"confidence\":0.9,", "")),
            "in other types",
        ),
        (whole(&fish().replace("\"facts\":[", "\"facts\":[7,{\"message\":1},")), "beside malformed ones"),
        (
            whole(&fish().replace(",\"forget\":[]", ",\"forget\":null").replace("\"ended\":[],", "")),
            "without the other lists",
        ),
    ] {
        for reply in [at_once(&stream), with_gaps(&stream)] {
            let conversation = with_unread(FISH);
            conversation.model_says(reply);
            assert_eq!(read_facts(&conversation), [""; 0], "{form}");
            assert_eq!(learned(&conversation), ["Has a fish called Bubbles"], "{form}");
            assert_eq!(conversation.platform.http.requests().len(), 1, "{form}");
        }
    }
}

#[test]
fn an_invented_fact_is_refused_although_it_shares_a_word() {
    for (message, quote, fact) in [
        ("I am from the sales team, what does this cost?", "from", "User is from Berlin"),
        ("What does a kilo of rice cost?", "does", "Does not eat meat"),
        ("What does a kilo of rice cost?", "Does not eat meat", "Does not eat meat"),
    ] {
        let conversation = with_unread(message);
        let fact = json!({
            "message": 1, "quote": quote, "category": "preference", "key": "diet", "fact": fact,
            "confidence": 0.9, "expires": null,
        });
        let output = json!({ "facts": [fact], "ended": [], "forget": [] });
        conversation.model_says(whole(&output.to_string()));
        assert_eq!(read_facts(&conversation), [""; 0]);
        assert_eq!(learned(&conversation), [""; 0], "{message}");
    }
}

#[test]
fn facts_are_asked_for_without_what_the_memory_model_refuses() {
    let refusal = r#"{"error":{"message":"no","param":"max_tokens"}}"#;
    let config = config_with(&[("OPENAI_MEMORY_MODEL", "prod-chat")]);
    let conversation = known(TestConversation::over(TestPlatform::default(), config), FISH);
    conversation.platform.http.refuse(400, None, refusal);
    conversation.model_says(whole(&fish()));
    assert_eq!(read_facts(&conversation), [""; 0]);
    assert_eq!(learned(&conversation), ["Has a fish called Bubbles"]);
    let requests = conversation.platform.http.requests();
    let has = |name: &str| requests.iter().map(|one| one.get(name).is_some()).collect::<Vec<_>>();
    assert_eq!((has("max_tokens"), has("max_completion_tokens")), (vec![true, false], vec![false, true]));
}

/// Three memories without a vector, in a form of the server.
fn embed(form: EmbeddingForm) -> TestConversation {
    let conversation = known(conversation(), FISH);
    conversation.platform.postgrest.set_unread(json!(null));
    let pending = (1..4).map(|n| json!({ "id": uuid::Uuid::from_u128(n), "text": format!("text {n}") }));
    conversation.platform.postgrest.set_pending(pending.collect());
    conversation.platform.http.embeds_as(form);
    conversation.object.plan_background().unwrap();
    conversation.platform.clock.advance(60_000);
    assert_eq!(conversation.deliver(), [""; 0]);
    conversation
}

#[test]
fn vectors_are_asked_for_in_the_form_that_the_server_takes() {
    for (form, name, requests) in [
        (EmbeddingForm::OpenAi, "as OpenAI", 1),
        (EmbeddingForm::WithoutDimensions, "without dimensions", 2),
        (EmbeddingForm::WithoutDimensionsInSilence, "without dimensions, in silence", 2),
        (EmbeddingForm::WithoutEncoding, "without an encoding", 2),
        (EmbeddingForm::WithoutIndex, "without an index", 1),
        // Three texts and two come too late.
        (EmbeddingForm::AtMost(1), "one at a time", 5),
    ] {
        let conversation = embed(form);
        let (postgrest, http) = (&conversation.platform.postgrest, &conversation.platform.http);
        assert_eq!((postgrest.embedded().len(), postgrest.pending().len()), (3, 0), "{name}");
        assert_eq!(http.embedding_requests().len(), requests, "{name}");
    }
}

#[test]
fn a_form_of_vectors_that_was_learned_is_kept() {
    let conversation = embed(EmbeddingForm::WithoutDimensions);
    let pending = vec![json!({ "id": uuid::Uuid::from_u128(9), "text": "text 9" })];
    conversation.platform.postgrest.set_pending(pending);
    conversation.object.plan_background().unwrap();
    conversation.platform.clock.advance(60_000);
    assert_eq!(conversation.deliver(), [""; 0]);
    let requests = conversation.platform.http.embedding_requests();
    let has: Vec<_> = requests.iter().map(|request| request.get("dimensions").is_some()).collect();
    assert_eq!(has, [true, false, false]);
}

/// Rings all alarms of a day and a half. Returns the moments of the requests for completions, in seconds since the first.
fn wait_long(conversation: &TestConversation) -> Vec<u64> {
    let (start, mut moments) = (conversation.now(), Vec::new());
    let until = start + 36 * 3_600_000;
    for _ in 0..500 {
        let before = conversation.platform.http.requests().len();
        if conversation.platform.storage.alarm().is_none_or(|at| at > until) || !conversation.ring() {
            return moments;
        }
        let made = conversation.platform.http.requests().len() - before;
        moments.extend(std::iter::repeat_n((conversation.now() - start) / 1000, made));
    }
    panic!("it never rests: {moments:?}");
}

#[test]
fn work_that_its_model_refuses_stops_after_three_tries() {
    let conversation = with_unread(FISH);
    for _ in 0..20 {
        conversation.platform.http.refuse(403, None, "");
    }
    assert_eq!(read_facts(&conversation), ["model_rejected"]);
    let moments = wait_long(&conversation);
    // Two seconds, eight seconds; then an hour, four, sixteen.
    assert_eq!(moments.len(), 5, "{moments:?}");
    assert!(moments[1] < 15 && moments[2] > 3600 && moments[4] > 20 * 3600, "{moments:?}");
    let stalled = conversation.platform.postgrest.stalled();
    assert_eq!(stalled[0], ("facts".to_owned(), Some("model_rejected".to_owned())));
    assert!(conversation.platform.host.lines().iter().any(|line| line.to_string().contains("facts stalled")));
    assert_eq!(conversation.spent().tokens, 0);
}

#[test]
fn stalled_work_is_kept_by_the_next_object_and_goes_on_with_another_model() {
    let conversation = with_unread(FISH);
    for _ in 0..3 {
        conversation.platform.http.refuse(403, None, "");
    }
    read_facts(&conversation);
    while conversation.platform.http.requests().len() < 3 {
        assert!(conversation.ring(), "a further try is planned");
    }
    assert_eq!(conversation.platform.postgrest.stalled().len(), 1);
    let conversation = conversation.restart();
    // A further message asks nothing, and neither does the next object.
    assert_eq!(read_facts(&conversation), [""; 0]);
    assert_eq!(conversation.platform.http.requests().len(), 3);
    let TestConversation { platform, .. } = conversation;
    platform.die();
    let config = config_with(&[("OPENAI_MEMORY_MODEL", "gpt-4.1-mini")]);
    let conversation = TestConversation::over(platform, config);
    conversation.model_says(whole(&fish()));
    assert_eq!(read_facts(&conversation), [""; 0]);
    assert_eq!(learned(&conversation), ["Has a fish called Bubbles"]);
    assert_eq!(conversation.platform.postgrest.stalled()[1], ("facts".to_owned(), None));
}

#[test]
fn work_of_one_model_does_not_wait_for_another_that_refuses() {
    let conversation = with_unread(FISH);
    conversation
        .platform
        .postgrest
        .set_pending(vec![json!({ "id": uuid::Uuid::from_u128(1), "text": "refused" })]);
    conversation.platform.http.refuses_to_embed("refused");
    conversation.model_says(whole(&fish()));
    read_facts(&conversation);
    assert_eq!(learned(&conversation), ["Has a fish called Bubbles"]);
}
