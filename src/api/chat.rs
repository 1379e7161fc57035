//! `/api/chat`: turns, their replay and their end.

mod attachment;
mod body;

use std::rc::Rc;

use serde_json::json;
use uuid::Uuid;

pub use self::body::{ChatRequest, parse};
use super::approvals::ApprovalRequest;
use super::call::ObjectCall;
use super::client_id;
use super::rate::limit_headers;
use super::reply::{self, ReplyOf};
use crate::account::vault::VaultError;
use crate::auth::User;
use crate::error::{Code, Error, abort_field};
use crate::limit::status::LimitStatus;
use crate::ports::{Clock, Platform, Reply, ReplyBody};
use crate::stream::ui_messages::{self, FrameId};
use crate::user::{EventStream, Object, TurnReply};

/// `POST /api/chat`: a turn, or decisions in the form of the AI SDK.
pub(super) async fn post<P: Platform>(
    object: &Rc<Object<P>>,
    user: &User,
    body: &[u8],
) -> Result<ReplyOf<P>, Error> {
    let (ctx, random) = (object.user(user), object.ports.clock.random());
    let into_error = |error: VaultError| error.into_error("message");
    let names = if let Some(names) = ctx.known_names().map_err(into_error)? {
        names
    } else {
        // A body that is refused makes no key.
        parse(body, Uuid::nil(), random)?;
        ctx.names().await.map_err(into_error)?
    };
    let turn = match parse(body, names, random)? {
        ChatRequest::Turn(request) => object.take_turn(user, request).await?,
        ChatRequest::Approvals(request) => return decide(object, user, request).await,
    };
    Ok(turn_reply(turn))
}

/// Applies decisions on pending approvals, and replies with the rest of the answer.
pub(super) async fn decide<P: Platform>(
    object: &Rc<Object<P>>,
    user: &User,
    request: ApprovalRequest,
) -> Result<ReplyOf<P>, Error> {
    let ApprovalRequest { session_id, decisions, form } = request;
    Ok(turn_reply(object.decide(user, session_id, decisions, form).await?))
}

/// `GET /api/chat/{session}/stream`: replays a turn, and goes on live.
pub(super) async fn resume<P: Platform>(
    object: &Rc<Object<P>>,
    call: &ObjectCall,
    chat: &str,
) -> Result<ReplyOf<P>, Error> {
    let Some(session) = client_id::known_session(chat, &object.user(&call.user)).await? else {
        return Ok(reply::empty(204));
    };
    let session = object.session(session);
    let after = call.last_event_id.as_deref().or_else(|| call.query.get("after"));
    let after = after.map(|after| {
        FrameId::parse(after).ok_or_else(|| {
            let rule = "Last-Event-ID (or after) must be the id of a frame.";
            abort_field(Code::InvalidField, "after", rule)
        })
    });
    Ok(turn_reply(object.resume(&call.user, &session, after.transpose()?).await?))
}

/// `POST /api/chat/{session}/stop`: ends the running answer. Does not ask Postgres.
pub(super) fn stop<P: Platform>(object: &Object<P>, user: &User, chat: &str) -> Result<ReplyOf<P>, Error> {
    let session = client_id::stored_session(chat, &object.user(user))?;
    let is_stopped = session.is_some_and(|session| object.session(session).stop());
    Ok(reply::json(200, json!({ "stopped": is_stopped }).to_string()))
}

fn turn_reply<P: Platform>(turn: TurnReply<P>) -> ReplyOf<P> {
    match turn {
        TurnReply::Stream(stream) => event_stream(stream),
        TurnReply::Whole(answer, limits) => with_limits(reply::json(200, answer), limits),
        TurnReply::Undecided(approvals) => reply::json(202, json!({ "waiting": approvals }).to_string()),
        TurnReply::Nothing => reply::empty(204),
    }
}

fn event_stream<P: Platform>(stream: EventStream<P>) -> ReplyOf<P> {
    let EventStream { readable, prepared_in, limits } = stream;
    let timing = prepared_in.map_or_else(|| "resume".to_owned(), |span| format!("prepare;dur={span}"));
    let (name, version) = ui_messages::HEADER;
    let mut reply = reply::with_body(200, "text/event-stream", ReplyBody::Stream(readable));
    reply.headers.extend([("server-timing", timing), (name, version.to_owned())]);
    with_limits(reply, limits)
}

/// Adds the state of the limits to a reply.
pub(super) fn with_limits<R>(mut reply: Reply<R>, limits: LimitStatus) -> Reply<R> {
    reply.headers.extend(limit_headers(limits));
    reply
}
