use std::cell::RefCell;
use std::collections::VecDeque;

use futures::executor::block_on;
use jwt_compact::alg::{Hs256, Hs256Key};
use jwt_compact::{AlgorithmExt as _, Claims, Header};
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::files::reader::tests::InProcess;
use crate::ports::{
    BodyError, Http, HttpAnswer, HttpBody, HttpCall, HttpError, HttpResponse, RequestBody, Secret, Timeouts,
};
use crate::time::Millis;

const NOW: Millis = 1_795_420_800_000;
const USER: Uuid = Uuid::from_u128(0xa);
const SECRET: &str = "a-legacy-secret-of-thirty-two-bytes!";

struct FakeClock;

impl Clock for FakeClock {
    fn now(&self) -> Millis {
        NOW
    }

    async fn sleep(&self, _: Millis) {}

    fn random(&self) -> [u8; 16] {
        [7; 16]
    }

    fn secret(&self) -> Option<Secret> {
        None
    }
}

/// PostgREST, with one answer to everything.
#[derive(Clone)]
struct FakeHttp(Result<HttpAnswer, HttpError>);

struct NoBody;

impl HttpBody for NoBody {
    async fn read(&mut self, _: Millis) -> Result<Option<Vec<u8>>, HttpError> {
        Ok(None)
    }
}

impl Http for FakeHttp {
    type Body = NoBody;

    async fn send(&self, call: HttpCall<'_>, _: Millis) -> Result<HttpAnswer, HttpError> {
        let functions = ["parked_turns", "stalled_work", "is_account", "note_erasure"];
        assert!(
            functions
                .iter()
                .any(|name| call.url == format!("https://project.supabase.co/rest/v1/rpc/{name}"))
        );
        self.0.clone()
    }

    async fn open(&self, _: HttpCall<'_>, _: Timeouts) -> Result<HttpResponse<NoBody>, HttpError> {
        Err(HttpError::Connect)
    }
}

/// A request; its body comes in pieces, of which `Err` is the last.
struct FakeRequest {
    method: &'static str,
    url: String,
    headers: Vec<(&'static str, String)>,
    body: VecDeque<Result<Vec<u8>, BodyError>>,
}

impl FakeRequest {
    fn new(method: &'static str, path: &str) -> Self {
        let url = format!("https://desk.example.com{path}");
        Self { method, url, headers: Vec::new(), body: VecDeque::new() }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn signed_in(self) -> Self {
        self.with("authorization", bearer(USER))
    }

    fn body(mut self, pieces: impl IntoIterator<Item = Result<Vec<u8>, BodyError>>) -> Self {
        self.body = pieces.into_iter().collect();
        self
    }
}

impl RequestBody for FakeRequest {
    async fn read(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        self.body.pop_front().transpose()
    }
}

impl IncomingRequest for FakeRequest {
    fn method(&self) -> String {
        self.method.into()
    }

    fn url(&self) -> String {
        self.url.clone()
    }

    fn header(&self, name: &str) -> Option<String> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    }
}

/// A request that reached a user's object.
struct Forwarded {
    user: Uuid,
    call: ObjectCall,
    body: ForwardedBody<FakeRequest>,
}

struct FakeWorker {
    http: FakeHttp,
    /// Addresses that the gate closes for.
    closed: Option<&'static str>,
    forwarded: RefCell<Vec<Forwarded>>,
    is_object_gone: bool,
    log: RefCell<Vec<String>>,
}

impl Default for FakeWorker {
    fn default() -> Self {
        let http = FakeHttp(Ok(HttpAnswer { status: 200, body: "3".into() }));
        let (forwarded, log) = (RefCell::default(), RefCell::default());
        Self { http, closed: None, forwarded, is_object_gone: false, log }
    }
}

impl WorkerPorts for FakeWorker {
    type Request = FakeRequest;
    type Response = Reply<()>;
    type Readable = ();
    type Clock = FakeClock;
    type Http = FakeHttp;
    type Readers = InProcess;

    fn clock(&self) -> &FakeClock {
        &FakeClock
    }

    fn http(&self) -> &FakeHttp {
        &self.http
    }

    fn readers(&self) -> &InProcess {
        &InProcess
    }

    async fn allows(&self, key: &str) -> bool {
        self.closed != Some(key)
    }

    async fn forward(
        &self,
        user: Uuid,
        call: &str,
        body: ForwardedBody<FakeRequest>,
    ) -> Result<Reply<()>, String> {
        if self.is_object_gone {
            return Err("no answer".into());
        }
        let call = ObjectCall::from_header(call).unwrap();
        self.forwarded.borrow_mut().push(Forwarded { user, call, body });
        Ok(Reply { status: 299, headers: Vec::new(), body: ReplyBody::Stream(()) })
    }

    fn respond(&self, reply: Reply<()>) -> Reply<()> {
        reply
    }

    fn add_headers(&self, mut response: Reply<()>, headers: &[(&'static str, String)]) -> Reply<()> {
        response.headers.extend_from_slice(headers);
        response
    }

    fn log(&self, line: &str) {
        self.log.borrow_mut().push(line.into());
    }
}

const HOOK_SECRET: &str = "a-secret-that-nobody-guesses";

fn isolate() -> Isolate {
    Isolate::new(|name| {
        let value = match name {
            "SUPABASE_URL" => "https://project.supabase.co",
            "SUPABASE_JWT_SECRET" => SECRET,
            "PII_MASTER_KEY" => "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
            "ALLOWED_ORIGINS" => "https://app.example.com, https://*.preview.example.com",
            "SUPABASE_ANON_KEY" => "anon",
            "USER_DELETED_SECRET" => HOOK_SECRET,
            "SUPABASE_SERVICE_ROLE_KEY" | "OPENAI_API_KEY" => "secret",
            _ => return None,
        };
        Some(value.into())
    })
}

fn bearer(user: Uuid) -> String {
    bearer_with(user, &json!({}))
}

fn bearer_with(user: Uuid, metadata: &serde_json::Value) -> String {
    let claims: Claims<serde_json::Value> = serde_json::from_value(json!({
        "iss": "https://project.supabase.co/auth/v1", "aud": "authenticated", "sub": user, "role": "authenticated",
        "exp": NOW / 1000 + 60, "email": "zoë@example.com", "app_metadata": metadata,
        "user_metadata": { "role": "admin" },
    }))
    .unwrap();
    let token = Hs256.token(&Header::empty(), &claims, &Hs256Key::new(SECRET)).unwrap();
    format!("Bearer {token}")
}

impl FakeWorker {
    fn serve(&self, request: FakeRequest) -> Reply<()> {
        block_on(handle(&isolate(), self, request))
    }

    /// The only request that reached an object.
    fn forwarded(&self) -> Forwarded {
        let mut forwarded = self.forwarded.take();
        assert_eq!(forwarded.len(), 1);
        forwarded.remove(0)
    }
}

/// Serves a request; says its status, and its code where it is refused.
fn refused(request: FakeRequest) -> (u16, String) {
    let worker = FakeWorker::default();
    let reply = worker.serve(request);
    assert!(worker.forwarded.borrow().is_empty(), "it is not passed on");
    (reply.status, code(&reply))
}

fn code(reply: &Reply<()>) -> String {
    let problem: serde_json::Value = serde_json::from_str(&text(reply)).unwrap();
    problem["code"].as_str().unwrap().to_owned()
}

fn text(reply: &Reply<()>) -> String {
    match &reply.body {
        ReplyBody::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    }
}

fn header<'a>(reply: &'a Reply<()>, name: &str) -> Option<&'a str> {
    reply.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
}

#[test]
fn a_request_is_passed_on_to_its_users_object_unread() {
    let worker = FakeWorker::default();
    let request = FakeRequest::new("GET", "/api/chat/my%20chat/stream?after=x%2By#z").signed_in();
    let reply = worker.serve(request.with("last-event-id", "1:2").body([Ok(b"left alone".to_vec())]));
    assert_eq!(
        (reply.status, reply.body),
        (299, ReplyBody::Stream(())),
        "and the answer is passed back untouched"
    );
    let Forwarded { user, call, body } = worker.forwarded();
    assert_eq!((user, call.user.id), (USER, USER));
    assert_eq!(call.user.identity.email.as_deref(), Some("zoë@example.com"));
    assert!(call.user.token.split('.').count() == 3);
    assert_eq!(call.route, UserRoute::Resume("my chat".into()));
    assert_eq!((call.query.get("after"), call.last_event_id.as_deref()), (Some("x+y"), Some("1:2")));
    assert!(matches!(body, ForwardedBody::Unread(request) if request.body.len() == 1));
}

#[test]
fn a_tag_goes_on_with_the_routes_that_have_tags() {
    let passed_on = |path: &str| {
        let worker = FakeWorker::default();
        worker.serve(FakeRequest::new("GET", path).signed_in().with("if-none-match", "\"a\""));
        worker.forwarded().call.if_none_match
    };
    assert_eq!(passed_on("/api/sessions").as_deref(), Some("\"a\""));
    assert_eq!(passed_on("/api/usage"), None);
}

#[test]
fn only_allowed_origins_may_call_and_are_told_so() {
    let chat = |origin: &str| FakeRequest::new("POST", "/api/chat").signed_in().with("origin", origin);
    let evil = "https://evil.example.org";
    assert_eq!(refused(chat(evil)), (403, "origin_not_allowed".into()));
    let told = FakeWorker::default().serve(chat(evil));
    assert!(text(&told).contains(evil), "and its page can read why");
    assert_eq!(header(&told, "access-control-allow-origin"), Some(evil));
    let preflight = FakeRequest::new("OPTIONS", "/api/chat").with("origin", evil);
    assert_eq!(FakeWorker::default().serve(preflight).status, 204);
    assert_eq!(refused(chat("https://a.b.preview.example.com")), (403, "origin_not_allowed".into()));
    assert_eq!(FakeWorker::default().serve(chat("https://pr-17.preview.example.com")).status, 299);
    let worker = FakeWorker::default();
    let allowed = worker.serve(chat("https://app.example.com"));
    assert_eq!(header(&allowed, "access-control-allow-origin"), Some("https://app.example.com"));
    assert_eq!(header(&allowed, "vary"), Some("origin"));
    let error =
        worker.serve(FakeRequest::new("GET", "/api/nothing").with("origin", "https://desk.example.com"));
    assert_eq!(error.status, 404);
    assert_eq!(header(&error, "access-control-allow-origin"), Some("https://desk.example.com"));
    assert!(header(&error, "access-control-expose-headers").is_some());
    let other = worker.serve(FakeRequest::new("GET", "/healthz"));
    assert_eq!(header(&other, "access-control-allow-origin"), None, "no browser asked");
}

#[test]
fn a_preflight_is_answered_on_every_path() {
    let worker = FakeWorker::default();
    for path in ["/api/chat", "/anything"] {
        let reply = worker.serve(FakeRequest::new("OPTIONS", path).with("origin", "https://app.example.com"));
        assert_eq!((reply.status, &reply.body), (204, &ReplyBody::Empty));
        assert_eq!(
            header(&reply, "access-control-allow-methods"),
            Some("GET, POST, PUT, PATCH, DELETE, OPTIONS")
        );
        assert_eq!(header(&reply, "access-control-allow-origin"), Some("https://app.example.com"));
        // OpenAI's client sends its own `user-agent`.
        let headers = header(&reply, "access-control-allow-headers").unwrap_or_default();
        let has = |name: &str| headers.split(", ").any(|header| header == name);
        assert!(has("authorization") && has("content-type") && has("user-agent"), "{headers}");
    }
}

#[test]
fn too_many_requests_of_one_address_are_refused_before_their_token_is_looked_at() {
    let worker = FakeWorker { closed: Some("203.0.113.7"), ..FakeWorker::default() };
    let request = |address: &str| FakeRequest::new("GET", "/api/facts").with("cf-connecting-ip", address);
    let reply = worker.serve(request("203.0.113.7"));
    assert_eq!((reply.status, code(&reply).as_str()), (429, "rate_limited"));
    assert_eq!(header(&reply, "retry-after"), Some("60"));
    assert_eq!(worker.serve(request("203.0.113.8")).status, 401, "another address passes");
    let public = worker.serve(FakeRequest::new("GET", "/healthz").with("cf-connecting-ip", "203.0.113.7"));
    assert_eq!(public.status, 200, "public routes cost nothing");
}

#[test]
fn a_request_without_a_valid_token_is_refused() {
    let facts = || FakeRequest::new("GET", "/api/facts");
    assert_eq!(refused(facts()), (401, "missing_token".into()));
    assert_eq!(refused(facts().with("authorization", "Bearer x")), (401, "invalid_token".into()));
    let worker = FakeWorker::default();
    assert_eq!(header(&worker.serve(facts()), "www-authenticate"), Some("Bearer"));
}

#[test]
fn what_is_no_route_is_told_before_the_token_is_looked_at() {
    assert_eq!(refused(FakeRequest::new("GET", "/api/nothing")), (404, "not_found".into()));
    assert_eq!(refused(FakeRequest::new("PUT", "/api/facts")), (405, "method_not_allowed".into()));
    let reply = FakeWorker::default().serve(FakeRequest::new("PUT", "/api/import"));
    assert_eq!(header(&reply, "allow"), Some("GET, POST"));
    let strange = FakeRequest { url: "nonsense".into(), ..FakeRequest::new("GET", "") };
    assert_eq!(refused(strange), (404, "not_found".into()));
}

#[test]
fn an_openai_client_gets_its_own_form_of_an_error() {
    let worker = FakeWorker::default();
    for (method, path, status, code) in [
        ("GET", "/v1/models", 401, "invalid_api_key"),
        ("GET", "/v1/chat/completions", 405, "method_not_allowed"),
        ("POST", "/v1/embeddings", 404, "not_found"),
    ] {
        let reply = worker.serve(FakeRequest::new(method, path));
        let body: serde_json::Value = serde_json::from_str(&text(&reply)).unwrap();
        assert_eq!((reply.status, &body["error"]["code"]), (status, &code.into()), "{path}");
        assert_eq!(body["error"]["type"], "invalid_request_error");
        assert_eq!(header(&reply, "content-type"), Some("application/json"));
    }
    let reply = worker.serve(FakeRequest::new("GET", "/v1/models").with("origin", "https://evil.example"));
    assert_eq!(reply.status, 403);
    assert!(text(&reply).contains("permission_error"));
}

#[test]
fn public_routes_are_answered_here() {
    let worker = FakeWorker::default();
    let get = |path| worker.serve(FakeRequest::new("GET", path));
    assert_eq!(text(&get("/healthz")), r#"{"status":"ok"}"#);
    assert_eq!(text(&get("/readyz")), r#"{"status":"ready","parked_turns":3,"stalled_work":3}"#);
    let page = text(&get("/config.json"));
    assert!(page.contains(r#""supabase_anon_key":"anon""#) && !page.contains("secret"), "{page}");
    let away = FakeWorker { http: FakeHttp(Err(HttpError::Timeout)), ..FakeWorker::default() };
    let reply = away.serve(FakeRequest::new("GET", "/readyz"));
    assert_eq!((reply.status, code(&reply).as_str()), (503, "database_unavailable"));
    assert_eq!(away.log.borrow().len(), 1, "the fault is logged, once");
}

#[test]
fn a_document_is_read_here_and_goes_on_as_text() {
    let upload = |body: Vec<Result<Vec<u8>, BodyError>>| {
        let request = FakeRequest::new("POST", "/api/documents").signed_in();
        request.with("content-type", "text/markdown").with("x-file-name", "a%20b.md").body(body)
    };
    let worker = FakeWorker::default();
    worker.serve(upload(vec![Ok(b"# One".to_vec()), Ok(b" and two".to_vec())]));
    let Forwarded { call, body, .. } = worker.forwarded();
    assert_eq!(call.route, UserRoute::UploadDocument);
    let ForwardedBody::Bytes(body) = body else { panic!("unread") };
    let upload_json: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&upload_json["name"], &upload_json["size_bytes"]), (&json!("a b.md"), &json!(13)));
    assert_eq!(upload_json["parts"][0]["text"], json!("# One and two"));
    let piece = || Ok(vec![b'a'; 1024 * 1024]);
    assert_eq!(refused(upload((0..6).map(|_| piece()).collect())), (413, "body_too_large".into()));
    assert_eq!(refused(upload(vec![piece(), Err(BodyError)])), (400, "invalid_json".into()));
    assert_eq!(refused(upload(vec![Ok(b"\x7fELF\0\0".to_vec())])), (415, "unsupported_document".into()));
}

#[test]
fn a_picture_is_looked_at_here() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x06\0\0\0".to_vec();
    let upload = |body| {
        FakeRequest::new("POST", "/api/files").signed_in().with("x-file-name", "a.png").body([Ok(body)])
    };
    let worker = FakeWorker::default();
    worker.serve(upload(png.clone()));
    let ForwardedBody::Bytes(body) = worker.forwarded().body else { panic!("unread") };
    assert!(body.ends_with(&png) && body.len() > png.len());
    assert_eq!(refused(upload(b"GIF89a".to_vec())), (415, "unsupported_document".into()));
    assert_eq!(refused(upload(vec![0; 5 * 1024 * 1024 + 1])), (413, "body_too_large".into()));
}

#[test]
fn a_signed_link_needs_no_token_and_a_token_must_be_its_owners() {
    let file = Uuid::from_u128(0xf);
    let keys = isolate().config().unwrap().pii_master_keys.clone();
    let address = Link::new(USER, file, NOW).address(&keys).unwrap();
    let download = || FakeRequest::new("GET", &address);
    for request in [download(), download().signed_in()] {
        let worker = FakeWorker::default();
        worker.serve(request);
        let Forwarded { user, call, .. } = worker.forwarded();
        assert_eq!((user, call.user.token.as_str()), (USER, ""));
        assert_eq!(call.route, UserRoute::Download(file));
    }
    let others = download().with("authorization", bearer(Uuid::from_u128(0xb)));
    assert_eq!(refused(others), (404, "file_not_found".into()));
    assert_eq!(refused(download().with("authorization", "Bearer x")), (401, "invalid_token".into()));
    let altered = FakeRequest::new("GET", &address.replace(&USER.to_string(), &file.to_string()));
    assert_eq!(refused(altered), (404, "file_not_found".into()));
    let old = Link::new(USER, file, NOW - 11 * 60 * 1000).address(&keys).unwrap();
    assert_eq!(refused(FakeRequest::new("GET", &old)), (410, "link_expired".into()));
}

#[test]
fn an_object_that_does_not_answer_is_a_fault_of_ours() {
    let worker = FakeWorker { is_object_gone: true, ..FakeWorker::default() };
    let reply = worker.serve(FakeRequest::new("GET", "/api/facts").signed_in());
    assert_eq!((reply.status, code(&reply).as_str()), (500, "internal"));
    assert!(worker.log.borrow()[0].contains("user object: no answer"));
}

#[test]
fn a_deployment_that_is_not_configured_says_what_is_missing() {
    let worker = FakeWorker::default();
    let isolate = Isolate::new(|_| None);
    let reply = block_on(handle(&isolate, &worker, FakeRequest::new("GET", "/healthz")));
    assert_eq!((reply.status, code(&reply).as_str()), (500, "misconfigured"));
    assert!(text(&reply).contains("SUPABASE_URL is not set"));
}

#[test]
fn an_admin_reaches_the_object_of_another_user_and_nobody_else_does() {
    let other = Uuid::from_u128(0xb);
    let admin = || bearer_with(USER, &json!({ "role": "admin" }));
    for (method, path, route) in [
        ("DELETE", format!("/api/admin/users/{other}"), UserRoute::EraseUser),
        ("GET", format!("/api/admin/users/{other}/erasure"), UserRoute::Erasure),
    ] {
        let worker = FakeWorker::default();
        let reply = worker.serve(FakeRequest::new(method, &path).with("authorization", admin()));
        assert_eq!(reply.status, 299);
        let Forwarded { user, call, .. } = worker.forwarded();
        assert_eq!((user, call.user.id, call.route), (other, other, route));
        assert!(call.user.token.is_empty(), "the admin's token reads nothing of the user");
        let refusal = |code: &str, status| (status, code.to_owned());
        assert_eq!(refused(FakeRequest::new(method, &path).signed_in()), refusal("admin_only", 403));
        assert_eq!(refused(FakeRequest::new(method, &path)), refusal("missing_token", 401));
        let boss = bearer_with(USER, &json!({ "role": ["admin"] }));
        assert_eq!(
            refused(FakeRequest::new(method, &path).with("authorization", boss)),
            refusal("admin_only", 403)
        );
    }
    assert_eq!(refused(FakeRequest::new("DELETE", "/api/admin/users/x").signed_in()).0, 422);
}

fn hook(authorization: &str, old_record: &str) -> FakeRequest {
    let body = format!(
        r#"{{"type":"DELETE","schema":"auth","table":"users","record":null,"old_record":{old_record}}}"#
    );
    let request = FakeRequest::new("POST", "/api/hooks/user-deleted").body([Ok(body.into_bytes())]);
    if authorization.is_empty() { request } else { request.with("authorization", authorization) }
}

#[test]
fn the_webhook_of_a_deleted_account_erases_its_user() {
    let old_record = format!(r#"{{"id":"{USER}"}}"#);
    let answering = |body: &str| FakeWorker {
        http: FakeHttp(Ok(HttpAnswer { status: 200, body: body.into() })),
        ..FakeWorker::default()
    };
    let authorization = format!("Bearer {HOOK_SECRET}");
    let worker = answering("false");
    assert_eq!(worker.serve(hook(&authorization, &old_record)).status, 299);
    let Forwarded { user, call, .. } = worker.forwarded();
    assert_eq!((user, call.user.id, call.route), (USER, USER, UserRoute::EraseUser));

    let exists = answering("true").serve(hook(&authorization, &old_record));
    assert_eq!(
        (exists.status, code(&exists)),
        (409, "account_exists".into()),
        "a stolen secret erases no account"
    );
    for (authorization, refusal) in [
        ("", "missing_token"),
        ("Bearer another-secret-of-some-length", "wrong_secret"),
        ("Bearer a-secret-that-nobody-guesse", "wrong_secret"),
        (bearer(USER).as_str(), "wrong_secret"),
    ] {
        assert_eq!(refused(hook(authorization, &old_record)), (401, refusal.into()), "{authorization}");
    }
    assert_eq!(refused(hook(&authorization, "null")), (422, "invalid_field".into()));
}
