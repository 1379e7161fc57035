//! `/api/facts`: what is known of the user, theirs to see, to correct and to delete.

use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;
use wire_text::WireText;

use super::placeholders::unmask_learned;
use super::reply::{self, ReplyOf};
use crate::account::UserCtx;
use crate::account::vault::VaultError;
use crate::database;
use crate::error::{Code, Error, abort, abort_field};
use crate::memory::change::change;
use crate::memory::facts::forget::{self as forgetting, Forgettable};
use crate::memory::known_facts;
use crate::ports::{Caller, Platform};
use crate::text::one_line;

/// Longest fact that a user may write, in characters.
const MAX_CHARS: usize = 500;

/// Current facts, newest first. No user has more than the limit.
const FACTS: &str = "user_memory_facts?select=id,category,key,fact,confidence,source_message_id,valid_from,expires_at\
                     &valid_to=is.null&or=(expires_at.is.null,expires_at.gt.now)&order=valid_from.desc,id&limit=500";

/// `GET /api/facts`: current facts, newest first.
pub(super) async fn list<P: Platform>(ctx: &UserCtx<'_, P>) -> Result<ReplyOf<P>, Error> {
    let rows = database::read(&ctx.ports.postgrest, FACTS, &ctx.user.token).await?;
    Ok(reply::envelope(&unmask_learned(ctx, &rows).await?))
}

/// `PATCH /api/facts/{id}`: replaces the text of a fact.
pub(super) async fn correct<P: Platform>(
    ctx: &UserCtx<'_, P>,
    fact: Uuid,
    body: &[u8],
) -> Result<ReplyOf<P>, Error> {
    let text = correction(body)?;
    let into_error = |error: VaultError| error.into_error("fact");
    ctx.unlock().await.map_err(into_error)?;
    let masked = ctx.mask_outside(&text).await.map_err(into_error)?;
    let arguments = json!({ "p_user": ctx.user.id, "p_fact": fact, "p_text": masked });
    let call = database::raw(&ctx.ports.postgrest, Caller::Service, "correct_fact", &arguments);
    let row = change(ctx, call).await?;
    if row == "null" {
        return Err(no_such_fact(fact));
    }
    if !known_facts::correct(&ctx.ports.sql, fact, &masked)? {
        change(ctx, known_facts::reload(ctx)).await?;
    }
    Ok(reply::json(200, unmask_learned(ctx, &row).await?))
}

/// `DELETE /api/facts/{id}`: with the messages that it comes from.
pub(super) async fn forget<P: Platform>(ctx: &UserCtx<'_, P>, fact: Uuid) -> Result<ReplyOf<P>, Error> {
    match forgetting::forget(ctx, Forgettable { facts: &[fact], words: &[] }).await?.facts {
        0 => Err(no_such_fact(fact)),
        rows => Ok(reply::json(200, json!({ "forgotten": rows }).to_string())),
    }
}

#[derive(Deserialize)]
struct Correction {
    fact: WireText,
}

/// Reads a correction: one line.
fn correction(body: &[u8]) -> Result<String, Error> {
    let rule = || format!("fact must be a text of 1 to {MAX_CHARS} characters.");
    let correction: Correction = match serde_json::from_slice(body) {
        Ok(correction) => correction,
        Err(error) if error.is_data() => return Err(abort_field(Code::InvalidField, "fact", rule())),
        Err(_) => return Err(abort(Code::InvalidJson, "The body must be a JSON object in UTF-8.")),
    };
    let fact = one_line(&correction.fact.0);
    if (1..=MAX_CHARS).contains(&fact.chars().count()) {
        Ok(fact)
    } else {
        Err(abort_field(Code::InvalidField, "fact", rule()))
    }
}

fn no_such_fact(id: Uuid) -> Error {
    let detail = format!("{id} is not a fact of yours. GET /api/facts lists those that there are.");
    abort(Code::FactNotFound, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correction_is_one_line_of_bounded_length() {
        assert_eq!(correction(br#"{"fact":" Lives\nin Bern "}"#).unwrap(), "Lives in Bern");
        let long = format!(r#"{{"fact":"{}"}}"#, "é".repeat(MAX_CHARS + 1));
        for body in [r#"{"fact":" "}"#, r#"{"fact":7}"#, "{}", "[]", &long] {
            assert_eq!(correction(body.as_bytes()).unwrap_err().field(), Some("fact"), "{body:.30}");
        }
        assert_eq!(correction(b"{").unwrap_err().code(), Code::InvalidJson);
    }
}
