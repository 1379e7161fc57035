//! The Session Durable Object: one per user and session, where a turn lives. It outlives its request.

use std::rc::Rc;

use futures::channel::oneshot;
use serde::{Deserialize, Serialize};
use worker::{DurableObject, Env, Request, Response, State, durable_object, wasm_bindgen, web_sys};

use super::clock::EdgeClock;
use super::database::PostgRest;
use super::journal::SqliteJournal;
use super::model::OpenAi;
use super::platform::{Frames, lines, respond};
use super::privacy::UserObjects;
use super::{log, reply};
use crate::api::chat::{Ask, Reply};
use crate::auth::User;
use crate::config::Config;
use crate::error::{Code, Error, Fault};
use crate::ports::{Clock, Journal};
use crate::session::outbox;
use crate::session::state::SessionState;
use crate::stream::event::Event;
use crate::stream::ui::{self, UiEncoder};
use crate::turn::{self, Answered, Ports, Prepared, WATCH_EVERY};

/// What the Worker hands over.
#[derive(Serialize, Deserialize)]
pub(super) enum SessionCall {
    /// A turn.
    Turn {
        /// The user whose object this is, verified.
        user: User,
        /// What they ask, validated.
        ask: Ask,
    },
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
    ports: Ports<PostgRest, UserObjects, OpenAi, SqliteJournal, EdgeClock>,
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
            let ports = Ports { database, privacy: UserObjects(env), model, journal, clock: EdgeClock };
            Rc::new(Desk { config, state: SessionState::default(), ports })
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
            SessionCall::Erase => {
                desk.state.forget();
                desk.ports.journal.erase()?;
                Ok(reply::json(200, "{}"))
            }
        }
    }

    async fn take_turn(&self, desk: Rc<Desk>, user: User, ask: Ask) -> Result<web_sys::Response, Error> {
        let began = EdgeClock.now();
        let stream = ask.stream;
        let prepared = turn::prepare(&desk.state, user, ask, &desk.config, &desk.ports).await?;
        let timing = format!("prepare;dur={}", EdgeClock.now() - began);
        if stream { Ok(self.stream(desk, prepared, &timing)) } else { self.whole(desk, prepared).await }
    }

    /// Events as they happen. The turn goes on whether or not anyone reads them.
    fn stream(&self, desk: Rc<Desk>, prepared: Prepared, timing: &str) -> web_sys::Response {
        let frames = Frames::new();
        let headers = [("content-type", "text/event-stream"), ("server-timing", timing), ui::HEADER];
        let headers = lines(headers.into_iter().chain(reply::PRIVATE));
        let response = respond(200, &headers, frames.readable().into());
        let mut encoder = UiEncoder::new(prepared.turn_id());
        self.platform.wait_until(async move {
            let emit = |event: &Event<'_>| frames.write(encoder.encode(event).as_bytes());
            let answered = turn::answer(prepared, &desk.state, &desk.config, &desk.ports, emit).await;
            frames.close();
            log::turn(&answered);
            desk.deliver().await;
        });
        response
    }

    /// One JSON object when the turn is over. A caller that hangs up does not end it either.
    async fn whole(&self, desk: Rc<Desk>, prepared: Prepared) -> Result<web_sys::Response, Error> {
        let (tell, told) = oneshot::channel();
        self.platform.wait_until(async move {
            let mut text = String::new();
            let gather = |event: &Event<'_>| {
                if let Event::Text(more) = event {
                    text.push_str(more);
                }
            };
            let answered = turn::answer(prepared, &desk.state, &desk.config, &desk.ports, gather).await;
            log::turn(&answered);
            // Nobody listens when the caller is gone.
            let _ = tell.send(whole_reply(&answered, &text));
            desk.deliver().await;
        });
        let body =
            told.await.map_err(|_| Fault::new(Code::Internal, "the turn ended without an answer"))??;
        Ok(reply::json(200, &body))
    }
}

fn whole_reply(answered: &Answered, text: &str) -> Result<String, Error> {
    if let Some(fault) = &answered.fault {
        return Err(fault.clone().into());
    }
    let reply = Reply::new(&answered.record, text, &answered.summary());
    serde_json::to_string(&reply).map_err(|error| Fault::new(Code::Internal, error.to_string()).into())
}

impl Desk {
    /// Delivers what waits; an object with nothing left to do is let sleep.
    async fn deliver(&self) {
        let Ports { database, journal, clock, .. } = &self.ports;
        match outbox::deliver(database, journal, clock).await {
            Ok(()) if !self.state.is_busy() => journal.let_sleep().await,
            Ok(()) => {}
            Err(fault) => log::fault(&fault),
        }
    }
}
