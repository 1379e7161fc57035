//! Ends of answers without a finish reason. Only a dialect makes one of them an end.

use super::Outcome::{Failed, Finished};
use super::*;

const DONE: &str = "data: [DONE]\n\n";
const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\n";
const CALL: &str = concat!(
    "data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"k1\",\"function\":",
    "{\"name\":\"calculator\",\"arguments\":\"{\\\"expression\\\":\\\"2+3\"}}]}}]}\n\n",
);

/// The end of a stream in a dialect, in one write and with gaps.
fn end_of(dialect: &str, stream: &str) -> Outcome {
    let vars = [("OPENAI_DIALECTS", dialect)];
    let ends = [at_once(stream), with_gaps(stream)].map(|reply| {
        let conversation = conversation_with(if dialect.is_empty() { &[] } else { &vars });
        for _ in 0..MAX_REQUESTS {
            conversation.model_says(reply.clone());
        }
        outcome(&conversation.turn("hi").unwrap().1)
    });
    let [at_once, with_gaps] = ends;
    assert_eq!(at_once, with_gaps, "{stream}");
    at_once
}

#[test]
fn an_end_is_what_the_dialect_defines() {
    let text = chunk("Good");
    let (stop, cut) = (|| Finished("stop"), || Failed(Code::ModelTruncated));
    let (done, usage) = (r#"{"*":{"end":"done"}}"#, r#"{"gpt-4o-mini":{"end":"usage"}}"#);
    for (dialect, stream, expected) in [
        ("", [&text, DONE].concat(), cut()),
        ("", [&text, USAGE].concat(), cut()),
        (done, [&text, DONE].concat(), stop()),
        (done, [&text, USAGE, DONE].concat(), stop()),
        (done, [&text, USAGE].concat(), cut()),
        (done, text.clone(), cut()),
        (usage, [&text, USAGE].concat(), stop()),
        (usage, [&text, DONE].concat(), stop()),
        (usage, text.clone(), cut()),
        // An end of nothing is none, and neither is one with an error, a broken chunk or a part of a call.
        (done, DONE.to_owned(), cut()),
        (usage, [USAGE, DONE].concat(), cut()),
        (done, [&text, "data: {\"error\":\"gone\"}\n\n", DONE].concat(), cut()),
        (done, [&text, "data: {\"choices\":[{\"del\n\n", DONE].concat(), cut()),
        (done, [CALL, DONE].concat(), cut()),
    ] {
        assert_eq!(end_of(dialect, &stream), expected, "{dialect}: {stream}");
    }
}

#[test]
fn workers_ai_ends_with_done() {
    let url = "https://api.cloudflare.com/client/v4/accounts/1/ai/v1";
    let conversation = conversation_with(&[("OPENAI_BASE_URL", url), ("OPENAI_MODEL", "@cf/meta/llama")]);
    conversation.model_says(at_once(&[&chunk("Good"), DONE].concat()));
    assert_eq!(outcome(&conversation.turn("hi").unwrap().1), Finished("stop"));
}

#[test]
fn a_whole_call_before_the_end_runs() {
    let conversation = conversation_with(&[("OPENAI_DIALECTS", r#"{"*":{"end":"done"}}"#)]);
    let whole_call = CALL.replace("2+3", "2+3\\\"}");
    conversation.model_says(at_once(&[&whole_call, DONE].concat()));
    conversation.model_says(at_once(&[&chunk("5"), DONE].concat()));
    let (seen, finished) = conversation.turn("hi").unwrap();
    assert_eq!((outcome(&finished), seen.text.as_str()), (Finished("stop"), "5"));
    assert_eq!(conversation.last_messages().last().unwrap()["role"], "tool");
}

#[test]
fn after_an_answer_in_which_nothing_was_said_the_next_candidate_is_asked() {
    for stream in [DONE.to_owned(), end(), chunk("") + &end()] {
        let conversation = conversation();
        let fallback = vec!["gpt-4.1-mini".to_owned()];
        conversation
            .platform
            .postgrest
            .profile(|row| row.employee.as_mut().unwrap().fallback_models = fallback);
        conversation.model_says(at_once(&stream)).model_says(at_once(&stream)).model_says(whole("Good"));
        let (seen, finished) = conversation.turn("hi").unwrap();
        assert_eq!((outcome(&finished), seen.text.as_str()), (Finished("stop"), "Good"), "{stream}");
        let requests = conversation.platform.http.requests();
        let models: Vec<_> = requests.iter().map(|request| request["model"].as_str().unwrap()).collect();
        assert_eq!(models, ["gpt-4o-mini", "gpt-4o-mini", "gpt-4.1-mini"], "{stream}");
    }
}
