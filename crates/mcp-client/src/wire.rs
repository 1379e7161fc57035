//! JSON-RPC messages of MCP, without I/O: writes requests, reads responses
//! (<https://modelcontextprotocol.io/specification/2025-11-25/basic>).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sse::{Event, EventStream};
use wire_text::WireText;

use super::error::Loss;
use super::session::{Session, Version};

/// Most bytes of a response body, including all events before the response.
const MAX_RESPONSE: usize = 256 * 1024;

/// Longest id of a request from the server, in bytes.
const MAX_ID: usize = 128;

/// JSON-RPC's code "Method not found" (<https://www.jsonrpc.org/specification#error_object>).
const NO_SUCH_METHOD: i64 = -32601;

/// A request, or a notification if it has no id.
#[derive(Serialize)]
struct Request<'a, P> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<Params<P>>,
}

#[derive(Serialize)]
struct Params<P> {
    #[serde(flatten)]
    own: P,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Meta>,
}

/// Description of the client that each request without a session carries.
#[derive(Serialize)]
struct Meta {
    #[serde(rename = "io.modelcontextprotocol/protocolVersion")]
    version: Version,
    #[serde(rename = "io.modelcontextprotocol/clientInfo")]
    client: ClientInfo,
    #[serde(rename = "io.modelcontextprotocol/clientCapabilities")]
    capabilities: Capabilities,
}

#[derive(Serialize)]
struct ClientInfo {
    name: &'static str,
    version: &'static str,
}

/// No capabilities: a server may ask neither the model nor the user through this client.
#[derive(Serialize)]
struct Capabilities {}

const CLIENT: ClientInfo = ClientInfo { name: "frontdesk", version: env!("CARGO_PKG_VERSION") };

/// The parameters of `initialize`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Initialize {
    protocol_version: Version,
    capabilities: Capabilities,
    client_info: ClientInfo,
}

/// The parameters of `tools/list`.
#[derive(Serialize)]
pub(crate) struct ListTools<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<&'a str>,
}

/// The parameters of `tools/call`.
#[derive(Serialize)]
pub(crate) struct CallTool<'a> {
    pub(crate) name: &'a str,
    pub(crate) arguments: &'a RawValue,
}

/// Writes a request. `None` if `own` cannot be serialized.
pub(crate) fn request<P: Serialize>(session: &Session, id: u64, method: &str, own: P) -> Option<String> {
    let meta = session.is_stateless().then_some(Meta {
        version: session.version,
        client: CLIENT,
        capabilities: Capabilities {},
    });
    to_json(Some(id), method, Some(Params { own, meta }))
}

/// Writes the request that starts a session. It has the id 0.
pub(crate) fn initialize() -> Option<String> {
    let own = Initialize {
        protocol_version: Version::V2025_11_25,
        capabilities: Capabilities {},
        client_info: CLIENT,
    };
    to_json(Some(0), "initialize", Some(Params { own, meta: None }))
}

/// Writes the notification that completes the start of a session.
pub(crate) fn initialized() -> Option<String> {
    to_json::<()>(None, "notifications/initialized", None)
}

fn to_json<P: Serialize>(id: Option<u64>, method: &str, params: Option<Params<P>>) -> Option<String> {
    serde_json::to_string(&Request { jsonrpc: "2.0", id, method, params }).ok()
}

/// The result of `initialize`.
#[derive(Deserialize)]
pub(crate) struct Initialized {
    #[serde(rename = "protocolVersion")]
    pub(crate) version: String,
}

/// The response to a request.
#[derive(Debug)]
pub(crate) enum RpcResponse {
    Result(Box<RawValue>),
    Error { code: i64, message: String },
}

/// A message from the server that the client acts on.
#[derive(Debug)]
pub(crate) enum Received {
    /// The awaited response.
    Response(RpcResponse),
    /// The reply, ready to be posted, to a request from the server.
    Reply(String),
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    id: Option<Box<RawValue>>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    result: Option<Box<RawValue>>,
    #[serde(default)]
    error: Option<WireError>,
}

#[derive(Deserialize)]
struct WireError {
    code: i64,
    #[serde(default)]
    message: WireText,
}

#[derive(Serialize)]
struct Reply<'a> {
    jsonrpc: &'static str,
    id: &'a RawValue,
    #[serde(flatten)]
    outcome: ReplyOutcome,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum ReplyOutcome {
    Result {},
    Error { code: i64, message: &'static str },
}

/// Reads the JSON-RPC code from the body of an HTTP error.
pub(crate) fn error_code(body: &[u8]) -> Option<i64> {
    serde_json::from_slice::<Message>(body).ok()?.error.map(|error| error.code)
}

impl Message {
    /// Interprets the message while the response to `awaited` is pending. `None` for messages to ignore.
    fn read(self, awaited: u64) -> Option<Received> {
        match (self.method, self.id) {
            (Some(method), Some(id)) => reply(&method, &id).map(Received::Reply),
            (None, Some(id)) if id.get() == awaited.to_string() => match (self.error, self.result) {
                (Some(WireError { code, message }), _) => {
                    Some(Received::Response(RpcResponse::Error { code, message: message.0 }))
                }
                (None, result) => result.map(RpcResponse::Result).map(Received::Response),
            },
            _ => None,
        }
    }
}

/// Replies to a ping with a result, to any other request with an error, so that the server does not wait.
fn reply(method: &str, id: &RawValue) -> Option<String> {
    let outcome = match method {
        "ping" => ReplyOutcome::Result {},
        _ => ReplyOutcome::Error { code: NO_SUCH_METHOD, message: "Method not found" },
    };
    let reply = Reply { jsonrpc: "2.0", id, outcome };
    (id.get().len() <= MAX_ID).then(|| serde_json::to_string(&reply).ok()).flatten()
}

/// Reads a response from a body of JSON or of events.
pub(crate) struct ResponseReader {
    awaited: u64,
    form: Form,
    /// Bytes left of [`MAX_RESPONSE`].
    left: usize,
}

enum Form {
    Json(Vec<u8>),
    Events(EventStream),
}

impl ResponseReader {
    /// Makes a reader that awaits the response to a request id. `None` for any other content type.
    pub(crate) fn new(content_type: &str, awaited: u64) -> Option<Self> {
        let form = match content_type.split(';').next()?.trim().to_ascii_lowercase().as_str() {
            "application/json" => Form::Json(Vec::new()),
            "text/event-stream" => Form::Events(EventStream::default()),
            _ => return None,
        };
        Some(Self { awaited, form, left: MAX_RESPONSE })
    }

    /// Reads the next chunk of the body and returns the messages that it completes.
    ///
    /// # Errors
    /// [`Loss::TooLarge`], or [`Loss::Malformed`] for a stream that is no event stream.
    pub(crate) fn feed(&mut self, piece: &[u8]) -> Result<Vec<Received>, Loss> {
        self.left = self.left.checked_sub(piece.len()).ok_or(Loss::TooLarge)?;
        match &mut self.form {
            Form::Json(body) => {
                body.extend_from_slice(piece);
                Ok(Vec::new())
            }
            Form::Events(events) => {
                collect(self.awaited, |on_event| events.feed(piece, on_event).is_ok()).ok_or(Loss::Malformed)
            }
        }
    }

    /// Ends the body and returns the messages that its end completes.
    ///
    /// # Errors
    /// [`Loss::Malformed`] for a body that is no response, [`Loss::Broken`] for a stream without one.
    pub(crate) fn end(&mut self) -> Result<Vec<Received>, Loss> {
        match &mut self.form {
            Form::Json(body) => {
                let message = serde_json::from_slice::<Message>(body).map_err(|_| Loss::Malformed)?;
                match message.read(self.awaited) {
                    Some(received @ Received::Response(_)) => Ok(vec![received]),
                    _ => Err(Loss::Malformed),
                }
            }
            Form::Events(events) => {
                let received =
                    collect(self.awaited, |on_event| events.end(on_event).is_ok()).ok_or(Loss::Malformed)?;
                if received.iter().any(|received| matches!(received, Received::Response(_))) {
                    return Ok(received);
                }
                Err(Loss::Broken)
            }
        }
    }
}

/// Collects the messages of the events that `read` yields. Skips events without JSON-RPC: servers prime a stream with an empty one.
fn collect(awaited: u64, read: impl FnOnce(&mut dyn FnMut(Event<'_>)) -> bool) -> Option<Vec<Received>> {
    let mut received = Vec::new();
    let is_stream = read(&mut |event| {
        let Event::Data(data) = event else { return };
        received.extend(serde_json::from_str::<Message>(data).ok().and_then(|message| message.read(awaited)));
    });
    is_stream.then_some(received)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    /// Reads an event stream. Results are returned as their JSON.
    fn received(pieces: &[&[u8]]) -> Result<Vec<String>, Loss> {
        let mut reader = ResponseReader::new("Text/Event-Stream; charset=utf-8", 7).unwrap();
        let mut all = Vec::new();
        for piece in pieces {
            all.extend(reader.feed(piece)?);
        }
        if !all.iter().any(|received| matches!(received, Received::Response(_))) {
            all.extend(reader.end()?);
        }
        let shown = |received| match received {
            Received::Response(RpcResponse::Result(result)) => result.get().to_owned(),
            Received::Response(RpcResponse::Error { code, message }) => format!("{code} {message}"),
            Received::Reply(reply) => reply,
        };
        Ok(all.into_iter().map(shown).collect())
    }

    fn json(body: &str) -> Result<Vec<Received>, Loss> {
        let mut reader = ResponseReader::new("application/json", 7).unwrap();
        reader.feed(body.as_bytes())?;
        reader.end()
    }

    #[test]
    fn requests_follow_the_specification() {
        let call = CallTool { name: "find", arguments: &raw(r#"{"q": 1}"#) };
        let session = Session::new(Version::V2025_06_18, None).unwrap();
        insta::assert_snapshot!(
            [
                initialize().unwrap(),
                initialized().unwrap(),
                request(&session, 1, "tools/list", ListTools { cursor: None }).unwrap(),
                request(&session, 2, "tools/list", ListTools { cursor: Some("two") }).unwrap(),
                request(&session, 3, "tools/call", &call).unwrap(),
                request(&Session::stateless(), 4, "tools/call", &call).unwrap(),
            ]
            .join("\n")
        );
    }

    #[test]
    fn notifications_other_responses_and_other_data_are_skipped() {
        let stream = concat!(
            "id: 1\ndata: \n\n",
            "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{}}\n\n",
            "data: {\"jsonrpc\":\"2.0\",\"id\":6,\"result\":{\"of\":\"another\"}}\n\n",
            "data: {\"jsonrpc\":\"2.0\",\"id\":\"7\",\"result\":{\"of\":\"another\"}}\n\n",
            "data: <html>\n\ndata: []\n\n",
            ": still here\n\n",
            "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"a\":1}}\n\n",
        );
        assert_eq!(received(&[stream.as_bytes()]).unwrap(), ["{\"a\":1}"]);
    }

    #[test]
    fn a_ping_is_answered_and_any_other_request_refused() {
        let stream = concat!(
            "data: {\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}\n\n",
            "data: {\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"sampling/createMessage\",\"params\":{}}\n\n",
            "data: {\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-32602,\"message\":\"no\"}}",
        );
        insta::assert_snapshot!(received(&[stream.as_bytes()]).unwrap().join("\n"));
        let long = format!("data: {{\"id\":\"{}\",\"method\":\"ping\"}}\n\n", "x".repeat(MAX_ID));
        assert_eq!(received(&[long.as_bytes()]), Err(Loss::Broken));
    }

    #[test]
    fn a_stream_that_ends_without_the_response_is_broken() {
        assert_eq!(received(&[b"data: {\"id\":7,\"resu"]), Err(Loss::Broken));
        assert_eq!(received(&[]), Err(Loss::Broken));
        assert_eq!(received(&[b"data: \xff\n\n"]), Err(Loss::Broken));
    }

    #[test]
    fn a_json_body_is_the_response_or_malformed() {
        assert!(matches!(
            json(r#"{"id":7,"result":{}}"#).unwrap()[..],
            [Received::Response(RpcResponse::Result(_))]
        ));
        assert!(matches!(
            json(r#"{"id":7,"error":{"code":1},"result":null}"#).unwrap()[..],
            [Received::Response(RpcResponse::Error { code: 1, .. })]
        ));
        for body in [
            "",
            "{",
            "null",
            r#"{"id":7}"#,
            r#"{"id":8,"result":{}}"#,
            r#"{"result":{}}"#,
            r#"{"id":7,"error":"no"}"#,
            r#"{"id":7,"method":"ping"}"#,
        ] {
            assert_eq!(json(body).unwrap_err(), Loss::Malformed, "{body}");
        }
    }

    #[test]
    fn a_body_above_the_limit_is_too_large() {
        for form in ["application/json", "text/event-stream"] {
            let mut reader = ResponseReader::new(form, 7).unwrap();
            assert!(reader.feed(&vec![b' '; MAX_RESPONSE]).is_ok());
            assert_eq!(reader.feed(b" ").unwrap_err(), Loss::TooLarge);
        }
        assert!(ResponseReader::new("text/html", 7).is_none() && ResponseReader::new("", 7).is_none());
    }

    proptest! {
        #[test]
        fn every_split_yields_the_same_messages(
            texts in prop::collection::vec("[^\0]{0,20}", 1..5),
            pings in 0..3,
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let result = serde_json::to_string(&texts).unwrap();
            let ping = "event: message\r\ndata: {\"id\":1,\"method\":\"ping\"}\r\n\r\n";
            let pinged: String = (0..pings).map(|_| ping).collect();
            let stream = format!("{pinged}data: {{\"jsonrpc\":\"2.0\",\"id\":7,\ndata: \"result\":{result}}}\n\n");
            let bytes = stream.as_bytes();
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
            let messages = received(&pieces).unwrap();
            prop_assert_eq!(messages.len(), usize::try_from(pings).unwrap() + 1);
            prop_assert_eq!(messages.last(), Some(&result));
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), json in any::<bool>()) {
            let mut reader =
                ResponseReader::new(if json { "application/json" } else { "text/event-stream" }, 7).unwrap();
            let _ = reader.feed(&bytes);
            let _ = reader.end();
            let _ = error_code(&bytes);
        }
    }
}
