//! Texts, finish reasons, errors and usage in the shapes of real servers.

use super::Booked::{Estimated, Nothing, Provider};
use super::Outcome::{Failed, Finished};
use super::*;

macro_rules! stream {
    ($name:literal) => {
        include_str!(concat!("streams/", $name, ".sse"))
    };
}
pub(super) use stream;

macro_rules! cases {
    ($($name:literal => $text:literal, $outcome:expr, $requests:literal, $usage:expr;)*) => {
        [$((
            stream!($name),
            Case { stream: $name, text: $text, outcome: $outcome, requests: $requests, usage: $usage },
        ),)*]
    };
}

#[test]
fn a_chunk_of_another_shape_costs_no_other() {
    for (stream, case) in cases! {
        "choices_null" => "Good", Finished("stop"), 1, Provider(9, 1);
        "data_empty" => "Good day", Finished("stop"), 1, Estimated;
        "content_in_parts" => "Good", Finished("stop"), 1, Estimated;
        "counts_null" => "Good", Finished("stop"), 1, Estimated;
        "cached_tokens_negative" => "Good", Finished("stop"), 1, Provider(9, 1);
        "counts_null_beside_content" => "Good", Finished("stop"), 1, Estimated;
        "message_in_place_of_delta" => "Good", Finished("stop"), 1, Estimated;
        "surrogate_pair_cut" => "Hi 👋", Finished("stop"), 1, Estimated;
        "thoughts_in_tags" => "7", Finished("stop"), 1, Estimated;
    } {
        check(&case, &at_once(stream), "at once");
        check(&case, &with_gaps(stream), "with gaps");
    }
}

#[test]
fn only_a_reason_that_says_so_is_an_end() {
    for (stream, case) in cases! {
        "finish_reason_empty" => "Half a", Failed(Code::ModelTruncated), 1, Estimated;
        "call_with_finish_reason_empty" => "", Failed(Code::ModelTruncated), 1, Estimated;
        "finish_reason_error_with_error" => "Half a", Failed(Code::ModelTruncated), 1, Estimated;
        "finish_reason_error" => "Half a", Failed(Code::ModelTruncated), 1, Estimated;
        "finish_reason_model_length" => "Half a", Finished("length"), 1, Estimated;
        "error_as_a_string" => "Good", Failed(Code::ModelTruncated), 1, Estimated;
    } {
        check(&case, &at_once(stream), "at once");
        check(&case, &with_gaps(stream), "with gaps");
    }
}

#[test]
fn an_answer_in_which_nothing_was_said_is_asked_for_again() {
    for (stream, case) in cases! {
        "nothing_said_network_error" => "", Failed(Code::ModelTruncated), 4, Nothing;
        "nothing_said_error_in_choice" => "", Failed(Code::ModelUnavailable), 4, Nothing;
        "done_alone" => "", Failed(Code::ModelTruncated), 4, Nothing;
        "error_event_and_done" => "", Failed(Code::ModelUnavailable), 4, Nothing;
    } {
        check(&case, &at_once(stream), "at once");
        check(&case, &with_gaps(stream), "with gaps");
    }
}

#[test]
fn what_no_repetition_mends_is_asked_for_once() {
    for (stream, case) in cases! {
        "error_in_flat_fields" => "", Failed(Code::ModelRejected), 1, Nothing;
        "error_line" => "", Failed(Code::ModelRejected), 1, Nothing;
        "error_object_flat" => "", Failed(Code::ModelRejected), 1, Nothing;
        "error_code_as_a_word" => "", Failed(Code::ModelRejected), 1, Nothing;
        "error_code_as_a_string" => "", Failed(Code::ModelRejected), 1, Nothing;
        "error_type_as_a_word" => "", Failed(Code::ModelRejected), 1, Nothing;
        "another_api" => "", Failed(Code::ModelRejected), 1, Provider(9, 2);
    } {
        check(&case, &at_once(stream), "at once");
        check(&case, &with_gaps(stream), "with gaps");
    }
}

#[test]
fn usage_is_believed_where_it_can_be() {
    for (stream, case) in cases! {
        "usage_empty" => "Good", Finished("stop"), 1, Estimated;
        "usage_zero" => "Good", Finished("stop"), 1, Estimated;
        "reasoning_beside_completion" => "Good", Finished("stop"), 1, Provider(20, 805);
        "usage_in_x_groq" => "Good", Finished("stop"), 1, Provider(31, 7);
    } {
        check(&case, &at_once(stream), "at once");
        check(&case, &with_gaps(stream), "with gaps");
    }
}

#[test]
fn thoughts_are_shown_and_billed_and_in_no_later_prompt() {
    let conversation = conversation();
    let thinking = "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"plan\"}}]}\n\n";
    conversation.model_says(with_gaps(&[thinking, &chunk("7"), &end()].concat()));
    conversation.model_says(at_once(stream!("thoughts_in_tags")));
    let (seen, finished) = conversation.turn("hi").unwrap();
    assert_eq!((seen.thoughts.as_str(), seen.text.as_str()), ("plan", "7"));
    assert_eq!(finished.record.messages[1].content.as_str(), "7");
    let second =
        frontdesk::turn::request::TurnRequest { client_message_id: Some("mine-2".into()), ..request("and?") };
    let (seen, finished) = conversation.turn_with(second).unwrap();
    assert_eq!((seen.thoughts.as_str(), seen.text.as_str()), ("plan", "7"));
    assert_eq!(finished.record.usage.completion_tokens, tokens::count("plan") + tokens::count("7"));
    assert!(conversation.last_messages().iter().all(|message| !message.to_string().contains("plan")));
}

/// Messages that are answered within a limit of 2,000 tokens, each with the same stream.
fn answered(stream: &str) -> Option<u32> {
    let conversation = conversation();
    conversation
        .platform
        .postgrest
        .profile(|row| row.employee.as_mut().unwrap().budget.daily_tokens = Some(2000));
    (0..30).find(|n| {
        conversation.model_says(at_once(stream));
        let request = frontdesk::turn::request::TurnRequest {
            client_message_id: Some(format!("mine-{n}")),
            ..request("hi")
        };
        conversation.turn_with(request).is_err_and(|error| error.code() == Code::BudgetExceeded)
    })
}

#[test]
fn usage_that_a_provider_withholds_or_hides_uses_up_the_budget() {
    assert!(answered(stream!("usage_empty")).is_some_and(|answered| answered < 15));
    assert!(answered(stream!("usage_zero")).is_some_and(|answered| answered < 15));
    // 825 tokens each, of which 800 stand in the details.
    assert_eq!(answered(stream!("reasoning_beside_completion")), Some(2));
}
