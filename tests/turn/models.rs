//! Which model answers, when one does not, and for how long.

use frontdesk::config::Fallback;
use frontdesk::employee::Employee;
use frontdesk::model::candidate::Provider;
use frontdesk::model::price::Price;
use frontdesk::ports::ModelError;
use frontdesk::session::record::Status;
use frontdesk::turn;
use futures::FutureExt as _;

use super::scripted::*;

const BUSY: ModelError = ModelError::Status { status: 503, retry_after: None };
const GONE: ModelError = ModelError::Status { status: 404, retry_after: None };

/// A desk whose employee has its own model, which costs nothing that is known, and another one.
fn desk() -> Desk {
    let desk = Desk::default();
    for _ in 0..8 {
        let mut loaded = loaded(vec![]);
        loaded.employee = Some(Employee { fallback_models: vec!["llama3.3".into()], ..employee() });
        loaded.prices.insert("llama3.3".into(), Price { input: 1.0, cached_input: 1.0, output: 10.0 });
        desk.ports.database.loads.borrow_mut().push_back(Ok(loaded));
    }
    desk
}

fn asked(desk: &Desk) -> Vec<String> {
    let requests = desk.ports.model.requests.borrow();
    requests.iter().map(|request| request["model"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn another_model_answers_when_the_first_one_does_not_and_the_answer_says_so() {
    let desk = desk();
    desk.model_says(Err(BUSY)).model_says(Err(BUSY)).model_says(whole("Hello Ada"));
    let (seen, answered) = desk.turn("Hello").unwrap();
    assert_eq!((seen.text.as_str(), seen.model.as_deref()), ("Hello Ada", Some("llama3.3")));
    assert_eq!(asked(&desk), ["gpt-4o-mini", "gpt-4o-mini", "llama3.3"]);
    let requests = desk.ports.model.requests.borrow();
    assert_eq!(
        (&requests[0]["max_completion_tokens"], &requests[2]["max_tokens"]),
        (&800.into(), &800.into())
    );
    let record = answered.record;
    assert_eq!((record.usage.model.as_str(), record.usage.cost_usd), ("llama3.3", Some(60e-6)));
    assert_eq!(record.messages[1].metadata["model"], "llama3.3");
    assert_eq!(
        desk.ports.clock.slept.borrow().as_slice(),
        [500],
        "nobody waits long where another may answer"
    );
}

#[test]
fn a_model_that_does_not_exist_is_not_asked_twice() {
    let desk = desk();
    desk.model_says(Err(GONE)).model_says(whole("Hello"));
    desk.turn("Hello").unwrap();
    assert_eq!(asked(&desk), ["gpt-4o-mini", "llama3.3"]);
}

#[test]
fn after_the_first_token_nobody_else_is_asked() {
    let desk = desk();
    desk.model_says(Ok(vec![Step::Bytes(10, chunk("Hel")), Step::Fail(ModelError::Cut)]));
    let (seen, answered) = desk.turn("Hello").unwrap();
    assert!(seen.error.is_some());
    assert_eq!((asked(&desk).len(), answered.record.messages[1].status), (1, Status::Failed));
}

#[test]
fn a_second_provider_is_asked_for_the_same_model_first() {
    let mut desk = desk();
    desk.config.fallback = Some(Fallback { url: "https://second.example.com/v1".into(), key: "sk-2".into() });
    desk.model_says(Err(GONE)).model_says(Err(GONE)).model_says(Err(GONE)).model_says(whole("Hello"));
    desk.turn("Hello").unwrap();
    assert_eq!(asked(&desk), ["gpt-4o-mini", "gpt-4o-mini", "llama3.3", "llama3.3"]);
    let (first, second) = (Provider::Primary, Provider::Fallback);
    assert_eq!(*desk.ports.model.asked.borrow(), [first, second, first, second]);
}

#[test]
fn a_model_that_is_dead_is_left_out_for_a_while() {
    let desk = desk();
    for _ in 0..3 {
        desk.model_says(Err(GONE)).model_says(whole("Hello"));
        desk.turn("Hello").unwrap();
    }
    desk.model_says(whole("Hello"));
    let (_, answered) = desk.turn("Hello").unwrap();
    assert_eq!(asked(&desk).last().unwrap(), "llama3.3");
    assert_eq!((asked(&desk).len(), answered.attempts), (7, 1));

    desk.ports.clock.now.set(desk.ports.clock.now.get() + 31_000);
    desk.model_says(whole("I am back"));
    desk.turn("Hello").unwrap();
    assert_eq!(asked(&desk).last().unwrap(), "gpt-4o-mini");
}

#[test]
fn what_is_reserved_is_what_the_dearest_of_them_may_take() {
    let desk = desk();
    desk.ports.database.loads.borrow_mut()[0].as_mut().unwrap().employee.as_mut().unwrap().budget.daily_usd =
        Some(0.007);
    let refused = desk.turn("Hello").unwrap_err();
    assert_eq!(refused.code(), frontdesk::error::Code::BudgetExceeded, "800 tokens at 10 dollars a million");
}

#[test]
fn a_turn_that_another_model_answers_is_interrupted_at_its_price() {
    let desk = desk();
    desk.model_says(Err(GONE))
        .model_says(Ok(vec![Step::Bytes(10, chunk("Hel")), Step::Bytes(10, chunk("lo"))]));
    {
        let turn = async {
            let prepared =
                turn::prepare(&desk.state, user(), ask("Hello"), &desk.config, &desk.ports).await.unwrap();
            turn::answer(prepared, &desk.state, &desk.config, &desk.ports, |_| ()).await
        };
        let mut turn = Box::pin(turn);
        // Until the model has said something; then the object dies.
        for _ in 0..20 {
            assert!((&mut turn).now_or_never().is_none());
            if desk.state.log.borrow().as_ref().is_some_and(|log| !log.told.is_empty()) {
                break;
            }
        }
    }
    let record = turn::recover(&desk.ports.journal, &desk.ports.clock, &desk.config).unwrap();
    assert_eq!(record.usage.model, "llama3.3");
    assert!(record.usage.cost_usd.is_some());
}

#[test]
fn an_answer_has_ten_minutes() {
    let desk = desk();
    let drop = || Step::Bytes(20_000, chunk("drip "));
    desk.model_says(Ok(std::iter::repeat_with(drop).take(60).collect()));
    let (seen, answered) = desk.turn("Hello").unwrap();
    assert_eq!(seen.text.len(), 30 * "drip ".len());
    let answer = &answered.record.messages[1];
    assert_eq!((answer.status, &answer.metadata["finish_reason"]), (Status::Complete, &"length".into()));
}

#[test]
fn a_model_that_only_ever_thinks_is_not_waited_for_longer_nor_is_another() {
    let desk = desk();
    let silence = || Step::Bytes(30_000, ": thinking\n\n".into());
    desk.model_says(Ok(std::iter::repeat_with(silence).take(60).collect()));
    let (seen, answered) = desk.turn("Hello").unwrap();
    assert!(seen.error.is_some());
    assert_eq!(answered.record.usage.error_code.as_deref(), Some("model_timeout"));
    assert_eq!(asked(&desk).len(), 1);
}
