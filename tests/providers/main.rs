//! Conformance of the model client: streams of real servers through the object of a user, each in one write and with gaps
//! between its events. Checked are the text, the outcome, the number of requests, and the usage.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)] // a deviation from the script fails the test

mod background;
mod bodies;
mod calls;
mod conformance;
mod dialects;
mod ends;
mod responses;
mod rules;
mod streams;

#[path = "../harness/mod.rs"]
mod harness;

use frontdesk::chat::usage::UsageSource;
use frontdesk::error::Code;
use frontdesk::session::record::Status;
use frontdesk::stream::turn_event::TurnEnding;
use frontdesk::turn::finish::FinishedTurn;

use harness::*;

/// Requests that a model gets at most before its first token.
const MAX_REQUESTS: u32 = 4;

/// A stream with its outcome.
struct Case {
    /// File of the stream.
    stream: &'static str,
    /// Text of the stored answer.
    text: &'static str,
    outcome: Outcome,
    /// Requests that the model gets.
    requests: u32,
    usage: Booked,
}

/// End of a turn.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// The answer is complete, with a finish reason.
    Finished(&'static str),
    /// The answer failed, with a code.
    Failed(Code),
}

/// Tokens of a turn.
#[derive(Debug, PartialEq, Eq)]
enum Booked {
    /// The provider's counts of prompt and completion.
    Provider(u32, u32),
    /// More than nothing, counted here.
    Estimated,
    /// Nothing at all.
    Nothing,
}

/// A turn of an employee with tools. Its model gives the same reply to every request.
fn turn(reply: &Reply) -> (TestConversation, FinishedTurn) {
    let conversation = conversation();
    for _ in 0..MAX_REQUESTS {
        conversation.model_says(reply.clone());
    }
    let (_, finished) = conversation.turn("hi").unwrap();
    (conversation, finished)
}

/// A conversation with an employee that may call tools.
fn conversation() -> TestConversation {
    conversation_with(&[])
}

/// The same in a deployment with those variables.
fn conversation_with(vars: &[(&str, &str)]) -> TestConversation {
    let conversation = TestConversation::over(TestPlatform::default(), config_with(vars));
    let tools = vec!["calculator".to_owned(), "recall".to_owned()];
    conversation.platform.postgrest.profile(|row| row.employee.as_mut().unwrap().tools = tools);
    conversation
}

/// The bytes of a stream in one write.
#[allow(clippy::unnecessary_wraps)] // as every reply
fn at_once(stream: &str) -> Reply {
    Ok(vec![Step::Bytes(10, stream.to_owned())])
}

/// The events of a stream, 200 ms apart.
#[allow(clippy::unnecessary_wraps)] // as every reply
fn with_gaps(stream: &str) -> Reply {
    Ok(stream.split_inclusive("\n\n").map(|event| Step::Bytes(200, event.to_owned())).collect())
}

fn outcome(finished: &FinishedTurn) -> Outcome {
    match &finished.ending {
        TurnEnding::Finished { reason, .. } => {
            assert_eq!(finished.record.messages[1].status, Status::Complete);
            Outcome::Finished(Box::leak(reason.clone().into_boxed_str()))
        }
        TurnEnding::Failed { code } => {
            assert_eq!(finished.record.messages[1].status, Status::Failed);
            Outcome::Failed(*code)
        }
        TurnEnding::Stopped { .. } => panic!("nobody stopped it"),
    }
}

fn booked(finished: &FinishedTurn) -> Booked {
    let usage = &finished.record.usage;
    match usage.usage_source {
        _ if usage.total_tokens == 0 => Booked::Nothing,
        UsageSource::Provider => Booked::Provider(usage.prompt_tokens, usage.completion_tokens),
        UsageSource::Estimated => Booked::Estimated,
    }
}

fn check(case: &Case, reply: &Reply, delivery: &str) {
    let (conversation, finished) = turn(reply);
    let name = format!("{} {delivery}", case.stream);
    assert_eq!(outcome(&finished), case.outcome, "{name}: {:?}", finished.fault);
    assert_eq!(finished.record.messages[1].content.as_str(), case.text, "{name}");
    assert_eq!(conversation.platform.http.requests().len(), case.requests as usize, "{name}");
    assert_eq!(booked(&finished), case.usage, "{name}");
}
