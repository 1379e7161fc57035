//! HTTP as an object sees it: the mock model with its vectors, and MCP servers.

use std::cell::RefCell;
use std::rc::Rc;

use frontdesk::ports::{Http, HttpAnswer, HttpBody, HttpCall, HttpError, HttpResponse, Timeouts};
use frontdesk::time::Millis;
use serde::Deserialize;
use serde_json::json;

use super::completion::{Item, MockCompletion, Plan, Tail};
use super::faults::Fault;
use super::invariants::{Step, answered};
use super::jobs;
use super::mcp::McpServer;
use super::mock_model::plan_calls;
use super::postgres::{read, to_json};
use super::tool_invariants::{ModelRequest, Prompt};
use super::vectors;
use super::world::{Instance, World};

/// HTTP of one instance.
pub struct SimHttp {
    pub world: Rc<World>,
    pub instance: Rc<Instance>,
    pub mcp: Rc<McpServer>,
}

/// The body of a response.
pub enum SimBody {
    Completion { world: Rc<World>, completion: Rc<RefCell<MockCompletion>>, idle: Millis },
    Whole(Option<Vec<u8>>),
}

/// An answer without a body.
struct Refusal {
    status: u16,
    retry_after: Option<&'static str>,
}

#[derive(Clone, Copy)]
enum Refused {
    Error(HttpError),
    Status(u16, Option<&'static str>),
}

const REFUSALS: [Refused; 6] = [
    Refused::Error(HttpError::Connect),
    Refused::Error(HttpError::Timeout),
    Refused::Status(429, Some("3")),
    Refused::Status(429, Some("60")),
    Refused::Status(500, None),
    Refused::Status(400, None),
];

#[derive(Deserialize)]
struct EmbeddingRequest {
    input: Vec<String>,
}

impl SimHttp {
    fn embed(&self, body: &str) -> Result<HttpAnswer, HttpError> {
        let EmbeddingRequest { input } = read(body);
        let data: Vec<_> = input
            .iter()
            .enumerate()
            .map(|(index, text)| json!({ "index": index, "embedding": vectors::base64_of(text) }))
            .collect();
        Ok(HttpAnswer { status: 200, body: to_json(&json!({ "data": data })) })
    }

    async fn complete(&self, body: &str, timeouts: Timeouts) -> Result<HttpResponse<SimBody>, HttpError> {
        let world = &self.world;
        world.check_masked("a request to the model", body);
        let request: ModelRequest<'_> = read(body);
        if let Some(job) = request.job() {
            world.oracle.jobs.set(world.oracle.jobs.get() + 1);
            let text = jobs::output(job, request.input(), world);
            world.sleep(1 + world.rng.below(100)).await;
            if let Some(refused) = self.refuse(timeouts).await {
                return refused;
            }
            return Ok(ok(SimBody::Whole(Some(jobs::stream(&text, world).into_bytes()))));
        }
        let Some(prompt) = world.asked(&request) else { return Err(HttpError::Connect) };
        let at = Step { code: &prompt.code, number: prompt.step };
        answered(&world.oracle, at, None);
        world.sleep(1 + world.rng.below(100)).await;
        if let Some(refused) = self.refuse(timeouts).await {
            let refusal = Rc::new(RefCell::new(MockCompletion::refusal(world.now())));
            answered(&world.oracle, at, Some(&refusal));
            return refused;
        }
        let completion = self.plan(&prompt);
        answered(&world.oracle, at, Some(&completion));
        Ok(ok(SimBody::Completion { world: Rc::clone(world), completion, idle: timeouts.idle }))
    }

    fn plan(&self, prompt: &Prompt) -> Rc<RefCell<MockCompletion>> {
        let world = &self.world;
        let tail = if world.occurs(Fault::ModelBreaks) {
            Tail::Broken
        } else if world.occurs(Fault::ModelOmits) {
            world.rng.pick(&[
                Tail::Terse { has_usage: false, has_done: true },
                Tail::Terse { has_usage: true, has_done: false },
                Tail::Terse { has_usage: false, has_done: false },
            ])
        } else {
            Tail::Whole
        };
        let from = world.now() + world.rng.below(300);
        let calls = plan_calls(prompt, world);
        let issued: Vec<_> = calls.iter().filter_map(|call| call.issued.clone()).collect();
        let plan = Plan { placeholders: &prompt.placeholders, calls, tail, from };
        let completion = Rc::new(RefCell::new(MockCompletion::new(plan, &world.rng)));
        for call in issued {
            call.completion.replace(Some(Rc::clone(&completion)));
        }
        completion
    }

    /// The refusal of a request, if it is refused.
    async fn refuse(&self, timeouts: Timeouts) -> Option<Result<HttpResponse<SimBody>, HttpError>> {
        let world = &self.world;
        if !world.occurs(Fault::ModelRefuses) {
            return None;
        }
        Some(match world.rng.pick(&REFUSALS) {
            Refused::Error(error) => {
                if error == HttpError::Timeout {
                    world.sleep(timeouts.first_byte).await;
                }
                Err(error)
            }
            Refused::Status(status, retry_after) => Ok(Refusal { status, retry_after }.into()),
        })
    }
}

impl From<Refusal> for HttpResponse<SimBody> {
    fn from(Refusal { status, retry_after }: Refusal) -> Self {
        let header = |seconds: &str| ("retry-after".to_owned(), seconds.to_owned());
        let headers = retry_after.map(header).into_iter().collect();
        Self { status, headers, body: SimBody::Whole(None) }
    }
}

fn ok(body: SimBody) -> HttpResponse<SimBody> {
    HttpResponse { status: 200, headers: Vec::new(), body }
}

impl Http for SimHttp {
    type Body = SimBody;

    async fn send(&self, call: HttpCall<'_>, timeout: Millis) -> Result<HttpAnswer, HttpError> {
        if !self.instance.can_send() {
            return std::future::pending().await;
        }
        let (world, body) = (&self.world, call.body.unwrap_or_default());
        world.check_masked("a request for vectors", body);
        world.check(call.url.ends_with("/embeddings"), || format!("{} is asked", call.url));
        world.sleep(1 + world.rng.below(50)).await;
        if world.occurs(Fault::EmbeddingFails) {
            return match world.rng.below(4) {
                0 => {
                    world.sleep(timeout).await;
                    Err(HttpError::Timeout)
                }
                1 => Ok(HttpAnswer { status: 429, body: String::new() }),
                // One text alone is never refused: its memory would stay without a vector until the object starts again.
                2 if read::<EmbeddingRequest>(body).input.len() > 1 => {
                    Ok(HttpAnswer { status: 400, body: String::new() })
                }
                _ => Err(HttpError::Connect),
            };
        }
        self.embed(body)
    }

    async fn open(&self, call: HttpCall<'_>, timeouts: Timeouts) -> Result<HttpResponse<SimBody>, HttpError> {
        if !self.instance.can_send() {
            return std::future::pending().await;
        }
        if call.url.ends_with("/chat/completions") {
            return self.complete(call.body.unwrap_or_default(), timeouts).await;
        }
        let (world, from) = (&self.world, &self.instance);
        let (status, headers, body) = self.mcp.post(world, from, &call, timeouts.first_byte).await?;
        Ok(HttpResponse { status, headers, body: SimBody::Whole(Some(body.into_bytes())) })
    }
}

impl HttpBody for SimBody {
    async fn read(&mut self, gather: Millis) -> Result<Option<Vec<u8>>, HttpError> {
        let (world, completion, idle) = match self {
            Self::Whole(bytes) => return Ok(bytes.take()),
            Self::Completion { world, completion, idle } => (world, completion, *idle),
        };
        if gather > 0 {
            world.sleep(gather).await;
        }
        let next = completion.borrow().items.front().map(|(at, _)| *at);
        let now = world.now();
        if let Some(at) = next.filter(|at| *at > now) {
            world.sleep(at - now).await;
        }
        if matches!(completion.borrow().items.front(), Some((_, Item::Stall))) {
            world.sleep(idle).await;
        }
        completion.borrow_mut().read(world.now())
    }
}
