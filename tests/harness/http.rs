//! Model providers with scripted replies. MCP servers answer nothing, unless they serve tools: their client has tests of its own.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use frontdesk::memory::vector::DIMENSIONS;
use frontdesk::model::model_error::ModelError;
use frontdesk::ports::{Http, HttpAnswer, HttpBody, HttpCall, HttpError, HttpResponse, Timeouts};
use frontdesk::time::Millis;
use serde_json::{Value, json};

use super::clock::ScriptedClock;
use super::sqlite::SqliteStorage;

/// One step of a model's answer.
#[derive(Clone)]
pub enum Step {
    /// Bytes that come after so many milliseconds.
    Bytes(Millis, String),
    /// The failure of the connection.
    Fail(ModelError),
}

/// The outcome of one request to a model. A script that runs out is the end of the body.
pub type Reply = Result<Vec<Step>, ModelError>;

/// Form in which vectors are asked for and given.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum EmbeddingForm {
    /// As OpenAI has it.
    #[default]
    OpenAi,
    /// Refuses `dimensions`, by its name.
    WithoutDimensions,
    /// Refuses `dimensions`, without a word.
    WithoutDimensionsInSilence,
    /// Gives vectors without an index.
    WithoutIndex,
    /// Refuses `encoding_format`.
    WithoutEncoding,
    /// Answers no more than this number of texts in time.
    AtMost(usize),
}

/// Refuses requests: a status and a body for each that it does not take.
type Rule = Box<dyn Fn(&Value) -> Option<(u16, String)>>;

/// A scripted response.
#[derive(Clone)]
enum Response {
    /// A status, headers, and the steps of the body.
    Body(u16, Vec<(String, String)>, Vec<Step>),
    /// No response.
    None(HttpError),
}

/// The world of HTTP. Clones are handles of the same one.
#[derive(Clone)]
pub struct ScriptedHttp(Rc<Inner>);

struct Inner {
    clock: ScriptedClock,
    storage: SqliteStorage,
    replies: RefCell<VecDeque<Response>>,
    requests: RefCell<Vec<Value>>,
    urls: RefCell<Vec<String>>,
    gathers: Rc<RefCell<Vec<Millis>>>,
    embeds_nothing: Cell<bool>,
    hangs_with_vectors: Cell<bool>,
    unembeddable: RefCell<Option<String>>,
    embedding_form: Cell<EmbeddingForm>,
    rule: RefCell<Option<Rule>>,
    embedding_requests: RefCell<Vec<Value>>,
    embedded: RefCell<Vec<String>>,
    other_calls: Cell<u32>,
    served_tools: RefCell<Option<Value>>,
    /// Parameters of the calls of served tools.
    tool_calls: RefCell<Vec<Value>>,
    recognizer: RefCell<Recognizer>,
}

/// A recognizer of names, whose URL ends with `/analyze`.
#[derive(Default)]
struct Recognizer {
    /// Values that it finds; `None` while it does not answer.
    names: Option<Vec<String>>,
    requests: Vec<Value>,
}

impl ScriptedHttp {
    /// Providers that answer by `clock`, for an object over `storage`.
    pub fn new(clock: ScriptedClock, storage: SqliteStorage) -> Self {
        Self(Rc::new(Inner {
            clock,
            storage,
            replies: RefCell::default(),
            requests: RefCell::default(),
            urls: RefCell::default(),
            gathers: Rc::default(),
            embeds_nothing: Cell::default(),
            hangs_with_vectors: Cell::default(),
            unembeddable: RefCell::default(),
            embedding_form: Cell::default(),
            rule: RefCell::default(),
            embedding_requests: RefCell::default(),
            embedded: RefCell::default(),
            other_calls: Cell::default(),
            served_tools: RefCell::default(),
            tool_calls: RefCell::default(),
            recognizer: RefCell::default(),
        }))
    }

    /// The model's reply to its next request without one.
    pub fn reply(&self, reply: Reply) {
        let response = match reply {
            Ok(steps) => Response::Body(200, Vec::new(), steps),
            Err(ModelError::Status { status, retry_after }) => {
                let seconds = retry_after.map(|wait| ("retry-after".to_owned(), (wait / 1000).to_string()));
                Response::Body(status, seconds.into_iter().collect(), Vec::new())
            }
            Err(error) => Response::None(http_error(error)),
        };
        self.0.replies.borrow_mut().push_back(response);
    }

    /// The model's refusal of its next request without a reply.
    pub fn refuse(&self, status: u16, header: Option<(&str, &str)>, body: &str) {
        let headers = header.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let steps = vec![Step::Bytes(0, body.to_owned())];
        self.0.replies.borrow_mut().push_back(Response::Body(status, headers.into_iter().collect(), steps));
    }

    /// Refuses requests for completions by a rule from now on. They use up no reply.
    pub fn refuses(&self, rule: impl Fn(&Value) -> Option<(u16, String)> + 'static) {
        self.0.rule.replace(Some(Box::new(rule)));
    }

    /// Bodies of the requests for completions.
    pub fn requests(&self) -> Vec<Value> {
        self.0.requests.borrow().clone()
    }

    /// URLs of the requests for completions.
    pub fn urls(&self) -> Vec<String> {
        self.0.urls.borrow().clone()
    }

    /// Texts of the requests for vectors.
    pub fn embedded(&self) -> Vec<String> {
        self.0.embedded.borrow().clone()
    }

    /// Spans that the reader of an answer let gather, in milliseconds, read by read.
    pub fn gathers(&self) -> Vec<Millis> {
        self.0.gathers.borrow().clone()
    }

    /// Fails requests for vectors from now on, or stops failing them.
    pub fn embeds_nothing(&self, is_so: bool) {
        self.0.embeds_nothing.set(is_so);
    }

    /// Answers requests for vectors after a long time from now on.
    pub fn hangs_with_vectors(&self, is_so: bool) {
        self.0.hangs_with_vectors.set(is_so);
    }

    /// A text that is refused from now on, with every text in the same request.
    pub fn refuses_to_embed(&self, text: &str) {
        self.0.unembeddable.replace(Some(text.to_owned()));
    }

    /// Gives vectors in another form from now on.
    pub fn embeds_as(&self, form: EmbeddingForm) {
        self.0.embedding_form.set(form);
    }

    /// Bodies of the requests for vectors.
    pub fn embedding_requests(&self) -> Vec<Value> {
        self.0.embedding_requests.borrow().clone()
    }

    /// Number of requests that no model's API is for.
    pub fn other_calls(&self) -> u32 {
        self.0.other_calls.get()
    }

    /// Serves these tools at every URL that is no model's, from now on.
    pub fn serve_tools(&self, tools: Value) {
        self.0.served_tools.replace(Some(tools));
    }

    /// Parameters of the calls of served tools.
    pub fn tool_calls(&self) -> Vec<Value> {
        self.0.tool_calls.borrow().clone()
    }

    /// Lets the recognizer find these names from now on, or give no answer.
    pub fn recognizes(&self, names: Option<&[&str]>) {
        let names = names.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        self.0.recognizer.borrow_mut().names = names;
    }

    /// Bodies of the requests to the recognizer.
    pub fn recognizer_requests(&self) -> Vec<Value> {
        self.0.recognizer.borrow().requests.clone()
    }

    /// Answers as Presidio's analyzer does: with spans in characters.
    fn analyze(&self, body: &str) -> Result<HttpAnswer, HttpError> {
        let body: Value = serde_json::from_str(body).unwrap();
        let mut recognizer = self.0.recognizer.borrow_mut();
        recognizer.requests.push(body.clone());
        let names = recognizer.names.as_ref().ok_or(HttpError::Timeout)?;
        let text = body["text"].as_str().unwrap();
        let span = |(at, name): (usize, &str)| {
            let start = text.char_indices().take_while(|(place, _)| *place < at).count();
            json!({ "start": start, "end": start + name.chars().count(), "entity_type": "PERSON", "score": 0.85 })
        };
        let spans: Vec<_> =
            names.iter().flat_map(|name| text.match_indices(name.as_str()).map(span)).collect();
        Ok(HttpAnswer { status: 200, body: json!(spans).to_string() })
    }

    /// The answer of an MCP server; `None` where none serves.
    fn mcp(&self, body: &str) -> Option<HttpResponse<ScriptedBody>> {
        let tools = self.0.served_tools.borrow().clone()?;
        let request: Value = serde_json::from_str(body).unwrap();
        let result = match request["method"].as_str().unwrap() {
            "initialize" => Some(json!({
                "protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": { "name": "x", "version": "1" },
            })),
            "tools/list" => Some(json!({ "tools": tools })),
            "tools/call" => {
                self.0.tool_calls.borrow_mut().push(request["params"].clone());
                Some(json!({ "content": [{ "type": "text", "text": "Done." }] }))
            }
            _ => None,
        };
        let body = result
            .map(|result| json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }).to_string());
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let status = if body.is_some() { 200 } else { 202 };
        let steps = body.into_iter().map(|body| Step::Bytes(1, body)).collect();
        Some(HttpResponse { status, headers, body: self.body(steps) })
    }

    fn body(&self, steps: VecDeque<Step>) -> ScriptedBody {
        ScriptedBody { steps, gathers: Rc::clone(&self.0.gathers), clock: self.0.clock.clone() }
    }

    fn embed(&self, body: &str) -> Result<HttpAnswer, HttpError> {
        let body: Value = serde_json::from_str(body).unwrap();
        let texts: Vec<_> =
            body["input"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
        self.0.embedded.borrow_mut().extend(texts.iter().map(|text| (*text).to_owned()));
        self.0.embedding_requests.borrow_mut().push(body.clone());
        if self.0.embeds_nothing.get() {
            return Err(HttpError::Timeout);
        }
        let refuse = |body: &str| Ok(HttpAnswer { status: 400, body: body.to_owned() });
        let form = self.0.embedding_form.get();
        match form {
            EmbeddingForm::AtMost(most) if texts.len() > most => return Err(HttpError::Timeout),
            EmbeddingForm::WithoutDimensions if body.get("dimensions").is_some() => {
                return refuse(
                    r#"{"error":{"message":"This model does not support specifying dimensions."}}"#,
                );
            }
            EmbeddingForm::WithoutDimensionsInSilence if body.get("dimensions").is_some() => {
                return refuse("");
            }
            EmbeddingForm::WithoutEncoding if body.get("encoding_format").is_some() => {
                return refuse(r#"{"detail":[{"loc":["body","encoding_format"],"msg":"extra"}]}"#);
            }
            _ => {}
        }
        if texts.iter().any(|text| Some(*text) == self.0.unembeddable.borrow().as_deref()) {
            return Ok(HttpAnswer { status: 400, body: String::new() });
        }
        let vector = |(index, text): (usize, &&str)| {
            let mut numbers = vector(0);
            numbers[2] = f32::from(u16::try_from(text.len()).unwrap()) / 1000.0;
            match form {
                EmbeddingForm::WithoutIndex => json!({ "embedding": numbers }),
                _ => json!({ "index": index, "embedding": numbers }),
            }
        };
        let data: Vec<_> = texts.iter().enumerate().map(vector).collect();
        Ok(HttpAnswer { status: 200, body: json!({ "data": data }).to_string() })
    }
}

/// Milliseconds that a hanging request takes.
const HANGS_FOR: Millis = 3000;

impl Http for ScriptedHttp {
    type Body = ScriptedBody;

    async fn send(&self, call: HttpCall<'_>, _: Millis) -> Result<HttpAnswer, HttpError> {
        self.0.storage.confirm();
        if call.url.ends_with("/analyze") {
            return self.analyze(call.body.unwrap());
        }
        assert!(call.url.ends_with("/embeddings"), "nothing else is asked for at once");
        let answer = self.embed(call.body.unwrap());
        if self.0.hangs_with_vectors.get() {
            self.0.clock.wait(HANGS_FOR).await;
        }
        answer
    }

    async fn open(&self, call: HttpCall<'_>, _: Timeouts) -> Result<HttpResponse<ScriptedBody>, HttpError> {
        self.0.storage.confirm();
        if !call.url.ends_with("/chat/completions") && !call.url.ends_with("/responses") {
            self.0.other_calls.set(self.0.other_calls.get() + 1);
            return self.mcp(call.body.unwrap_or_default()).ok_or(HttpError::Connect);
        }
        self.0.urls.borrow_mut().push(call.url.to_owned());
        let request: Value = serde_json::from_str(call.body.unwrap()).unwrap();
        let refusal = self.0.rule.borrow().as_ref().and_then(|rule| rule(&request));
        self.0.requests.borrow_mut().push(request);
        let refusal =
            refusal.map(|(status, body)| Response::Body(status, Vec::new(), vec![Step::Bytes(0, body)]));
        let scripted = || self.0.replies.borrow_mut().pop_front().expect("one request more than scripted");
        let reply = refusal.unwrap_or_else(scripted);
        let (status, headers, steps) = match reply {
            Response::Body(status, headers, steps) => (status, headers, steps),
            Response::None(error) => return Err(error),
        };
        Ok(HttpResponse { status, headers, body: self.body(steps.into()) })
    }
}

fn http_error(error: ModelError) -> HttpError {
    match error {
        ModelError::Connect => HttpError::Connect,
        ModelError::Timeout => HttpError::Timeout,
        ModelError::Cut => HttpError::Cut,
        _ => unreachable!("no failure of a connection"),
    }
}

/// The body of a model's answer.
pub struct ScriptedBody {
    steps: VecDeque<Step>,
    gathers: Rc<RefCell<Vec<Millis>>>,
    clock: ScriptedClock,
}

impl HttpBody for ScriptedBody {
    async fn read(&mut self, gather: Millis) -> Result<Option<Vec<u8>>, HttpError> {
        self.gathers.borrow_mut().push(gather);
        match self.steps.pop_front() {
            None => {
                self.clock.wait(0).await;
                Ok(None)
            }
            Some(Step::Fail(error)) => {
                self.clock.wait(0).await;
                Err(http_error(error))
            }
            Some(Step::Bytes(after, bytes)) => {
                self.clock.wait(after.max(gather)).await;
                Ok(Some(bytes.into_bytes()))
            }
        }
    }
}

/// A vector: the nearer to that of `vector(0)`, the smaller `step` is.
pub fn vector(step: u16) -> Vec<f32> {
    let mut numbers = vec![0.0; DIMENSIONS];
    (numbers[0], numbers[1]) = (1.0, f32::from(step) / 50.0);
    numbers
}
