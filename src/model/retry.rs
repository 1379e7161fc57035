//! Retries of a model that did not answer: only before its first token, a few times with growing pauses; once only if
//! another model may answer instead.

use super::model_error::ModelError;
use crate::error::{Code, Fault};
use crate::time::Millis;

/// Requests to one model at most, when no other may answer.
const MAX_ATTEMPTS: u32 = 4;

/// Requests to one model at most, if another may answer. One retry covers brief failures; for longer ones the next model is faster.
const MAX_ATTEMPTS_BEFORE_ANOTHER: u32 = 2;

/// The pause after the first failure; it doubles with each.
const FIRST_PAUSE: Millis = 500;

/// The longest `Retry-After` worth waiting for with a person watching.
const LONGEST_WAIT: Millis = 20 * 1000;

/// Pause in milliseconds before attempt `attempt + 1` (`attempt` counts from 1), or `None` to give up.
#[must_use]
pub fn pause(attempt: u32, has_another: bool, error: ModelError, random: [u8; 16]) -> Option<Millis> {
    let (most, longest_wait) =
        if has_another { (MAX_ATTEMPTS_BEFORE_ANOTHER, FIRST_PAUSE) } else { (MAX_ATTEMPTS, LONGEST_WAIT) };
    if attempt >= most {
        return None;
    }
    let backoff = FIRST_PAUSE << (attempt - 1).min(8);
    let jittered = backoff - backoff / 2 * Millis::from(random[0]) / 255;
    match error {
        ModelError::Connect | ModelError::Cut | ModelError::Nothing => Some(jittered),
        // It may be a brief failure or one that lasts.
        ModelError::Unexplained => (attempt == 1).then_some(jittered),
        // It had its time already; once more, no more.
        ModelError::Timeout => (attempt == 1 && !has_another).then_some(jittered),
        ModelError::Status { status: 408 | 409 | 429 | 500..=599, retry_after } => match retry_after {
            Some(wait) if wait > longest_wait => None,
            Some(wait) => Some(wait.max(jittered)),
            None => Some(jittered),
        },
        ModelError::Status { .. } | ModelError::Refused { .. } | ModelError::Spent | ModelError::OtherApi => {
            None
        }
    }
}

/// Fault of the turn after the last attempt.
#[must_use]
pub fn give_up(error: ModelError, attempts: u32) -> Fault {
    match error {
        ModelError::Timeout => {
            Fault::new(Code::ModelTimeout, format!("no answer in time, {attempts} attempts"))
        }
        ModelError::Status { status: status @ (429 | 408 | 409 | 500..=599), .. } => {
            Fault::new(Code::ModelUnavailable, format!("status {status} after {attempts} attempts"))
        }
        ModelError::Status { status, .. } => Fault::new(Code::ModelRejected, format!("status {status}")),
        ModelError::Refused { status, parameter } => {
            let named = parameter.map_or_else(String::new, |parameter| format!(", for {parameter:?}"));
            Fault::new(Code::ModelRejected, format!("status {status}{named}"))
        }
        ModelError::Connect => {
            Fault::new(Code::ModelUnavailable, format!("no connection after {attempts} attempts"))
        }
        ModelError::Cut => {
            Fault::new(Code::ModelTruncated, format!("cut before the end, {attempts} attempts"))
        }
        ModelError::Nothing => {
            Fault::new(Code::ModelTruncated, format!("nothing was said, {attempts} attempts"))
        }
        ModelError::Spent => {
            Fault::new(Code::ModelTruncated, "max_output_tokens reached before the first word")
        }
        ModelError::Unexplained => {
            Fault::new(Code::ModelUnavailable, format!("an error of an unknown kind, {attempts} attempts"))
        }
        ModelError::OtherApi => {
            Fault::new(Code::ModelRejected, "no chat completions come from there: check the base URL")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: [u8; 16] = [0; 16];

    const fn status(status: u16, retry_after: Option<Millis>) -> ModelError {
        ModelError::Status { status, retry_after }
    }

    #[test]
    fn overload_is_tried_again_ever_slower_and_then_given_up() {
        let pauses: Vec<_> = (1..=4).map(|attempt| pause(attempt, false, status(503, None), CALM)).collect();
        assert_eq!(pauses, [Some(500), Some(1000), Some(2000), None]);
    }

    #[test]
    fn retry_after_is_honoured_unless_nobody_would_wait_that_long() {
        assert_eq!(pause(1, false, status(429, Some(3000)), CALM), Some(3000));
        assert_eq!(pause(1, false, status(429, Some(0)), CALM), Some(500));
        assert_eq!(pause(1, false, status(429, Some(60_000)), CALM), None);
    }

    #[test]
    fn a_request_that_the_model_refuses_is_not_repeated() {
        for refused in [400, 401, 403, 404, 413, 422] {
            assert_eq!(pause(1, false, status(refused, None), CALM), None);
            assert_eq!(give_up(status(refused, None), 1).code, Code::ModelRejected);
        }
    }

    #[test]
    fn what_no_repetition_mends_is_not_repeated() {
        for error in [ModelError::Spent, ModelError::OtherApi, status(402, None)] {
            assert_eq!(pause(1, false, error, CALM), None);
        }
        assert_eq!(pause(1, false, ModelError::Unexplained, CALM), Some(500));
        assert_eq!(pause(2, false, ModelError::Unexplained, CALM), None);
    }

    #[test]
    fn a_silent_model_gets_one_more_chance() {
        assert!(pause(1, false, ModelError::Timeout, CALM).is_some());
        assert!(pause(2, false, ModelError::Timeout, CALM).is_none());
    }

    #[test]
    fn where_another_may_answer_nobody_waits_long() {
        let pauses = (1..=2).map(|attempt| pause(attempt, true, status(503, None), CALM));
        assert_eq!(pauses.collect::<Vec<_>>(), [Some(500), None]);
        assert_eq!(pause(1, true, ModelError::Timeout, CALM), None);
        assert_eq!(pause(1, true, status(429, Some(3000)), CALM), None);
    }

    #[test]
    fn chance_takes_off_half_at_most() {
        assert_eq!(pause(1, false, ModelError::Connect, [255; 16]), Some(250));
    }
}
