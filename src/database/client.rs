//! PostgREST over HTTP: keys, headers, and the meaning of its statuses.

use std::rc::Rc;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::TIMEOUT;
use crate::config::Config;
use crate::ports::{
    Caller, DatabaseError, Http, HttpAnswer, HttpCall, HttpError, Method, Postgrest, Redirect, RpcCall,
};
use crate::time::Millis;

/// A client of the project's PostgREST.
pub struct PostgrestClient<H> {
    config: Rc<Config>,
    http: H,
}

impl<H: Http> PostgrestClient<H> {
    /// A client for the deployment's project.
    #[must_use]
    pub const fn new(config: Rc<Config>, http: H) -> Self {
        Self { config, http }
    }

    async fn request(
        &self,
        request: Request<'_>,
        caller: Caller<'_>,
        timeout: Millis,
    ) -> Result<String, DatabaseError> {
        let Request { path, body } = request;
        let url = format!("{}/rest/v1/{path}", self.config.supabase_url);
        let keys = Keys::of(caller, &self.config);
        let bearer = keys.bearer.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("apikey", keys.api_key), ("content-type", "application/json")];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        let method = if body.is_some() { Method::Post } else { Method::Get };
        let call = HttpCall { method, url: &url, headers: &headers, body, redirect: Redirect::Follow };
        let answer = self.http.send(call, timeout).await;
        match answer {
            Ok(answer) => answered(path, answer),
            Err(HttpError::TooLarge) => Err(DatabaseError::TooLarge),
            Err(error) => Err(unavailable(format!("{error:?}"))),
        }
    }
}

/// A request below `/rest/v1/`.
struct Request<'a> {
    path: &'a str,
    /// Present for a `POST`.
    body: Option<&'a str>,
}

/// The two headers that carry a caller's keys.
struct Keys<'a> {
    api_key: &'a str,
    bearer: Option<&'a str>,
}

impl<'a> Keys<'a> {
    fn of(caller: Caller<'a>, config: &'a Config) -> Self {
        match caller {
            Caller::User(token) => Self { api_key: &config.anon_key, bearer: Some(token) },
            Caller::Service => {
                let key = config.service_key.as_str();
                // The newer secret keys are no JWTs and go in `apikey` alone: PostgREST would refuse them as a bearer.
                Self { api_key: key, bearer: (!key.starts_with("sb_")).then_some(key) }
            }
        }
    }
}

impl<H: Http> Postgrest for PostgrestClient<H> {
    async fn call(&self, call: RpcCall<'_>) -> Result<String, DatabaseError> {
        let path = format!("rpc/{}", call.function);
        self.request(Request { path: &path, body: Some(call.arguments) }, call.caller, call.timeout).await
    }

    async fn get(&self, path: &str, access_token: &str) -> Result<String, DatabaseError> {
        self.request(Request { path, body: None }, Caller::User(access_token), TIMEOUT).await
    }
}

fn answered(path: &str, answer: HttpAnswer) -> Result<String, DatabaseError> {
    // Only the name of the function or table, which holds no user data.
    let what = path.split('?').next().unwrap_or_default();
    match answer.status {
        // A function without a result.
        204 => Ok(answer.body),
        // Rows are passed on unread: a body that is no JSON comes from a proxy, not from PostgREST.
        200..=299 => match serde_json::from_str::<IgnoredAny>(&answer.body) {
            Ok(_) => Ok(answer.body),
            Err(error) => Err(unavailable(format!("{what}: {:?}", error.classify()))),
        },
        status => {
            let code = error_code(&answer.body);
            let cause = format!("{what}: status {status}, {code}");
            Err(match code.as_str() {
                QUERY_CANCELED => DatabaseError::TimedOut(cause),
                _ if is_refusal(status, &code) => DatabaseError::Refused(cause),
                _ => unavailable(cause),
            })
        }
    }
}

/// Postgres's code for a statement that ran into its `statement_timeout`.
const QUERY_CANCELED: &str = "57014";

/// Postgres's code for a row of another user. With status 403 it comes from a function, not from a key that is not accepted.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// True if the request is at fault: sent again, it would be refused again.
fn is_refusal(status: u16, code: &str) -> bool {
    matches!(status, 400 | 409 | 413 | 422) || status == 403 && code == INSUFFICIENT_PRIVILEGE
}

const fn unavailable(cause: String) -> DatabaseError {
    DatabaseError::Unavailable(cause)
}

/// PostgREST's own code. The rest of the body may quote the request.
fn error_code(body: &str) -> String {
    #[derive(Deserialize)]
    struct Error {
        code: String,
    }
    let code = serde_json::from_str::<Error>(body).map(|error| error.code).unwrap_or_default();
    let is_code = code.len() <= 16 && code.chars().all(|c| c.is_ascii_alphanumeric());
    if is_code { code } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<String, DatabaseError> {
        answered("rpc/save?p=secret", HttpAnswer { status, body: body.into() })
    }

    #[test]
    fn only_json_counts_as_an_answer() {
        assert_eq!(answer(200, "[]"), Ok("[]".into()));
        assert_eq!(answer(204, ""), Ok(String::new()));
        assert!(matches!(answer(200, "<html>"), Err(DatabaseError::Unavailable(_))));
    }

    #[test]
    fn a_refusal_is_told_from_an_outage_and_quotes_nothing() {
        let body = r#"{"code":"23514","message":"secret"}"#;
        let refused = answer(400, body);
        assert_eq!(refused, Err(DatabaseError::Refused("rpc/save: status 400, 23514".into())));
        let foreign = r#"{"code":"42501","message":"secret"}"#;
        assert_eq!(answer(403, foreign), Err(DatabaseError::Refused("rpc/save: status 403, 42501".into())));
        let late = r#"{"code":"57014","message":"secret"}"#;
        assert_eq!(answer(500, late), Err(DatabaseError::TimedOut("rpc/save: status 500, 57014".into())));
        assert!(
            matches!(answer(401, foreign), Err(DatabaseError::Unavailable(_))),
            "a key that is not accepted"
        );
        for status in [401, 403, 404, 500, 503] {
            assert!(
                matches!(answer(status, body), Err(DatabaseError::Unavailable(cause)) if !cause.contains("secret"))
            );
        }
    }
}
