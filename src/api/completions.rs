//! `/v1`: chat completions and models in the form of OpenAI's API. A model is an employee.

mod body;
mod messages;

use std::rc::Rc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::body::CompletionBody;
use super::call::ObjectCall;
use super::reply::{self, ReplyOf};
use super::{chat, client_id};
use crate::account::UserCtx;
use crate::database;
use crate::error::{Code, Error, Fault, abort, abort_field};
use crate::ports::{Platform, Reply, ReplyBody};
use crate::user::{CompletionReply, Object};

/// Largest body of a request, in bytes: the whole conversation comes with it, and pictures in base64.
pub(super) const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// Row-level security shows the active ones.
const EMPLOYEES: &str = "employee_profiles?select=slug&order=slug";

/// A row of an employee.
#[derive(Deserialize)]
struct EmployeeRow {
    slug: String,
}

/// An employee as OpenAI describes a model.
#[derive(Serialize)]
struct Model {
    id: String,
    object: &'static str,
    /// Always 0: clients are told nothing of the time.
    created: i64,
    owned_by: &'static str,
}

#[derive(Serialize)]
struct ModelList {
    object: &'static str,
    data: Vec<Model>,
}

/// `POST /v1/chat/completions`: answers a conversation or a message of a session.
pub(super) async fn post<P: Platform>(
    object: &Rc<Object<P>>,
    call: &ObjectCall,
    body: &[u8],
) -> Result<ReplyOf<P>, Error> {
    let session = call.session.as_deref();
    let names = match session {
        Some(name) if Uuid::try_parse(name).is_err() => {
            body::parse(body, session, Uuid::nil())?;
            object.user(&call.user).names().await.map_err(|error| error.into_error("messages"))?
        }
        _ => Uuid::nil(),
    };
    let CompletionBody { request, form } = body::parse(body, session, names)?;
    let mut reply = match object.complete(&call.user, request, form).await? {
        CompletionReply::Chunks(stream) => {
            let body = ReplyBody::Stream(stream.readable);
            let mut reply = reply::with_body(200, "text/event-stream", body);
            let timing = stream.prepared_in.map(|span| ("server-timing", format!("prepare;dur={span}")));
            reply.headers.extend(timing);
            chat::with_limits(reply, stream.limits)
        }
        CompletionReply::Whole(json, limits) => chat::with_limits(reply::json(200, json), limits),
    };
    if let Some(session) = session {
        let session = client_id::session(session, names)?;
        reply.headers.push(("x-session-id", session.to_string()));
    }
    Ok(reply)
}

/// The error for a body of more than [`MAX_BODY_BYTES`].
pub(super) fn too_large() -> Error {
    abort(Code::BodyTooLarge, format!("The body may have {} MiB.", MAX_BODY_BYTES >> 20))
}

/// `GET /v1/models`: the employees that can be asked.
pub(super) async fn models<P: Platform>(ctx: &UserCtx<'_, P>) -> Result<ReplyOf<P>, Error> {
    json(&ModelList { object: "list", data: employees(ctx).await?.into_iter().map(Model::from).collect() })
}

/// `GET /v1/models/{id}`: one employee by its slug.
pub(super) async fn model<P: Platform>(ctx: &UserCtx<'_, P>, slug: &str) -> Result<ReplyOf<P>, Error> {
    let employee = employees(ctx).await?.into_iter().find(|employee| employee.slug == slug);
    let unknown = || {
        let detail = "There is no employee of that name at work. GET /v1/models lists those who are.";
        abort_field(Code::UnknownEmployee, "model", detail)
    };
    json(&Model::from(employee.ok_or_else(unknown)?))
}

async fn employees<P: Platform>(ctx: &UserCtx<'_, P>) -> Result<Vec<EmployeeRow>, Fault> {
    let rows = database::read(&ctx.ports.postgrest, EMPLOYEES, &ctx.user.token).await?;
    serde_json::from_str(&rows).map_err(|error| database::malformed("employee_profiles", &error))
}

fn json<R>(body: &impl Serialize) -> Result<Reply<R>, Error> {
    let json = serde_json::to_string(body)
        .map_err(|error| Fault::new(Code::Internal, format!("models: {:?}", error.classify())))?;
    Ok(reply::json(200, json))
}

impl From<EmployeeRow> for Model {
    fn from(row: EmployeeRow) -> Self {
        Self { id: row.slug, object: "model", created: 0, owned_by: "frontdesk" }
    }
}
