//! Streaming of a completion: retries until the first token, and honest ends after it.

use frontdesk::chat::usage::UsageSource;
use frontdesk::error::Code;
use frontdesk::model::model_error::ModelError;
use frontdesk::session::record::Status;
use frontdesk::stream::turn_event::TurnEnding;
use frontdesk::turn::request::{AnswerForm, TurnRequest};
use frontdesk::user::TurnReply;

use super::harness::*;

const BUSY: ModelError = ModelError::Status { status: 503, retry_after: None };

#[test]
fn before_the_first_token_the_model_is_asked_again() {
    let conversation = TestConversation::default();
    conversation.model_says(Err(BUSY)).model_says(Err(ModelError::Connect));
    // Headers came, then nothing: still before the first token.
    conversation.model_says(Ok(vec![Step::Fail(ModelError::Cut)])).model_says(whole("At last"));
    let (seen, finished) = conversation.turn("Hello").unwrap();
    assert_eq!((seen.text.as_str(), finished.attempts), ("At last", 4));
    assert_eq!(conversation.platform.clock.slept(), [500, 1000, 2000]);
}

#[test]
fn retry_after_is_waited_for() {
    let conversation = TestConversation::default();
    conversation.model_says(Err(ModelError::Status { status: 429, retry_after: Some(7000) }));
    conversation.model_says(whole("ok"));
    conversation.turn("Hello").unwrap();
    assert_eq!(conversation.platform.clock.slept(), [7000]);
}

#[test]
fn a_model_that_never_answers_is_reported_and_costs_nothing() {
    let conversation = TestConversation::default();
    for _ in 0..4 {
        conversation.model_says(Err(BUSY));
    }
    let (seen, finished) = conversation.turn("Hello").unwrap();
    assert!(seen.error.unwrap().contains("saved") && !seen.is_finished);
    let usage = &finished.record.usage;
    assert_eq!(
        (usage.total_tokens, usage.success, usage.error_code.as_deref()),
        (0, false, Some("model_unavailable"))
    );
    assert_eq!(finished.record.messages[1].status, Status::Failed);
    conversation.model_says(whole("Back"));
    conversation.turn("And now?").unwrap();
    assert_eq!(
        conversation.last_prompt(),
        ["Hello", "And now?"],
        "the unanswered message is history, the empty answer is not"
    );
}

#[test]
fn a_refused_request_is_not_repeated() {
    let conversation = TestConversation::default();
    conversation.model_says(Err(ModelError::Status { status: 400, retry_after: None }));
    let (_, finished) = conversation.turn("Hello").unwrap();
    assert_eq!((finished.attempts, finished.fault.unwrap().code), (1, Code::ModelRejected));
}

#[test]
fn an_answer_that_breaks_off_keeps_its_text_and_is_no_clean_end() {
    for broken in [
        vec![Step::Bytes(10, chunk("Half")), Step::Fail(ModelError::Cut)],
        vec![Step::Bytes(10, chunk("Half"))],
        vec![Step::Bytes(10, chunk("Half")), Step::Bytes(10, "data: {\"choices\":[{\"del\n\n".into())],
        vec![Step::Bytes(10, chunk("Half")), Step::Bytes(10, "data: {\"error\":{\"code\":500}}\n\n".into())],
    ] {
        let conversation = TestConversation::default();
        conversation.model_says(Ok(broken));
        let (seen, finished) = conversation.turn("Hello").unwrap();
        assert!(seen.error.is_some() && !seen.is_finished);
        assert_eq!(finished.fault.unwrap().code, Code::ModelTruncated);
        let answer = &finished.record.messages[1];
        assert_eq!((answer.content.as_str(), answer.status), ("Half", Status::Failed));
        assert_eq!(finished.record.usage.usage_source, UsageSource::Estimated);
        assert!(finished.record.usage.total_tokens > 0, "tokens that were read and written are owed");
    }
}

#[test]
fn a_model_that_falls_silent_in_mid_answer_is_a_timeout() {
    let conversation = TestConversation::default();
    conversation.model_says(Ok(vec![Step::Bytes(10, chunk("Half")), Step::Fail(ModelError::Timeout)]));
    let (_, finished) = conversation.turn("Hello").unwrap();
    assert_eq!(finished.fault.unwrap().code, Code::ModelTimeout);
}

#[test]
fn a_finish_reason_is_an_end_even_without_usage() {
    let finish = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n";
    let garbage = Step::Bytes(10, "data: {\"choices\":[{\"del\n\n".into());
    for tail in [vec![], vec![Step::Fail(ModelError::Cut)], vec![garbage]] {
        let conversation = TestConversation::default();
        let mut steps = vec![Step::Bytes(10, chunk("Long") + finish)];
        steps.extend(tail);
        conversation.model_says(Ok(steps));
        let (seen, finished) = conversation.turn("Hello").unwrap();
        assert!(seen.is_finished);
        assert!(matches!(finished.ending, TurnEnding::Finished { reason, .. } if reason == "length"));
        assert_eq!(finished.record.usage.usage_source, UsageSource::Estimated);
    }
}

#[test]
fn usage_of_an_attempt_without_text_is_not_the_next_ones() {
    let conversation = TestConversation::default();
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":900,\"completion_tokens\":900}}\n\n";
    conversation.model_says(Ok(vec![Step::Bytes(10, usage.into()), Step::Fail(ModelError::Cut)]));
    conversation.model_says(Ok(vec![Step::Bytes(10, chunk("Half")), Step::Fail(ModelError::Cut)]));
    let (seen, finished) = conversation.turn("Hello").unwrap();
    assert!(seen.error.is_some() && !seen.is_finished);
    assert_eq!(finished.record.messages[1].status, Status::Failed);
    assert_eq!(finished.record.usage.usage_source, UsageSource::Estimated);
}

#[test]
fn the_first_token_is_not_gathered_and_the_rest_is() {
    let conversation = TestConversation::default();
    let role = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n".to_owned();
    let mut steps = vec![Step::Bytes(50, role)];
    steps.extend((0..6).map(|n| Step::Bytes(10, chunk(&format!("{n}a")) + &chunk("b") + &chunk("c "))));
    steps.push(Step::Bytes(10, end()));
    conversation.model_says(Ok(steps));
    let (seen, _) = conversation.turn("Hello").unwrap();
    assert_eq!(seen.text, "0abc 1abc 2abc 3abc 4abc 5abc ");
    assert_eq!(seen.frames, 6, "one frame for each read, however many chunks it has");
    assert_eq!(conversation.platform.http.gathers(), [0, 0, 33, 33, 33, 33, 33, 33]);
}

#[test]
fn a_slow_stream_is_read_as_it_comes() {
    let conversation = TestConversation::default();
    let mut steps: Vec<_> = (0..4).map(|_| Step::Bytes(200, chunk("word "))).collect();
    steps.push(Step::Bytes(200, end()));
    conversation.model_says(Ok(steps));
    conversation.turn("Hello").unwrap();
    assert_eq!(conversation.platform.http.gathers(), [0, 33, 0, 0, 0]);
}

#[test]
fn an_answer_without_a_live_reader_wakes_the_object_less_often() {
    let conversation = TestConversation::default();
    let mut steps: Vec<_> = (0..6).map(|_| Step::Bytes(10, chunk("word "))).collect();
    steps.push(Step::Bytes(10, end()));
    conversation.model_says(Ok(steps));
    let request = TurnRequest { form: AnswerForm::Json, ..request("Hello") };
    let mut answering = Box::pin(conversation.object.take_turn(&conversation.user, request));
    let gathers = || conversation.platform.http.gathers();
    conversation.platform.run_until(answering.as_mut(), || gathers().len() == 4);
    // A client that resumes the answer gets the frames of a live reader from then on.
    let session = conversation.session();
    let resumed = conversation.object.resume(&conversation.user, &session, None);
    assert!(matches!(conversation.platform.block_on(resumed), Ok(TurnReply::Stream(_))));
    conversation.platform.block_on(answering).unwrap();
    assert_eq!(gathers(), [0, 250, 250, 250, 0, 33, 33]);
}
