//! The Durable Object: one for each user.

use std::rc::Rc;

use worker::{DurableObject, Env, Request, Response, State, durable_object, wasm_bindgen};

use super::blobs::R2;
use super::clock::IsolateClock;
use super::host::ObjectHost;
use super::http::FetchClient;
use super::readers::ReadersService;
use super::serve::{EdgeRequest, response};
use super::sql::ObjectSql;
use crate::api::call::ObjectCall;
use crate::api::problem;
use crate::database::client::PostgrestClient;
use crate::error::Error;
use crate::ports::{CALL_HEADER, IncomingRequest, Platform, Ports};
use crate::user::Object;

/// The platform of an object.
struct Cloudflare;

impl Platform for Cloudflare {
    type Clock = IsolateClock;
    type Sql = ObjectSql;
    type Postgrest = PostgrestClient<FetchClient>;
    type Http = FetchClient;
    type Blobs = R2;
    type Readers = ReadersService;
    type Host = ObjectHost;
}

/// The shell around [`Object`].
#[durable_object]
pub struct User {
    /// The object; or the error of a deployment that is not configured.
    object: Result<Rc<Object<Cloudflare>>, Error>,
}

impl DurableObject for User {
    fn new(state: State, env: Env) -> Self {
        let isolate = super::isolate(&env);
        let object = isolate.config().map(|config| {
            let ports = Ports {
                clock: IsolateClock,
                sql: ObjectSql::new(&state),
                postgrest: PostgrestClient::new(Rc::clone(config), FetchClient),
                http: FetchClient,
                blobs: R2(Clone::clone(&env)),
                readers: ReadersService(env),
                host: ObjectHost(state),
            };
            Object::start(Rc::clone(config), super::models(), ports)
        });
        Self { object }
    }

    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        let request = EdgeRequest::new(Clone::clone(request.inner()));
        let header = request.header(CALL_HEADER).unwrap_or_default();
        let reply = match (&self.object, ObjectCall::from_header(&header)) {
            (Ok(object), Ok(call)) => object.handle(call, request).await,
            (Err(error), _) => problem::reply(error),
            (Ok(_), Err(fault)) => problem::reply(&fault.into()),
        };
        Ok(response(reply).into())
    }

    async fn alarm(&self) -> worker::Result<Response> {
        if let Ok(object) = &self.object {
            object.alarm().await;
        }
        Response::empty()
    }
}
