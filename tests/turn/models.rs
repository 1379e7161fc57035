//! Failover between models and providers, and the longest time of an answer.

use frontdesk::chat::price::Price;
use frontdesk::config::{Config, Fallback};
use frontdesk::error::Code;
use frontdesk::model::model_error::ModelError;
use frontdesk::session::record::Status;
use serde_json::Value;

use super::harness::platform::TestPlatform;
use super::harness::*;

const BUSY: ModelError = ModelError::Status { status: 503, retry_after: None };
const GONE: ModelError = ModelError::Status { status: 404, retry_after: None };

/// A conversation whose employee has its own model, without a known price, and a fallback model.
fn conversation() -> TestConversation {
    with_config(config())
}

fn with_config(config: Config) -> TestConversation {
    let conversation = TestConversation::over(TestPlatform::default(), config);
    conversation.platform.postgrest.profile(|row| {
        row.employee.as_mut().unwrap().fallback_models = vec!["llama3.3".into()];
        row.prices.insert("llama3.3".into(), Price { input: 1.0, cached_input: 1.0, output: 10.0 });
    });
    conversation
}

fn asked(conversation: &TestConversation) -> Vec<String> {
    let model = |request: &Value| request["model"].as_str().unwrap_or_default().to_owned();
    conversation.platform.http.requests().iter().map(model).collect()
}

#[test]
fn another_model_answers_when_the_first_one_does_not_and_the_answer_names_it() {
    let conversation = conversation();
    conversation.model_says(Err(BUSY)).model_says(Err(BUSY)).model_says(whole("Hello Ada"));
    let (seen, finished) = conversation.turn("Hello").unwrap();
    assert_eq!((seen.text.as_str(), seen.model.as_deref()), ("Hello Ada", Some("llama3.3")));
    assert_eq!(asked(&conversation), ["gpt-4o-mini", "gpt-4o-mini", "llama3.3"]);
    let requests = conversation.platform.http.requests();
    assert_eq!(
        (&requests[0]["max_completion_tokens"], &requests[2]["max_tokens"]),
        (&800.into(), &800.into())
    );
    let record = finished.record;
    assert_eq!((record.usage.model.as_str(), record.usage.cost_usd), ("llama3.3", Some(60e-6)));
    assert_eq!(record.messages[1].metadata["model"], "llama3.3");
    assert_eq!(conversation.platform.clock.slept(), [500], "pauses are short where another model may answer");
}

#[test]
fn a_model_that_does_not_exist_is_not_asked_twice() {
    let conversation = conversation();
    conversation.model_says(Err(GONE)).model_says(whole("Hello"));
    conversation.turn("Hello").unwrap();
    assert_eq!(asked(&conversation), ["gpt-4o-mini", "llama3.3"]);
}

#[test]
fn after_the_first_token_no_other_model_is_asked() {
    let conversation = conversation();
    conversation.model_says(Ok(vec![Step::Bytes(10, chunk("Hel")), Step::Fail(ModelError::Cut)]));
    let (seen, finished) = conversation.turn("Hello").unwrap();
    assert!(seen.error.is_some());
    assert_eq!((asked(&conversation).len(), finished.record.messages[1].status), (1, Status::Failed));
}

#[test]
fn a_second_provider_is_asked_for_the_same_model_first() {
    let fallback = Fallback {
        url: "https://second.example.com/v1".into(),
        key: "sk-2".into(),
        dialects: frontdesk::wire_form::DialectSettings::default(),
    };
    let conversation = with_config(Config { fallback: Some(fallback), ..config() });
    for reply in [Err(GONE), Err(GONE), Err(GONE), whole("Hello")] {
        conversation.model_says(reply);
    }
    conversation.turn("Hello").unwrap();
    assert_eq!(asked(&conversation), ["gpt-4o-mini", "gpt-4o-mini", "llama3.3", "llama3.3"]);
    let (first, second) =
        ("https://api.openai.com/v1/chat/completions", "https://second.example.com/v1/chat/completions");
    assert_eq!(conversation.platform.http.urls(), [first, second, first, second]);
}

#[test]
fn a_dead_model_is_left_out_for_a_while() {
    let conversation = conversation();
    for _ in 0..3 {
        conversation.model_says(Err(GONE)).model_says(whole("Hello"));
        conversation.turn("Hello").unwrap();
    }
    conversation.model_says(whole("Hello"));
    let (_, finished) = conversation.turn("Hello").unwrap();
    assert_eq!(asked(&conversation).last().unwrap(), "llama3.3");
    assert_eq!((asked(&conversation).len(), finished.attempts), (7, 1));

    conversation.platform.clock.advance(31_000);
    conversation.model_says(whole("I am back"));
    conversation.turn("Hello").unwrap();
    assert_eq!(asked(&conversation).last().unwrap(), "gpt-4o-mini");
}

#[test]
fn the_reservation_is_for_the_dearest_model_that_may_answer() {
    let conversation = conversation();
    // 800 tokens at 10 dollars a million.
    conversation.platform.postgrest.profile(|row| {
        row.employee.as_mut().unwrap().budget.daily_usd = Some(0.007);
    });
    assert_eq!(conversation.refusal("Hello"), Code::BudgetExceeded);
}

#[test]
fn a_turn_that_another_model_answers_is_interrupted_at_its_price() {
    let conversation = conversation();
    conversation
        .model_says(Err(GONE))
        .model_says(Ok(vec![Step::Bytes(10, chunk("Hel")), Step::Bytes(10, chunk("lo"))]));
    let prepared = conversation.prepare("Hello").unwrap();
    conversation.answer_until(SESSION, prepared, |seen| !seen.text.is_empty());
    let conversation = conversation.restart();
    let record = conversation.outbox().remove(0);
    assert_eq!(record.usage.model, "llama3.3");
    assert!(record.usage.cost_usd.is_some());
}

#[test]
fn an_answer_has_ten_minutes() {
    let conversation = conversation();
    let drip = || Step::Bytes(20_000, chunk("drip "));
    conversation.model_says(Ok(std::iter::repeat_with(drip).take(60).collect()));
    let (seen, finished) = conversation.turn("Hello").unwrap();
    assert_eq!(seen.text.len(), 30 * "drip ".len());
    let answer = &finished.record.messages[1];
    assert_eq!((answer.status, &answer.metadata["finish_reason"]), (Status::Complete, &"length".into()));
}

#[test]
fn a_model_that_only_ever_thinks_gets_no_longer_and_no_other_model_is_asked() {
    let conversation = conversation();
    let silence = || Step::Bytes(30_000, ": thinking\n\n".into());
    conversation.model_says(Ok(std::iter::repeat_with(silence).take(60).collect()));
    let (seen, finished) = conversation.turn("Hello").unwrap();
    assert!(seen.error.is_some());
    assert_eq!(finished.record.usage.error_code.as_deref(), Some("model_timeout"));
    assert_eq!(asked(&conversation).len(), 1);
}
