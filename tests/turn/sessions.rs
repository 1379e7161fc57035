//! Sessions of one user, side by side in one object: shared vault, ledger and limits, and bounded memory.

use frontdesk::api::routes::UserRoute;
use frontdesk::chat::limits::{Budget, UserLimits};
use frontdesk::error::Code;
use frontdesk::turn::request::TurnRequest;
use serde_json::json;
use uuid::Uuid;

use super::harness::*;

/// Sessions that stay in memory while they are idle.
const MAX_IDLE: usize = 32;

fn nth(n: u128) -> Uuid {
    Uuid::from_u128(0x1000 + n)
}

fn named(session: Uuid, message: &str) -> TurnRequest {
    TurnRequest { session_id: session, client_message_id: Some(message.into()), ..request(message) }
}

/// An answer that takes no time.
#[allow(clippy::unnecessary_wraps)] // as every reply
fn at_once(text: &str) -> Reply {
    Ok(vec![Step::Bytes(0, chunk(text) + &end())])
}

#[test]
fn two_sessions_are_answered_at_the_same_time() {
    let conversation = TestConversation::default();
    let steps = |words: [&str; 2]| Ok(words.map(|word| Step::Bytes(500, chunk(word))).into());
    conversation.model_says(steps(["one ", "two"])).model_says(steps(["a ", "b"]));
    let first = conversation.send(named(SESSION, "numbers")).unwrap();
    let second = conversation.send(named(OTHER_SESSION, "letters")).unwrap();
    let pending = std::future::pending::<()>();
    conversation.platform.run_until(std::pin::pin!(pending), || second.answer() == "a ");
    assert_eq!(first.answer(), "one ");
    assert!(conversation.session().is_busy() && conversation.object.session(OTHER_SESSION).is_busy());
    assert_eq!(conversation.in_flight().len(), 2);
    conversation.platform.run_tasks();
    assert_eq!((first.answer().as_str(), second.answer().as_str()), ("one two", "a b"));
    assert!(first.is_closed() && second.is_closed());
    assert_eq!(conversation.platform.postgrest.committed().len(), 2);
}

#[test]
fn a_value_has_one_placeholder_in_all_sessions_of_its_user() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("[EMAIL_1]")).model_says(whole("[EMAIL_1] [EMAIL_2]"));
    conversation.turn("ann@example.com").unwrap();
    let (seen, _) = conversation.turn_in(OTHER_SESSION, "bob@example.com, ann@example.com").unwrap();
    assert_eq!(conversation.last_prompt().last().unwrap(), "[EMAIL_2], [EMAIL_1]");
    assert_eq!(seen.text, "ann@example.com bob@example.com");
    assert_eq!(conversation.number("SELECT count(*) FROM vault_entry"), 2);
}

#[test]
fn a_users_limits_hold_over_all_sessions() {
    let conversation = TestConversation::default();
    conversation.platform.postgrest.profile(|row| {
        let budget = Budget { daily_tokens: Some(1700), daily_usd: None };
        row.limits = Some(UserLimits { messages_per_minute: Some(3), budget });
    });
    let first = conversation.prepare("one").unwrap();
    let second = conversation.prepare_request(named(OTHER_SESSION, "two")).unwrap();
    // Both longest answers are reserved, and the third does not fit beside them.
    assert_eq!(
        conversation.prepare_request(named(nth(3), "three")).unwrap_err().code(),
        Code::BudgetExceeded
    );
    conversation.model_says(at_once("1")).model_says(at_once("2")).model_says(at_once("3"));
    conversation.answer(SESSION, first);
    conversation.answer(OTHER_SESSION, second);
    conversation.turn_in(nth(3), "three").unwrap();
    // Each with a vector of its word, and that of the message that was refused.
    assert_eq!(conversation.spent().tokens, 3 * 24 + 4);
    let refused = conversation.prepare_request(named(nth(4), "four")).unwrap_err();
    assert_eq!(refused.code(), Code::RateLimited);
}

#[test]
fn a_sessions_own_rate_is_not_another_sessions() {
    let conversation = TestConversation::default();
    conversation
        .platform
        .postgrest
        .profile(|row| row.employee.as_mut().unwrap().messages_per_minute = Some(1));
    conversation.model_says(at_once("ok")).model_says(at_once("ok"));
    conversation.turn("one").unwrap();
    assert_eq!(conversation.refusal("two"), Code::RateLimited);
    conversation.turn_in(OTHER_SESSION, "one").unwrap();
}

#[test]
fn idle_sessions_are_evicted_and_read_again_and_keep_their_rate() {
    let conversation = TestConversation::default();
    conversation
        .platform
        .postgrest
        .profile(|row| row.employee.as_mut().unwrap().messages_per_minute = Some(2));
    for n in 0..100 {
        conversation.model_says(at_once("Hello"));
        conversation.send(named(nth(n), "first")).unwrap();
        conversation.platform.run_tasks();
        assert!(conversation.object.sessions_in_memory() <= MAX_IDLE + 1);
    }
    assert_eq!(conversation.object.sessions_in_memory(), MAX_IDLE);
    assert_eq!(conversation.loads(), 100);
    assert_eq!(conversation.platform.postgrest.committed().len(), 100);

    conversation.model_says(at_once("Again"));
    conversation.send(named(nth(0), "second")).unwrap();
    conversation.platform.run_tasks();
    assert_eq!(conversation.loads(), 101, "the evicted session is read again");
    assert_eq!(conversation.last_prompt(), ["first", "Hello", "second"]);
    let refused = conversation.send(named(nth(0), "third")).unwrap_err();
    assert_eq!(refused.code(), Code::RateLimited);
    // A session in memory needs no read.
    conversation.model_says(at_once("Again"));
    conversation.send(named(nth(99), "second")).unwrap();
    assert_eq!(conversation.loads(), 101);
}

#[test]
fn an_evicted_session_goes_on_from_its_outbox_and_snapshot_while_postgres_is_away() {
    let conversation = TestConversation::default();
    conversation.model_says(at_once("Hello"));
    conversation.turn_in(nth(0), "first").unwrap();
    conversation
        .platform
        .postgrest
        .fail("commit_turn", frontdesk::ports::DatabaseError::Unavailable("scripted".into()));
    for n in 1..40 {
        conversation.model_says(at_once("Hello"));
        conversation.send(named(nth(n), "first")).unwrap();
        conversation.platform.run_tasks();
    }
    conversation.platform.postgrest.set_down(true);
    let loads = conversation.loads();
    conversation.model_says(at_once("Again"));
    conversation.turn_in(nth(0), "second").unwrap();
    assert_eq!(conversation.loads(), loads + 1, "the evicted session was not in memory");
    assert_eq!(conversation.last_prompt(), ["first", "Hello", "second"]);
}

#[test]
fn refused_requests_leave_no_sessions_in_memory() {
    let conversation = TestConversation::default();
    conversation.platform.postgrest.profile(|row| row.foreign = true);
    for n in 0..200 {
        assert_eq!(conversation.send(named(nth(n), "Hello")).unwrap_err().code(), Code::SessionNotFound);
        conversation.platform.run_tasks();
    }
    assert!(conversation.object.sessions_in_memory() <= MAX_IDLE + 1);
}

#[test]
fn sessions_have_windows_logs_and_approvals_of_their_own() {
    let conversation = TestConversation::default();
    for answer in ["two", "b", "four", "d"] {
        conversation.model_says(whole(answer));
    }
    conversation.turn("one").unwrap();
    conversation.turn_in(OTHER_SESSION, "a").unwrap();
    conversation.turn("three").unwrap();
    assert_eq!(conversation.last_prompt(), ["one", "two", "three"]);
    conversation.turn_in(OTHER_SESSION, "c").unwrap();
    assert_eq!(conversation.last_prompt(), ["a", "b", "c"]);
    assert_eq!(conversation.number("SELECT count(*) FROM session_snapshot"), 2);
    assert_eq!(conversation.number("SELECT count(DISTINCT session_id) FROM turn_log"), 2);
    // A turn of one session is not replayed in another.
    let turn = conversation.session().log.borrow().as_ref().unwrap().head.turn_id;
    let other = conversation.object.session(OTHER_SESSION);
    let ctx = conversation.object.turn(&conversation.user, &other);
    let after = frontdesk::stream::ui_messages::FrameId { turn, frame: 0 };
    assert!(conversation.platform.block_on(ctx.replay(Some(after))).unwrap().is_none());
}

/// A client that got no answer sends its first message again, and knows no session yet.
#[test]
fn a_message_without_a_session_that_comes_twice_is_answered_once() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("Hello.")).model_says(whole("Another."));
    let say = |id: &str| {
        let body = format!(r#"{{"message":"Hi","client_message_id":"{id}","stream":false}}"#);
        conversation.call(UserRoute::Chat, &body).body
    };
    let first = say("m-1");
    assert_eq!((&first, &first["message"]), (&say("m-1"), &json!("Hello.")), "in the same session");
    assert_ne!(first["session_id"], say("m-2")["session_id"]);
    assert_eq!(conversation.platform.http.requests().len(), 2);
}

/// Another user who knows a user's id and the name of a chat must not be able to take its session first.
#[test]
fn nobody_can_tell_the_session_of_a_name() {
    let say = |conversation: &TestConversation, chat: &str| {
        conversation.model_says(whole("Hello."));
        let body = format!(r#"{{"id":"{chat}","message":"Hi","stream":false}}"#);
        conversation.call(UserRoute::Chat, &body).body["session_id"].clone()
    };
    let conversation = TestConversation::default();
    let named = say(&conversation, "main");
    assert_ne!(named, json!(Uuid::new_v5(&USER, b"main")));
    assert_ne!(named, say(&conversation, "other"));
    let stopped = conversation.call(UserRoute::Stop("main".into()), "");
    assert_eq!(stopped.body, json!({ "stopped": false }));
    let next = conversation.restart();
    assert_eq!(say(&next, "main"), named, "it is the same for an object that restarts");

    let elsewhere = TestConversation::default();
    let refused = elsewhere.call(UserRoute::Chat, r#"{"id":"main","message":""}"#);
    assert_eq!(refused.status, 422);
    for route in [UserRoute::Resume("main".into()), UserRoute::Approvals("main".into())] {
        assert!([204, 404].contains(&elsewhere.call(route, r#"{"approvals":[]}"#).status));
    }
    assert_eq!(elsewhere.number("SELECT count(*) FROM vault_key"), 0, "none of it makes a key");
}
