//! Erasure of a user: everything but the ledger.

use std::cell::Cell;
use std::rc::Rc;

use frontdesk::account::erasure::Erasure;
use frontdesk::api::call::ObjectCall;
use frontdesk::api::query::Query;
use frontdesk::api::routes::UserRoute;
use frontdesk::documents::Upload;
use frontdesk::error::{Code, Error};
use frontdesk::ports::{Blobs as _, BodyError, RequestBody, Sql as _, SqlError};
use futures::channel::oneshot;
use passages::{Form, Part};
use serde_json::{Value, json};
use uuid::Uuid;

use super::agent_loop::with_tools;
use super::harness::*;
use super::privacy::TABLES;

fn rows(conversation: &TestConversation, table: &str) -> Vec<Value> {
    conversation.platform.storage.read(&format!("SELECT * FROM {table}")).as_array().unwrap().clone()
}

#[test]
fn erasure_empties_the_object_but_keeps_the_ledger() {
    let conversation = with_tools(&["forget"]);
    let arguments = r#"{"what":"Bern","facts":["00000000-0000-0000-0000-00000000fac7"]}"#;
    conversation.model_says(calling("One moment.", &[("forget", arguments)]));
    conversation.turn("Forget ann@example.com").unwrap();
    conversation.model_says(whole("Hello"));
    conversation.turn_in(OTHER_SESSION, "Hello").unwrap();
    let blobs = &conversation.platform.blobs;
    let file = format!("{USER}/1");
    conversation.platform.block_on(blobs.put(&file, vec![1])).unwrap();
    conversation.platform.block_on(blobs.put("another/1", vec![1])).unwrap();
    let emptied = [
        "in_flight_turn",
        "outbox",
        "paid_call",
        "pending_approval",
        "session_snapshot",
        "turn_log",
        "turn_log_events",
        "vault_entry",
        "vault_key",
    ];
    for table in emptied.iter().skip(1) {
        assert!(!rows(&conversation, table).is_empty(), "{table} has something to erase");
    }
    let ledger = rows(&conversation, "ledger");
    conversation.platform.block_on(conversation.object.erase(&conversation.user)).unwrap();
    for table in emptied {
        assert_eq!(rows(&conversation, table), [Value::Null; 0], "{table}");
    }
    assert!(ledger.len() == 4 && rows(&conversation, "ledger") == ledger);
    assert_eq!(blobs.keys(), ["another/1"]);
}

#[test]
fn after_an_erasure_nothing_opens_and_a_session_remembers_nothing() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("ok")).model_says(whole("[EMAIL_1]?"));
    conversation.turn("Mail ann@example.com").unwrap();
    conversation.deliver();
    let entry = rows(&conversation, "vault_entry")[0]["entry"].as_str().unwrap().to_owned();
    conversation.platform.block_on(conversation.object.erase(&conversation.user)).unwrap();

    let (seen, _) = conversation.turn("Who was it?").unwrap();
    assert_eq!(seen.text, "[EMAIL_1]?");
    assert_eq!(conversation.last_prompt(), ["Who was it?"], "its history is erased");
    // A copy of an old entry cannot be opened with the new key.
    let statement = "INSERT INTO vault_entry (placeholder, entry, undelivered) VALUES ('[EMAIL_1]', ?, 0)";
    conversation.platform.storage.exec(statement, &[(&entry).into()]).unwrap();
    conversation.platform.storage.confirm();
    let stolen = conversation.restart();
    assert_eq!(stolen.refusal("x"), Code::PrivacyUnavailable);
}

#[test]
fn an_erasure_that_postgres_does_not_take_erases_nothing_here() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("ok")).model_says(whole("[EMAIL_1]"));
    conversation.turn("Mail ann@example.com").unwrap();
    conversation.platform.postgrest.set_down(true);
    let erased = conversation.platform.block_on(conversation.object.erase(&conversation.user));
    assert_eq!(erased.unwrap_err().code(), Code::DatabaseUnavailable);
    assert_eq!(conversation.turn("Who was it?").unwrap().0.text, "ann@example.com");
}

/// Postgres carries out a request once, and answers its further attempts with the counts of the first.
#[test]
fn every_attempt_of_an_erasure_names_the_moment_of_its_request() {
    let conversation = TestConversation::default();
    conversation.model_says(whole("ok"));
    conversation.turn("Mail ann@example.com").unwrap();
    let erase = || conversation.platform.block_on(conversation.object.erase(&conversation.user));
    conversation.platform.postgrest.set_down(true);
    assert_eq!(erase().unwrap_err().code(), Code::DatabaseUnavailable);
    conversation.platform.postgrest.set_down(false);
    conversation.platform.clock.advance(60_000);
    erase().unwrap();
    conversation.platform.clock.advance(60_000);
    erase().unwrap();
    let calls = conversation.platform.postgrest.calls_of("erase_user");
    let moments: Vec<_> = calls.iter().map(|call| call["p_requested_at"].as_str().unwrap()).collect();
    let (same, new) = moments.split_at(3);
    assert!(same.iter().all(|moment| *moment == moments[0]), "the same request: {moments:?}");
    assert!(new.iter().all(|moment| *moment == new[0] && *moment > moments[0]), "a new request: {moments:?}");
}

#[test]
fn a_turn_that_runs_during_an_erasure_ends_and_leaves_nothing_that_opens() {
    let conversation = TestConversation::default();
    let words = (0..4).map(|_| Step::Bytes(500, chunk("[EMAIL_1] "))).chain([Step::Bytes(0, end())]);
    conversation.model_says(Ok(words.collect()));
    let live = conversation.send(request("Mail ann@example.com")).unwrap();
    let pending = std::future::pending::<()>();
    conversation.platform.run_until(std::pin::pin!(pending), || !live.answer().is_empty());
    conversation.platform.block_on(conversation.object.erase(&conversation.user)).unwrap();
    conversation.platform.run_tasks();
    assert!(live.is_closed());
    assert!(rows(&conversation, "in_flight_turn").is_empty());
    assert!(rows(&conversation, "vault_entry").is_empty());
}

/// A word that stands in everything that is stored.
const MARK: &str = "zanzibar";

/// A user with something in every place that keeps anything: turns, an approval, a document, files, values.
fn furnished() -> TestConversation {
    let conversation = with_tools(&["forget"]);
    let arguments = format!(r#"{{"what":"{MARK}","facts":["00000000-0000-4000-8000-00000000fac7"]}}"#);
    conversation.model_says(whole(&format!("{MARK}, [EMAIL_1]")));
    conversation.model_says(calling(MARK, &[("forget", &arguments)]));
    conversation.turn_in(OTHER_SESSION, &format!("{MARK}: ann@example.com")).unwrap();
    conversation.turn(&format!("Forget {MARK}, bob@example.com")).unwrap();
    conversation.deliver();
    let reply = conversation.call_with(UserRoute::UploadDocument, "", &csv());
    assert_eq!(reply.status, 201, "{reply:?}");
    let file = format!("{USER}/1");
    conversation.platform.block_on(conversation.platform.blobs.put(&file, MARK.into())).unwrap();
    conversation.platform.storage.confirm();
    assert!(found(&conversation).len() > 1, "{:?}", found(&conversation));
    conversation
}

/// The body of an upload of a table.
fn csv() -> String {
    let text = format!("id,name\n1,{MARK}\n");
    let parts = vec![Part { form: Form::Table, page: None, text }];
    let upload = Upload { name: "a.csv".into(), media_type: "text/csv".into(), size_bytes: 9, parts };
    serde_json::to_string(&upload).unwrap()
}

/// Places in which the mark, a value or a sealed value is found: the object's rows, the bucket, Postgres and the log.
fn found(conversation: &TestConversation) -> Vec<String> {
    let platform = &conversation.platform;
    let mut places: Vec<_> = TABLES
        .iter()
        .map(|table| {
            let rows = platform.storage.read(&format!("SELECT * FROM {table}"));
            ((*table).to_owned(), rows.to_string())
        })
        .collect();
    places.push(("bucket".into(), String::from_utf8_lossy(&platform.blobs.bytes()).into_owned()));
    places.push(("Postgres".into(), platform.postgrest.stored()));
    places.push(("log".into(), format!("{:?}", platform.host.lines())));
    let traces = [MARK, "example.com", "EMAIL", "wrapped", "ciphertext"];
    places.retain(|(_, text)| traces.iter().any(|trace| text.contains(trace)));
    places.into_iter().map(|(place, _)| place).collect()
}

fn erase(conversation: &TestConversation) -> Result<Erasure, Error> {
    let erased = conversation.platform.block_on(conversation.object.erase(&conversation.user));
    conversation.platform.storage.confirm();
    erased
}

fn assert_nothing_is_left(conversation: &TestConversation, failure: &str) {
    assert_eq!(found(conversation), [""; 0], "{failure}");
    assert_eq!(rows(conversation, "agenda"), [Value::Null; 0], "{failure}");
}

/// Erases users of whom one call or statement fails, each at another place, until none is left to fail; then again.
fn erase_twice(what: &str, fail: impl Fn(&TestConversation, u32) -> Rc<Cell<bool>>) {
    for n in 0.. {
        let conversation = furnished();
        let has_failed = fail(&conversation, n);
        let first = erase(&conversation);
        let failure = format!("{what} {n}");
        if !has_failed.get() {
            assert!(first.is_ok(), "{failure}: {first:?}");
            assert_nothing_is_left(&conversation, &failure);
            assert!(n > 1, "{what} failed {n} times");
            return;
        }
        if n % 2 == 0 {
            assert!(erase(&conversation).unwrap().finished_at.is_some(), "{failure}");
            assert_nothing_is_left(&conversation, &failure);
        } else {
            // Nobody asks again: the object dies, and its alarm goes on.
            let next = conversation.restart();
            if next.call(UserRoute::Erasure, "").body["data"]["state"] == "none" {
                // The request itself was not recorded, and its error said so.
                erase(&next).unwrap();
            }
            let mut rings = 0;
            while next.call(UserRoute::Erasure, "").body["data"]["state"] == "running" {
                rings += 1;
                assert!(rings < 100 && next.ring(), "{failure}");
            }
            assert_nothing_is_left(&next, &failure);
        }
    }
}

#[test]
fn whatever_fails_once_the_next_try_leaves_nothing() {
    erase_twice("call of Postgres", |conversation, n| {
        let failed = Rc::new(Cell::new(false));
        let postgrest = &conversation.platform.postgrest;
        let (seen, calls) = (postgrest.calls_of("erase_user").len(), usize::try_from(n).unwrap());
        postgrest.fail_once_after("erase_user", seen + calls, &failed);
        failed
    });
    erase_twice("call of the bucket", |conversation, n| {
        let failed = Rc::new(Cell::new(false));
        conversation.platform.blobs.fail_after(n, &failed);
        failed
    });
    erase_twice("statement", |conversation, n| {
        let (failed, left) = (Rc::new(Cell::new(false)), Cell::new(n));
        let has_failed = Rc::clone(&failed);
        conversation.platform.storage.on_statement(move |_, _| {
            if failed.get() || left.replace(left.get().saturating_sub(1)) > 0 {
                return Ok(());
            }
            failed.set(true);
            Err(SqlError("scripted".into()))
        });
        has_failed
    });
}

#[test]
fn the_state_of_an_erasure_is_told_from_the_request_to_the_counts() {
    let conversation = furnished();
    let state = || conversation.call(UserRoute::Erasure, "").body["data"].clone();
    assert_eq!(state(), json!({ "state": "none" }));
    conversation.platform.postgrest.set_down(true);
    assert_eq!(erase(&conversation).unwrap_err().code(), Code::DatabaseUnavailable);
    let running = state();
    let requested_at = running["requested_at"].clone();
    let expected = json!({
        "state": "running", "requested_at": requested_at, "step": "rows", "failures": 1, "counts": {},
    });
    assert_eq!(running, expected);
    conversation.platform.postgrest.set_down(false);
    conversation.platform.clock.advance(1000);
    let reply = conversation.call(UserRoute::EraseUser, "");
    let counts = json!({ "chat_pii_keys": 1, "chat_messages": 4, "files": 2 });
    assert_eq!((reply.status, &reply.body["data"]), (200, &counts));
    let finished = state();
    assert_eq!(
        (&finished["state"], &finished["counts"], &finished["requested_at"]),
        (&json!("finished"), &counts, &requested_at),
        "the second request joined the first"
    );
    let lines = conversation.platform.host.lines();
    let line = lines.iter().find(|line| line["event"] == "erased").unwrap();
    assert_eq!((&line["user"], &line["requested_at"]), (&json!(USER), &requested_at));
}

#[test]
fn a_second_request_joins_the_first_and_gets_its_counts() {
    let conversation = furnished();
    let (object, user) = (&conversation.object, &conversation.user);
    let both = futures::future::join(object.erase(user), object.erase(user));
    let (first, second) = conversation.platform.block_on(both);
    assert_eq!(first.unwrap(), second.unwrap());
    let calls = conversation.platform.postgrest.calls_of("erase_user");
    assert!(calls.iter().all(|call| call["p_requested_at"] == calls[0]["p_requested_at"]), "{calls:?}");
}

#[test]
fn nothing_of_the_user_is_read_or_stored_while_an_erasure_runs() {
    let conversation = furnished();
    conversation.platform.postgrest.set_down(true);
    erase(&conversation).unwrap_err();
    conversation.platform.postgrest.set_down(false);
    let chat = || SESSION.to_string();
    let turn = r#"{"message":"Hello"}"#;
    for (route, body) in [
        (UserRoute::Chat, turn),
        (UserRoute::Resume(chat()), ""),
        (UserRoute::Approvals(chat()), r#"{"approvals":[]}"#),
        (UserRoute::Import, r#"{"session":"a","role":"user","content":"Hi"}"#),
        (UserRoute::UploadDocument, &csv()),
        (UserRoute::UploadPicture, ""),
        (UserRoute::CorrectFact(SESSION), r#"{"fact":"Hi"}"#),
        (UserRoute::ForgetFact(SESSION), ""),
        (UserRoute::UpdateSession(SESSION), r#"{"title":"Hi"}"#),
        (UserRoute::DeleteSession(SESSION), ""),
        (UserRoute::SaveFeedback(SESSION), r#"{"rating":"up"}"#),
        (UserRoute::Facts, ""),
        (UserRoute::Messages(SESSION), ""),
        (UserRoute::ExportUser, ""),
        (UserRoute::Download(SESSION), ""),
    ] {
        let before = conversation.platform.postgrest.calls().len();
        let reply = conversation.call(route.clone(), body);
        assert_eq!((reply.status, &reply.body["code"]), (409, &json!("erasure_in_progress")), "{route:?}");
        assert_eq!(conversation.platform.postgrest.calls().len(), before, "{route:?} asks nothing");
    }
    erase(&conversation).unwrap();
    assert_nothing_is_left(&conversation, "after the refusals");
}

/// The body of an import: a batch, and one more when the test says so.
struct TwoBatches {
    first: Option<Vec<u8>>,
    second: Option<oneshot::Receiver<Vec<u8>>>,
}

impl RequestBody for TwoBatches {
    async fn read(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        match self.second.take() {
            Some(second) => Ok(second.await.ok()),
            None => Ok(None),
        }
    }
}

fn lines(from: usize) -> Vec<u8> {
    let said_at = "2026-11-01T08:00:00Z";
    let line = |n: usize| json!({ "session": "a", "role": "user", "content": format!("{MARK} {n}"), "created_at": said_at });
    (from..from + 200).map(|n| format!("{}\n", line(n))).collect::<String>().into_bytes()
}

/// Imports a batch, does something, and imports another; returns the lines of the reply.
fn import_around(conversation: &TestConversation, meanwhile: impl FnOnce()) -> String {
    let (more, second) = oneshot::channel();
    let body = TwoBatches { first: Some(lines(0)), second: Some(second) };
    let call = ObjectCall {
        user: conversation.user.clone(),
        route: UserRoute::Import,
        query: Query::default(),
        last_event_id: None,
        session: None,
        if_none_match: None,
    };
    let reply = conversation.platform.block_on(conversation.object.handle(call, body));
    assert_eq!(reply.status, 200);
    meanwhile();
    assert!(more.send(lines(200)).is_ok());
    let reply = conversation.finished(reply);
    reply.body.as_str().unwrap().to_owned()
}

#[test]
fn an_import_ends_with_an_erasure_that_begins_between_two_batches() {
    let conversation = furnished();
    let said = import_around(&conversation, || {
        conversation.platform.postgrest.set_down(true);
        erase(&conversation).unwrap_err();
        conversation.platform.postgrest.set_down(false);
    });
    assert!(said.contains("erasure_in_progress"), "{said}");
    erase(&conversation).unwrap();
    assert_nothing_is_left(&conversation, "the erasure still ran");

    let conversation = furnished();
    let said = import_around(&conversation, || drop(erase(&conversation).unwrap()));
    assert!(said.contains("user_erased"), "{said}");
    assert_nothing_is_left(&conversation, "not even a new key");
}

#[test]
fn a_file_that_is_on_its_way_is_erased_or_not_put_into_the_bucket() {
    let conversation = furnished();
    let body = csv_of("other");
    let upload = conversation.handle(UserRoute::UploadDocument, "", &body);
    let erasing = async { conversation.object.erase(&conversation.user).await };
    let (reply, erased) = conversation.platform.block_on(futures::future::join(upload, erasing));
    assert_eq!((reply.status, erased.is_ok()), (201, true), "the erasure waits for it");
    assert_eq!(conversation.platform.blobs.keys(), [""; 0]);
    assert_nothing_is_left(&conversation, "after an upload");

    // Postgres answers "gone" to what came before an erasure.
    conversation.platform.postgrest.set_erased("2100-01-01T00:00:00Z");
    let reply = conversation.call(UserRoute::UploadDocument, &csv_of("late"));
    assert_eq!((reply.status, &reply.body["code"]), (410, &json!("user_erased")));
    assert_eq!(conversation.platform.blobs.keys(), [""; 0]);
}

fn csv_of(name: &str) -> String {
    csv().replace(MARK, name)
}

#[test]
fn reading_makes_no_key() {
    let conversation = TestConversation::default();
    let nothing = conversation.call(UserRoute::Resume(SESSION.to_string()), "");
    assert_eq!(nothing.status, 204);
    let unknown = conversation.call(UserRoute::Approvals(SESSION.to_string()), r#"{"approvals":[]}"#);
    assert!(unknown.status >= 400);
    assert_eq!(conversation.platform.postgrest.functions(), [""; 0], "not even a question");
    let file = Uuid::from_u128(1);
    assert_eq!(conversation.call(UserRoute::FileLink(file), "").status, 404);
    conversation.platform.block_on(conversation.object.user(&conversation.user).restore()).unwrap();
    assert_eq!(rows(&conversation, "vault_key"), [Value::Null; 0]);
    assert_eq!(rows(&conversation, "agenda"), [Value::Null; 0]);
}
