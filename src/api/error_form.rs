//! The form of an error: that of the API which a route belongs to.

use super::problem;
use super::reply::json;
use crate::error::{Code, Error};
use crate::ports::Reply;
use crate::stream::openai_error::{OpenAiError, status};

/// Beginning of the paths of OpenAI's API.
const OPENAI: &str = "/v1/";

/// Form of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorForm {
    /// `application/problem+json` (RFC 9457).
    Problem,
    /// The error object of OpenAI's API.
    OpenAi,
}

impl ErrorForm {
    /// The form for an absolute URL.
    #[must_use]
    pub fn of_url(url: &str) -> Self {
        let place = url.split_once("://").map_or(url, |(_, place)| place);
        let path = place.find('/').and_then(|at| place.get(at..)).unwrap_or_default();
        if path.starts_with(OPENAI) { Self::OpenAi } else { Self::Problem }
    }

    /// The reply for an error. The cause of a fault stays here.
    #[must_use]
    pub fn reply<R>(self, error: &Error) -> Reply<R> {
        match self {
            Self::Problem => problem::reply(error),
            Self::OpenAi => {
                let code = error.code();
                let mut reply = json(status(code), OpenAiError::of(error).to_json());
                reply.headers.extend(problem::headers(error));
                // Clients try again by themselves, which helps nobody here.
                let is_final = matches!(code, Code::BudgetExceeded | Code::ModelRejected);
                reply.headers.extend(is_final.then(|| ("x-should-retry", "false".to_owned())));
                reply
            }
        }
    }
}
