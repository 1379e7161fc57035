//! Ratings of answers.

use frontdesk::api::routes::UserRoute;
use serde_json::{Value, json};
use uuid::Uuid;

use super::harness::*;

#[test]
fn an_answer_is_delivered_before_it_is_rated_and_the_comment_is_masked() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Berries."));
    let (_, finished) = conversation.turn("What grows?").unwrap();
    let [question, answer] = [&finished.record.messages[0], &finished.record.messages[1]].map(|one| one.id);
    let body = r#"{"rating":"down","comment":"Ask ann@example.com"}"#;
    let reply = conversation.call(UserRoute::SaveFeedback(answer), body);
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body, json!({ "rating": "down", "comment": "Ask ann@example.com" }));
    let saved = conversation.platform.postgrest.calls_of("save_feedback");
    let expected =
        json!({ "p_user": USER, "p_message": answer, "p_rating": -1, "p_comment": "Ask [EMAIL_1]" });
    assert_eq!(saved, [expected]);

    assert_eq!(conversation.call(UserRoute::DeleteFeedback(answer), "").status, 204);
    let deleted = conversation.platform.postgrest.calls_of("save_feedback").pop().unwrap();
    assert_eq!((&deleted["p_rating"], &deleted["p_comment"]), (&Value::Null, &Value::Null));
    for message in [question, Uuid::from_u128(7)] {
        let refused = conversation.call(UserRoute::SaveFeedback(message), body);
        assert_eq!((refused.status, &refused.body["code"]), (404, &json!("message_not_found")));
    }
}

#[test]
fn an_answer_that_cannot_be_delivered_is_rated_later() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Berries."));
    let (_, finished) = conversation.turn("What grows?").unwrap();
    conversation.platform.postgrest.refuse(finished.record.turn_id);
    let answer = finished.record.messages[1].id;
    let reply = conversation.call(UserRoute::SaveFeedback(answer), r#"{"rating":"up"}"#);
    assert_eq!((reply.status, &reply.body["code"]), (503, &json!("database_unavailable")));
    conversation.platform.postgrest.refuse_none();
    while !conversation.outbox().is_empty() {
        assert!(conversation.ring());
    }
    assert_eq!(conversation.call(UserRoute::SaveFeedback(answer), r#"{"rating":"up"}"#).status, 200);
}
