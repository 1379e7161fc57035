//! Replies of the API, complete or streamed.

use crate::ports::{Host, Platform, Reply, ReplyBody};

/// A reply whose body may be a stream of the platform.
pub type ReplyOf<P> = Reply<<<P as Platform>::Host as Host>::Readable>;

/// Headers of every reply of the API: it is the user's alone, and no browser guesses its type.
const PRIVATE: [(&str, &str); 2] = [("cache-control", "no-store"), ("x-content-type-options", "nosniff")];

/// A reply with a body of that media type.
pub(super) fn with_body<R>(status: u16, content_type: &str, body: ReplyBody<R>) -> Reply<R> {
    let headers = [("content-type", content_type)].into_iter().chain(PRIVATE);
    Reply { status, headers: headers.map(|(name, value)| (name, value.to_owned())).collect(), body }
}

/// A JSON body.
pub(super) fn json<R>(status: u16, body: impl Into<String>) -> Reply<R> {
    with_body(status, "application/json", ReplyBody::Text(body.into()))
}

/// A reply without a body.
pub(super) fn empty<R>(status: u16) -> Reply<R> {
    let headers = PRIVATE.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    Reply { status, headers, body: ReplyBody::Empty }
}

/// JSON under the key `data`.
pub(super) fn envelope<R>(data: &str) -> Reply<R> {
    json(200, format!("{{\"data\":{data}}}"))
}
