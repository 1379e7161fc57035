//! The deployment's own recognizer of personal data: what it finds is masked beside what the rules find.

use frontdesk::documents::{SaveOutcome, Upload, save_document};
use frontdesk::error::Code;
use passages::{Form, Part};

use super::harness::platform::TestPlatform;
use super::harness::*;

/// A name that no rule takes for one.
const NAME: &str = "vosto brakkel";

/// A conversation of a deployment whose recognizer finds `names`, or does not answer.
fn with_recognizer(options: &str, names: Option<&[&str]>) -> TestConversation {
    let vars = [
        ("PII_MODEL_URL", "https://pii.example.com/analyze"),
        ("PII_MODEL_KEY", "secret"),
        ("PII_MODEL_OPTIONS", options),
    ];
    let conversation = TestConversation::over(TestPlatform::default(), config_with(&vars));
    conversation.platform.http.recognizes(names);
    conversation
}

fn other(message: &str, n: u32) -> frontdesk::turn::request::TurnRequest {
    frontdesk::turn::request::TurnRequest { client_message_id: Some(format!("mine-{n}")), ..request(message) }
}

#[test]
fn no_rule_knows_the_name() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("ok"));
    conversation.turn(&format!("👋 I met {NAME} today")).unwrap();
    assert_eq!(conversation.last_prompt(), [format!("👋 I met {NAME} today")]);
}

#[test]
fn what_the_recognizer_finds_is_masked() {
    let conversation = with_recognizer("{}", Some(&[NAME, "ann"]));
    conversation.model_says(whole("Who is [PERSON_1]?")).model_says(whole("ok"));
    let (seen, _) = conversation.turn(&format!("👋 I met {NAME} and ann@example.com today")).unwrap();
    assert_eq!(conversation.last_prompt(), ["👋 I met [PERSON_1] and [EMAIL_1] today"]);
    assert_eq!(seen.text, format!("Who is {NAME}?"));
    let asked = &conversation.platform.http.recognizer_requests()[0];
    assert_eq!((&asked["language"], &asked["entities"][0]), (&"en".into(), &"PERSON".into()));
    // The name is known from then on, also where the recognizer is out of use.
    conversation.platform.http.recognizes(Some(&[]));
    conversation.turn_with(other(&format!("Greet {NAME}"), 2)).unwrap();
    assert_eq!(conversation.last_prompt().last().unwrap(), "Greet [PERSON_1]");
}

#[test]
fn kinds_that_are_not_asked_for_stay() {
    let conversation = with_recognizer(r#"{"kinds":["ADDRESS"]}"#, Some(&[NAME]));
    conversation.model_says(whole("ok"));
    conversation.turn(&format!("I met {NAME}")).unwrap();
    assert_eq!(conversation.last_prompt(), [format!("I met {NAME}")]);
}

#[test]
fn nothing_leaves_while_a_required_recognizer_is_silent() {
    let conversation = with_recognizer("{}", None);
    assert_eq!(conversation.refusal("Hello"), Code::PrivacyUnavailable);
    assert_eq!(conversation.platform.http.requests().len(), 0);
    assert_eq!(conversation.number("SELECT count(*) FROM in_flight_turn"), 0);
    conversation.platform.http.recognizes(Some(&[NAME]));
    conversation.model_says(whole("ok"));
    conversation.turn(NAME).unwrap();
    assert_eq!(conversation.last_prompt(), ["[PERSON_1]"]);
}

#[test]
fn a_helping_recognizer_that_is_silent_is_told_in_the_log_and_left_alone() {
    let conversation = with_recognizer(r#"{"required":false}"#, None);
    for n in 0..5 {
        conversation.model_says(whole("ok"));
        conversation.turn_with(other("Write to ann@example.com", n)).unwrap();
        assert_eq!(conversation.last_prompt().last().unwrap(), "Write to [EMAIL_1]");
    }
    assert_eq!(conversation.platform.http.recognizer_requests().len(), 3);
    let lines = conversation.platform.host.lines();
    assert_eq!(lines.iter().filter(|line| line.to_string().contains("PII_MODEL_URL")).count(), 3);
    conversation.platform.http.recognizes(Some(&[NAME]));
    conversation.platform.clock.advance(60_000);
    conversation.model_says(whole("ok"));
    conversation.turn_with(other(NAME, 9)).unwrap();
    assert_eq!(conversation.last_prompt().last().unwrap(), "[PERSON_1]");
}

#[test]
fn documents_and_their_names_are_seen_by_the_recognizer() {
    let conversation = with_recognizer("{}", Some(&[NAME, "Öz"]));
    let user = conversation.object.user(&conversation.user);
    let part = |text: String| Part { form: Form::Plain, page: None, text };
    let upload = Upload {
        name: format!("{NAME}.txt"),
        media_type: "text/plain".into(),
        size_bytes: 9,
        parts: vec![part(format!("By {NAME}.")), part("And Öz, not Özet.".into())],
    };
    let saved = conversation.platform.block_on(async {
        user.unlock().await?;
        save_document(&user, upload).await
    });
    assert!(matches!(saved, Ok(SaveOutcome::Saved(..))), "{saved:?}");
    let document = conversation.platform.postgrest.documents().pop().unwrap();
    assert_eq!(document["name"], "[PERSON_1].txt");
    let contents: Vec<_> =
        document["chunks"].as_array().unwrap().iter().map(|chunk| &chunk["content"]).collect();
    assert_eq!(contents, ["By [PERSON_1].", "And [PERSON_2], not Özet."]);
    assert_eq!(conversation.platform.http.recognizer_requests().len(), 1, "short texts share a request");
}
