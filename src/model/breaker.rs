//! A model that is dead is not asked for a while, as long as another may answer.

use std::collections::BTreeMap;

use super::candidate::{Candidate, Provider};
use super::model_error::ModelError;
use crate::time::Millis;

/// Turns in a row that a model must fail to be kept out.
const FAILURES: u32 = 3;

/// Time for which a failing model is not asked, in milliseconds. Then one turn tries it while the others wait once more.
const OUT_FOR: Millis = 30 * 1000;

/// Health of models: in memory only, shared by all turns of an isolate.
#[derive(Debug, Default)]
pub struct Breaker(BTreeMap<(Provider, String), Health>);

#[derive(Debug, Default)]
struct Health {
    failures: u32,
    out_until: Millis,
}

impl Breaker {
    /// Moves failing models behind the others and keeps the order otherwise. No model is left out: a model
    /// that is probably dead is better than none.
    pub fn arrange(&mut self, candidates: &mut [Candidate], now: Millis) {
        if candidates.len() > 1 {
            candidates.sort_by_cached_key(|candidate| self.is_out(candidate, now));
        }
    }

    /// A model gave no answer to a turn.
    pub fn failed(&mut self, candidate: &Candidate, error: ModelError, now: Millis) {
        if is_health(error) {
            let health = self.0.entry(key(candidate)).or_default();
            health.failures = health.failures.saturating_add(1);
            if health.failures >= FAILURES {
                health.out_until = now + OUT_FOR;
            }
        }
    }

    /// A model answered.
    pub fn answered(&mut self, candidate: &Candidate) {
        if !self.0.is_empty() {
            self.0.remove(&key(candidate));
        }
    }

    fn is_out(&mut self, candidate: &Candidate, now: Millis) -> bool {
        let Some(health) = self.0.get_mut(&key(candidate)) else { return false };
        if health.failures < FAILURES {
            return false;
        }
        let is_out = now < health.out_until;
        if !is_out {
            health.out_until = now + OUT_FOR;
        }
        is_out
    }
}

fn key(candidate: &Candidate) -> (Provider, String) {
    (candidate.provider, candidate.model.clone())
}

/// True if an error concerns the model and not the request. 401 to 404 concern keys, credit and names that the model does
/// not accept from any caller.
const fn is_health(error: ModelError) -> bool {
    match error {
        ModelError::Connect
        | ModelError::Timeout
        | ModelError::Cut
        | ModelError::Nothing
        | ModelError::Unexplained
        | ModelError::OtherApi => true,
        ModelError::Refused { .. } | ModelError::Spent => false,
        ModelError::Status { status, .. } => matches!(status, 401..=404 | 408 | 409 | 429 | 500..=599),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(model: &str) -> Candidate {
        Candidate { model: model.into(), provider: Provider::Primary, price: None }
    }

    fn order(breaker: &mut Breaker, now: Millis) -> Vec<String> {
        let mut candidates = [candidate("own"), candidate("other")];
        breaker.arrange(&mut candidates, now);
        candidates.map(|candidate| candidate.model).into()
    }

    fn broken() -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..FAILURES {
            breaker.failed(&candidate("own"), ModelError::Connect, 0);
        }
        breaker
    }

    #[test]
    fn a_model_that_fails_again_and_again_is_asked_last_for_a_while() {
        let mut breaker = broken();
        assert_eq!(order(&mut breaker, OUT_FOR - 1), ["other", "own"]);
        assert_eq!(order(&mut breaker, OUT_FOR), ["own", "other"], "one turn tries it");
        assert_eq!(order(&mut breaker, OUT_FOR + 1), ["other", "own"], "and no other meanwhile");
        breaker.failed(&candidate("own"), ModelError::Timeout, OUT_FOR + 2);
        assert_eq!(order(&mut breaker, 2 * OUT_FOR), ["other", "own"], "it is still dead");
    }

    #[test]
    fn one_that_answers_is_well() {
        let mut breaker = broken();
        breaker.answered(&candidate("own"));
        breaker.failed(&candidate("own"), ModelError::Connect, 1);
        assert_eq!(order(&mut breaker, 2), ["own", "other"]);
    }

    #[test]
    fn a_request_that_is_refused_says_nothing_of_the_model() {
        let mut breaker = Breaker::default();
        for _ in 0..9 {
            breaker.failed(&candidate("own"), ModelError::Refused { status: 400, parameter: None }, 0);
        }
        assert_eq!(order(&mut breaker, 1), ["own", "other"]);
    }

    #[test]
    fn when_all_are_out_the_order_is_as_it_was() {
        let mut breaker = broken();
        for _ in 0..FAILURES {
            breaker.failed(&candidate("other"), ModelError::Cut, 0);
        }
        assert_eq!(order(&mut breaker, 1), ["own", "other"]);
    }
}
