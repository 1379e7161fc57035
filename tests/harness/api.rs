//! Calls of an object as the Worker makes them.

use frontdesk::api::call::ObjectCall;
use frontdesk::api::query::Query;
use frontdesk::api::routes::UserRoute;
use frontdesk::ports::{BodyError, Reply, ReplyBody, RequestBody};
use serde_json::Value;

use super::conversation::TestConversation;
use super::host::StreamReader;

/// A body that comes in one piece.
struct WholeBody(Option<Vec<u8>>);

impl RequestBody for WholeBody {
    async fn read(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        Ok(self.0.take())
    }
}

/// The status of a reply, and its body.
#[derive(Debug, PartialEq)]
pub struct ApiReply {
    pub status: u16,
    /// JSON, `null` for an empty body; the text of a stream.
    pub body: Value,
}

impl TestConversation {
    /// Calls a route without a query.
    pub fn call(&self, route: UserRoute, body: &str) -> ApiReply {
        self.call_with(route, "", body)
    }

    /// Calls a route. A streamed reply is read to its end.
    pub fn call_with(&self, route: UserRoute, query: &str, body: &str) -> ApiReply {
        let reply = self.platform.block_on(self.handle(route, query, body));
        self.finished(reply)
    }

    /// Asks for a completion in a session.
    pub fn call_in(&self, session: &str, body: &str) -> ApiReply {
        let call = self.object_call(UserRoute::Completions);
        let call = ObjectCall { session: Some(session.to_owned()), ..call };
        let body = WholeBody(Some(body.as_bytes().to_vec()));
        let reply = self.platform.block_on(self.object.handle(call, body));
        self.finished(reply)
    }

    /// Calls a route, and leaves its tasks to run.
    pub fn begin(&self, route: UserRoute, body: &str) {
        let body = WholeBody(Some(body.as_bytes().to_vec()));
        self.platform.block_on(self.object.handle(self.object_call(route), body));
        self.platform.storage.confirm();
    }

    fn object_call(&self, route: UserRoute) -> ObjectCall {
        ObjectCall {
            user: self.user.clone(),
            route,
            query: Query::default(),
            last_event_id: None,
            session: None,
            if_none_match: None,
        }
    }

    /// A call that has not begun.
    pub async fn handle(&self, route: UserRoute, query: &str, body: &str) -> Reply<StreamReader> {
        let call = ObjectCall { query: Query::parse(query), ..self.object_call(route) };
        self.object.handle(call, WholeBody(Some(body.as_bytes().to_vec()))).await
    }

    /// A reply, with its stream read to the end.
    pub fn finished(&self, reply: Reply<StreamReader>) -> ApiReply {
        let body = match reply.body {
            ReplyBody::Empty => Value::Null,
            ReplyBody::Text(text) => serde_json::from_str(&text).unwrap(),
            ReplyBody::Stream(stream) => {
                self.platform.run_tasks();
                assert!(stream.is_closed());
                Value::String(stream.text())
            }
        };
        ApiReply { status: reply.status, body }
    }
}
