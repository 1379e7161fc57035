//! The tool `ocr`: a picture has its time, and each request for a transcription is booked.

use frontdesk::model::model_error::ModelError;
use frontdesk::ports::Clock;
use frontdesk::tools::ocr::Picture;
use serde_json::json;
use uuid::Uuid;

use super::agent_loop::{results, with_tools};
use super::harness::*;
use super::limits::{lost_attempt, paid_calls};

const FILE: Uuid = Uuid::from_u128(0xf11e);
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x06\0\0\0";

/// Milliseconds that the picture is kept.
const KEPT_FOR: u64 = 1000 * 60;

/// A conversation whose employee reads pictures, with one that is kept for a minute.
fn with_picture() -> TestConversation {
    let conversation = with_tools(&["ocr"]);
    let user = conversation.object.user(&conversation.user);
    let expires_at = conversation.now() + KEPT_FOR;
    let picture = Picture { name: "receipt.png".into(), expires_at }.with(PNG);
    conversation.platform.block_on(async {
        user.unlock().await.unwrap();
        let nonce = user.ports.clock.secret().unwrap();
        let sealed = user.file_key(FILE).unwrap().seal(FILE, &picture, &nonce).unwrap();
        user.put_file(FILE, sealed).await.unwrap();
    });
    conversation
}

/// Asks for the picture's text; returns the tool's result.
fn read(conversation: &TestConversation, transcription: Vec<Reply>) -> String {
    conversation.model_says(calling("", &[("ocr", &json!({ "file": FILE }).to_string())]));
    for reply in transcription {
        conversation.model_says(reply);
    }
    conversation.model_says(whole("Well."));
    conversation.turn("Read it").unwrap();
    results(conversation).pop().unwrap()
}

#[test]
fn a_picture_is_read_until_it_expires_even_if_the_bucket_still_has_it() {
    let conversation = with_picture();
    let result = read(&conversation, vec![whole("12.50 EUR")]);
    assert!(result.contains("12.50 EUR"), "{result}");
    conversation.platform.clock.advance(KEPT_FOR);
    let result = read(&conversation, Vec::new());
    assert!(result.contains("no such file"), "{result}");
}

#[test]
fn each_attempt_of_a_transcription_is_booked() {
    let conversation = with_picture();
    read(&conversation, vec![lost_attempt(9), whole("12.50 EUR")]);
    let booked = paid_calls(&conversation);
    assert_eq!(booked, ["ocr gpt-4o-mini 29 model_truncated", "ocr gpt-4o-mini 24 -"]);
}

#[test]
fn a_transcription_that_fails_is_booked_as_its_provider_reports() {
    let conversation = with_picture();
    let refused = Err(ModelError::Status { status: 400, retry_after: None });
    let result = read(&conversation, vec![lost_attempt(9), lost_attempt(7), refused]);
    assert!(result.starts_with("Error"), "{result}");
    let booked = paid_calls(&conversation);
    assert_eq!(booked, ["ocr gpt-4o-mini 29 model_truncated", "ocr gpt-4o-mini 27 model_truncated"]);
    let conversation = with_picture();
    let result =
        read(&conversation, vec![lost_attempt(1), lost_attempt(2), lost_attempt(3), lost_attempt(4)]);
    assert!(result.starts_with("Error"), "{result}");
    assert_eq!(paid_calls(&conversation).len(), 4);
    assert!(paid_calls(&conversation)[3].starts_with("ocr gpt-4o-mini 24"));
}
