//! The Session Durable Object: one per user and session, where a turn lives. It outlives its request.

use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;

use futures::future::{Either, select};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use worker::{DurableObject, Env, Request, Response, State, durable_object, wasm_bindgen, web_sys};

use super::audience::Audience;
use super::clock::EdgeClock;
use super::database::PostgRest;
use super::files::R2;
use super::journal::SqliteJournal;
use super::model::OpenAi;
use super::outside::Internet;
use super::platform::{Frames, lines, respond, with_headers};
use super::users::UserObjects;
use super::{log, reply};
use crate::api::approvals::Decided;
use crate::api::chat::Ask;
use crate::api::rate::rate_limit;
use crate::api::reads::Waiting;
use crate::auth::User;
use crate::config::Config;
use crate::error::{Code, Error, Fault};
use crate::limit::bucket::Standing;
use crate::ports::{Clock, Journal, Ports, World};
use crate::retell::{self, Retold};
use crate::session::log::KEPT_FOR;
use crate::session::outbox;
use crate::session::state::SessionState;
use crate::stream::event::Event;
use crate::stream::ui::{self, FrameId, HEARTBEAT, UiEncoder};
use crate::time::Millis;
use crate::turn::{self, GoneOn, Prepared, WATCH_EVERY};

/// How often a reader hears that the connection is alive while there is nothing to say: proxies cut what is silent for a
/// minute, some for half of one.
const HEARTBEAT_EVERY: Millis = 15 * 1000;

/// What the Worker asks of a Session; the user is verified, and the object theirs.
#[derive(Serialize, Deserialize)]
pub(super) enum SessionCall {
    /// A turn.
    Turn {
        /// Who asks.
        user: User,
        /// What they ask, validated.
        ask: Ask,
    },
    /// What its user says of calls that wait for them.
    Decide {
        /// Who says it.
        user: User,
        /// What they say, validated.
        decided: Decided,
    },
    /// A turn that was begun, told from a frame on, or the running one from its beginning.
    Resume {
        /// Who reads.
        user: User,
        /// The last frame that they have.
        after: Option<FrameId>,
    },
    /// Ends the running answer.
    Stop,
    /// The messages that Postgres has not yet.
    Waiting,
    /// The user is erased: nothing is to be remembered.
    Erase,
}

/// See the module's documentation.
#[durable_object]
pub struct Session {
    platform: State,
    desk: Result<Rc<Desk>, Error>,
}

/// What a turn needs, shared by the request that began it and the work that outlives that request.
struct Desk {
    config: Rc<Config>,
    state: SessionState,
    audience: Audience,
    ports: Ports<Edge>,
}

/// What the platform gives a session.
struct Edge;

impl World for Edge {
    type Database = PostgRest;
    type User = UserObjects;
    type Model = OpenAi;
    type Journal = SqliteJournal;
    type Clock = EdgeClock;
    type Files = R2;
    type Outside = Internet;
}

impl DurableObject for Session {
    fn new(platform: State, env: Env) -> Self {
        let desk = super::config(&env).map(|config| {
            let journal = SqliteJournal::new(platform.storage());
            // Whatever is open now was left so by an object that died.
            if let Some(record) = turn::recover(&journal, &EdgeClock, &config) {
                log::fault(&Fault::new(
                    Code::Interrupted,
                    format!("turn {} of a restarted object", record.turn_id),
                ));
            }
            let (database, model) = (PostgRest(Rc::clone(&config)), OpenAi(Rc::clone(&config)));
            let (files, user) = (R2(env.clone()), UserObjects(env));
            let ports = Ports { database, user, model, journal, clock: EdgeClock, files, outside: Internet };
            let (state, audience) = (SessionState::new(super::breaker()), Audience::default());
            Rc::new(Desk { config, state, audience, ports })
        });
        Self { platform, desk }
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let body = request.text().await?;
        let answer = self.answer(&body).await;
        Ok(answer.unwrap_or_else(|error| reply::problem(&error)).into())
    }

    async fn alarm(&self) -> worker::Result<Response> {
        if let Ok(desk) = &self.desk {
            desk.ports.journal.forget_logs(EdgeClock.now().saturating_sub(KEPT_FOR));
            if desk.state.is_busy() {
                desk.ports.journal.wake_at(EdgeClock.now() + WATCH_EVERY).await;
            }
            desk.deliver().await;
        }
        Response::empty()
    }
}

impl Session {
    async fn answer(&self, body: &str) -> Result<web_sys::Response, Error> {
        let desk = self.desk.clone()?;
        let call: SessionCall = serde_json::from_str(body)
            .map_err(|error| Fault::new(Code::Internal, format!("call: {:?}", error.classify())))?;
        match call {
            SessionCall::Turn { user, ask } => self.take_turn(desk, user, ask).await,
            SessionCall::Decide { user, decided } => self.go_on(desk, user, decided).await,
            SessionCall::Resume { user, after } => resume(&desk, &user, after).await,
            SessionCall::Stop => {
                let stopped = serde_json::json!({ "stopped": desk.state.stop() });
                Ok(reply::json(200, &stopped.to_string()))
            }
            SessionCall::Waiting => Ok(reply::json(200, &to_json(&Waiting::of(&desk.ports.journal))?)),
            SessionCall::Erase => {
                desk.state.forget();
                desk.ports.journal.erase()?;
                Ok(reply::json(200, "{}"))
            }
        }
    }

    /// Answers a message: as events, or as one JSON object when the turn is over. One that came before is not answered
    /// again, whether its turn is over or not: it is told again.
    async fn take_turn(&self, desk: Rc<Desk>, user: User, ask: Ask) -> Result<web_sys::Response, Error> {
        let began = EdgeClock.now();
        let is_stream = ask.stream;
        if let Some(turn) = retell::find(&desk.state, &ask, &desk.ports.journal) {
            return if is_stream {
                resume(&desk, &user, Some(FrameId { turn, frame: 0 })).await
            } else {
                whole(&desk, &user, turn).await
            };
        }
        let prepared = turn::prepare(&desk.state, user.clone(), ask, &desk.config, &desk.ports).await?;
        self.answer_with(desk, &user, prepared, is_stream, began).await
    }

    /// Goes on with an answer that waited for its user, or says what it still waits for.
    async fn go_on(&self, desk: Rc<Desk>, user: User, decided: Decided) -> Result<web_sys::Response, Error> {
        let began = EdgeClock.now();
        let Decided { session_id, decisions, stream } = decided;
        let gone_on =
            turn::go_on(&desk.state, user.clone(), session_id, decisions, &desk.config, &desk.ports).await;
        match gone_on.inspect_err(|error| log::refused("approval", session_id, error))? {
            GoneOn::Waits(waiting) => {
                Ok(reply::json(202, &serde_json::json!({ "waiting": waiting }).to_string()))
            }
            GoneOn::Goes(prepared) => self.answer_with(desk, &user, *prepared, stream, began).await,
        }
    }

    /// Begins to answer, and tells of it as it is wanted.
    async fn answer_with(
        &self,
        desk: Rc<Desk>,
        user: &User,
        prepared: Prepared,
        is_stream: bool,
        began: Millis,
    ) -> Result<web_sys::Response, Error> {
        let turn = prepared.turn_id();
        if is_stream {
            let timing = format!("prepare;dur={}", EdgeClock.now() - began);
            let frames = Frames::new();
            let response = event_stream(&frames, &timing, prepared.standing());
            desk.audience.add_reader(frames);
            self.begin(desk, prepared);
            Ok(response)
        } else {
            let limits = prepared.standing().map(|standing| {
                lines(rate_limit(standing).iter().map(|(name, value)| (*name, value.as_str())))
            });
            self.begin(Rc::clone(&desk), prepared);
            let response = whole(&desk, user, turn).await?;
            Ok(match limits {
                Some(limits) => with_headers(response, &limits),
                None => response,
            })
        }
    }

    /// Begins to answer. The turn goes on whether or not anyone reads it.
    fn begin(&self, desk: Rc<Desk>, prepared: Prepared) {
        self.platform.wait_until(async move {
            let mut encoder = UiEncoder::new(prepared.turn_id());
            let emit = |event: &Event<'_>| desk.audience.write(&encoder.encode(event));
            let answering = pin!(turn::answer(prepared, &desk.state, &desk.config, &desk.ports, emit));
            let answered = match select(answering, pin!(desk.beat())).await {
                Either::Left((answered, _)) => answered,
                Either::Right((never, _)) => match never {},
            };
            desk.audience.dismiss();
            log::turn(&answered);
            desk.deliver().await;
        });
    }
}

fn event_stream(frames: &Frames, timing: &str, standing: Option<Standing>) -> web_sys::Response {
    let headers = [("content-type", "text/event-stream"), ("server-timing", timing), ui::HEADER];
    let limits = standing.map(rate_limit);
    let limits = limits.iter().flatten().map(|(name, value)| (*name, value.as_str()));
    respond(200, &lines(headers.into_iter().chain(reply::PRIVATE).chain(limits)), frames.readable().into())
}

/// Tells a turn again, from a frame on, and goes on as it happens. 204 when there is nothing to tell.
async fn resume(desk: &Desk, user: &User, after: Option<FrameId>) -> Result<web_sys::Response, Error> {
    let Some(Retold { frames: told, goes_on }) =
        retell::frames(&desk.state, user, after, &desk.ports).await?
    else {
        return Ok(respond(204, &lines(reply::PRIVATE), wasm_bindgen::JsValue::NULL));
    };
    let frames = Frames::new();
    let response = event_stream(&frames, "resume", None);
    frames.write(told.as_bytes());
    if goes_on {
        desk.audience.add_reader(frames);
    } else {
        frames.close();
    }
    Ok(response)
}

/// A turn as one JSON object, when it is over.
async fn whole(desk: &Desk, user: &User, turn: Uuid) -> Result<web_sys::Response, Error> {
    if desk.state.running() == Some(turn) {
        // Dropped without a word it is over too.
        let _ = desk.audience.end().await;
    }
    Ok(reply::json(200, &retell::whole(&desk.state, user, turn, &desk.ports).await?))
}

fn to_json(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::new(Code::Internal, error.to_string()))
}

impl Desk {
    /// Keeps readers' connections alive, for ever.
    async fn beat(&self) -> Infallible {
        loop {
            self.ports.clock.sleep(HEARTBEAT_EVERY).await;
            self.audience.write(HEARTBEAT);
        }
    }

    /// Delivers what waits; an object with nothing left to do is let sleep until there is.
    async fn deliver(&self) {
        let Ports { database, user, journal, clock, .. } = &self.ports;
        match outbox::deliver(database, user, journal, clock).await {
            Ok(()) if !self.state.is_busy() => match journal.next_chore() {
                Some(when) => journal.wake_at(when.max(clock.now() + WATCH_EVERY)).await,
                None => journal.let_sleep().await,
            },
            // A turn has begun since. Should it be refused, nobody else has the object woken.
            Ok(()) => journal.wake_at(clock.now() + WATCH_EVERY).await,
            Err(fault) => log::fault(&fault),
        }
    }
}
