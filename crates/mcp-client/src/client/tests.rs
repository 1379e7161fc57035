//! Tests of the client against scripted servers: its requests, and its results for their responses.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};

use futures::executor::block_on;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::transport::TransportError;

/// A scripted response with its body in chunks.
struct Script {
    status: u16,
    content_type: &'static str,
    session: Option<&'static str>,
    location: Option<&'static str>,
    pieces: Vec<Result<Vec<u8>, TransportError>>,
}

/// A request that the server received.
#[derive(Debug)]
struct SeenRequest {
    url: String,
    headers: BTreeMap<String, String>,
    body: Value,
    timeout: Millis,
}

#[derive(Default)]
struct ScriptedServer {
    scripts: RefCell<VecDeque<Result<Script, TransportError>>>,
    seen: RefCell<Vec<SeenRequest>>,
    unread: Cell<usize>,
    now: Cell<Millis>,
}

struct ScriptedBody<'a>(VecDeque<Result<Vec<u8>, TransportError>>, &'a ScriptedServer);

impl ResponseBody for ScriptedBody<'_> {
    async fn read(&mut self) -> Result<Option<Vec<u8>>, TransportError> {
        self.0.pop_front().transpose()
    }
}

impl Drop for ScriptedBody<'_> {
    fn drop(&mut self) {
        self.1.unread.set(self.0.len());
    }
}

impl<'a> Transport for &'a ScriptedServer {
    type Body = ScriptedBody<'a>;

    fn now(&self) -> Millis {
        self.now.get()
    }

    async fn post(
        &self,
        request: &PostRequest<'_>,
    ) -> Result<PostResponse<ScriptedBody<'a>>, TransportError> {
        let headers =
            request.headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let body = serde_json::from_str(request.body).unwrap();
        self.seen.borrow_mut().push(SeenRequest {
            url: request.url.to_owned(),
            headers,
            body,
            timeout: request.timeout,
        });
        self.now.set(self.now.get() + 1000);
        let script = self.scripts.borrow_mut().pop_front().expect("a request that is in no script")?;
        Ok(PostResponse {
            status: script.status,
            content_type: script.content_type.to_owned(),
            session: script.session.map(str::to_owned),
            location: script.location.map(str::to_owned),
            body: ScriptedBody(script.pieces.into(), self),
        })
    }
}

impl ScriptedServer {
    fn new(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self { scripts: RefCell::new(scripts.into_iter().map(Ok).collect()), ..Self::default() }
    }

    fn then(self, error: TransportError) -> Self {
        self.scripts.borrow_mut().push_back(Err(error));
        self
    }

    fn methods(&self) -> Vec<String> {
        let method = |seen: &SeenRequest| seen.body["method"].as_str().unwrap_or("-").to_owned();
        self.seen.borrow().iter().map(method).collect()
    }
}

fn status(status: u16) -> Script {
    Script { status, content_type: "text/plain", session: None, location: None, pieces: Vec::new() }
}

fn body(status: u16, body: &Value) -> Script {
    let pieces = vec![Ok(body.to_string().into_bytes())];
    Script { status, content_type: "application/json", session: None, location: None, pieces }
}

fn result(id: u64, result: &Value) -> Script {
    body(200, &json!({ "jsonrpc": "2.0", "id": id, "result": result }))
}

fn error(status: u16, code: i64) -> Script {
    body(status, &json!({ "jsonrpc": "2.0", "id": null, "error": { "code": code, "message": "s3cret" } }))
}

fn events(pieces: &[&str]) -> Script {
    let pieces = pieces.iter().map(|piece| Ok(piece.as_bytes().to_vec())).collect();
    Script { status: 200, content_type: "text/event-stream", session: None, location: None, pieces }
}

/// Responses to `initialize` and to the notification after it.
fn handshake(session: Option<&'static str>) -> [Script; 2] {
    let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": { "tools": {} }, "serverInfo": {} });
    [Script { session, ..result(0, &hello) }, status(202)]
}

fn after_handshake(session: Option<&'static str>, then: impl IntoIterator<Item = Script>) -> ScriptedServer {
    ScriptedServer::new(handshake(session).into_iter().chain(then))
}

fn tool(name: &str) -> Value {
    json!({ "name": name, "inputSchema": { "type": "object" } })
}

fn text(id: u64, text: &str) -> Script {
    result(id, &json!({ "content": [{ "type": "text", "text": text }] }))
}

fn server() -> Server {
    let profile = json!({ "name": "crm", "url": "https://crm.example/mcp", "tools": ["*"], "token": "CRM" });
    serde_json::from_value(profile).unwrap()
}

fn bearers() -> Bearers {
    serde_json::from_str(r#"{"CRM":"s3cret"}"#).unwrap()
}

/// Runs a client with or without a known session. All scripted responses must have been requested.
fn with<T>(
    scripted: &ScriptedServer,
    known: Option<Session>,
    run: impl AsyncFnOnce(&Client<'_, &ScriptedServer>) -> T,
) -> (T, Option<Session>) {
    let (server, bearers) = (server(), bearers());
    let client = Client::new(&scripted, &server, &bearers, known).unwrap();
    let result = block_on(run(&client));
    assert!(scripted.scripts.borrow().is_empty(), "not all was asked for: {:?}", scripted.methods());
    (result, client.session())
}

fn list(scripted: &ScriptedServer) -> Result<Vec<String>, McpError> {
    with(scripted, None, async |client| client.list().await)
        .0
        .map(|all| all.into_iter().map(|t| t.name).collect())
}

fn call(scripted: &ScriptedServer, known: Option<Session>) -> Result<RemoteResult, McpError> {
    let arguments = RawValue::from_string("{}".to_owned()).unwrap();
    with(scripted, known, async |client| client.call("send", &arguments, Effect::Writes).await).0
}

fn known(id: &str) -> Option<Session> {
    Session::new(Version::V2025_06_18, Some(id.to_owned()))
}

#[test]
fn a_list_begins_a_session_and_reads_all_pages() {
    let scripted = after_handshake(
        Some("s-1"),
        [
            result(1, &json!({ "tools": [tool("a")], "nextCursor": "two" })),
            result(2, &json!({ "tools": [tool("b")] })),
        ],
    );
    assert_eq!(list(&scripted).unwrap(), ["a", "b"]);
    assert_eq!(scripted.methods(), ["initialize", "notifications/initialized", "tools/list", "tools/list"]);
    let seen = scripted.seen.borrow();
    assert_eq!(seen[3].body["params"], json!({ "cursor": "two" }));
    assert!(!seen[0].headers.contains_key("mcp-session-id"));
    assert!(!seen[0].headers.contains_key("mcp-protocol-version"));
    for later in &seen[1..] {
        assert_eq!(later.headers["mcp-session-id"], "s-1");
        assert_eq!(later.headers["mcp-protocol-version"], "2025-06-18");
    }
    for all in seen.iter() {
        assert_eq!(all.headers["accept"], "application/json, text/event-stream");
        assert_eq!(all.headers["content-type"], "application/json");
        assert_eq!(all.headers["authorization"], "Bearer s3cret");
    }
    // The clock advances one second per request; the limit is five seconds for the start and five for all pages.
    assert_eq!(seen.iter().map(|one| one.timeout).collect::<Vec<_>>(), [5000, 4000, 5000, 4000]);
}

#[test]
fn pages_without_end_are_not_followed() {
    let page = |n| result(n, &json!({ "tools": [], "nextCursor": "again" }));
    let scripted = after_handshake(None, (1..=5).map(page));
    assert_eq!(list(&scripted), Err(McpError::Lost(Loss::Timeout)), "for it takes too long");
    let many: Vec<_> = (0..200).map(|n| tool(&format!("t{n}"))).collect();
    let scripted = after_handshake(None, [result(1, &json!({ "tools": many, "nextCursor": "more" }))]);
    assert_eq!(list(&scripted).unwrap().len(), MAX_TOOLS);
    let long = json!({ "tools": [], "nextCursor": "x".repeat(MAX_CURSOR + 1) });
    assert_eq!(list(&after_handshake(None, [result(1, &long)])), Err(McpError::Lost(Loss::Malformed)));
}

#[test]
fn a_known_session_is_continued() {
    let scripted = ScriptedServer::new([text(1, "done"), text(2, "again")]);
    let arguments = RawValue::from_string(r#"{"to":"a"}"#.to_owned()).unwrap();
    let (said, kept) = with(&scripted, known("s-1"), async |client| {
        let first = client.call("send", &arguments, Effect::Writes).await.unwrap();
        (first, client.call("send", &arguments, Effect::Writes).await.unwrap().text)
    });
    assert_eq!(said, (RemoteResult { text: "done".to_owned(), is_error: false }, "again".to_owned()));
    assert_eq!(
        scripted.seen.borrow()[0].body["params"],
        json!({ "name": "send", "arguments": { "to": "a" } })
    );
    assert_eq!(scripted.seen.borrow()[0].timeout, CALL_TIMEOUT);
    assert!(serde_json::to_string(&kept).unwrap().contains("\"asked\":2"));
}

#[test]
fn a_response_as_events_ends_when_it_has_come() {
    let answer = "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}}\n\n";
    let scripted =
        ScriptedServer::new([events(&["id: 1\ndata:\n\n: kept open\n\n", answer, ": kept open\n\n"])]);
    assert_eq!(call(&scripted, known("s-1")).unwrap().text, "x");
    assert_eq!(scripted.unread.get(), 1);
}

#[test]
fn requests_from_the_server_get_a_bounded_number_of_replies() {
    let ping = "data: {\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}\n\n";
    let answer = "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n";
    let pings = ping.repeat(6);
    let scripted =
        ScriptedServer::new([events(&[&pings, answer]), status(202), status(202), status(500), status(202)]);
    assert_eq!(call(&scripted, known("s-1")).unwrap().text, "");
    assert_eq!(scripted.methods(), ["tools/call", "-", "-", "-", "-"]);
    let seen = scripted.seen.borrow();
    assert_eq!(seen[1].body, json!({ "jsonrpc": "2.0", "id": "p", "result": {} }));
    assert_eq!(seen[1].headers["mcp-session-id"], "s-1");
}

#[test]
fn a_session_that_the_server_forgot_begins_anew_once() {
    let again = || handshake(Some("s-2")).into_iter();
    let scripted =
        ScriptedServer::new([error(404, -32001)].into_iter().chain(again()).chain([text(1, "done")]));
    assert_eq!(call(&scripted, known("s-1")).unwrap().text, "done");
    assert_eq!(scripted.methods(), ["tools/call", "initialize", "notifications/initialized", "tools/call"]);
    assert_eq!(scripted.seen.borrow()[3].headers["mcp-session-id"], "s-2");

    let scripted = ScriptedServer::new([status(404)].into_iter().chain(again()).chain([status(404)]));
    assert_eq!(call(&scripted, known("s-1")), Err(McpError::Refused { status: 404, code: None }));

    // Without a session, a 404 means that the URL has no server.
    let scripted = after_handshake(None, [status(404)]);
    assert_eq!(call(&scripted, None), Err(McpError::Refused { status: 404, code: None }));
}

#[test]
fn a_rejected_session_is_dropped() {
    let arguments = RawValue::from_string("{}".to_owned()).unwrap();
    let scripted = ScriptedServer::new([error(400, -32000)]);
    let (failed, kept) =
        with(&scripted, known("s-1"), async |client| client.call("send", &arguments, Effect::Writes).await);
    assert_eq!(failed, Err(McpError::Refused { status: 400, code: Some(-32000) }));
    assert_eq!(kept, None);
}

#[test]
fn a_reading_call_survives_a_session_that_is_lost_with_400() {
    let arguments = RawValue::from_string("{}".to_owned()).unwrap();
    let scripted = ScriptedServer::new(
        [error(400, -32000)].into_iter().chain(handshake(Some("s-2"))).chain([text(1, "done")]),
    );
    let (read, _) =
        with(&scripted, known("s-1"), async |client| client.call("send", &arguments, Effect::Reads).await);
    assert_eq!(read.unwrap().text, "done");
}

#[test]
fn a_redirect_is_followed_on_the_same_server_only() {
    let moved = |location| Script { location: Some(location), ..status(307) };
    for location in ["/mcp/", "https://crm.example/mcp/"] {
        let scripted = ScriptedServer::new([moved(location), text(1, "done")]);
        assert_eq!(call(&scripted, known("s-1")).unwrap().text, "done");
        assert_eq!(scripted.seen.borrow()[1].url, "https://crm.example/mcp/");
    }
    for location in [
        "//evil.example/",
        "https://crm.example.evil.example/",
        "https://crm.example@evil.example/",
        "mcp",
        "/a b",
    ] {
        let scripted = ScriptedServer::new([moved(location)]);
        assert_eq!(call(&scripted, known("s-1")), Err(McpError::Redirected), "{location}");
    }
}

#[test]
fn a_call_is_never_repeated_when_its_response_is_lost() {
    for (script, loss) in [
        (events(&["data: {\"id\":1,\"resu"]), Loss::Broken),
        (events(&["data: {\"id\":9,\"result\":{}}\n\n"]), Loss::Broken),
        (body(200, &json!({ "id": 9, "result": {} })), Loss::Malformed),
        (body(200, &json!({ "id": 1, "result": 1 })), Loss::Malformed),
        (status(200), Loss::Malformed),
        (Script { pieces: vec![Err(TransportError::Timeout)], ..events(&[]) }, Loss::Timeout),
        (Script { pieces: vec![Err(TransportError::Broken)], ..events(&[]) }, Loss::Broken),
        (
            Script { pieces: vec![Ok(vec![b' '; 200_000]), Ok(vec![b' '; 200_000])], ..events(&[]) },
            Loss::TooLarge,
        ),
    ] {
        let scripted = ScriptedServer::new([script]);
        assert_eq!(call(&scripted, known("s-1")), Err(McpError::Lost(loss)));
        assert_eq!(scripted.methods(), ["tools/call"]);
    }
    for error in [TransportError::Timeout, TransportError::Broken] {
        let scripted = ScriptedServer::default().then(error);
        assert_eq!(call(&scripted, known("s-1")), Err(error.into()));
    }
    assert_eq!(
        call(&ScriptedServer::new([status(502)]), known("s-1")),
        Err(McpError::Refused { status: 502, code: None })
    );
}

#[test]
fn a_loss_before_the_call_did_nothing() {
    let scripted = ScriptedServer::default().then(TransportError::Timeout);
    assert_eq!(call(&scripted, None), Err(McpError::Unopened(Loss::Timeout)));
    assert_eq!(call(&ScriptedServer::new([status(200)]), None), Err(McpError::Unopened(Loss::Malformed)));
    let bad = Script { session: Some("two words"), ..result(0, &json!({ "protocolVersion": "2025-06-18" })) };
    assert_eq!(call(&ScriptedServer::new([bad]), None), Err(McpError::Unopened(Loss::Malformed)));
    let scripted = ScriptedServer::new(handshake(None).into_iter().take(1)).then(TransportError::Broken);
    assert_eq!(call(&scripted, None), Err(McpError::Unopened(Loss::Broken)));
}

#[test]
fn redirects_are_not_followed_and_no_bearer_token_is_tried_twice() {
    for status_code in [301, 302, 307, 308] {
        assert_eq!(list(&ScriptedServer::new([status(status_code)])), Err(McpError::Redirected));
    }
    for status_code in [401, 403] {
        assert_eq!(list(&ScriptedServer::new([status(status_code)])), Err(McpError::Unauthorized));
    }
    let bearers = Bearers::new();
    let (server, scripted) = (server(), ScriptedServer::default());
    assert_eq!(Client::new(&&scripted, &server, &bearers, None).err(), Some(McpError::NoToken));
}

#[test]
fn an_unknown_revision_is_an_error() {
    let scripted = ScriptedServer::new([result(0, &json!({ "protocolVersion": "2031-01-01" }))]);
    assert_eq!(list(&scripted), Err(McpError::Version));
}

#[test]
fn an_error_of_the_server_is_a_result_of_a_call_and_the_end_of_a_list() {
    let error = || body(200, &json!({ "id": 1, "error": { "code": -32602, "message": "`to` is missing" } }));
    let said = call(&ScriptedServer::new([error()]), known("s-1")).unwrap();
    assert_eq!(said, RemoteResult { text: "`to` is missing".to_owned(), is_error: true });
    assert_eq!(
        list(&after_handshake(None, [error()])),
        Err(McpError::Refused { status: 200, code: Some(-32602) })
    );
}

#[test]
fn a_server_without_initialize_is_used_without_sessions() {
    let unknown = body(200, &json!({ "id": 0, "error": { "code": -32601, "message": "" } }));
    for refusal in [error(400, -32020), error(400, -32022), error(404, -32601), unknown] {
        let scripted = ScriptedServer::new([refusal, text(1, "done")]);
        assert_eq!(call(&scripted, None).unwrap().text, "done");
        let seen = scripted.seen.borrow();
        assert_eq!(seen[1].headers["mcp-protocol-version"], "2026-07-28");
        assert_eq!(seen[1].headers["mcp-method"], "tools/call");
        assert_eq!(seen[1].headers["mcp-name"], "send");
        let version = &seen[1].body["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"];
        assert_eq!(version, "2026-07-28");
    }
    let scripted =
        ScriptedServer::new([result(1, &json!({ "resultType": "input_required", "inputRequests": {} }))]);
    assert_eq!(call(&scripted, Some(Session::stateless())), Err(McpError::NeedsInput));
    // Any other error of `initialize` is final.
    let scripted = ScriptedServer::new([error(400, -32000)]);
    assert_eq!(call(&scripted, None), Err(McpError::Refused { status: 400, code: Some(-32000) }));
}

#[test]
fn a_tool_outside_the_allow_list_is_never_called() {
    let (bearers, scripted) = (bearers(), ScriptedServer::default());
    let server = Server { tools: vec!["find".to_owned(), "x".repeat(64)], ..server() };
    let transport = &scripted;
    let client = Client::new(&transport, &server, &bearers, None).unwrap();
    let arguments = RawValue::from_string("{}".to_owned()).unwrap();
    for name in ["send", &"x".repeat(64)] {
        assert_eq!(block_on(client.call(name, &arguments, Effect::Writes)), Err(McpError::NotAllowed));
    }
}

#[test]
fn concurrent_calls_have_ids_of_their_own() {
    let scripted = ScriptedServer::new([text(1, "one"), text(2, "two")]);
    let arguments = RawValue::from_string("{}".to_owned()).unwrap();
    let ((one, two), _) = with(&scripted, known("s-1"), async |client| {
        futures::join!(
            client.call("send", &arguments, Effect::Writes),
            client.call("send", &arguments, Effect::Writes)
        )
    });
    assert_eq!((one.unwrap().text, two.unwrap().text), ("one".to_owned(), "two".to_owned()));
}

#[test]
fn errors_contain_nothing_from_the_server_or_the_bearer_token() {
    let scripted = ScriptedServer::new([error(418, -1)]);
    let failed = call(&scripted, known("s-1")).unwrap_err();
    assert!(!format!("{failed:?} {}", failed.sentence()).contains("s3cret"));
    let unclear = |failed: McpError| failed.sentence().contains("not known");
    assert!(unclear(McpError::Lost(Loss::Timeout)) && unclear(McpError::Refused { status: 504, code: None }));
    assert!(
        !unclear(McpError::Unopened(Loss::Timeout))
            && !unclear(McpError::Refused { status: 404, code: None })
    );
}

proptest! {
    #[test]
    fn a_result_is_the_same_however_its_events_are_split(
        said in "[^\0]{0,40}",
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let answer = json!({ "jsonrpc": "2.0", "id": 1, "result": { "content": [{ "type": "text", "text": said }] } });
        let stream = format!("data: {{\"method\":\"notifications/message\"}}\n\nid: 4\ndata: {answer}\n\n").into_bytes();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| Ok(stream[pair[0]..pair[1]].to_vec())).collect();
        let scripted = ScriptedServer::new([Script { pieces, ..events(&[]) }]);
        prop_assert_eq!(call(&scripted, known("s-1")).unwrap().text, said);
    }
}
