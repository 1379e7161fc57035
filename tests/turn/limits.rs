//! Limits of messages, tokens and dollars: checked before a turn, settled after it.

use frontdesk::api::routes::UserRoute;
use frontdesk::chat::limits::{Budget, UserLimits};
use frontdesk::chat::price::Price;
use frontdesk::chat::usage::UsageSource;
use frontdesk::config::Config;
use frontdesk::error::{Code, Error};
use frontdesk::limit::plan::StoredLimits;
use frontdesk::model::model_error::ModelError;
use frontdesk::ports::DatabaseError;
use frontdesk::session::cache::FRESH_FOR;
use frontdesk::stream::client_event::ClientEvent;
use serde_json::json;
use uuid::Uuid;

use super::agent_loop::with_tools;
use super::harness::*;

/// Tokens of the vector of a message of one word: they are owed beside the turn.
const VECTOR: u64 = 1;

fn conversation(change: impl FnOnce(&mut SessionRow)) -> TestConversation {
    let conversation = TestConversation::default();
    conversation.platform.postgrest.profile(change);
    conversation
}

/// A conversation whose employee may take so many tokens a day.
fn with_budget(daily_tokens: u64) -> TestConversation {
    conversation(|row| row.employee.as_mut().unwrap().budget = tokens(daily_tokens))
}

fn tokens(limit: u64) -> Budget {
    Budget { daily_tokens: Some(limit), daily_usd: None }
}

fn retry_after(error: &Error) -> Option<u64> {
    match error {
        Error::Abort(abort) => abort.retry_after,
        Error::Fault(_) => None,
    }
}

#[test]
fn a_session_and_a_user_have_so_many_messages_a_minute() {
    for conversation in [
        conversation(|row| row.employee.as_mut().unwrap().messages_per_minute = Some(2)),
        conversation(|row| {
            row.limits = Some(UserLimits { messages_per_minute: Some(2), budget: Budget::default() });
        }),
    ] {
        for _ in 0..3 {
            conversation.model_says(Ok(vec![Step::Bytes(0, chunk("ok") + &end())]));
        }
        conversation.turn("one").unwrap();
        conversation.turn("two").unwrap();
        let refused = conversation.turn("three").unwrap_err();
        assert_eq!((refused.code(), retry_after(&refused)), (Code::RateLimited, Some(30)));
        assert_eq!(conversation.platform.http.requests().len(), 2, "nothing is sent");
        assert!(conversation.in_flight().is_empty() && !conversation.session().is_busy());
        conversation.platform.clock.advance(30_000);
        conversation.turn("three").unwrap();
    }
}

#[test]
fn a_turn_reserves_its_maximum_and_settles_its_actual_cost() {
    let conversation = with_budget(10_000);
    let prepared = conversation.prepare("Hello").unwrap();
    let reserved = conversation.spent().tokens;
    assert!(reserved > 800 && reserved < 900, "the prompt and the longest answer: {reserved}");
    conversation.model_says(whole("ok"));
    conversation.answer(SESSION, prepared);
    assert_eq!(conversation.spent().tokens, VECTOR + 24, "as the provider counted");
    conversation.deliver();
    assert_eq!(conversation.spent().tokens, VECTOR + 24, "once");
}

/// An attempt that breaks off before its first word, of which the provider reports twenty tokens read and these written.
#[allow(clippy::unnecessary_wraps)] // as every reply
pub(super) fn lost_attempt(written: u32) -> Reply {
    let usage = json!({"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": written}});
    Ok(vec![Step::Bytes(10, format!("data: {usage}\n\n")), Step::Fail(ModelError::Cut)])
}

/// Rows that Postgres has not been told of yet: purpose, model, tokens, and error.
pub(super) fn paid_calls(conversation: &TestConversation) -> Vec<String> {
    let query =
        "SELECT json_quote(json_extract(call, '$.purpose') || ' ' || json_extract(call, '$.model') || ' '
                     || json_extract(call, '$.total_tokens') || ' '
                     || coalesce(json_extract(call, '$.error_code'), '-')) AS json
                 FROM paid_call WHERE json_extract(call, '$.purpose') <> 'recall' ORDER BY rowid";
    conversation.column(query)
}

#[test]
fn an_attempt_that_another_one_followed_is_booked_for_its_own_model() {
    let conversation = conversation(|row| {
        let employee = row.employee.as_mut().unwrap();
        (employee.budget, employee.fallback_models) = (tokens(10_000), vec!["llama3.3".into()]);
    });
    conversation.model_says(lost_attempt(9)).model_says(lost_attempt(9)).model_says(whole("ok"));
    let (seen, finished) = conversation.turn("Hello").unwrap();
    assert!(seen.is_finished, "{seen:?}");
    let lost = "step gpt-4o-mini 29 model_truncated";
    assert_eq!(paid_calls(&conversation), [lost, lost]);
    let usage = &finished.record.usage;
    assert_eq!((usage.model.as_str(), usage.total_tokens), ("llama3.3", 24));
    assert_eq!(conversation.spent().tokens, VECTOR + 2 * 29 + 24);
}

#[test]
fn thoughts_of_an_attempt_that_another_one_followed_are_counted() {
    let conversation = with_budget(10_000);
    let thought = "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Let me see what it is.\"}}]}\n\n";
    let lost = Ok(vec![Step::Bytes(10, thought.to_owned()), Step::Fail(ModelError::Cut)]);
    conversation.model_says(lost).model_says(whole("ok"));
    let (seen, _) = conversation.turn("Hello").unwrap();
    assert_eq!(seen.text, "ok");
    assert_eq!(paid_calls(&conversation).len(), 1);
    assert!(conversation.spent().tokens > VECTOR + 24 + 20, "{:?}", conversation.spent());
}

#[test]
fn no_further_attempt_is_made_without_a_budget_for_it() {
    let conversation = with_budget(910);
    conversation.model_says(lost_attempt(100)).model_says(whole("ok"));
    let (seen, finished) = conversation.turn("Hello").unwrap();
    assert!(!seen.is_finished);
    assert_eq!(finished.record.usage.error_code.as_deref(), Some("budget_exceeded"));
    assert_eq!(conversation.platform.http.requests().len(), 1);
    assert!(conversation.spent().tokens <= 910, "{:?}", conversation.spent());
}

#[test]
fn an_attempt_is_booked_before_another_one_answers() {
    let conversation = with_budget(10_000);
    conversation.model_says(lost_attempt(9)).model_says(counting());
    let prepared = conversation.prepare("Hello").unwrap();
    conversation.answer_until(SESSION, prepared, |seen| !seen.text.is_empty());
    let conversation = conversation.restart();
    assert_eq!(paid_calls(&conversation), ["step gpt-4o-mini 29 model_truncated"]);
}

#[test]
fn a_stop_in_the_pause_after_an_attempt_owes_no_other() {
    let conversation = with_budget(10_000);
    conversation.model_says(lost_attempt(9)).model_says(whole("ok"));
    let prepared = conversation.prepare("Hello").unwrap();
    let session = conversation.session();
    let clock = &conversation.platform.clock;
    let stop = async {
        clock.wait(50).await;
        session.stop();
    };
    let turn = conversation.object.turn(&conversation.user, &session);
    let answering = turn.answer(prepared, |_| {});
    let (finished, ()) = conversation.platform.block_on(futures::future::join(answering, stop));
    assert_eq!(finished.record.usage.total_tokens, 0);
    assert_eq!(paid_calls(&conversation), ["step gpt-4o-mini 29 model_truncated"]);
    assert_eq!(conversation.spent().tokens, VECTOR + 29);
}

#[test]
fn a_spent_budget_is_there_again_the_next_day() {
    let conversation = conversation(|row| {
        row.limits = Some(UserLimits { messages_per_minute: None, budget: tokens(850) });
    });
    conversation.model_says(whole("ok")).model_says(whole("ok"));
    conversation.turn("one").unwrap();
    let refused = conversation.turn("two").unwrap_err();
    assert_eq!(refused.code(), Code::BudgetExceeded);
    assert!(retry_after(&refused).unwrap() <= 86_400);
    conversation.platform.clock.advance(retry_after(&refused).unwrap() * 1000);
    conversation.turn("two").unwrap();
}

#[test]
fn a_message_that_a_budget_refuses_does_not_count_against_the_rate() {
    let conversation = conversation(|row| {
        let employee = row.employee.as_mut().unwrap();
        (employee.messages_per_minute, employee.budget) = (Some(2), tokens(10));
    });
    for _ in 0..5 {
        assert_eq!(conversation.refusal("Hello"), Code::BudgetExceeded);
    }
}

#[test]
fn a_dead_turn_owes_its_prompt_and_its_reservation_is_released() {
    let conversation = with_budget(10_000);
    conversation.prepare("Hello").unwrap();
    assert!(conversation.spent().tokens > 800);
    conversation.platform.storage.confirm();
    let next = conversation.restart();
    let owed = next.outbox()[0].usage.total_tokens;
    assert!(owed > 0 && owed < 100, "the prompt was read, perhaps: {owed}");
    assert_eq!(next.spent().tokens, VECTOR + u64::from(owed));
    assert_eq!(next.number("SELECT count(*) FROM ledger WHERE is_reserved = 1"), 0);
}

#[test]
fn a_reservation_that_was_not_durable_dies_with_its_object() {
    let conversation = with_budget(10_000);
    conversation.prepare("Hello").unwrap();
    let next = conversation.restart();
    assert_eq!((next.spent().tokens, next.outbox().len()), (0, 0), "the message is not stored either");
}

#[test]
fn costs_are_settled_while_postgres_is_away() {
    let conversation = with_budget(10_000);
    for message in ["one", "two", "three"] {
        conversation.model_says(whole("ok"));
        conversation.turn(message).unwrap();
    }
    conversation.platform.postgrest.set_down(true);
    assert!(!conversation.deliver().is_empty());
    assert_eq!(conversation.spent().tokens, 3 * (VECTOR + 24));
}

#[test]
fn a_model_that_was_never_reached_costs_nothing() {
    let conversation = with_budget(10_000);
    conversation.model_says(Err(ModelError::Status { status: 400, retry_after: None }));
    conversation.turn("Hello").unwrap();
    assert_eq!(conversation.spent().tokens, VECTOR);
}

#[test]
fn without_limits_nothing_is_reserved_and_everything_is_settled() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("ok"));
    let prepared = conversation.prepare("Hello").unwrap();
    assert_eq!(conversation.spent().tokens, VECTOR);
    conversation.answer(SESSION, prepared);
    assert_eq!(conversation.spent().tokens, VECTOR + 24);
}

#[test]
fn a_new_object_counts_todays_earlier_spending() {
    let conversation = conversation(|row| {
        row.limits = Some(UserLimits { messages_per_minute: None, budget: tokens(1000) });
    });
    let spent = serde_json::json!({ "prime-boss": { "tokens": 900, "usd": null } });
    conversation.platform.postgrest.set_spent(spent);
    assert_eq!(conversation.refusal("Hello"), Code::BudgetExceeded);
    assert_eq!(conversation.spent().tokens, 900 + VECTOR);
    // Read again, it changes nothing.
    let next = conversation.restart();
    assert_eq!(next.refusal("Hello"), Code::BudgetExceeded);
    assert_eq!(next.spent().tokens, 900 + VECTOR);
}

#[test]
fn a_user_sees_what_is_left_of_their_budgets_and_when_it_comes_back() {
    let conversation = TestConversation::default();
    conversation.platform.postgrest.profile(|row| {
        let budget = Budget { daily_tokens: Some(5000), daily_usd: None };
        row.limits = Some(UserLimits { messages_per_minute: Some(20), budget });
        row.employee.as_mut().unwrap().budget = Budget { daily_tokens: None, daily_usd: Some(5.0) };
        row.price = Some(Price { input: 1000.0, cached_input: 1000.0, output: 1000.0 });
    });
    conversation.model_says(whole("ok"));
    conversation.turn("Hello").unwrap();
    let reply = conversation.call(UserRoute::Usage, "");
    assert_eq!(reply.status, 200);
    let limits = json!({
        "resets_at": "2026-11-24T00:00:00Z",
        "user": {
            "messages_per_minute": 20,
            "daily_tokens": { "limit": 5000, "used": 24, "left": 4976 },
            "daily_usd": null,
        },
        "employees": [{
            "employee": "prime-boss",
            "messages_per_minute": null,
            "daily_tokens": null,
            "daily_usd": { "limit": 5.0, "used": 0.024, "left": 4.976 },
        }],
    });
    assert_eq!(reply.body["limits"], limits);
    assert_eq!(reply.body["today"]["since"], "2026-11-23T00:00:00Z");
    assert_eq!(reply.body["month"]["since"], "2026-11-01T00:00:00Z");
    // The turn is still on its way, and Postgres is told to leave it out.
    let turn = json!([{
        "employee": "prime-boss", "purpose": "turn", "requests": 1, "prompt_tokens": 20, "cached_tokens": 0,
        "completion_tokens": 4, "total_tokens": 24, "cost_usd": 0.024,
    }]);
    assert_eq!((&reply.body["today"]["by"], &reply.body["month"]["by"]), (&turn, &turn));
    assert_eq!(reply.body["today"]["total_tokens"], 24);
    let asked = &conversation.platform.postgrest.calls_of("user_usage")[0];
    assert_eq!(asked["p_except"], json!([conversation.outbox()[0].turn_id]));
}

#[test]
fn an_answer_that_runs_counts_with_what_is_reserved_for_it() {
    let conversation = TestConversation::default();
    conversation.platform.postgrest.profile(|row| {
        let budget = Budget { daily_tokens: Some(5000), daily_usd: None };
        row.limits = Some(UserLimits { messages_per_minute: None, budget });
    });
    let prepared = conversation.prepare("Hello").unwrap();
    let used = || {
        let reply = conversation.call(UserRoute::Usage, "");
        reply.body["limits"]["user"]["daily_tokens"]["used"].as_u64().unwrap()
    };
    assert!(used() > 800, "the longest answer");
    conversation.model_says(whole("ok"));
    conversation.answer(SESSION, prepared);
    assert_eq!(used(), VECTOR + 24);
}

#[test]
fn a_stop_before_a_later_steps_first_token_owes_its_prompt() {
    let conversation = with_tools(&["calculator"]);
    conversation.model_says(calling("", &[("calculator", r#"{"expression":"1+1"}"#)]));
    conversation.model_says(Ok(vec![Step::Bytes(20_000, chunk("late") + &end())]));
    let prepared = conversation.prepare("Hello").unwrap();
    let session = conversation.session();
    let finished = conversation.answer_to(SESSION, prepared, |event| {
        if matches!(event, ClientEvent::StepFinished) {
            assert!(session.stop());
        }
    });
    let usage = &finished.record.usage;
    assert_eq!((usage.completion_tokens, usage.usage_source), (4, UsageSource::Estimated));
    assert!(usage.prompt_tokens > 2 * 20, "the second request was read: {usage:?}");
    assert_eq!(conversation.spent().tokens, VECTOR + u64::from(usage.total_tokens));
}

#[test]
fn the_most_that_is_reserved_is_also_sent() {
    for (model, most) in [("gpt-4o-mini", 4096), ("gpt-5-mini", 16_384)] {
        let conversation = conversation(|row| {
            let employee = row.employee.as_mut().unwrap();
            (employee.max_output_tokens, employee.budget) = (None, tokens(100_000));
            employee.model = Some(model.into());
        });
        conversation.model_says(whole("ok"));
        let prepared = conversation.prepare("Hello").unwrap();
        let reserved = conversation.spent().tokens;
        assert!(reserved > most && reserved < most + 100, "{model}: {reserved}");
        conversation.answer(SESSION, prepared);
        assert_eq!(conversation.platform.http.requests()[0]["max_completion_tokens"], most, "{model}");
    }
}

#[test]
fn a_model_without_a_price_is_not_asked_where_dollars_are_limited() {
    let dollars = Budget { daily_tokens: None, daily_usd: Some(1.0) };
    let limited = [
        conversation(|row| row.employee.as_mut().unwrap().budget = dollars),
        conversation(|row| row.limits = Some(UserLimits { messages_per_minute: None, budget: dollars })),
    ];
    for conversation in limited {
        assert_eq!(conversation.refusal("Hello"), Code::UnpricedModel);
        conversation.platform.clock.advance(FRESH_FOR);
        // A fallback with a price answers in its place.
        conversation.platform.postgrest.profile(|row| {
            row.employee.as_mut().unwrap().fallback_models = vec!["llama3.3".into()];
            let price = Price { input: 1.0, cached_input: 1.0, output: 1.0 };
            row.prices.insert("llama3.3".into(), price);
        });
        conversation.model_says(whole("ok"));
        let (_, finished) = conversation.turn("Hello").unwrap();
        assert_eq!(finished.record.usage.model, "llama3.3");
        assert_eq!(conversation.platform.http.requests().len(), 1);
    }
}

#[test]
fn a_users_own_limits_come_before_those_of_their_plan() {
    let plans = r#"{"default":{"messages_per_minute":20,"daily_usd":1},"pro":{"daily_usd":10.5}}"#;
    let config = Config { plans: serde_json::from_str(plans).unwrap(), ..config() };
    for (row, limits) in [
        (r#"{"plan":null,"daily_tokens":null}"#, (Some(20), None, Some(1.0))),
        (r#"{"plan":"pro","messages_per_minute":null}"#, (None, None, Some(10.5))),
        (r#"{"plan":"pro","daily_tokens":7,"daily_usd":2}"#, (None, Some(7), Some(2.0))),
        (r#"{"plan":"unknown","messages_per_minute":60}"#, (Some(60), None, Some(1.0))),
        (r#"{"plan":"anonymous"}"#, (Some(20), None, Some(1.0))),
    ] {
        let stored: StoredLimits = serde_json::from_str(row).unwrap();
        let UserLimits { messages_per_minute, budget } = stored.resolve(&config);
        assert_eq!((messages_per_minute, budget.daily_tokens, budget.daily_usd), limits, "{row}");
    }
}

/// Rows of usage that Postgres was told beside the turns, by purpose.
fn told(conversation: &TestConversation) -> Vec<(String, u64)> {
    let saved = conversation.platform.postgrest.calls_of("save_embeddings");
    let calls = saved.iter().flat_map(|saved| saved["p_usage"].as_array().unwrap());
    calls
        .map(|call| (call["purpose"].as_str().unwrap().to_owned(), call["total_tokens"].as_u64().unwrap()))
        .collect()
}

#[test]
fn vectors_are_reserved_booked_and_told_to_postgres() {
    let conversation = with_budget(10_000);
    conversation.model_says(whole("ok"));
    conversation.turn("Hello").unwrap();
    conversation.platform.postgrest.set_pending(vec![json!({ "id": Uuid::from_u128(1), "text": "one two" })]);
    while conversation.platform.storage.alarm().is_some_and(|at| at < START + 100_000) {
        conversation.ring();
    }
    assert_eq!(told(&conversation), [("recall".into(), VECTOR), ("embedding".into(), 2)]);
    assert_eq!(conversation.spent().tokens, VECTOR + 24 + 2);
    assert_eq!(conversation.number("SELECT count(*) FROM paid_call"), 0);
    assert_eq!(conversation.number("SELECT count(*) FROM ledger WHERE is_reserved = 1"), 0);
}

#[test]
fn a_call_is_told_after_the_turn_of_its_session() {
    let conversation = with_budget(10_000);
    let postgrest = &conversation.platform.postgrest;
    conversation.model_says(whole("ok"));
    conversation.turn("Hello").unwrap();
    postgrest.fail("commit_turn", DatabaseError::Unavailable("scripted".into()));
    conversation.platform.clock.advance(31_000);
    conversation.deliver();
    assert_eq!(told(&conversation), [], "Postgres does not know the session yet");
    postgrest.mend("commit_turn");
    conversation.platform.clock.advance(31_000);
    conversation.deliver();
    assert_eq!(told(&conversation), [("recall".into(), VECTOR)]);
    assert_eq!(postgrest.calls_of("save_embeddings")[0]["p_usage"][0]["session_id"], json!(SESSION));
}

#[test]
fn no_vector_is_asked_for_that_a_budget_does_not_allow() {
    let conversation = with_budget(10_000);
    conversation.platform.postgrest.set_spent(json!({ "prime-boss": { "tokens": 10_000, "usd": null } }));
    for _ in 0..3 {
        assert_eq!(conversation.refusal("Hello"), Code::BudgetExceeded);
    }
    assert!(conversation.platform.http.embedded().is_empty());
    conversation.platform.postgrest.set_pending(vec![json!({ "id": Uuid::from_u128(1), "text": "one two" })]);
    conversation.object.plan_background().unwrap();
    conversation.platform.clock.advance(20_000);
    assert_eq!(conversation.deliver(), [""; 0]);
    assert!(conversation.platform.http.embedded().is_empty(), "words find the memory until the next day");
    assert_eq!(conversation.spent().tokens, 10_000);
}

#[test]
fn messages_that_come_too_fast_get_no_vector() {
    let conversation = conversation(|row| row.employee.as_mut().unwrap().messages_per_minute = Some(1));
    conversation.model_says(whole("ok"));
    conversation.turn("one").unwrap();
    for _ in 0..3 {
        assert_eq!(conversation.refusal("two"), Code::RateLimited);
    }
    assert_eq!(conversation.platform.http.embedded(), ["one"]);
}

#[test]
fn a_vector_that_is_late_is_owed_and_one_that_fails_is_not() {
    let conversation = with_budget(10_000);
    conversation.platform.http.hangs_with_vectors(true);
    conversation.model_says(whole("ok"));
    conversation.turn("Hello").unwrap();
    assert_eq!(conversation.spent().tokens, VECTOR + 24);
    let failing = with_budget(10_000);
    failing.platform.http.embeds_nothing(true);
    failing.model_says(whole("ok"));
    failing.turn("Hello").unwrap();
    assert_eq!(failing.spent().tokens, 24);
}
