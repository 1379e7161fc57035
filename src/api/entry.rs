//! The stateless stage, which runs at any edge location: cross-origin access, the rate gate, the route and the access token. Every
//! other request is passed on to its user's object, with the body unread.

use std::rc::Rc;

use super::admin::Answered;
use super::admin::ctx::AdminCtx;
use super::admin_route::AdminRoute;
use super::body::{MAX_BODY_BYTES, read_within};
use super::call::ObjectCall;
use super::error_form::ErrorForm;
use super::link::Link;
use super::not_found::no_such_file;
use super::query::Query;
use super::routes::{Payload, PublicRoute, Route, UserRoute};
use super::{admin, cors, documents, health, hooks, openapi, pictures};
use crate::auth::User;
use crate::auth::authenticator::{AuthCtx, Authenticated, Authenticator};
use crate::config::Config;
use crate::database::client::PostgrestClient;
use crate::documents::{FILE_NAME, MAX_UPLOAD_BYTES, decoded_name, too_large};
use crate::error::{Code, Error, Fault, abort};
use crate::limit::gate;
use crate::log;
use crate::ports::{Clock, ForwardedBody, IncomingRequest, Reply, ReplyBody, WorkerPorts};

/// State that the requests of an isolate share.
pub struct Isolate {
    /// The deployment's variables; or what is wrong with them, by name.
    pub config: Result<Rc<Config>, Vec<String>>,
    /// Keys and verified tokens.
    pub authenticator: Authenticator,
}

impl Isolate {
    /// Reads the deployment's variables through `get`.
    #[must_use]
    pub fn new(get: impl Fn(&str) -> Option<String>) -> Self {
        Self { config: Config::read(get).map(Rc::new), authenticator: Authenticator::default() }
    }

    /// The deployment's variables.
    ///
    /// # Errors
    /// `misconfigured`.
    pub fn config(&self) -> Result<&Rc<Config>, Error> {
        let misconfigured =
            |problems: &Vec<String>| abort(Code::Misconfigured, format!("{}.", problems.join("; ")));
        self.config.as_ref().map_err(misconfigured)
    }
}

/// Answers a request.
pub async fn handle<W: WorkerPorts>(isolate: &Isolate, worker: &W, request: W::Request) -> W::Response {
    match isolate.config() {
        Ok(config) => {
            let entry = Entry { config, authenticator: &isolate.authenticator, worker };
            entry.handle(request).await
        }
        Err(error) => worker.respond(ErrorForm::of_url(&request.url()).reply(&error)),
    }
}

struct Entry<'a, W> {
    config: &'a Rc<Config>,
    authenticator: &'a Authenticator,
    worker: &'a W,
}

/// A request's address, and the request.
struct Addressed<R> {
    request: R,
    path: String,
    query: Query,
}

impl<W: WorkerPorts> Entry<'_, W> {
    async fn handle(&self, request: W::Request) -> W::Response {
        let (origin, url) = (request.header("origin"), request.url());
        let allowed = &self.config.allowed_origins;
        let admitted = origin.as_deref().map_or(Ok(()), |origin| cors::admit(origin, &url, allowed));
        let response = if request.method() == "OPTIONS" {
            // For every origin: a browser that refuses by itself gives its page no reason.
            let headers = cors::PREFLIGHT.map(|(name, value)| (name, value.to_owned())).into();
            self.worker.respond(Reply { status: 204, headers, body: ReplyBody::Empty })
        } else {
            let answered = match admitted {
                Ok(()) => self.answer(request, &url).await,
                Err(error) => Err(error),
            };
            answered.unwrap_or_else(|error| self.refuse(&url, &error))
        };
        match origin {
            None => response,
            Some(origin) => self.worker.add_headers(response, &cors::headers(&origin)),
        }
    }

    async fn answer(&self, request: W::Request, url: &str) -> Result<W::Response, Error> {
        let request = addressed(request, url)?;
        match Route::parse(&request.request.method(), &request.path)? {
            Route::Public(PublicRoute::UserDeleted) => self.user_deleted(request.request).await,
            Route::Public(PublicRoute::Health) => Ok(self.worker.respond(health::health())),
            Route::Public(PublicRoute::PageConfig) => {
                Ok(self.worker.respond(health::page_config(self.config)))
            }
            Route::Public(PublicRoute::OpenApi) => Ok(self.worker.respond(openapi::get()?)),
            Route::Public(PublicRoute::Ready) => {
                Ok(self.worker.respond(health::ready(&self.postgrest()).await?))
            }
            Route::Admin(route) => self.admin(route, request).await,
            Route::User(route) => self.user(route, request).await,
        }
    }

    fn postgrest(&self) -> PostgrestClient<W::Http> {
        PostgrestClient::new(Rc::clone(self.config), self.worker.http().clone())
    }

    /// Answers a request of an admin, or passes it on to the object of the user whom it is about.
    async fn admin(&self, route: AdminRoute, request: Addressed<W::Request>) -> Result<W::Response, Error> {
        let Addressed { mut request, query, .. } = request;
        self.pass_gate(&request).await?;
        let admin = self.authenticate(request.header("authorization").as_deref()).await?;
        if !admin.is_admin {
            let detail = "This route is for users whose app_metadata.role is \"admin\".";
            return Err(abort(Code::AdminOnly, detail));
        }
        let ctx = AdminCtx { admin: admin.id, config: self.config, worker: self.worker };
        match admin::answer(&ctx, route, &query, &mut request).await? {
            Answered::Here(reply) => Ok(self.worker.respond(reply)),
            Answered::ByObject(user, route) => {
                self.forward(ObjectCall::of(user, route), ForwardedBody::Bytes(Vec::new())).await
            }
        }
    }

    /// Erases a user whose account Supabase deleted.
    async fn user_deleted(&self, mut request: W::Request) -> Result<W::Response, Error> {
        self.pass_gate(&request).await?;
        hooks::authorize(request.header("authorization").as_deref(), self.config)?;
        let body = read_within(&mut request, MAX_BODY_BYTES, hooks::too_large).await?;
        let user = hooks::deleted_user(&body)?;
        hooks::refuse_account(&self.postgrest(), user).await?;
        self.forward(ObjectCall::of(user, UserRoute::EraseUser), ForwardedBody::Bytes(Vec::new())).await
    }

    async fn user(&self, route: UserRoute, request: Addressed<W::Request>) -> Result<W::Response, Error> {
        let Addressed { request, query, .. } = request;
        self.pass_gate(&request).await?;
        let user = self.authorize(&route, &request, &query).await?;
        let last_event_id = request.header("last-event-id");
        let payload = route.payload();
        let session = request.header("x-session-id");
        let if_none_match = route.has_etag().then(|| request.header("if-none-match")).flatten();
        let call = ObjectCall { user, route, query, last_event_id, session, if_none_match };
        let body = self.forwarded_body(payload, request).await?;
        self.forward(call, body).await
    }

    /// The body that goes on to the object.
    async fn forwarded_body(
        &self,
        payload: Payload,
        mut request: W::Request,
    ) -> Result<ForwardedBody<W::Request>, Error> {
        let name = decoded_name(request.header(FILE_NAME).as_deref());
        let readers = self.worker.readers();
        match payload {
            Payload::Unread => Ok(ForwardedBody::Unread(request)),
            Payload::Document => {
                let content_type = request.header("content-type");
                let body = read_within(&mut request, MAX_UPLOAD_BYTES, too_large).await?;
                let upload = documents::read_upload(readers, &name, content_type.as_deref(), &body).await?;
                Ok(ForwardedBody::Bytes(upload))
            }
            Payload::Picture => {
                let limit = pictures::MAX_PICTURE_BYTES;
                let body = read_within(&mut request, limit, pictures::too_large).await?;
                Ok(ForwardedBody::Bytes(pictures::read_upload(readers, &name, &body).await?))
            }
        }
    }

    async fn forward(&self, call: ObjectCall, body: ForwardedBody<W::Request>) -> Result<W::Response, Error> {
        let header = call.to_header()?;
        let answered = self.worker.forward(call.user.id, &header, body).await;
        Ok(answered.map_err(|cause| Fault::new(Code::Internal, format!("user object: {cause}")))?)
    }

    /// Lets a request in, unless too many come from its address.
    async fn pass_gate(&self, request: &W::Request) -> Result<(), Error> {
        let key = request.header("cf-connecting-ip").as_deref().and_then(gate::key);
        match key {
            Some(key) if !self.worker.allows(&key).await => Err(gate::closed()),
            Some(_) | None => Ok(()),
        }
    }

    /// The user of a request: by the access token, or by a signed link.
    async fn authorize(&self, route: &UserRoute, request: &W::Request, query: &Query) -> Result<User, Error> {
        let authorization = request.header("authorization");
        let Some(file) = route.linked_file() else {
            return self.authenticate(authorization.as_deref()).await;
        };
        let now = self.worker.clock().now();
        let link = Link::check(file, query, &self.config.pii_master_keys, now)?;
        // A token is not needed, but one that is sent must be the owner's.
        if authorization.is_some() && self.authenticate(authorization.as_deref()).await?.id != link.user {
            return Err(no_such_file());
        }
        Ok(User::absent(link.user))
    }

    async fn authenticate(&self, authorization: Option<&str>) -> Result<User, Error> {
        let (http, clock) = (self.worker.http(), self.worker.clock());
        let ctx = AuthCtx { config: self.config, http, clock };
        let Authenticated { user, stale_keys } = self.authenticator.authenticate(authorization, &ctx).await?;
        if let Some(fault) = stale_keys {
            self.log(&fault);
        }
        Ok(user)
    }

    /// The response for an error; a fault is logged.
    fn refuse(&self, url: &str, error: &Error) -> W::Response {
        if let Error::Fault(fault) = error {
            self.log(fault);
        }
        let mut reply = ErrorForm::of_url(url).reply(error);
        if let (Code::MethodNotAllowed, Ok(to)) = (error.code(), addressed((), url)) {
            reply.headers.push(("allow", Route::methods_at(&to.path)));
        }
        self.worker.respond(reply)
    }

    fn log(&self, fault: &Fault) {
        self.worker.log(&log::fault_line(fault));
    }
}

/// Takes the path and the query out of an absolute URL.
fn addressed<R>(request: R, url: &str) -> Result<Addressed<R>, Error> {
    let no_url = || abort(Code::NotFound, "The address is not a URL.");
    let (_, rest) = url.split_once("://").ok_or_else(no_url)?;
    let rest = rest.split('#').next().unwrap_or_default();
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = place.find('/').and_then(|at| place.get(at..)).unwrap_or("/").to_owned();
    Ok(Addressed { request, path, query: Query::parse(query) })
}

#[cfg(test)]
mod tests;
