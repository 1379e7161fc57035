//! Interfaces of the platform, in terms of the platform: bytes, text and JSON, no types of the domain.
//!
//! `src/edge/` implements these traits over Cloudflare. Native tests and the simulator implement them over `rusqlite` and scripted
//! answers. Everything above is the same code in all three.

#![allow(async_fn_in_trait)] // every caller is generic and single-threaded: no future needs to be `Send`

pub mod blobs;
pub mod clock;
pub mod host;
pub mod http;
pub mod postgrest;
pub mod readers;
pub mod sql;
pub mod worker;

pub use self::blobs::{BlobError, Blobs};
pub use self::clock::{Clock, Secret};
pub use self::host::{FrameWriter, Host};
pub use self::http::{
    Http, HttpAnswer, HttpBody, HttpCall, HttpError, HttpResponse, MAX_ANSWER_BYTES, Method, Redirect,
    Timeouts,
};
pub use self::postgrest::{Caller, DatabaseError, Postgrest, RpcCall};
pub use self::readers::{READ_HEADER, Readers, ReadersError};
pub use self::sql::{Sql, SqlError, SqlValue};
pub use self::worker::{
    BodyError, CALL_HEADER, ForwardedBody, IncomingRequest, Reply, ReplyBody, RequestBody, WorkerPorts,
};

/// One implementation of every port.
pub trait Platform: 'static {
    /// Time and randomness.
    type Clock: Clock;
    /// The object's own SQLite and its alarm.
    type Sql: Sql;
    /// PostgREST of the Supabase project.
    type Postgrest: Postgrest;
    /// Model providers and MCP servers.
    type Http: Http;
    /// The bucket of files.
    type Blobs: Blobs;
    /// Readers of files.
    type Readers: Readers;
    /// Background tasks, response streams and the log.
    type Host: Host;
}

/// The ports of one object.
pub struct Ports<P: Platform> {
    /// Time and randomness.
    pub clock: P::Clock,
    /// The object's own SQLite and its alarm.
    pub sql: P::Sql,
    /// PostgREST of the Supabase project.
    pub postgrest: P::Postgrest,
    /// Model providers and MCP servers.
    pub http: P::Http,
    /// The bucket of files.
    pub blobs: P::Blobs,
    /// Readers of files.
    pub readers: P::Readers,
    /// Background tasks, response streams and the log.
    pub host: P::Host,
}
