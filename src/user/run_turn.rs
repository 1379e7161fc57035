//! Turns in the object: a turn lives in the object, not in the request that began it.

use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;

use futures::future::{Either, select};
use uuid::Uuid;

use super::Object;
use crate::auth::User;
use crate::error::Error;
use crate::limit::status::LimitStatus;
use crate::ports::{Clock, FrameWriter, Host, Platform};
use crate::session::approval::Decision;
use crate::session::state::SessionOf;
use crate::stream::client_event::ClientEvent;
use crate::stream::ui_messages::{FrameId, HEARTBEAT, UiEncoder};
use crate::time::Millis;
use crate::turn::approve::ApprovalOutcome;
use crate::turn::prepare::PreparedTurn;
use crate::turn::request::{AnswerForm, TurnRequest};

/// Milliseconds between two signs of life on a silent stream: some proxies cut a connection after half a minute of silence.
const HEARTBEAT_EVERY: Millis = 15 * 1000;

/// A response stream of events.
pub struct EventStream<P: Platform> {
    /// The end that goes into the response.
    pub readable: <P::Host as Host>::Readable,
    /// Milliseconds that preparing the turn took; `None` for a reader that comes back.
    pub prepared_in: Option<Millis>,
    /// State of the limits that hold.
    pub limits: LimitStatus,
}

/// The answer to a request for a turn.
pub enum TurnReply<P: Platform> {
    /// Events as they happen.
    Stream(EventStream<P>),
    /// The whole answer as one JSON object, with the state of the limits that hold.
    Whole(String, LimitStatus),
    /// These approvals are still undecided.
    Undecided(Vec<Uuid>),
    /// There is nothing to replay.
    Nothing,
}

impl<P: Platform> Object<P> {
    /// Answers a message. One that arrives a second time is not answered again, whether its turn has ended or not: it is replayed.
    ///
    /// # Errors
    /// As [`crate::turn::TurnCtx::prepare`]; for a whole answer also the failure of the turn.
    pub async fn take_turn(
        self: &Rc<Self>,
        user: &User,
        request: TurnRequest,
    ) -> Result<TurnReply<P>, Error> {
        self.refuse_during_erasure()?;
        self.refuse_during_deletion(request.session_id)?;
        let began = self.ports.clock.now();
        let session = self.session(request.session_id);
        let form = request.form;
        if let Some(turn) = self.turn(user, &session).earlier_turn(&request)? {
            return match form {
                AnswerForm::Stream => self.resume(user, &session, Some(FrameId { turn, frame: 0 })).await,
                AnswerForm::Json => self.whole(user, &session, turn).await,
            };
        }
        let prepared = self.turn(user, &session).prepare(request).await;
        self.deliver_vault_later(user);
        self.rebuild_memory_later(user);
        self.reply_with(user, session, Begun { prepared: prepared?, form, began }).await
    }

    /// Applies decisions on a session's pending approval, and resumes the answer once all are made.
    ///
    /// # Errors
    /// As [`crate::turn::TurnCtx::resume_after_approval`].
    pub async fn decide(
        self: &Rc<Self>,
        user: &User,
        session: Uuid,
        decisions: Vec<Decision>,
        form: AnswerForm,
    ) -> Result<TurnReply<P>, Error> {
        self.refuse_during_erasure()?;
        self.refuse_during_deletion(session)?;
        let began = self.ports.clock.now();
        let session = self.session(session);
        let outcome = self.turn(user, &session).resume_after_approval(decisions).await;
        let outcome = outcome
            .inspect_err(|error| crate::log::refused(&self.ports.host, "approval", session.id, error))?;
        match outcome {
            ApprovalOutcome::Undecided(ids) => Ok(TurnReply::Undecided(ids)),
            ApprovalOutcome::Resumed(prepared) => {
                self.reply_with(user, session, Begun { prepared: *prepared, form, began }).await
            }
        }
    }

    /// Replays a turn from a frame on, or the running one from its beginning, and goes on live.
    ///
    /// # Errors
    /// `privacy_unavailable`, `database_unavailable`, `internal`.
    pub async fn resume(
        &self,
        user: &User,
        session: &SessionOf<P>,
        after: Option<FrameId>,
    ) -> Result<TurnReply<P>, Error> {
        let Some(replay) = self.turn(user, session).replay(after).await? else {
            return Ok(TurnReply::Nothing);
        };
        let (stream, readable) = self.ports.host.open_stream();
        stream.write(replay.frames.as_bytes());
        if replay.is_running {
            session.subscribers.add(stream);
        } else {
            stream.close();
        }
        Ok(TurnReply::Stream(EventStream { readable, prepared_in: None, limits: LimitStatus::default() }))
    }

    /// Begins the answer, and replies in the form that was asked for.
    async fn reply_with(
        self: &Rc<Self>,
        user: &User,
        session: Rc<SessionOf<P>>,
        begun: Begun,
    ) -> Result<TurnReply<P>, Error> {
        let Begun { prepared, form, began } = begun;
        let (turn, limits) = (prepared.turn_id(), prepared.limits());
        match form {
            AnswerForm::Stream => {
                let prepared_in = Some(self.ports.clock.now().saturating_sub(began));
                let (stream, readable) = self.ports.host.open_stream();
                session.subscribers.add(stream);
                self.begin(user.clone(), session, prepared);
                Ok(TurnReply::Stream(EventStream { readable, prepared_in, limits }))
            }
            AnswerForm::Json => {
                self.begin(user.clone(), Rc::clone(&session), prepared);
                match self.whole(user, &session, turn).await? {
                    TurnReply::Whole(json, _) => Ok(TurnReply::Whole(json, limits)),
                    other => Ok(other),
                }
            }
        }
    }

    /// The whole answer of a turn, once it has ended.
    async fn whole(&self, user: &User, session: &SessionOf<P>, turn: Uuid) -> Result<TurnReply<P>, Error> {
        if session.running_turn() == Some(turn) {
            // `Canceled` means that the sender was dropped: the turn has ended as well.
            let _ = session.subscribers.end().await;
        }
        Ok(TurnReply::Whole(self.turn(user, session).whole_answer(turn).await?, LimitStatus::default()))
    }

    /// Runs a prepared turn to its end, whether or not anyone reads it.
    pub(super) fn begin(self: &Rc<Self>, user: User, session: Rc<SessionOf<P>>, prepared: PreparedTurn) {
        let object = Rc::clone(self);
        let is_session = !prepared.is_usage_only();
        self.ports.host.spawn(async move {
            object.run(&user, &session, prepared).await;
            object.deliver(&user, session.id).await;
            if !is_session {
                object.sessions.remove(session.id);
            }
            drop(session);
            object.sessions.evict();
        });
    }

    /// Runs a prepared turn, and closes its readers' streams.
    async fn run(&self, user: &User, session: &SessionOf<P>, prepared: PreparedTurn) {
        let mut encoder = UiEncoder::new(prepared.turn_id());
        let emit = |event: &ClientEvent<'_>| session.subscribers.write_event(event, &encoder.encode(event));
        let ctx = self.turn(user, session);
        let answering = pin!(ctx.answer(prepared, emit));
        let beating = pin!(self.keep_alive(session));
        let finished = match select(answering, beating).await {
            Either::Left((finished, _)) => finished,
            Either::Right((never, _)) => match never {},
        };
        session.subscribers.conclude(&finished.ending);
        finished.log(&self.ports.host);
    }

    /// Writes heartbeats to a session's readers, for ever.
    async fn keep_alive(&self, session: &SessionOf<P>) -> Infallible {
        loop {
            self.ports.clock.sleep(HEARTBEAT_EVERY).await;
            session.subscribers.write_comment(HEARTBEAT);
        }
    }
}

/// A prepared turn, with the form of its reply.
struct Begun {
    prepared: PreparedTurn,
    form: AnswerForm,
    /// Moment of the request.
    began: Millis,
}
