//! Answers that are no stream, and refusals by status.

use super::Booked::{Nothing, Provider};
use super::Outcome::{Failed, Finished};
use super::*;

#[test]
fn a_server_that_does_not_stream_is_understood() {
    let body = r#"{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Good"},
        "finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2}}"#;
    let case =
        Case { stream: "", text: "Good", outcome: Finished("stop"), requests: 1, usage: Provider(9, 2) };
    check(&case, &at_once(body), "as JSON");
}

#[test]
fn an_error_with_a_good_status_is_an_error() {
    let body = r#"{"code":"exhausted","error":"no credit left"}"#;
    let outcome = Failed(Code::ModelRejected);
    check(&Case { stream: "", text: "", outcome, requests: 1, usage: Nothing }, &at_once(body), "as JSON");
}

/// Milliseconds between the first request, which is refused so, and the end of the turn.
fn pause_after(header: (&str, &str)) -> u64 {
    let conversation = conversation();
    conversation.platform.http.refuse(429, Some(header), "");
    conversation.model_says(Ok(vec![Step::Bytes(0, chunk("Good") + &end())]));
    let before = conversation.now();
    let (_, finished) = conversation.turn("hi").unwrap();
    assert_eq!(outcome(&finished), Finished("stop"));
    conversation.now() - before
}

fn http_date(at: u64) -> String {
    frontdesk::time::timestamp(at).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[test]
fn a_provider_says_when_it_may_be_asked_again() {
    let now = conversation().now();
    for (header, least, most) in [
        (("retry-after", "3"), 3000, 3100),
        (("retry-after", "1.5"), 1500, 1600),
        (("retry-after-ms", "1500"), 1500, 1600),
        // A date has whole seconds.
        (("retry-after", http_date(now + 3000).as_str()), 2000, 3100),
    ] {
        let pause = pause_after(header);
        assert!((least..=most).contains(&pause), "{header:?}: {pause}");
    }
}

#[test]
fn a_provider_that_is_long_to_wait_for_is_asked_once() {
    let conversation = conversation();
    let date = http_date(conversation.now() + 60_000);
    conversation.platform.http.refuse(429, Some(("retry-after", &date)), "");
    let (_, finished) = conversation.turn("hi").unwrap();
    assert_eq!(outcome(&finished), Failed(Code::ModelUnavailable));
}

#[test]
fn used_up_credit_is_told_once() {
    let conversation = conversation();
    conversation.platform.http.refuse(429, None, r#"{"error":{"code":"insufficient_quota"}}"#);
    let (_, finished) = conversation.turn("hi").unwrap();
    assert_eq!(outcome(&finished), Failed(Code::ModelRejected));
}
