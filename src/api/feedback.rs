//! `/api/messages/{id}/feedback`: the user's rating of an answer.

use std::rc::Rc;

use pii::masked_text::MaskedText;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use uuid::Uuid;
use wire_text::WireText;

use super::body::field;
use super::placeholders::unmask_own;
use super::reply::{self, ReplyOf};
use crate::account::vault::VaultError;
use crate::auth::User;
use crate::database;
use crate::error::{Code, Error, Fault, abort, abort_field};
use crate::ports::{Caller, Platform};
use crate::user::Object;

/// Longest comment that a user may write, in characters.
const MAX_COMMENT_CHARS: usize = 2000;

/// A user's opinion of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Rating {
    /// The answer helped.
    Up,
    /// The answer did not help.
    Down,
}

impl Rating {
    /// The rating as Postgres has it.
    const fn number(self) -> i8 {
        match self {
            Self::Up => 1,
            Self::Down => -1,
        }
    }
}

/// A rating with its comment, masked.
#[derive(Debug, Serialize)]
struct Feedback {
    rating: Rating,
    comment: Option<MaskedText>,
}

/// `PUT /api/messages/{id}/feedback`: rates an answer, in place of an earlier rating. The comment is masked before it leaves.
pub(super) async fn save<P: Platform>(
    object: &Rc<Object<P>>,
    user: &User,
    answer: Uuid,
    body: &[u8],
) -> Result<ReplyOf<P>, Error> {
    let RawFeedback { rating, comment } = RawFeedback::parse(body)?;
    let ctx = object.user(user);
    let comment = match comment {
        Some(comment) => {
            let into_error = |error: VaultError| error.into_error("comment");
            ctx.unlock().await.map_err(into_error)?;
            Some(ctx.mask_outside(&comment).await.map_err(into_error)?)
        }
        None => None,
    };
    let feedback = Feedback { rating, comment };
    store(object, user, answer, Some(&feedback)).await?;
    let json = serde_json::to_string(&feedback)
        .map_err(|error| Fault::new(Code::Internal, format!("feedback: {:?}", error.classify())))?;
    Ok(reply::json(200, unmask_own(&ctx, &json).await?))
}

/// `DELETE /api/messages/{id}/feedback`: takes the rating of an answer back, if there is one.
pub(super) async fn delete<P: Platform>(
    object: &Rc<Object<P>>,
    user: &User,
    answer: Uuid,
) -> Result<ReplyOf<P>, Error> {
    store(object, user, answer, None).await?;
    Ok(reply::empty(204))
}

/// Result of `save_feedback`.
#[derive(Deserialize)]
struct Saved {
    saved: bool,
}

/// Stores feedback, or its absence. An answer that Postgres does not have yet is delivered first.
async fn store<P: Platform>(
    object: &Rc<Object<P>>,
    user: &User,
    answer: Uuid,
    feedback: Option<&Feedback>,
) -> Result<(), Error> {
    let arguments = json!({
        "p_user": user.id,
        "p_message": answer,
        "p_rating": feedback.map(|feedback| feedback.rating.number()),
        "p_comment": feedback.and_then(|feedback| feedback.comment.as_ref()),
    });
    let is_undelivered = object.deliver_answer(user, answer).await?;
    let call = database::call(&object.ports.postgrest, Caller::Service, "save_feedback", &arguments);
    let Saved { saved } = call.await?;
    match (saved, is_undelivered) {
        (true, _) => Ok(()),
        (false, true) => Err(Fault::new(Code::DatabaseUnavailable, "the answer is not delivered yet").into()),
        (false, false) => Err(no_such_answer()),
    }
}

/// Feedback as a request has it.
#[derive(Debug, PartialEq, Eq)]
struct RawFeedback {
    rating: Rating,
    comment: Option<String>,
}

#[derive(Deserialize)]
struct FeedbackBody<'a> {
    #[serde(borrow, default)]
    rating: Option<&'a RawValue>,
    #[serde(borrow, default)]
    comment: Option<&'a RawValue>,
}

impl RawFeedback {
    fn parse(body: &[u8]) -> Result<Self, Error> {
        let body: FeedbackBody<'_> = serde_json::from_slice(body)
            .map_err(|_| abort(Code::InvalidJson, "The body must be a JSON object in UTF-8."))?;
        let no_rating = || abort_field(Code::InvalidField, "rating", "rating must be \"up\" or \"down\".");
        let rating = field(body.rating, no_rating)?.ok_or_else(no_rating)?;
        let too_long = || {
            let rule = format!("comment must be a text of at most {MAX_COMMENT_CHARS} characters.");
            abort_field(Code::InvalidField, "comment", rule)
        };
        let comment = field(body.comment, too_long)?.map(|WireText(text)| text.trim().to_owned());
        if comment.as_ref().is_some_and(|text| text.chars().count() > MAX_COMMENT_CHARS) {
            return Err(too_long());
        }
        Ok(Self { rating, comment: comment.filter(|text| !text.is_empty()) })
    }
}

fn no_such_answer() -> Error {
    let detail =
        "There is no such answer of yours. GET /api/sessions/{id}/messages lists the messages of a session.";
    abort_field(Code::MessageNotFound, "message_id", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feedback_is_a_rating_with_or_without_a_comment() {
        let parse = |body: &str| RawFeedback::parse(body.as_bytes());
        let feedback = |rating, comment: Option<&str>| {
            Ok(RawFeedback { rating, comment: comment.map(ToOwned::to_owned) })
        };
        assert_eq!(parse(r#"{"rating":"up"}"#), feedback(Rating::Up, None));
        assert_eq!(
            parse(r#"{"rating":"down","comment":" Two\nlines "}"#),
            feedback(Rating::Down, Some("Two\nlines"))
        );
        assert_eq!(parse(r#"{"rating":"up","comment":null}"#), feedback(Rating::Up, None));
        assert_eq!(parse(r#"{"rating":"up","comment":" "}"#), feedback(Rating::Up, None));
        let too_long = format!(r#"{{"rating":"up","comment":"{}"}}"#, "é".repeat(MAX_COMMENT_CHARS + 1));
        for (body, field) in [
            ("{}", "rating"),
            (r#"{"rating":1}"#, "rating"),
            (r#"{"rating":"good"}"#, "rating"),
            (r#"{"rating":"up","comment":7}"#, "comment"),
            (&too_long, "comment"),
        ] {
            assert_eq!(parse(body).unwrap_err().field(), Some(field), "{body:.40}");
        }
        assert_eq!(parse("{").unwrap_err().code(), Code::InvalidJson);
    }
}
