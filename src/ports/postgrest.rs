//! Supabase's database: functions and reads over PostgREST, arguments and rows as JSON.

use crate::time::Millis;

/// The role that a call is made with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Caller<'a> {
    /// The user, by their access token: row-level security decides.
    User(&'a str),
    /// The service key, for functions that write and check the owner themselves.
    Service,
}

// Written by hand: an access token must never reach a log.
impl std::fmt::Debug for Caller<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::User(_) => "User(…)",
            Self::Service => "Service",
        })
    }
}

/// A call of a database function.
#[derive(Clone, Copy, Debug)]
pub struct RpcCall<'a> {
    /// The function's name.
    pub function: &'a str,
    /// A JSON object of its arguments.
    pub arguments: &'a str,
    /// The role that calls.
    pub caller: Caller<'a>,
    /// Longest time until the answer is complete, in milliseconds.
    pub timeout: Millis,
}

/// Failure of a call. The cause is for the log and quotes nothing that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabaseError {
    /// No answer, or none that can be read: the call may have taken effect, and may be repeated.
    Unavailable(String),
    /// The request is at fault: it would be refused again.
    Refused(String),
    /// Postgres canceled the statement, which took longer than it may: nothing took effect, and it may be repeated.
    TimedOut(String),
    /// The answer has more bytes than are read whole.
    TooLarge,
}

/// Interface to PostgREST.
pub trait Postgrest {
    /// Calls a function; the result is its JSON, or an empty string for a function without a result.
    ///
    /// # Errors
    /// [`DatabaseError`].
    async fn call(&self, call: RpcCall<'_>) -> Result<String, DatabaseError>;

    /// Reads rows as the user: `path` is everything after `/rest/v1/`. The result is PostgREST's JSON.
    ///
    /// # Errors
    /// [`DatabaseError`].
    async fn get(&self, path: &str, access_token: &str) -> Result<String, DatabaseError>;
}
