//! The Worker: stateless, at any edge location. It says who asks and what, and passes a turn to its Session.

use std::rc::Rc;

use futures::future::join;
use pii::mask::Author;
use pii::unmask;
use uuid::Uuid;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::web_sys::{Request, Response};
use worker::{Context, Env, Url, event};

use super::auth::authenticate;
use super::clock::EdgeClock;
use super::database::PostgRest;
use super::documents;
use super::files::{self, R2};
use super::platform::{Frames, Incoming, ask, forward, lines, read_body, respond, with_headers};
use super::reply;
use super::session::SessionCall;
use super::users::UserObjects;
use crate::api::approvals::Decided;
use crate::api::chat::{Sent, session_named};
use crate::api::facts;
use crate::api::import::{Import, Progress};
use crate::api::reads::{self, Page, Revealed};
use crate::api::routes::{Route, decoded, route};
use crate::api::{MAX_BODY_BYTES, cors};
use crate::auth::User;
use crate::config::Config;
use crate::error::{Code, Error, Fault, abort, abort_field};
use crate::limit::gate;
use crate::ports::{Clock, Database, UserObject};
use crate::stream::ui::FrameId;

/// The binding of the Session objects in `wrangler.toml`.
const SESSIONS: &str = "SESSION";

/// The binding of the gate in `wrangler.toml`.
const IP_GATE: &str = "IP_GATE";

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> worker::Result<Response> {
    let config = match super::config(&env) {
        Ok(config) => config,
        Err(error) => return Ok(reply::problem(&error)),
    };
    let origin = header(&request, "origin");
    let origin = match cors::admit(origin.as_deref(), &request.url(), &config.allowed_origins) {
        Ok(origin) => origin,
        Err(error) => return Ok(reply::problem(&error)),
    };
    let response = if request.method() == "OPTIONS" {
        respond(204, &lines(cors::PREFLIGHT), JsValue::NULL)
    } else {
        answer(&request, &env, &context, &config).await.unwrap_or_else(|error| reply::problem(&error))
    };
    Ok(match origin {
        None => response,
        Some(origin) => with_headers(
            response,
            &lines([("access-control-allow-origin", origin), ("vary", "origin"), cors::EXPOSED]),
        ),
    })
}

async fn answer(
    request: &Request,
    env: &Env,
    context: &Context,
    config: &Rc<Config>,
) -> Result<Response, Error> {
    let url = Url::parse(&request.url()).map_err(|_| abort(Code::NotFound, "The address is not a URL."))?;
    let route = route(&request.method(), url.path())?;
    let database = PostgRest(Rc::clone(config));
    if route.is_public() {
        return public(route, config, &database).await;
    }
    gate(request, env).await?;
    if let Route::Download(file) = route {
        return files::download(request, &url, env, context, config, file).await;
    }
    let user = authenticate(header(request, "authorization").as_deref(), config).await?;
    match route {
        Route::Chat => chat(request, env, user).await,
        Route::Sessions => {
            let page = Page::parse(url.query_pairs())?;
            let rows = database.read(&user, &reads::sessions(page)).await?;
            let revealed = reveal([&rows, ""], env, &user, &database).await?;
            Ok(reply::json(200, &reads::sessions_envelope(page, &rows, &revealed)?))
        }
        Route::Messages(session) => {
            let page = Page::parse(url.query_pairs())?;
            let path = reads::messages(session, page);
            // In this order: what is saved between the two is then in both, and shown once; the other way round in none.
            let waiting = waiting(env, &user, session, page).await?;
            let rows = database.read(&user, &path).await?;
            let revealed = reveal([&rows, &waiting], env, &user, &database).await?;
            Ok(reply::json(200, &reads::messages_envelope(page, &rows, &waiting, &revealed)?))
        }
        Route::Resume(name) => {
            let session = session_named(&decoded(name), user.id)?;
            let after = header(request, "last-event-id").or_else(|| {
                url.query_pairs().find(|(name, _)| name == "after").map(|(_, after)| after.into_owned())
            });
            let after = after.map(|after| {
                FrameId::parse(&after).ok_or_else(|| {
                    let rule = "Last-Event-ID (or after) must be the id of a frame.";
                    abort_field(Code::InvalidField, "after", rule)
                })
            });
            let (id, after) = (user.id, after.transpose()?);
            respond_with(call_session(env, id, session, &SessionCall::Resume { user, after }).await?)
        }
        Route::Stop(name) => {
            let session = session_named(&decoded(name), user.id)?;
            respond_with(call_session(env, user.id, session, &SessionCall::Stop).await?)
        }
        Route::Approvals(name) => {
            let session = session_named(&decoded(name), user.id)?;
            let decided = Decided::parse(&body(request).await?, session)?;
            respond_with(call_session(env, user.id, session, &SessionCall::Decide { user, decided }).await?)
        }
        Route::Import => import(request, env, context, user, config).await,
        Route::Pending => {
            let pending = database.pending_count(&user).await?;
            Ok(reply::json(200, &serde_json::json!({ "pending": pending }).to_string()))
        }
        Route::Facts => {
            let rows = database.read(&user, facts::FACTS).await?;
            let revealed = reveal([&rows, ""], env, &user, &database).await?;
            Ok(reply::json(200, &reads::envelope(&facts::shown(&rows, &revealed))))
        }
        Route::CorrectFact(fact) => {
            let text = facts::correction(&body(request).await?)?;
            let masked = UserObjects(env.clone()).mask(&user, &text, Author::Outside).await;
            let masked = masked.map_err(|refused| refused.into_error("fact"))?;
            let row = database.correct_fact(user.id, fact, &masked.text).await?;
            let row = facts::corrected(fact, &row)?;
            let revealed = reveal([row, ""], env, &user, &database).await?;
            Ok(reply::json(200, &facts::shown(row, &revealed)))
        }
        Route::ForgetFact(fact) => {
            let rows = database.forget_facts(user.id, &[fact]).await?;
            Ok(reply::json(200, &facts::forgotten(fact, rows)?))
        }
        Route::Upload | Route::Documents | Route::Document(_) | Route::DeleteDocument(_) => {
            documents::answer(route, request, &url, env, &user, &database).await
        }
        Route::Files | Route::File(_) | Route::DeleteFile(_) | Route::UploadPicture => {
            files::answer(route, request, &url, env, &user, config, &database).await
        }
        Route::Me => erase(env, &user, &database).await,
        _ => {
            let rows = database.read(&user, reads::EMPLOYEES).await?;
            Ok(reply::json(200, &reads::envelope(&rows)))
        }
    }
}

/// Lets a request in, unless too many come from its address. Where there is no such binding, and while it does not answer,
/// everybody is let in: the limits behind it hold.
async fn gate(request: &Request, env: &Env) -> Result<(), Error> {
    let key = header(request, "cf-connecting-ip").as_deref().and_then(gate::key);
    let (Some(key), Ok(limiter)) = (key, env.rate_limiter(IP_GATE)) else { return Ok(()) };
    match limiter.limit(key).await {
        Ok(outcome) if !outcome.success => Err(gate::closed()),
        _ => Ok(()),
    }
}

async fn public(route: Route<'_>, config: &Config, database: &PostgRest) -> Result<Response, Error> {
    match route {
        Route::PageConfig => {
            let page = serde_json::json!({
                "supabase_url": config.supabase_url,
                "supabase_anon_key": config.anon_key,
                "default_employee": config.default_employee,
            });
            Ok(reply::json(200, &page.to_string()))
        }
        Route::Ready => {
            let parked = database.parked_turns().await?;
            Ok(reply::json(200, &format!(r#"{{"status":"ready","parked_turns":{parked}}}"#)))
        }
        _ => Ok(reply::json(200, r#"{"status":"ok"}"#)),
    }
}

/// What the user is to see in place of the tokens of rows; nobody is asked when there are none.
async fn reveal(rows: [&str; 2], env: &Env, user: &User, database: &PostgRest) -> Result<Revealed, Error> {
    let tokens = unmask::placeholders(rows);
    if tokens.is_empty() {
        return Ok(Revealed::default());
    }
    let users = UserObjects(env.clone());
    let (values, policies) = join(users.reveal(user, &tokens), database.unmask_policies(user)).await;
    Ok(Revealed { values: values.map_err(|refused| refused.into_error("session_id"))?, policies: policies? })
}

/// Imports what comes, batch by batch, and says after each how far it is. What is wrong with the first batch is answered with
/// its status, what is wrong with a later one on the last line.
async fn import(
    request: &Request,
    env: &Env,
    context: &Context,
    user: User,
    config: &Rc<Config>,
) -> Result<Response, Error> {
    let mut importer = Importer {
        incoming: Incoming::of(request),
        lines: Import::new(user.id),
        progress: Progress::default(),
        users: UserObjects(env.clone()),
        employee: config.default_employee.clone(),
        user,
    };
    importer.next().await?;
    let frames = Frames::new();
    let headers = lines([("content-type", "application/x-ndjson")].into_iter().chain(reply::PRIVATE));
    let response = respond(200, &headers, frames.readable().into());
    context.wait_until(async move {
        frames.write(importer.progress.line().as_bytes());
        while !importer.progress.done {
            if let Err(error) = importer.next().await {
                frames.write(reply::problem_line(&error).as_bytes());
                break;
            }
            frames.write(importer.progress.line().as_bytes());
        }
        frames.close();
    });
    Ok(response)
}

/// An import while it runs.
struct Importer {
    incoming: Incoming,
    lines: Import,
    progress: Progress,
    users: UserObjects,
    employee: String,
    user: User,
}

impl Importer {
    /// Imports the next batch.
    async fn next(&mut self) -> Result<(), Error> {
        let mut is_over = false;
        let mut has_batch = false;
        while !has_batch && !is_over {
            let broke_off =
                |_| abort(Code::InvalidJson, "The body broke off. Send it again: what is there is known.");
            let piece = self.incoming.read().await.map_err(broke_off)?;
            if let Some(bytes) = piece.dyn_ref::<js_sys::Uint8Array>() {
                has_batch = self.lines.feed(&bytes.to_vec())?;
            } else {
                self.lines.end()?;
                is_over = true;
            }
        }
        let batch = self.lines.take();
        if !batch.is_empty() {
            let imported = self.users.import(&self.user, &self.employee, batch).await;
            self.progress.add(&imported.map_err(|refused| refused.into_error("content"))?)?;
        }
        self.progress.skipped = self.lines.skipped;
        self.progress.done = is_over;
        Ok(())
    }
}

/// Reads the turn and hands it to its Session, whose answer goes out untouched.
async fn chat(request: &Request, env: &Env, user: User) -> Result<Response, Error> {
    let body = body(request).await?;
    let id = user.id;
    let (session, call) = match Sent::parse(&body, id, EdgeClock.random())? {
        Sent::Ask(ask) => (ask.session_id, SessionCall::Turn { user, ask }),
        Sent::Decided(decided) => (decided.session_id, SessionCall::Decide { user, decided }),
    };
    respond_with(call_session(env, id, session, &call).await?)
}

/// What the session's object has of the newest messages and Postgres has not: the JSON of a `Waiting`.
async fn waiting(env: &Env, user: &User, session: Uuid, page: Page) -> Result<String, Fault> {
    if !page.is_newest() {
        return Ok("{}".into());
    }
    let stub = session_stub(env, user.id, session)?;
    let call =
        serde_json::to_string(&SessionCall::Waiting).map_err(|error| session_fault(&error.classify()))?;
    let answer = ask(&stub, &call).await.map_err(|error| session_fault(&error))?;
    answer.as_string().ok_or_else(|| session_fault(&"no text"))
}

/// Posts to a Session; its answer is a `Response`.
async fn call_session(env: &Env, user: Uuid, session: Uuid, call: &SessionCall) -> Result<JsValue, Fault> {
    let call = serde_json::to_string(call).map_err(|error| session_fault(&error.classify()))?;
    let stub = session_stub(env, user, session)?;
    forward(&stub, &call).await.map_err(|error| session_fault(&error))
}

/// The object of a session; the user in its name keeps everybody else out.
fn session_stub(env: &Env, user: Uuid, session: Uuid) -> Result<JsValue, Fault> {
    let sessions = env.durable_object(SESSIONS).map_err(|error| session_fault(&error))?;
    let stub = sessions.get_by_name(&format!("{user}/{session}")).map_err(|error| session_fault(&error))?;
    Ok(stub.into_rpc::<JsValue>())
}

/// What a Session answered, untouched.
fn respond_with(answer: JsValue) -> Result<Response, Error> {
    answer.dyn_into().map_err(|other| session_fault(&other).into())
}

fn session_fault(error: &dyn std::fmt::Debug) -> Fault {
    Fault::new(Code::Internal, format!("session object: {error:?}"))
}

/// Erases all that is stored of a user. Postgres first: what it still had, an emptied object would take back. Then the
/// vault's key, without which no copy of a value opens; then what sessions remember. Doing it again completes it.
async fn erase(env: &Env, user: &User, database: &PostgRest) -> Result<Response, Error> {
    let sessions = database.session_ids(user).await?;
    let erased = database.erase_user(user.id).await?;
    UserObjects(env.clone()).erase(user).await.map_err(|refused| refused.into_error("user"))?;
    R2(env.clone()).erase(user.id).await?;
    for session in sessions {
        call_session(env, user.id, session, &SessionCall::Erase).await?;
    }
    Ok(reply::json(200, &reads::envelope(&erased)))
}

async fn body(request: &Request) -> Result<Vec<u8>, Error> {
    let too_large = || {
        let detail = "The body may have 256 KiB (262144 bytes). An AI SDK client sends only its newest message \
                      by prepareSendMessagesRequest.";
        abort(Code::BodyTooLarge, detail)
    };
    read_bytes(request, MAX_BODY_BYTES, too_large).await
}

/// The whole body of a request, if it has no more than `limit` bytes.
pub(super) async fn read_bytes(
    request: &Request,
    limit: usize,
    too_large: impl FnOnce() -> Error,
) -> Result<Vec<u8>, Error> {
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let body =
        read_body(request, limit).await.map_err(|_| abort(Code::InvalidJson, "The body broke off."))?;
    Ok(body.dyn_into::<js_sys::Uint8Array>().map_err(|_| too_large())?.to_vec())
}

pub(super) fn header(request: &Request, name: &str) -> Option<String> {
    request.headers().get(name).ok().flatten()
}
