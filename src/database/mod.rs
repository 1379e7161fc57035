//! Typed calls of the project's database functions.
//!
//! The SQL of each function stands in `supabase/migrations/`; its arguments and its result stand beside the code that calls it.

pub mod client;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use crate::error::{Code, Fault};
use crate::ports::{Caller, DatabaseError, Postgrest, RpcCall};
use crate::time::Millis;

/// Longest time of a query, in milliseconds: a person waits for the first of a session. The functions' `statement_timeout` is the same.
pub const TIMEOUT: Millis = 8000;

/// Calls a function and reads its result.
///
/// # Errors
/// `database_unavailable`; `database_timeout` when Postgres canceled it; `database_refused` when the function would refuse the same
/// arguments again.
pub async fn call<T: DeserializeOwned>(
    postgrest: &impl Postgrest,
    caller: Caller<'_>,
    function: &str,
    arguments: &impl Serialize,
) -> Result<T, Fault> {
    let answer = raw(postgrest, caller, function, arguments).await?;
    serde_json::from_str(&answer).map_err(|error| malformed(function, &error))
}

/// Calls a function and returns its JSON unread.
///
/// # Errors
/// As [`call`].
pub async fn raw(
    postgrest: &impl Postgrest,
    caller: Caller<'_>,
    function: &str,
    arguments: &impl Serialize,
) -> Result<String, Fault> {
    let arguments = serde_json::to_string(arguments)
        .map_err(|error| Fault::new(Code::Internal, format!("{function}: {:?}", error.classify())))?;
    let call = RpcCall { function, arguments: &arguments, caller, timeout: TIMEOUT };
    Ok(postgrest.call(call).await?)
}

/// Confirmation of a function that writes, whether or not it had to.
#[derive(Deserialize)]
struct Committed {
    committed: IgnoredAny,
}

/// Calls a writing function with the service key. Requires its `{"committed": …}` body: a bare 2xx may come from a proxy, and the
/// caller deletes its own copy after `Ok`.
///
/// # Errors
/// As [`call`].
pub async fn save(
    postgrest: &impl Postgrest,
    function: &str,
    arguments: &impl Serialize,
) -> Result<(), Fault> {
    let Committed { committed: IgnoredAny } = call(postgrest, Caller::Service, function, arguments).await?;
    Ok(())
}

/// Reads rows under a user's access token, as PostgREST's JSON.
///
/// # Errors
/// `database_unavailable`, `database_refused`.
pub async fn read(postgrest: &impl Postgrest, path: &str, access_token: &str) -> Result<String, Fault> {
    Ok(postgrest.get(path, access_token).await?)
}

/// The fault for JSON that is not as its function promises. serde's own text is left out, since it quotes its input.
#[must_use]
pub fn malformed(what: &str, error: &serde_json::Error) -> Fault {
    Fault::new(Code::DatabaseUnavailable, format!("{what}: {:?}", error.classify()))
}

impl From<DatabaseError> for Fault {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Unavailable(cause) => Self::new(Code::DatabaseUnavailable, cause),
            DatabaseError::TimedOut(cause) => Self::new(Code::DatabaseTimeout, cause),
            DatabaseError::Refused(cause) => Self::new(Code::DatabaseRefused, cause),
            DatabaseError::TooLarge => Self::new(Code::DatabaseUnavailable, "the answer is too large"),
        }
    }
}
